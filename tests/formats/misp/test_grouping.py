"""Objects as events of a feed: what belongs together stays together, and what cannot be told is listed."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.formats.misp.decode import decode_misp
from comity.formats.misp.feed import Manifest, feed_files
from comity.formats.misp.grouping import MispEvents, Publisher, event_of, events_of, outline_of, plan_of
from comity.formats.stix import StixObject

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymisp import MISPEvent

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
US = Publisher("identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001", "PakCERT", "a partner")


def made(kind: str, name: str, tlp: Tlp | None = Tlp.CLEAR, day: int = 20, **more: Any) -> dict[str, Any]:
    at = f"2026-11-{day}T06:30:00.000Z"
    marks = {"object_marking_refs": [TLP_IDS[tlp]]} if tlp else {}
    found: dict[str, Any] = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid5(NAMESPACE_URL, name)}",
        "name": name,
    }
    return {**found, "created": at, "modified": at, **marks, **more}


def indicator(name: str, tlp: Tlp | None = Tlp.CLEAR, **more: Any) -> dict[str, Any]:
    pattern: dict[str, Any] = {"pattern": f"[domain-name:value = '{name}.example']", "pattern_type": "stix"}
    return made("indicator", name, tlp, **pattern | more, valid_from="2026-11-20T06:30:00.000Z")


def report(name: str, *refs: dict[str, Any]) -> dict[str, Any]:
    named = [each["id"] for each in refs]
    return made("report", name, published="2026-11-20T06:30:00.000Z", object_refs=named)


def joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = made("relationship", one["name"] + other["name"], relationship_type="related-to")
    del found["name"]
    return found | {"source_ref": one["id"], "target_ref": other["id"]}


def published(*values: dict[str, Any], at: datetime = NOW) -> MispEvents:
    return events_of([(StixObject.decode(value), at) for value in values], US)


def events(*values: dict[str, Any], at: datetime = NOW) -> list[bytes]:
    return list(published(*values, at=at).texts)


def told(text: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(text)["Event"]
    return event


def values(text: bytes) -> set[str]:
    return {part["value"] for part in told(text).get("Attribute", [])}


def test_a_report_is_one_event_and_the_rest_goes_by_day_and_label():
    a, b, c, d = (indicator(name) for name in "abcd")
    green, late = indicator("green", Tlp.GREEN), indicator("late", day=21)
    found = events(report("r", a, b), a, b, c, d, green, late)
    assert [values(each) for each in found] == [
        {"a.example", "b.example"}, {"c.example", "d.example"}, {"green.example"}, {"late.example"},
    ]  # fmt: skip  # one list
    assert told(found[0])["uuid"] == report("r")["id"].partition("--")[2]
    assert {"name": "tlp:green"}.items() <= told(found[2])["Tag"][0].items()
    assert told(found[1])["info"] == "PakCERT: indicators and observations of 2026-11-20"


def test_the_same_day_is_the_same_event_and_as_new_as_the_newest_in_it():
    first = events(indicator("a"))[0]
    second = events(indicator("a"), indicator("b"), at=NOW + timedelta(hours=1))[0]
    assert told(first)["uuid"] == told(second)["uuid"]
    assert int(told(second)["timestamp"]) - int(told(first)["timestamp"]) == 3600


def test_another_receiver_gets_other_events():
    other = Publisher(US.ref, US.name, "another")
    (event,) = events_of([(StixObject.decode(indicator("a")), NOW)], other).texts
    assert told(event)["uuid"] != told(events(indicator("a"))[0])["uuid"]


def test_a_report_whose_parts_came_later_is_new_again():
    a = indicator("a")
    objects = [(StixObject.decode(report("r", a)), NOW), (StixObject.decode(a), NOW + timedelta(days=1))]
    (event,) = events_of(objects, US).texts
    assert int(told(event)["timestamp"]) == int((NOW + timedelta(days=1)).timestamp())


def test_what_joins_two_events_is_listed():
    a, b, c = indicator("a"), indicator("b"), indicator("c", Tlp.GREEN)
    inside, across = joined(a, b), joined(b, c)
    found = published(a, b, c, inside, across)
    lost = {each.uuid: each.reason for each in found.unmapped}
    assert across["id"] in lost
    assert "several events" in lost[across["id"]]
    assert "several events" not in lost.get(inside["id"], "")


def test_an_object_of_two_reports_stands_in_one_and_is_told():
    a = indicator("a")
    found = published(report("one", a), report("two", a), a)
    assert sorted(len(values(each)) for each in found.texts) == [0, 1]
    assert any("another report" in each.reason for each in found.unmapped)


def test_our_own_work_is_ours_in_misp():
    event = told(events(indicator("a", created_by_ref=US.ref))[0])
    assert event["Orgc"] == {"uuid": US.ref.partition("--")[2], "name": "PakCERT"}


def test_nothing_is_no_event():
    assert events() == []
    alone = published(made("identity", "alone", identity_class="organization"))
    assert (alone.texts, len(alone.unmapped)) == ((), 1)


@pytest.mark.parametrize("label", [*Tlp, None])
def test_pymisp_reads_the_feed_and_we_read_it_back(label):
    found = events(indicator("a", label), indicator("b", label))
    files = dict(feed_files(found))
    manifest = Manifest.decode(files["manifest.json"])
    for entry in manifest.entries:
        read = MISPEvent()
        read.load(json.loads(files[entry.file]))
        assert {each.value for each in read.attributes} == {"a.example", "b.example"}
        again = decode_misp(files[entry.file])
        patterns = {each.value["pattern"] for each in again.objects if each.type == "indicator"}
        assert patterns == {"[domain-name:value = 'a.example']", "[domain-name:value = 'b.example']"}


def test_a_day_with_too_many_is_several_events_and_each_keeps_its_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [indicator(f"host-{number}") for number in range(40)]
    whole = published(*many)
    monkeypatch.setattr("comity.formats.misp.grouping.MOST_TOGETHER", 6)
    parts = published(*many)
    assert len(parts.texts) > len(whole.texts) == 1
    assert set().union(*map(values, parts.texts)) == values(whole.texts[0])
    assert sum(len(values(each)) for each in parts.texts) == len(many)
    assert all(len(values(each)) <= 6 for each in parts.texts)
    uuids = {told(each)["uuid"]: values(each) for each in parts.texts}
    assert len(uuids) == len(parts.texts)
    more = {told(each)["uuid"]: values(each) for each in published(*many, indicator("late", day=21)).texts}
    assert uuids.items() <= more.items()
    assert told(parts.texts[0])["info"].startswith(
        "PakCERT: indicators and observations of 2026-11-20, part "
    )


def test_what_joins_two_parts_of_a_day_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = indicator("a"), indicator("b")
    monkeypatch.setattr("comity.formats.misp.grouping.MOST_TOGETHER", 1)
    found = published(one, other, link := joined(one, other))
    assert link["id"] in {each.uuid for each in found.unmapped}


def test_event_by_event_is_the_same_as_all_at_once_without_what_went_meanwhile() -> None:
    a, b, c = (indicator(name) for name in "abc")
    maker = made("identity", "maker", identity_class="organization")
    b["created_by_ref"] = maker["id"]
    given = [StixObject.decode(value) for value in (report("r", a), a, b, c, maker)]
    plan = plan_of((outline_of(each, NOW) for each in given), US)
    held = {each.id: each.value for each in given}
    texts = [event_of(group, {ref: held[ref] for ref in group.needed}, US) for group in plan.groups]
    whole = events_of([(each, NOW) for each in given], US).texts
    assert [each.text for each in texts if each] == list(whole)
    left = {ref: value for ref, value in held.items() if ref not in (b["id"], report("r", a)["id"])}
    fewer = [event_of(group, left, US) for group in plan.groups]
    assert fewer[0] is None
    assert [values(each.text) for each in fewer if each] == [{"c.example"}]
    assert [event_of(group, {}, US) for group in plan.groups] == [None] * len(plan.groups)
