"""RFC 8785 by its published vectors."""

import json
import math
import struct
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.formats.canonical import canonical, sha256_hex

VECTORS = json.loads(Path("tests/vectors/formats/rfc8785.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["numbers"], ids=lambda vector: vector["ieee754"])
def test_numbers_of_appendix_b(vector):
    (number,) = struct.unpack(">d", bytes.fromhex(vector["ieee754"]))
    assert canonical(number) == vector["text"].encode()


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda vector: vector["name"])
def test_published_values(vector):
    assert canonical(json.loads(vector["input"])) == vector["output"].encode()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, "\ud800", {"\ud800": 1}, {1: 2}, {"a": object()}]
)
def test_values_without_canonical_form(value):
    with pytest.raises(Malformed, match="no canonical form"):
        canonical(value)


def test_digest_of_the_empty_object():
    assert sha256_hex(canonical({})) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


_NUMBERS = (
    st.integers()
    | st.integers(2**53 - 3, 2**53 + 3)
    | st.integers(-(2**53) - 3, -(2**53) + 3)
    | st.floats()
    | st.floats(-1e-3, 1e-3)
    | st.floats(1e14, 1e22)
    | st.integers(-(10**20), 10**20).map(lambda digits: digits / 1000)
    | st.sampled_from([0.0, -0.0, 1.0, 1e-4, 9.999e-5, 1e15, 1e16, 1e21, 5e-324])
)
# Keys around the surrogates and beyond the basic plane, where UTF-16 sorts otherwise than code points.
_KEYS = st.text('ab\x00\x1f\x7f"\\é€\ud7ff\ue000\uffff\U00010000\U0010ffff', max_size=4)
_TEXTS = (
    st.text() | st.text(st.characters(max_codepoint=0xA0)) | st.text(st.characters(categories=("Cs", "L")))
)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(_KEYS | _TEXTS, inner),
    max_leaves=12,
)


@given(_VALUES)
def test_the_fast_way_never_differs_from_the_library(value):
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(Malformed, match="no canonical form"):
            canonical(value)
    else:
        assert canonical(value) == expected


@given(st.floats(), st.booleans())
def test_numbers_do_not_differ(number, negative):
    number = -number if negative else number
    if math.isfinite(number):
        assert canonical([number]) == rfc8785.dumps([number])


def test_every_character_is_written_as_the_library_writes_it():
    characters = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x10000), 0x10000, 0x10FFFF)]
    assert canonical(characters) == rfc8785.dumps(characters)


@pytest.mark.parametrize("key", ["\ue000", "\U00010000", "é"])
def test_keys_sort_by_utf_16(key):
    value = {"\uffff": 1, key: 2, "a": 3}
    assert canonical(value) == rfc8785.dumps(value)


class _Word(str):
    __slots__ = ()


@pytest.mark.parametrize("value", [{_Word("k"): 1}, [_Word("v")], {"a": (1, 2)}])
def test_kinds_that_the_library_takes_too(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, Decimal(1), datetime(2026, 1, 1, tzinfo=UTC), {True: 1}])
def test_what_only_the_fast_encoder_would_take_is_refused(value):
    with pytest.raises(Malformed, match="no canonical form"):
        canonical([value])


def test_nesting_without_end_is_refused():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(Malformed, match="no canonical form"):
        canonical(cycle)
