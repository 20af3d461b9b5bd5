"""A MISP feed as PyMISP writes it: only events that changed are fetched, those that are gone are told."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from comity.base.errors import Malformed
from comity.formats.stix import StixObject as Found
from comity.node.exchange.feeds.pulling import Pull
from comity.node.exchange.feeds.reaching import Folder
from comity.node.exchange.models import Feed, FeedEntry, FeedRun, Outcome, StixObject, Victim
from tests.formats.misp.events import UUID, attribute
from tests.link.publisher import Publisher
from tests.node.exchange.feeds.reading import HOUR, counts, opened, ran
from tests.node.exchange.holding import indicator
from tests.node.world import NOW, World

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymisp import MISPEvent

A, B = UUID.format(0xA1), UUID.format(0xA2)


def event(uuid: str, *values: str, time: int = 1795316400, info: str = "What happened", **more: object):
    parts = [attribute(n, "domain", value) for n, value in enumerate(values, int(uuid[-2:], 16) % 16 * 10)]
    return {
        "uuid": uuid, "info": info, "date": "2026-11-20", "timestamp": str(time), "analysis": "2",
        "threat_level_id": "3", "publish_timestamp": str(time), "published": True,
        "Orgc": {"uuid": UUID.format(0xFE), "name": "A team"},
        "Tag": [{"name": "tlp:clear"}], "Attribute": parts, **more,
    }  # fmt: skip  # one event


def publish(publisher: Publisher, *events: dict[str, object]) -> None:
    """The files as PyMISP's generator of feeds writes them."""
    manifest: dict[str, object] = {}
    hashes: list[str] = []
    publisher.files.clear()
    for each in events:
        made = MISPEvent()
        made.load({"Event": each})
        publisher.put(json.dumps(made.to_feed()), f"feed/{each['uuid']}.json")
        manifest |= made.manifest
        hashes += [f"{digest},{made.uuid}" for digest in made.attributes_hashes("md5")]
    publisher.put(json.dumps(manifest), "feed/manifest.json")
    publisher.put("\n".join(hashes), "feed/hashes.csv")


def subscribed(world: World, publisher: Publisher) -> Feed:
    return opened(world, f"{publisher.address}feed/", kind="misp", name="A team's events")


def patterns() -> set[str]:
    rows = StixObject.objects.filter(type="indicator", latest=True)
    return {json.loads(bytes(row.wire))["pattern"] for row in rows}


def test_events_come_in_as_objects(world, publisher):
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    run = ran(subscribed(world, publisher))
    assert (run.outcome, counts(run), run.refused) == (Outcome.DONE, (2, 0, 0, 0), 0)
    assert patterns() == {"[domain-name:value = 'a.example']", "[domain-name:value = 'b.example']"}
    assert {row.tlp for row in StixObject.objects.filter(type="indicator")} == {"clear"}
    assert set(FeedEntry.objects.values_list("ref", flat=True)) == {A, B}


def test_only_what_changed_is_fetched(world, publisher):
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    feed = subscribed(world, publisher)
    ran(feed)
    assert ran(feed, NOW + HOUR).outcome == Outcome.UNCHANGED
    publish(publisher, event(A, "a.example"), event(B, "b.example", "c.example", time=1795320000))
    publisher.asked.clear()
    run = ran(feed, NOW + 2 * HOUR)
    assert counts(run) == (0, 1, 1, 0)
    assert [path for path, _ in publisher.asked] == ["/feed/manifest.json", f"/feed/{B}.json"]
    assert "[domain-name:value = 'c.example']" in patterns()


def test_an_event_that_is_gone_is_told(world, publisher):
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    feed = subscribed(world, publisher)
    ran(feed)
    publish(publisher, event(A, "a.example"))
    run = ran(feed, NOW + HOUR)
    assert counts(run) == (0, 0, 1, 1)
    assert run.told == [[B, "stands in the manifest no more; what it said stays here."]]
    assert FeedEntry.objects.get(ref=B).went == run
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    assert counts(ran(feed, NOW + 2 * HOUR)) == (1, 0, 1, 0)


def test_an_event_that_cannot_be_read_spoils_no_other_and_is_tried_again(world, publisher):
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    publisher.put('{"Event": ', f"feed/{A}.json")
    feed = subscribed(world, publisher)
    run = ran(feed)
    assert (run.outcome, counts(run), run.refused) == (Outcome.DONE, (1, 0, 0, 0), 1)
    assert run.told[0][0] == f"{A} What happened"
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    assert counts(ran(feed, NOW + HOUR)) == (1, 0, 1, 0)


