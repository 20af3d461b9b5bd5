"""The short way of reading JSON knows nothing that the strict decoder and the canonical form do not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.formats.canonical import canonical
from comity.formats.plain_json import DEEPEST, LONGEST, read_plain
from comity.formats.strict_json import SAFE_INTEGER, decode

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER - 2, SAFE_INTEGER + 2) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
SIGNS = st.sampled_from([*' ",:{}[]\\u0e9a1-', '"a":1,', '"a":1', "\\u0061"])


@st.composite
def _texts(draw) -> bytes:
    """JSON in some writing, mostly; some of it is broken, or has a key twice."""
    value = {**draw(st.dictionaries(TEXTS, VALUES, max_size=4)), "a": draw(VALUES)}
    indent, ascii_only = draw(st.sampled_from([None, None, 1])), draw(st.booleans())
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(SIGNS) + text[at + draw(st.integers(0, 1)) :]
    return text.encode()


@given(_texts())
def test_what_is_read_is_what_the_careful_way_reads(text):
    found = read_plain(text)
    if found is not None:
        value = decode(text)
        assert found == (value, canonical(value))


@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"tool","name":"A","labels":["b"],"extensions":{"x":{"y":[{"z":{"w":null}}]}}}',
        b' {"type": "tool",\n "name": "caf\\u00e9", "count": 7} ',
        '{"name":"café","ключ":true}'.encode(),
        b'{"a:b":"{\\":\\"}","c":[]}',
        b"{}",
    ],
)
def test_objects_as_nearly_all_are_written_are_read(text):
    value = decode(text)
    assert read_plain(text) == (value, canonical(value))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"b":{"a":[],"c":0,"a":[]}}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b'{"a":1}x',
        b"",
    ],
)
def test_what_is_not_taken_is_left_to_the_careful_way(text):
    assert read_plain(text) is None
    with pytest.raises(Malformed):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"latitude":30.5}',
        b"[1]",
        b'{"a":"%b"}' % (b"x" * LONGEST),
        b'{"a":%b1%b}' % (b"[" * (DEEPEST + 1), b"]" * (DEEPEST + 1)),
    ],
)
def test_what_is_rare_is_left_to_the_careful_way(text):
    assert read_plain(text) is None
