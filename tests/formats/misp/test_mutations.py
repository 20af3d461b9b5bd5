"""Real events with parts replaced by anything: read, listed or refused with a place, never a crash."""

import json
from copy import deepcopy
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.formats.misp.decode import decode_misp
from comity.formats.misp.encode import encode_misp
from comity.formats.stix import StixObject
from tests.formats.misp.events import (
    UUID,
    attribute,
    attributes_of,
    event,
    event_in,
    galaxy,
    imported,
    inner,
    real,
    whole,
)

SIGHTING = {"uuid": UUID.format(0x40), "type": "0", "Organisation": {"uuid": UUID.format(0x41), "name": "O"}}
RICH = event(
    attribute(
        1, "domain|ip", "a.example|192.0.2.1", "tlp:green", Sighting=[SIGHTING], Galaxy=[galaxy("tool")]
    ),
    attribute(2, "yara", "rule x {}", Note=[{"note": "n"}], Opinion=[{"opinion": "50"}]),
    attribute(3, "target-org", "Hospital"),
    Object=[
        whole(4, "file", inner(5, "md5", "md5", "a" * 32), inner(6, "path", "text", "/tmp")),
        whole(
            7,
            "email",
            inner(8, "from", "email-src", "a@b.example"),
            ObjectReference=[{"uuid": UUID.format(9), "referenced_uuid": UUID.format(4)}],
        ),
        whole(10, "asn", inner(11, "asn", "AS", "AS5")),
    ],
    EventReport=[{"uuid": UUID.format(0x50), "name": "r", "content": "c"}],
    Galaxy=[galaxy("threat-actor", uuid=UUID.format(0x60), meta={"synonyms": ["x"], "refs": ["y"]})],
    Tag=[{"name": "tlp:amber"}],
)
EVENTS = [RICH["Event"], event_in(real("xorist.json")), event_in(real("sshdoor-akiva.json"))]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(
        ["", "0", "x", "|", "a|b", "a|b|c", "'", "\\", "\n", "-1", "9e9", "2024-01-01", UUID.format(1)]
    ),
    st.text(max_size=8),
)
ANYTHING = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, part in steps for found in places(part, (*path, step)))]


PLACES = [(number, path) for number, value in enumerate(EVENTS) for path in places(value) if path]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    number, _ = draw(st.sampled_from(PLACES))
    value = cast("dict[str, Any]", deepcopy(EVENTS[number]))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)[1:]))
        holder: Any = value
        for step in path[:-1]:
            holder = holder[step]
        if draw(st.booleans()):
            holder[path[-1]] = draw(ANYTHING)
        elif isinstance(holder, dict):
            del holder[path[-1]]
        if len(places(value)) < 2:
            break
    return value


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_a_mutated_event_is_read_or_refused_with_a_place(value):
    text = json.dumps({"Event": value}).encode()
    found, problem = None, None
    try:
        found = decode_misp(text)
    except Malformed as error:
        problem = error
    if found is None:
        assert problem is not None
        assert problem.where
        return
    there = {each.id.partition("--")[2] for each in found.objects}
    there |= {part["uuid"] for each in found.objects for part in each.value.get("x_misp_attributes", [])}
    listed = {each.uuid for each in found.unmapped}
    for part in _with_uuid(value):
        assert {part["uuid"], part["uuid"].lower()} & (there | listed)
    encode_misp(found.objects)


def _with_uuid(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes that have a uuid, as far as the mutation left them where they belong."""
    try:
        parts: list[Any] = [part for _, part in attributes_of(value)]
    except (AttributeError, KeyError, TypeError):
        return []
    named = [part for part in parts if isinstance(part, dict) and isinstance(part.get("uuid"), str)]
    return [part for part in named if part["uuid"].strip()]


VALUES = [
    each.value for each in imported(*RICH["Event"]["Attribute"], Object=RICH["Event"]["Object"]).objects
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VALUES), st.data())
def test_any_objects_can_be_written(value, data):
    """Members of a stranger's object may be anything; what is written is read by us again."""
    changed = dict(value)
    for name in data.draw(st.lists(st.sampled_from(sorted(value)), max_size=3)):
        if name not in {"type", "id"}:
            changed[name] = data.draw(ANYTHING)
    try:
        found = StixObject.read(StixObject.decode(changed).raw)  # as what came from elsewhere
    except Malformed:
        return
    others = [StixObject.decode(each) for each in VALUES if each["id"] != value["id"]]
    decode_misp(encode_misp([found, *others]).text)