def test_a_server_that_goes_away_midway_is_a_failure_and_what_came_stays(world, publisher):
    events = [event(UUID.format(number), f"{number}.example") for number in range(0xA1, 0xA9)]
    publish(publisher, *events)
    for each in events[1:]:
        publisher.files.pop(f"/feed/{each['uuid']}.json")
    feed = subscribed(world, publisher)
    run = ran(feed)
    assert (run.outcome, run.new) == (Outcome.FAILED, 1)
    assert Feed.objects.get().etag == ""
    assert patterns() == {"[domain-name:value = '161.example']"}


def test_many_events_come_over_several_runs(world, publisher, monkeypatch):
    monkeypatch.setattr("comity.node.exchange.feeds.misp.MOST_EVENTS", 1)
    publish(publisher, event(A, "a.example"), event(B, "b.example"))
    feed = subscribed(world, publisher)
    first = ran(feed)
    assert (first.new, first.told) == (1, [["1 of 2 events", "wait for the next run."]])
    assert counts(ran(feed, NOW + HOUR)) == (1, 0, 1, 0)


@transaction.atomic
def _undone(pull: Pull, found: Found) -> None:
    pull.keep([found])
    raise Malformed("/", "broken later on")


def test_what_is_undone_takes_nothing_of_the_run_with_it(world, publisher):
    feed = subscribed(world, publisher)
    run = FeedRun.objects.create(feed=feed, at=NOW)
    pull = Pull(feed, run, Folder(settings.CONFIG.feeds), NOW)
    found = Found.decode(indicator("kept"))
    pull.begin()
    with pytest.raises(Malformed):
        _undone(pull, found)
    pull.keep([found])
    pull.end()
    assert StixObject.objects.get().brought == run.brought


def test_a_run_that_takes_too_long_leaves_the_rest_to_the_next(world, publisher, monkeypatch):
    publish(publisher, event(A, "a.example"))
    feed = subscribed(world, publisher)
    with monkeypatch.context() as patched:
        patched.setattr("comity.node.exchange.feeds.pulling.LONGEST", 0)
        assert ran(feed).told == [["1 of 1 events", "wait for the next run."]]
    assert ran(feed, NOW + HOUR).new == 1


def test_a_folder_of_files_is_a_feed_too(world, publisher):
    publish(publisher, event(A, "a.example"))
    folder = settings.CONFIG.feeds / "misp"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in publisher.files.items():
        (folder / name.rpartition("/")[2]).write_bytes(content)
    run = ran(opened(world, "file:misp/", kind="misp"))
    assert (run.outcome, run.new) == (Outcome.DONE, 1)


def test_whom_an_event_names_as_target_is_a_victim(world, publisher):
    target = attribute(0x77, "target-org", "The harbour of Freedonia")
    publish(publisher, event(A, "a.example", Attribute=[target]))
    ran(subscribed(world, publisher))
    assert Victim.objects.get().name == "The harbour of Freedonia"


def test_what_could_not_be_mapped_is_told(world, publisher):
    odd = attribute(0x78, "domain", ["not", "a", "text"])
    publish(publisher, event(A, "a.example"))
    publisher.put(json.dumps({"Event": event(A, Attribute=[odd])}), f"feed/{A}.json")
    run = ran(subscribed(world, publisher))
    assert run.outcome == Outcome.DONE
    assert (run.unmapped, len(run.told)) == (1, 1)


def test_a_manifest_that_is_none_fails(world, publisher):
    publisher.put("<html>moved</html>", "feed/manifest.json")
    run = ran(subscribed(world, publisher))
    assert (run.outcome, run.problem) == (
        Outcome.FAILED,
        "the feed: is a web page where a list was expected.",
    )


@pytest.mark.slow
def test_the_real_event_of_circl_comes_in_by_a_feed(world, publisher):
    real = json.loads(Path("tests/vectors/formats/misp/xorist.json").read_text("utf-8"))["Event"]
    publish(publisher, real)
    run = ran(subscribed(world, publisher))
    assert (run.outcome, run.new, run.refused) == (Outcome.DONE, 1, 0)
    assert StixObject.objects.filter(type="indicator").exists()
