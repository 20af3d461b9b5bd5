"""Absurd MISP events: refused, or kept with a list of what could not be taken; nothing else is harmed."""

# ruff: noqa: E501  tables: a line for each, as far as it fits

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from comity.base.errors import ComityError
from comity.formats.canonical import canonical
from comity.node.exchange.models import Import, StixObject
from comity.node.exchange.services.importing import Source, import_misp
from tests.node.exchange.bad_input import TIMES
from tests.node.exchange.holding import indicator, own_work, row
from tests.node.exchange.test_bad_input import digest
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
OURS = indicator("ours")
U = "5f1f0f7e-7c7e-4a53-8f86-{:012x}"
ABSURD: tuple[object, ...] = (
    None, True, -1, 0, 10**12, 1.5, "", " ", "x" * 5_000, "\u202e", [], {}, [[]], [None], [{}], {"a": [1]}, "NaN",
)  # fmt: skip  # as people would write a list of words


def attribute(number: int, **more: Any) -> dict[str, Any]:
    said = {"type": "domain", "category": "Network activity", "value": f"d{number}.example", "to_ids": True}
    return {"uuid": U.format(number), "timestamp": "1763620200", **said, **more}


def event(**more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "uuid": U.format(1), "info": "Phishing", "date": "2026-11-20", "timestamp": "1763620200",
        "threat_level_id": "2", "analysis": "1", "published": False, "Attribute": [attribute(2)],
        "Orgc": {"name": "Org", "uuid": U.format(3)}, "Tag": [{"name": "tlp:green"}],
    }  # fmt: skip  # an event
    return said | more


_THING = {"name": "file", "meta-category": "file", "uuid": U.format(4), "timestamp": "1763620200"}
FIELDS = tuple(event())
PARTS = (
    "uuid",
    "type",
    "category",
    "value",
    "timestamp",
    "to_ids",
    "comment",
    "Tag",
    "first_seen",
    "deleted",
)
WHOLE: dict[str, object] = {
    "no event": {},
    "a list of events": [{"Event": event()}],
    "an event in an event": {"Event": {"Event": event()}},
    "a feed's manifest": {U.format(9): {"info": "x"}},
    "an answer of a server": {"response": [{"Event": event()}]},
    "an error of a server": {"saved": False, "errors": "x"},
    "an attribute twice": {"Event": event(Attribute=[attribute(2), attribute(2, value="other.example")])},
    "an attribute with the id of the event": {"Event": event(Attribute=[attribute(1)])},
    "an object in itself": {"Event": event(Object=[_THING | {"ObjectReference": [{"referenced_uuid": U.format(4)}]}])},
    "an object of nothing": {"Event": event(Object=[_THING | {"Attribute": []}])},
    "an object that names nothing": {
        "Event": event(Object=[_THING | {"ObjectReference": [{"referenced_uuid": U.format(8), "relationship_type": "x"}]}])
    },
    "a galaxy of nothing": {"Event": event(Galaxy=[{"name": "x", "GalaxyCluster": [{}]}])},
    "an attachment that is none": {"Event": event(Attribute=[attribute(2, type="attachment", data="%%%")])},
    "a pair that is none": {"Event": event(Attribute=[attribute(2, type="filename|sha256", value="a|b|c|d")])},
}  # fmt: skip  # a line for each, as far as it fits
ALL: dict[str, object] = {
    **WHOLE,
    **{f"event, {name}: {each!r:.20}": {"Event": event(**{name: each})} for name in FIELDS for each in ABSURD},
    **{
        f"attribute, {name}: {each!r:.20}": {"Event": event(Attribute=[attribute(2, **{name: each}), attribute(5)])}
        for name in PARTS
        for each in ABSURD
    },
    **{
        f"seen {each!r:.20}": {"Event": event(Attribute=[attribute(2, first_seen=each, last_seen=each)])}
        for each in TIMES
    },
}  # fmt: skip  # as above


@pytest.mark.slow
def test_an_absurd_event_is_refused_whole_or_what_is_absurd_in_it_is_told(world):
    own_work(world, OURS)
    for name, value in ALL.items():
        before, imports = digest(), Import.objects.count()
        try:
            file = BytesIO(json.dumps(value).encode())
            done = import_misp(actor=world.analyst, file=file, source=Source(None, "a feed"), now=NOW)
        except ComityError:
            assert digest() == before, name
            continue
        assert (done.ended, Import.objects.count()) == (True, imports + 1), name
        assert done.report["new"] or done.report["known"] or done.report["refused"] or done.report["notes"], (
            name
        )
        assert bytes(row(OURS).wire) == canonical(OURS), name


@pytest.mark.slow
def test_many_attributes_are_all_kept_or_told(world):
    """Ten thousand: the benchmark has a hundred thousand."""
    count = 10_000
    value = {"Event": event(Attribute=[attribute(n + 10) for n in range(count)])}
    file = BytesIO(json.dumps(value).encode())
    done = import_misp(actor=world.analyst, file=file, source=Source(None, "a feed"), now=NOW)
    kept = StixObject.objects.filter(type="indicator").count()
    assert kept + len(done.report["refused"]) + done.report["more"].get("refused", 0) == count
