"""Feeds of TAXII 2.1: scheduled as every feed, and read as the client reads any collection."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.conf import settings as configured

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.conversation import Ask
from comity.node.exchange.feeds.reaching import FeedUnavailable, Web
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Feed, Import, Outcome, StixObject
from comity.node.exchange.services.feeds import try_feed
from comity.node.exchange.services.retention import end_retention
from comity.node.federation.models import Partner, PartnerState
from tests.link.publisher import Publisher
from tests.node.exchange.feeds.reading import HOUR, counts, opened, ran, wish
from tests.node.exchange.holding import from_far, indicator, row
from tests.node.exchange.taxii.shelf import COLLECTION, Shelf
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW, World

OBJECTS = [indicator(f"host-{number}", Tlp.GREEN) for number in range(7)]
SAID = {"kind": "taxii", "name": "A shelf", "note": "a public server"}


@pytest.fixture
def shelf(publisher: Publisher) -> Shelf:
    """The shelf behind the publisher's real address."""
    found = Shelf(most=3)
    found.put(*OBJECTS)

    publisher.answer = found.over_http
    return found


@pytest.fixture
def address(publisher: Publisher) -> str:
    return f"{publisher.address}api/collections/{COLLECTION}/"


def held() -> set[str]:
    return set(StixObject.objects.values_list("ref", flat=True))


def test_each_run_goes_on_where_the_last_one_stopped(world: World, shelf: Shelf, address: str) -> None:
    feed = opened(world, address, **SAID)
    run = ran(feed)
    assert (run.outcome, run.problem, counts(run)) == (Outcome.DONE, "", (7, 0, 0, 0))
    assert held() == {each["id"] for each in OBJECTS}
    assert ran(feed, NOW + HOUR).outcome == Outcome.UNCHANGED
    assert shelf.queries[-1]["added_after"] == "2026-11-20T00:00:00.000007Z"
    shelf.put(indicator("new"))
    assert counts(ran(feed, NOW + 2 * HOUR)) == (1, 0, 0, 0)
    assert Import.objects.filter(form="feed").count() == 2


def test_what_breaks_off_is_completed_by_the_next_run(world: World, shelf: Shelf, address: str) -> None:
    feed = opened(world, address, **SAID)
    shelf.breaks_after = 2
    run = ran(feed)
    assert (run.outcome, len(held())) == (Outcome.FAILED, 6)
    assert "answered 503" in run.problem
    assert Feed.objects.get().cursor == {"added_after": "2026-11-19T23:59:59.999006Z"}
    shelf.breaks_after = None
    assert counts(ran(feed, NOW + HOUR)) == (1, 0, 6, 0)


def test_label_types_and_overlap_are_those_of_the_feed(world: World, shelf: Shelf, address: str) -> None:
    shelf.stored.clear()
    shelf.put(indicator("unmarked", None))
    settings = {"types": ["indicator", "malware"], "overlap": 60}
    feed = opened(world, address, settings=settings, label=Tlp.CLEAR, **SAID)
    ran(feed)
    assert row(indicator("unmarked", None)).tlp == Tlp.CLEAR.value
    assert counts(ran(feed, NOW + HOUR)) == (0, 0, 1, 0)
    assert shelf.queries[-1]["match[type]"] == "indicator,malware"
    assert shelf.queries[-1]["added_after"] == "2026-11-19T23:59:00.000001Z"


def test_what_a_partner_gives_stands_as_what_it_shares(sides: Sides, shelf: Shelf, address: str) -> None:
    """Two ways in, one agreement: the same class, so the same judgement, and the same last day."""
    agreement = sides.conclude(retention_days=30)
    feed = opened(sides.world, address, source=sides.party, **SAID | {"label": None})
    assert ran(feed).outcome == Outcome.DONE
    pulled = of_class(row(OBJECTS[0]).handling)
    shared = indicator("shared", Tlp.GREEN)
    from_far(sides, shared, basis=(agreement.ref,))[0].require()
    assert pulled == of_class(row(shared).handling)
    assert pulled.origin_terms is not None
    assert (pulled.origin_terms.agreement, pulled.keep_until) == (agreement.ref, date(2026, 12, 22))
    end_retention(NOW + timedelta(days=31))
    assert not StixObject.objects.filter(type="indicator").exists()


def test_without_an_agreement_for_its_purpose_the_markings_alone_bind(
    sides: Sides, shelf: Shelf, address: str
) -> None:
    sides.conclude()
    feed = opened(sides.world, address, source=sides.party, purpose=Purpose.RESEARCH, **SAID)
    ran(feed)
    assert of_class(row(OBJECTS[0]).handling).origin_terms is None


def test_a_partner_with_whom_cooperation_rests_is_not_read(sides: Sides, shelf: Shelf, address: str) -> None:
    sides.conclude()
    feed = opened(sides.world, address, source=sides.party, **SAID)
    Partner.objects.filter(pk=sides.partner.pk).update(state=PartnerState.SUSPENDED)
    run = ran(feed)
    assert (run.outcome, held(), shelf.queries) == (Outcome.FAILED, set(), [])
    assert "is suspended here" in run.problem


def test_what_cannot_be_read_is_told(world: World, shelf: Shelf, address: str) -> None:
    shelf.put({"id": "wrong--1", "type": "wrong"}, {**indicator("odd"), "spec_version": "indicator"})
    run = ran(opened(world, address, **SAID))
    assert (counts(run), run.unmapped) == ((8, 0, 0, 0), 1)
    assert next(why for what, why in run.told if what == "the server").startswith("1 objects name their type")


def test_a_look_keeps_nothing(world: World, shelf: Shelf, address: str) -> None:
    seen = try_feed(actor=world.approver, wish=wish(address, **SAID), now=NOW, most=3)
    assert [each.value for each in seen.rows] == ["host-0", "host-1", "host-2"]
    assert held() == set()


def test_a_key_goes_with_every_request(
    world: World, shelf: Shelf, address: str, publisher: Publisher
) -> None:
    configured.CONFIG.credentials.mkdir(exist_ok=True)
    path = configured.CONFIG.credentials / "shelf"
    path.write_text("Authorization: Bearer abc\n")
    ran(opened(world, address, credential="shelf", **SAID))
    path.unlink()
    assert {headers["authorization"] for _, headers in publisher.asked} == {"Bearer abc"}
    assert held() != set()


def test_a_server_that_is_no_taxii_server(world: World, publisher: Publisher) -> None:
    publisher.put("<html>", "collections/x/objects/")
    run = ran(opened(world, f"{publisher.address}collections/x/", **SAID))
    assert run.outcome == Outcome.FAILED
    assert "not application/taxii+json" in run.problem


def test_a_file_is_no_collection(world: World) -> None:
    run = ran(opened(world, "file:shelf.json", **SAID))
    assert (run.outcome, held()) == (Outcome.FAILED, set())


@pytest.mark.parametrize("said", [{"types": "indicator"}, {"types": ["!"]}, {"overlap": -1}, {"columns": []}])
def test_settings_are_read_strictly(world: World, address: str, said: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        opened(world, address, settings=said, **SAID)


def test_a_private_address_is_not_asked(shelf: Shelf, address: str) -> None:
    ask = Ask(f"{address}objects/", (("limit", "1"),))
    with Web(frozenset({"127.0.0.1"}), 2.0) as web:
        assert web.ask(ask).status == 200
    with Web(frozenset(), 2.0) as web, pytest.raises(FeedUnavailable, match="private address"):
        web.ask(ask)
    assert len(shelf.asked) == 1
