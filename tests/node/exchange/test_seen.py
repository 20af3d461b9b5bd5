"""Who sees an object, how far it came with each partner, and what that page cannot know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.node.acts.models import Act, Delivery
from comity.node.acts.services import approving
from comity.node.exchange import arrival, seeing
from comity.node.exchange.arrival import arrivals
from comity.node.exchange.seeing import seers
from comity.node.exchange.taxii import spanning
from comity.node.exchange.taxii.chosen import Query
from comity.node.parties.actors import Actor
from comity.node.site.states import StepState
from tests.node.exchange.holding import iep_marking, indicator, made, own_work, row, shared
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db

GOOD, RED = indicator("good"), indicator("red", Tlp.RED)


def way(sides: Sides, value: dict[str, object], actor: Actor | None = None):
    return arrivals(actor or sides.world.analyst, row(value), [sides.party]).of(sides.party)


def told(sides: Sides, value: dict[str, object]) -> list[tuple[str, StepState]]:
    (offer,) = way(sides, value).offers
    return [(step.title, step.state) for step in offer.steps]


def test_nothing_was_offered(agreed):
    own_work(agreed.world, GOOD)
    assert way(agreed, GOOD) == arrival.Arrival()
    assert "not offered" in body(client_of(agreed.world.analyst).get(f"/exchange/objects/{GOOD['id']}/seen"))


def test_from_the_offer_to_the_receipt(agreed):
    own_work(agreed.world, GOOD)
    shared(agreed, GOOD)
    done = StepState.DONE
    begun = [("Offered", done), ("Judged: it may leave", done), ("Queued", done)]
    assert told(agreed, GOOD) == [*begun, ("On its way", StepState.CURRENT)]
    for state, words, step in (
        ("handed-over", "Delivered, and the receipt is awaited", StepState.CURRENT),
        ("refused", "Refused by the partner", StepState.FAILED),
        ("withheld", "Withheld by us", StepState.FAILED),
        ("receipted", "Receipted", done),
    ):
        Delivery.objects.update(state=state, next_try=None)
        assert told(agreed, GOOD) == [*begun, (words, step)]


def test_what_stayed_says_why(agreed):
    own_work(agreed.world, GOOD, RED)
    shared(agreed, GOOD, RED)
    assert told(agreed, RED)[-1] == ("Judged: it stayed here", StepState.FAILED)
    page = body(client_of(agreed.world.analyst).get(f"/exchange/objects/{RED['id']}/seen"))
    assert "for named recipients only" in page
    assert Act.objects.get(kind="share").ref in page


def test_a_second_person(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    own_work(sides.world, GOOD)
    act = shared(sides, GOOD)
    assert told(sides, GOOD)[-1] == ("Waits for a second person", StepState.WAITING)
    approving.decline(actor=sides.world.approver, ref=act.ref, now=NOW, note="Not this one.")
    assert told(sides, GOOD)[-1] == ("Declined by a second person", StepState.FAILED)
    again = shared(sides, GOOD)
    approving.approve(actor=sides.world.approver, ref=again.ref, now=NOW)
    newest = way(sides, GOOD).offers[0]
    assert [step.title for step in newest.steps][2:] == ["Approved", "Queued", "On its way"]


def test_pages_read_by_taxii(agreed):
    reader = reader_of(agreed, opened(agreed.world, alias="all"))
    own_work(agreed.world, GOOD)
    assert way(agreed, GOOD).reads == ()
    reader.get("objects/")
    (read,) = way(agreed, GOOD).reads
    assert (read.collection, read.pages) == ("All that we hold", 1)
    assert read.sure
    other = indicator("later")
    own_work(agreed.world, other, now=NOW + timedelta(days=400))
    assert way(agreed, other).reads == ()
    page = body(client_of(agreed.world.analyst).get(f"/exchange/objects/{GOOD['id']}/seen"))
    assert "In 1 page of the collection" in page
    assert "What this page cannot know" in page


def test_what_was_opened_late_is_looked_for_where_it_stands_then(sides):
    reader = reader_of(sides, opened(sides.world, alias="all"))
    own_work(sides.world, GOOD)
    reader.get("objects/")
    assert way(sides, GOOD).reads == ()
    sides.conclude()
    reader.get("objects/")
    (read,) = way(sides, GOOD).reads
    assert read.pages == 1


def test_what_may_not_be_had_or_is_not_chosen_was_in_no_page(agreed):
    reader = reader_of(agreed, opened(agreed.world, alias="all"))
    tools: dict[str, Any] = {"title": "Tools", "query": Query(types=("tool",)), "alias": "tools"}
    few = reader_of(agreed, opened(agreed.world, **tools), name="few")
    labelled = indicator("labelled", labels=["kit"])
    own_work(agreed.world, GOOD, RED, made("tool", "tool"), labelled, made("tool", "last"))
    reader.get("objects/")
    few.get("objects/")
    assert way(agreed, RED).reads == ()
    assert [read.collection for read in way(agreed, GOOD).reads] == ["All that we hold"]
    assert {read.collection for read in way(agreed, made("tool", "tool")).reads} == {
        "All that we hold",
        "Tools",
    }
    kits: dict[str, Any] = {"title": "Kits", "query": Query(labels=("Kit",)), "alias": "kits"}
    reader_of(agreed, opened(agreed.world, **kits), name="kits").get("objects/")
    assert [read.collection for read in way(agreed, labelled).reads] == ["All that we hold", "Kits"]
    assert len(way(agreed, GOOD).reads) == 1


def test_a_page_of_some_types_alone_may_have_held_it(agreed):
    reader = reader_of(agreed, opened(agreed.world, alias="all"))
    for each in (made("tool", "a"), GOOD, made("tool", "b")):
        own_work(agreed.world, each)
    reader.get("objects/?match[type]=tool")
    (read,) = way(agreed, GOOD).reads
    assert (read.pages, read.sure) == (1, False)
    assert "Perhaps in 1 page" in body(
        client_of(agreed.world.analyst).get(f"/exchange/objects/{GOOD['id']}/seen")
    )
    reader.get("objects/")
    (read,) = way(agreed, GOOD).reads
    assert (read.pages, read.sure) == (1, True)


def test_more_pages_than_are_looked_through(agreed, monkeypatch):
    monkeypatch.setattr(spanning, "PAGES", 1)
    reader = reader_of(agreed, opened(agreed.world, alias="all"))
    own_work(agreed.world, GOOD)
    reader.get("objects/")
    assert arrivals(agreed.world.analyst, row(GOOD), [agreed.party]).all_pages
    reader.get("objects/")
    assert not arrivals(agreed.world.analyst, row(GOOD), [agreed.party]).all_pages
    page = body(client_of(agreed.world.analyst).get(f"/exchange/objects/{GOOD['id']}/seen"))
    assert "More pages were given since" in page


def test_who_may_not_read_acts_learns_of_none(agreed):
    own_work(agreed.world, GOOD)
    shared(agreed, GOOD)
    assert way(agreed, GOOD, agreed.world.observer) == arrival.Arrival()
    assert client_of(agreed.world.observer).get(f"/exchange/objects/{GOOD['id']}/seen").status_code == 403
    assert client_of(agreed.world.analyst).get("/exchange/objects/indicator--0/seen").status_code == 404


def test_how_many_may_see_is_what_each_is_told(agreed):
    marking = iep_marking("shut", start_date="2026-12-01T00:00:00Z", tlp="amber")
    shut = indicator("shut", None, object_marking_refs=[marking["id"]])
    own_work(agreed.world, GOOD, RED, marking, shut)
    classes = [row(value).handling_id for value in (GOOD, RED, shut)]
    actor = agreed.world.analyst
    for _ in range(2):  # the second time from memory
        found = seers(actor, classes, purpose=Purpose.NETWORK_DEFENCE, now=NOW)
        assert (found.partners, [found.by_class[key] for key in classes[:2]]) == (1, [1, 0])
    none = seers(actor, classes, purpose=Purpose.RESEARCH, now=NOW)
    assert none.by_class[classes[0]] == 0
    seeing._answers.clear()
    assert seers(actor, classes, purpose=Purpose.NETWORK_DEFENCE, now=NOW) == found
    assert "1 of 1 partner" in body(client_of(actor).get("/exchange/?kind=indicator"))


def test_questions_that_are_remembered_are_few(agreed, monkeypatch):
    monkeypatch.setattr(seeing, "MOST_QUESTIONS", 1)
    own_work(agreed.world, GOOD)
    for purpose in (Purpose.NETWORK_DEFENCE, Purpose.RESEARCH, Purpose.NETWORK_DEFENCE):
        seers(agreed.world.analyst, [row(GOOD).handling_id], purpose=purpose, now=NOW)
        assert len(seeing._answers) == 1
