"""Large events: opened part by part and kept packed, they say what they say when they are decoded at once."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.formats.misp import opening
from comity.formats.misp.decode import LIMITS, decode_misp
from comity.formats.misp.opening import Parts, opened
from comity.formats.misp.packed import AT_ONCE, Packed
from comity.formats.strict_json import Limits
from tests.formats.misp.events import attribute, event

BASE = "57c4445b-c548-4654-af0b-0000"
FORMS = {
    "one": lambda one: one,
    "a list": lambda one: [one, one],
    "a response": lambda one: {"response": [one]},
    "one response": lambda one: {"response": one},
}


@pytest.fixture
def at_once(monkeypatch):
    """What a text says that is decoded at once, and part by part."""

    def both(text: bytes) -> tuple[object, object]:
        found: list[object] = []
        for large in (len(text) + 1, 0):
            monkeypatch.setattr(opening, "LARGE", large)
            try:
                found.append(decode_misp(text))
            except (Malformed, TooLarge) as error:
                found.append((type(error), error.where, error.message))
        return found[0], found[1]

    return both


def an_event() -> dict[str, Any]:
    parts: list[Any] = [attribute(n, "domain", f"d{n}.example") for n in range(5)]
    odd: Any = 5  # no attribute at all
    found = event(*parts, {"type": "odd"}, odd)
    found["Event"]["Object"] = [*(an_object(n, 2) for n in range(3)), {"name": "odd"}, odd]
    return found


def an_object(number: int, size: int) -> dict[str, Any]:
    """One that refers to the one before it."""
    first = 1_000 + number * (size + 1)
    inner = [
        attribute(first + 1 + n, "domain", f"o{number}-{n}.example", uuid=f"{BASE}{first + 1 + n:08x}")
        | {"object_relation": "domain"}
        for n in range(size)
    ]
    before = f"{BASE}{first - size - 1:08x}"
    refers = [
        {"referenced_uuid": before, "relationship_type": "related-to", "uuid": f"{BASE}{first + 2**28:08x}"}
    ]
    told = {
        "name": "domain-ip",
        "meta-category": "network",
        "uuid": f"{BASE}{first:08x}",
        "timestamp": "1763620200",
    }
    return {**told, "Attribute": inner, "ObjectReference": refers if number else []}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_part_by_part_is_as_at_once(at_once, form):
    whole, parts = at_once(json.dumps(form(an_event())).encode())
    assert whole == parts
    assert whole.objects


def test_the_lists_of_attributes_and_of_objects_are_what_is_left_for_later(monkeypatch):
    monkeypatch.setattr(opening, "LARGE", 0)
    found: Any = opened(json.dumps(an_event()).encode(), LIMITS)
    for name in ("Attribute", "Object"):
        assert isinstance(found["Event"][name], Parts)
        assert list(found["Event"][name]) == an_event()["Event"][name]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b'"info"', b'"uuid"', 1),  # a key of the event twice
        lambda text: text.replace(b'"value"', b'"type"', 1),  # a key of an attribute twice
        lambda text: text.replace(b'{"Event"', b'{"Event":1,"Event"', 1),
        lambda text: text[:-1],
        lambda text: text + b"x",
        lambda text: text.replace(b"d1.example", b"d1\xff"),
        lambda text: text.replace(b"d1.example", b"\\u0000"),
        lambda text: text.replace(b'"d1.example"', b"9007199254740993"),
        lambda text: text.replace(b'"d1.example"', b"[" * 70 + b"]" * 70),
        lambda text: b"5",
        lambda text: b'{"Event":{"Attribute":{}}}',
    ],
)
def test_what_is_refused_at_once_is_refused_part_by_part(at_once, change):
    text = json.dumps(an_event(), separators=(",", ":")).encode()
    changed = change(text)
    assert changed != text
    whole, parts = at_once(changed)
    assert isinstance(whole, tuple)
    assert isinstance(parts, tuple)
    assert parts[0] is whole[0]


def test_bounds_hold_for_the_whole(monkeypatch):
    monkeypatch.setattr(opening, "LARGE", 0)
    text = json.dumps(an_event()).encode()
    for limits in (Limits(values=40), Limits(size=100)):
        with pytest.raises(TooLarge):
            decode_misp(text, limits=limits)


def test_packed_objects_are_a_sequence_like_any_other():
    found = decode_misp(
        json.dumps(event(*(attribute(n, "domain", f"d{n}.example") for n in range(4)))).encode()
    )
    some = tuple(found.objects)
    many = some * (AT_ONCE // len(some) + 2)
    packed = Packed(many)
    assert packed == many
    assert (packed[0], packed[-1], packed[AT_ONCE]) == (many[0], many[-1], many[AT_ONCE])
    assert packed[AT_ONCE - 3 : AT_ONCE + 2] == many[AT_ONCE - 3 : AT_ONCE + 2]
    assert packed[::7] == many[::7]
    assert packed != many[1:]
    assert hash(packed) == hash(Packed(many))
    with pytest.raises(IndexError):
        packed[len(many)]


def test_many_attributes_take_little_memory():
    number = 4_000
    parts = (attribute(n, "domain", f"d{n}.example", uuid=f"{BASE}{n:08x}") for n in range(number))
    text = json.dumps(event(*parts)).encode() + b" " * opening.LARGE
    tracemalloc.start()
    try:
        found = decode_misp(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.objects) > 3 * number
    assert most < len(text) + number * 2_500  # as values they took 9 KB for each attribute


def test_attributes_in_objects_take_as_little():
    """Decoded at once they took 1,100 bytes each beside the text; one object after the other, 70."""
    found = event()
    found["Event"]["Object"] = [an_object(n, 10) for n in range(400)]
    text = json.dumps(found).encode() + b" " * opening.LARGE
    tracemalloc.start()
    try:
        made = decode_misp(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not made.unmapped
    assert len(made.objects) > 4_000
    assert most < len(text) + 4_000 * 500
