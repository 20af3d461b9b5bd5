"""Lists from a real server: what came, changed and went, and what a person has to decide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from comity.base.errors import Conflict
from comity.node.exchange.feeds.running import run_due
from comity.node.exchange.models import Feed, FeedEntry, FeedRun, Import, Outcome, StixObject
from comity.node.exchange.services import feeds
from tests.node.exchange.feeds.reading import HOUR, counts, indicators, opened, ran
from tests.node.world import NOW


def listed(*names: str) -> str:
    return "# bad hosts\n" + "".join(f"{name}.example.net\n" for name in names)


def test_values_become_indicators_once(world, publisher):
    publisher.put(listed("a", "b"))
    feed = opened(world, f"{publisher.address}list.txt", licence="CC0", confidence=60)
    run = ran(feed)
    assert (run.outcome, counts(run), run.problem) == (Outcome.DONE, (2, 0, 0, 0), "")
    found = indicators()["a.example.net"]
    assert found["pattern"] == "[domain-name:value = 'a.example.net']"
    assert (found["confidence"], found["created_by_ref"]) == (60, world.body.ref)
    assert found["external_references"] == [
        {"source_name": "Bad hosts", "description": "Licence or terms: CC0"}
    ]
    row = StixObject.objects.get(ref=found["id"])
    assert (row.tlp, row.source, row.brought) == ("clear", None, run.brought)
    assert row.handling.facts["ownership"] == "received"


def test_a_second_run_without_news_brings_nothing(world, publisher):
    publisher.put(listed("a", "b"))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    again = ran(feed, NOW + HOUR)
    assert again.outcome == Outcome.UNCHANGED
    assert "if-none-match" in publisher.asked[1][1]
    assert (StixObject.objects.count(), Import.objects.count()) == (2, 1)
    kept = Feed.objects.get()
    assert (kept.succeeded_at, kept.due) == (NOW + HOUR, NOW + 2 * HOUR)


def test_the_difference_is_told_and_what_is_gone_is_valid_no_more(world, publisher):
    publisher.put(listed("a", "b"))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    publisher.put(listed("b", "c"))
    run = ran(feed, NOW + HOUR)
    assert counts(run) == (1, 0, 1, 1)
    assert indicators()["a.example.net"]["valid_until"] == "2026-11-22T04:00:00.000Z"
    assert "valid_until" not in indicators()["b.example.net"]
    assert {each.ref for each in FeedEntry.objects.filter(went=run)} == {indicators()["a.example.net"]["id"]}


def test_what_comes_back_is_the_same_object_and_valid_again(world, publisher):
    feed = opened(world, f"{publisher.address}list.txt")
    for hour, names in enumerate((("a", "b"), ("b",), ("a", "b"))):
        publisher.put(listed(*names))
        run = ran(feed, NOW + hour * HOUR)
    found = indicators()["a.example.net"]
    assert counts(run) == (1, 0, 1, 0)
    assert "valid_until" not in found
    assert (found["created"], found["modified"]) == ("2026-11-22T03:00:00.000Z", "2026-11-22T05:00:00.000Z")
    assert StixObject.objects.filter(ref=found["id"]).count() == 3


def test_an_expiry_is_put_off_only_when_half_of_it_is_over(world, publisher):
    publisher.put(listed("a"))
    feed = opened(world, f"{publisher.address}list.txt", expiry=10)
    versions = []
    for day in (0, 4, 6):
        publisher.headers["ETag"] = f'"{day}"'
        run = ran(feed, NOW + timedelta(days=day))
        versions.append(StixObject.objects.count())
    assert versions == [1, 1, 2]
    assert run.known == 1
    assert indicators()["a.example.net"]["valid_until"] == "2026-12-08T03:00:00.000Z"
    assert FeedEntry.objects.get().came_id != run.pk


def test_another_label_gives_each_value_a_version(world, publisher):
    publisher.put(listed("a"))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    Feed.objects.update(label="green", etag="")
    assert counts(ran(feed, NOW + HOUR)) == (0, 1, 0, 0)
    assert StixObject.objects.get(latest=True).tlp == "green"


def test_most_of_a_list_gone_at_once_waits_for_a_person(world, publisher):
    publisher.put(listed(*map(str, range(30))))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    publisher.put(listed("1", "2"))
    held = ran(feed, NOW + HOUR)
    assert (held.outcome, held.entries) == (Outcome.HELD, 2)
    assert "30 entries" in held.problem
    assert not any("valid_until" in each for each in indicators().values())
    feeds.accept_fall(actor=world.approver, ref=feed.ref, now=NOW + HOUR)
    taken = ran(feed, NOW + 2 * HOUR)
    assert (taken.outcome, counts(taken)) == (Outcome.DONE, (0, 0, 2, 28))
    assert Feed.objects.get().floor is None


def test_what_a_person_accepted_does_not_open_the_door_for_less(world, publisher):
    publisher.put(listed(*map(str, range(30))))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    publisher.put(listed("1", "2"))
    ran(feed, NOW + HOUR)
    feeds.accept_fall(actor=world.approver, ref=feed.ref, now=NOW + HOUR)
    publisher.put("# nothing\n")
    assert ran(feed, NOW + 2 * HOUR).outcome == Outcome.HELD
    assert FeedEntry.objects.filter(went=None).count() == 30


def test_what_cannot_be_mapped_is_listed(world, publisher):
    publisher.put(listed("a") + "10.0.0.1\nnot a host\n")
    run = ran(opened(world, f"{publisher.address}list.txt"))
    assert (run.new, run.unmapped) == (1, 2)
    assert [what for what, _ in run.told] == ["entry 3: 10.0.0.1", "entry 4: not a host"]


def test_a_list_of_which_nothing_can_be_mapped_fails(world, publisher):
    publisher.put("{ }\n[ ]\n")
    run = ran(opened(world, f"{publisher.address}list.txt"))
    assert run.outcome == Outcome.FAILED
    assert "nothing in it can be mapped" in run.problem
    assert not Import.objects.exists()


def test_many_entries_are_kept_portion_by_portion(world, publisher, monkeypatch):
    monkeypatch.setattr("comity.node.exchange.feeds.lists.PORTION", 2)
    publisher.put(listed("a", "b", "c", "d", "e"))
    run = ran(opened(world, f"{publisher.address}list.txt"))
    assert (run.new, StixObject.objects.count(), FeedEntry.objects.count()) == (5, 5, 5)
    assert Import.objects.get().report["new"] == 5


def test_what_was_erased_by_law_stays_away(world, publisher):
    from comity.node.exchange.services.erasing import erase_object

    publisher.put(listed("a", "b"))
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    ref = indicators()["a.example.net"]["id"]
    erase_object(actor=world.approver, ref=ref, why="Act 7, section 2", now=NOW)
    Feed.objects.update(etag="", label="green")
    run = ran(feed, NOW + HOUR)
    assert (run.refused, run.outcome) == (1, Outcome.DONE)
    assert not StixObject.objects.filter(ref=ref).exists()
    assert "erased here by law" in str(run.told)


def test_a_value_that_stands_twice_is_told(world, publisher):
    publisher.put(listed("a", "A", "a"))
    run = ran(opened(world, f"{publisher.address}list.txt"))
    assert run.new == 1
    assert ["2 entries", "repeat a value of the feed; the first counts."] in run.told


def test_one_feed_is_read_by_one_at_a_time(world, publisher):
    publisher.put(listed("a"))
    feed = opened(world, f"{publisher.address}list.txt")
    going = FeedRun.objects.create(feed=feed, at=NOW)
    assert run_due(NOW) == []
    for ask in (feeds.run_now, feeds.ask_for_run):
        with pytest.raises(Conflict, match="being read now"):
            ask(actor=world.analyst, ref=feed.ref, now=NOW)
    going.delete()
    assert feeds.run_now(actor=world.analyst, ref=feed.ref, now=NOW).new == 1


def test_a_feed_that_is_changed_while_it_is_read_is_read_anew(world, publisher):
    publisher.put(listed("a"))
    feed = opened(world, f"{publisher.address}list.txt")
    told = {"changed": False}

    def changes(execute, sql, params, many, context):
        if "exchange_erasedobject" in sql and not told["changed"]:
            told["changed"] = True
            Feed.objects.update(label="amber", due=NOW)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(changes):
        assert ran(feed).outcome == Outcome.DONE
    found = Feed.objects.get()
    assert (found.etag, found.due) == ("", NOW)
    assert counts(ran(feed, NOW + HOUR)) == (0, 1, 0, 0)


def test_old_runs_that_brought_nothing_are_forgotten(world, publisher):
    publisher.put(listed("a") + "nonsense\n")
    feed = opened(world, f"{publisher.address}list.txt")
    first = ran(feed)
    assert len(first.told) == 1
    ran(feed, NOW + HOUR)
    last = ran(feed, NOW + timedelta(days=120))
    assert set(FeedRun.objects.values_list("pk", flat=True)) == {first.pk, last.pk}
    assert FeedRun.objects.get(pk=first.pk).told == []


def test_a_run_that_is_cut_short_keeps_whole_portions_and_the_next_completes_it(
    world, publisher, monkeypatch
):
    monkeypatch.setattr("comity.node.exchange.feeds.lists.PORTION", 2)
    publisher.put(listed("a", "b", "c", "d", "e"))
    feed = opened(world, f"{publisher.address}list.txt")
    with connection.execute_wrapper(_dies_at_run_of(feed)), pytest.raises(DatabaseError):
        ran(feed)
    assert FeedRun.objects.get().outcome == Outcome.BEGUN
    assert StixObject.objects.count() == FeedEntry.objects.count() == 2
    done = ran(feed, NOW + HOUR)
    assert (done.outcome, counts(done)) == (Outcome.DONE, (3, 0, 2, 0))
    assert StixObject.objects.count() == FeedEntry.objects.count() == 5


def _dies_at_run_of(feed):
    """The database goes away in the second portion."""
    told = {"portions": 0}

    def dies(execute, sql, params, many, context):
        if "exchange_erasedobject" in sql:  # asked once for each portion
            told["portions"] += 1
            if told["portions"] > 1:
                raise DatabaseError(f"gone at {feed}")
        return execute(sql, params, many, context)

    return dies
