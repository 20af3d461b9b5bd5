"""The end of retention: what its giver let us keep for a time is deleted when that is over, and no more."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any

import pytest
from django.db import DatabaseError

from comity.node.accountability.models import LogEntry
from comity.node.acts import routines
from comity.node.acts.models import Act, ActContent, Content
from comity.node.acts.routines import Routine
from comity.node.acts.services import erasing
from comity.node.exchange import queries
from comity.node.exchange.models import ErasedObject, StixObject
from comity.node.exchange.services import retention
from comity.node.exchange.services.retention import end_retention
from comity.node.federation import regular
from comity.node.federation.regular import Regular
from tests.node.exchange.holding import (
    from_elsewhere,
    from_far,
    indicator,
    joined,
    made,
    own_work,
    row,
)
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
LAST = NOW + timedelta(days=30)  # the last day that an agreement of 30 days gives
OVER = NOW + timedelta(days=31)


@pytest.fixture
def kept_30_days(sides):
    return sides.conclude(retention_days=30)


def given(sides, agreement, *values, now=NOW):
    verdict, signed = from_far(sides, *values, now=now, basis=(agreement.ref,))
    assert verdict.allowed
    return Act.objects.get(ref=signed.act.id)


def ended() -> list[dict[str, Any]]:
    rows = LogEntry.objects.filter(event="retention-ended").order_by("index")
    return [json.loads(bytes(each.entry or b"")) for each in rows]


def test_on_the_last_day_it_stays_and_the_day_after_it_goes(sides, kept_30_days):
    value = indicator("given")
    act = given(sides, kept_30_days, value)
    assert act.contents_until == LAST.date()
    assert end_retention(LAST) == []
    assert row(value).act == act
    assert ended() == []
    (done,) = end_retention(OVER)
    assert (done.versions, done.acts, done.contents) == (1, 1, 1)
    assert not StixObject.objects.exists()
    assert not Content.objects.exists()
    assert not ActContent.objects.exists()
    act.refresh_from_db()
    assert act.contents_ended == OVER
    assert act.wire
    (entry,) = ended()
    assert (entry["subject"], entry["from"]) == (sides.party.ref, sides.world.body.ref)
    assert {name: entry[name] for name in ("versions", "acts")} == {"versions": 1, "acts": 1}
    assert value["id"] not in json.dumps(entry)
    assert end_retention(OVER) == []
    assert len(ended()) == 1


def test_it_may_be_given_again(sides, kept_30_days):
    value = indicator("given")
    given(sides, kept_30_days, value)
    end_retention(OVER)
    assert not ErasedObject.objects.exists()
    given(sides, kept_30_days, value, now=OVER)
    assert row(value).added >= OVER
    assert end_retention(OVER) == []


def test_what_came_without_an_end_stays(sides, kept_30_days):
    mine, feed, clear = indicator("mine"), indicator("feed"), indicator("given")
    own_work(sides.world, mine)
    from_elsewhere(sides.world, feed)
    given(sides, kept_30_days, clear)
    end_retention(OVER)
    assert {each.ref for each in StixObject.objects.all()} == {mine["id"], feed["id"]}


def test_a_content_that_another_act_carries_stays_until_that_is_over_too(sides, kept_30_days):
    """The same version came again, later: the object goes by its first giving, each copy by its own act."""
    value = indicator("given")
    first = given(sides, kept_30_days, value)
    second = given(sides, kept_30_days, value, now=NOW + timedelta(days=10))
    end_retention(OVER)
    assert not StixObject.objects.exists()
    assert [each.act for each in ActContent.objects.all()] == [second]
    assert Content.objects.count() == 1
    first.refresh_from_db()
    assert first.contents_ended == OVER
    end_retention(OVER + timedelta(days=10))
    assert not Content.objects.exists()
    assert len(ended()) == 2


def test_of_two_versions_the_one_that_may_stay_is_the_newest(sides, kept_30_days):
    old = indicator("given")
    new = old | {"modified": "2026-11-21T06:30:00.000Z"}
    other = sides.conclude()
    given(sides, other, old)
    given(sides, kept_30_days, new)
    assert row(old).modified == new["modified"]
    end_retention(OVER)
    assert row(old).modified == old["modified"]


def test_the_title_of_what_goes_does_not_live_on(sides, kept_30_days):
    source, target = indicator("i"), made("malware", "a name that has to go")
    given(sides, kept_30_days, target)
    own_work(sides.world, source, joined("r", source, target))
    assert "a name" in row(joined("r", source, target)).title
    end_retention(OVER)
    assert row(joined("r", source, target)).title == "i indicates malware"


def test_much_goes_in_several_transactions_each_with_its_entry(sides, kept_30_days, monkeypatch):
    monkeypatch.setattr(retention, "MOST", 2)
    given(sides, kept_30_days, *(indicator(f"i{place}") for place in range(5)))
    done = end_retention(OVER)
    assert [(each.versions, each.acts) for each in done] == [(2, 1), (2, 0), (1, 0)]
    assert not StixObject.objects.exists()
    assert len(ended()) == 3


def test_another_worker_that_was_faster_leaves_no_entry(sides, kept_30_days):
    given(sides, kept_30_days, indicator("i"))
    pairs = queries.retention_ended(OVER.date())
    end_retention(OVER)
    assert [retention._end(*pair, OVER.date(), OVER) for pair in pairs] == [None]  # what a slower one does
    assert len(ended()) == 1


def test_an_erased_act_has_nothing_left_to_end(sides, kept_30_days):
    act = given(sides, kept_30_days, indicator("i"))
    StixObject.objects.all().delete()
    erasing.erase_act(actor=sides.world.approver, ref=act.ref, why="by law", now=NOW)
    assert end_retention(OVER) == []


def test_pages_say_it_before_and_after(sides, kept_30_days):
    value = indicator("given")
    act = given(sides, kept_30_days, value)
    client = client_of(sides.world.analyst)
    assert "To be deleted after" in body(client.get(f"/exchange/objects/{value['id']}/"))
    assert "Contents to be deleted after" in body(client.get(f"/acts/{act.ref}/"))
    day = LAST.date().isoformat()
    for until, found in ((day, True), ((LAST - timedelta(days=1)).date().isoformat(), False)):
        assert (value["id"] in body(client.get("/exchange/", {"until": until}))) is found
    assert "will be deleted by" in body(client.get("/exchange/"))
    end_retention(OVER)
    page = body(client.get(f"/acts/{act.ref}/"))
    assert "Contents deleted at the end of retention" in page
    assert "will be deleted by" not in body(client.get("/exchange/"))


def wait_for(work: Regular) -> None:
    for thread in work.running:
        thread.join(10)


@pytest.fixture
def only(monkeypatch):
    """A worker that has just these routines to do."""

    def have(*mine: Routine) -> Regular:
        monkeypatch.setattr(routines, "_routines", {each.name: each for each in mine})
        return Regular()

    return have


def test_a_routine_is_due_at_the_start_and_when_its_time_has_passed(only):
    done: list[datetime] = []
    work = only(Routine("r", timedelta(days=1), done.append))
    for hours in (0, 1, 23, 24, 25):
        work.begin(NOW + timedelta(hours=hours))
        wait_for(work)
    assert done == [NOW, NOW + timedelta(days=1)]


def test_what_failed_is_tried_again_soon_and_what_runs_is_not_started_twice(only, caplog):
    tries: list[datetime] = []
    go = Flag()

    def fails(now: datetime) -> None:
        tries.append(now)
        go.wait(10)
        raise DatabaseError("locked")

    work = only(Routine("r", timedelta(days=1), fails))
    work.begin(NOW)
    work.begin(NOW + timedelta(days=2))
    assert tries == [NOW]
    go.set()
    wait_for(work)
    assert "trying again later" in caplog.text
    work.begin(NOW + regular.REST)
    wait_for(work)
    assert tries == [NOW, NOW + regular.REST]


def test_the_exchange_offers_its_routine():
    offered = {each.name: each for each in routines.routines()}
    assert (offered["end-retention"].work, offered["end-retention"].every) == (
        end_retention,
        timedelta(days=1),
    )


def test_a_file_says_nothing_of_an_end(world):
    from_elsewhere(world, indicator("i"))
    assert row(indicator("i")).handling.keep_until is None
