"""Objects of a bundle of any length: each in its own bytes, whatever the pieces in which it comes."""

import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.formats import bundles
from comity.formats.bundles import MAX_AROUND, bundle_objects, envelope_objects

ID = "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"
OPEN = b'{"type":"bundle","id":"%b","objects":[' % ID.encode()


class Slow:
    """Gives a few bytes at a time, as a network does."""

    def __init__(self, text: bytes, most: int) -> None:
        self.text, self.most = io.BytesIO(text), most

    def read(self, size: int, /) -> bytes:
        return self.text.read(min(size, self.most))


def objects_of(text: bytes, most: int = 2**30) -> list[bytes]:
    return [raw for portion in bundle_objects(Slow(text, most)) for raw in portion]


TRICKY = st.sampled_from(["}", "]", "},{", '"', "\\", '\\"}],', "[{", "objects", '"objects":[', "é", "\x1f"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TRICKY | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TRICKY | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(TRICKY | st.text(max_size=3), VALUES, max_size=4), max_size=6)


@given(OBJECTS, st.sampled_from([None, 1]), st.integers(1, 400), st.booleans())
def test_every_object_comes_once_in_its_own_bytes(values, indent, most, last):
    around = {"type": "bundle", "id": ID}
    whole = {**around, "objects": values} if last else {"objects": values, **around}
    found = objects_of(json.dumps(whole, indent=indent).encode(), most)
    assert [json.loads(raw) for raw in found] == values
    assert indent or [raw.decode() for raw in found] == [json.dumps(value) for value in values]


def test_many_guesses_that_fail_are_read_sign_by_sign(monkeypatch):
    monkeypatch.setattr(bundles, "MAX_AROUND", 200)
    monkeypatch.setattr(bundles, "PIECE", 256)
    many = {"list": [{"n": n, "text": "}],"} for n in range(60)], "open": "{["}
    text = json.dumps({"type": "bundle", "id": ID, "objects": [many] * 5}).encode()
    assert [json.loads(raw) for raw in objects_of(text)] == [many] * 5


def test_memory_does_not_grow_with_the_bundle():
    one = json.dumps({"type": "note", "text": "x" * 2_000}).encode()

    class Endless:
        left = 30_000

        def __init__(self) -> None:
            self.held = OPEN + one

        def read(self, size: int, /) -> bytes:
            while len(self.held) < size and self.left:
                self.left -= 1
                self.held += b"," + one
                if not self.left:
                    self.held += b"]}"
            piece, self.held = self.held[:size], self.held[size:]
            return piece

    tracemalloc.start()
    count = sum(len(portion) for portion in bundle_objects(Endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_001  # 60 MB
    assert peak < 12 * 2**20


def test_a_bundle_may_be_empty():
    assert objects_of(OPEN + b" ] }") == []
    assert objects_of(b'{"type":"bundle","id":"%b"}' % ID.encode()) == []


def test_an_envelope_has_neither_type_nor_id():
    assert list(envelope_objects(io.BytesIO(b'{"more":false,"objects":[{"a":1}, {"b":2}]}'))) == [
        [b'{"a":1}', b'{"b":2}']
    ]
    assert list(envelope_objects(io.BytesIO(b"{}"))) == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"nothing",
        OPEN,
        OPEN + b"{}",
        OPEN + b"{},",
        OPEN + b"{},]}",
        OPEN + b",{}]}",
        OPEN + b"{} {}]}",
        OPEN + b"{}}",
        OPEN + b"1,2]}",
        OPEN + b'{"a":"]}',
        OPEN + b"{}]",
        OPEN + b"{}]}x",
        OPEN + b'{}],"objects":[]}',
        OPEN + b'{}],"type":"bundle"}',
        OPEN.replace(b"bundle--", b"report--") + b"]}",
        OPEN.replace(b'"bundle"', b'"report"') + b"]}",
        b'{"type":"bundle","id":"%b","objects":5}' % ID.encode(),
        b'{"type":"bundle","id":"%b","\\u006fbjects":[{}]}' % ID.encode(),
        b'{"type":"bundle","id":"%b","x":{"objects":[]}' % ID.encode(),
    ],
)
def test_what_is_no_bundle_is_refused(text):
    with pytest.raises(Malformed):
        objects_of(text)


@pytest.mark.parametrize(
    "bad", [b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b'{"a":NaN}', b'{"a":"\\ud800"}', b"{'a':1}"]
)
def test_a_member_that_no_parser_reads_is_one_like_others(bad):
    found = objects_of(OPEN + b' {"b":1} , ' + bad + b',\n{"c":"}],{"}]}')
    assert found == [b'{"b":1}', bad, b'{"c":"}],{"}']
    assert objects_of(OPEN + bad + b"]}", most=1) == [bad]


@pytest.mark.parametrize("between", [b"", b" ", b",,", b", 1,", b', "x",'])
def test_what_stands_between_members_that_no_parser_reads(between):
    bad = b'{"a":NaN}'
    with pytest.raises(Malformed):
        objects_of(OPEN + bad + between + bad + b"]}")


def test_the_mark_of_utf_8_is_passed_over_and_that_of_another_named():
    assert objects_of(b"\xef\xbb\xbf" + OPEN + b"{}]}") == [b"{}"]
    with pytest.raises(Malformed, match="save it as UTF-8"):
        objects_of((OPEN + b"{}]}").decode().encode("utf-16"))
    with pytest.raises(Malformed):
        list(envelope_objects(io.BytesIO(b'\xef\xbb\xbf{"objects":[]}')))


def test_what_an_object_that_cannot_be_read_says_it_is():
    assert bundles.named(b'{"id":"tool--1","modified":"2026-11-20T06:30:00Z","a":NaN}') == (
        "tool--1",
        "2026-11-20T06:30:00Z",
    )
    assert bundles.named(b'{"a":NaN}') == ("", "")


def test_bounds():
    with pytest.raises(TooLarge, match="an object of more than"):
        objects_of(OPEN + b'{"a":"' + b"x" * 8 * 2**20)
    with pytest.raises(TooLarge, match="beside its objects"):
        objects_of(OPEN + b"]," + b" " * MAX_AROUND + b"}")
