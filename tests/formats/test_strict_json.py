"""The strict decoder: total, bounded, and of one mind with every other strict reader."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.formats.canonical import canonical
from comity.formats.strict_json import SAFE_INTEGER, Limits, decode

SMALL = Limits(size=1_000, depth=4, values=20, string=10)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-SAFE_INTEGER, SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b' {"a":[1,-2.5,"\\u00e9",true,null]} ', {"a": [1, -2.5, "é", True, None]}),
        (rb'{"a\\":1,"b\"":2,"c\\\"":":,{["}', {"a\\": 1, 'b"': 2, 'c\\"': ":,{["}),
        (b'"\\ud83d\\ude02"', "😂"),
        (b"9007199254740991", SAFE_INTEGER),
        (b"1e300", 1e300),
        (b"{}", {}),
    ],
)
def test_reads_what_everyone_reads_alike(text, value):
    assert decode(text) == value


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"", "the document"),
        (b"\xef\xbb\xbf1", "byte 0"),
        (b"[1,]", "byte 3"),
        (b"[1]x", "byte 4"),
        (b"NaN", "byte 0"),
        (b"Infinity", "byte 0"),
        (b"1e400", "the document"),
        (b"01", "byte 1"),
        (b'"\xff"', "the document"),
        (b'"\xed\xa0\x80"', "the document"),
        (b'"\\ud800"', "the document"),
        (b'"\x01"', "byte 1"),
        (b'["\\u0000"]', "the document"),
        (b'{"a":{"b\\u0000":1}}', "the document"),
        (b"{'a':1}", "byte 1"),
        (b"9007199254740992", "the document"),
        (b'{"a/b":[0,-9007199254740992]}', "/a~1b/1"),
        (b'{"a":1e20}', "/a"),
        (b"1000000000000000000000", "the document"),
        (b'{"a":1,"a":1}', "…/a"),
        (b'{"a":1,"\\u0061":2}', "…/a"),
        (b'[{"x":{"k~":[],"q":0,"k~":{}}}]', "…/k~0"),
    ],
)
def test_refuses_what_readers_differ_on(text, where):
    with pytest.raises(Malformed) as refused:
        decode(text)
    assert refused.value.where == where
    assert type(refused.value) is Malformed


def test_the_escape_of_nul_is_only_refused_where_it_is_one():
    assert decode(b'["\\\\u0000"]') == ["\\u0000"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b" " * 1_001, "the document"),
        (b"[[[[1]]]]", None),
        (b'{"a":{"b":{"c":{"d":[]}}}}', "/a/b/c/d"),
        (b'{"a":[[[{}]]]}', "/a/0/0/0"),
        (b"[" * 900, "the document"),
        (b"[" + b",".join([b"0"] * 20) + b"]", "the document"),
        (b'{"a":["12345678901"]}', "/a/0"),
        (b'{"12345678901":0}', "the document"),
    ],
)
def test_bounds(text, where):
    if where is None:
        assert decode(text, limits=SMALL) == [[[[1]]]]
        return
    with pytest.raises(TooLarge) as refused:
        decode(text, limits=SMALL)
    assert refused.value.where == where


def test_nesting_without_end_is_refused_before_the_stack_is():
    with pytest.raises(TooLarge, match="nested"):
        decode(b"[" * 100_000)


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u0123e+-.tfn ').map(str.encode))
def test_every_input_gives_a_value_or_malformed(text):
    try:
        value = decode(text)
    except Malformed:
        return
    assert decode(canonical(value)) == value


@given(JSON_VALUES)
def test_reads_what_the_standard_library_wrote(value):
    text = json.dumps(value, ensure_ascii=False).encode()
    if _has_long_whole_float(value):
        with pytest.raises(Malformed):
            decode(text)
    else:
        assert decode(text) == value


@given(JSON_VALUES)
def test_canonical_bytes_are_a_fixed_point(value):
    text = canonical(value)
    if not _has_long_whole_float(value):
        assert canonical(decode(text)) == text


def _has_long_whole_float(value: object) -> bool:
    if isinstance(value, float):
        return SAFE_INTEGER < abs(value) < 1e21 and math.isfinite(value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_long_whole_float, inside))
