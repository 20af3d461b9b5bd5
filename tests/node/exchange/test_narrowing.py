"""Lists narrowed by what objects say and by what others say of them: by form, by API, and in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.engines.patterns.query import understood
from comity.node.exchange import narrowing, searching
from comity.node.exchange.narrowing import Days, Narrow, Order
from comity.node.exchange.relations import related
from comity.node.exchange.relations.related import related_to
from comity.node.exchange.reports import Report
from comity.node.exchange.scores import score_of
from comity.node.exchange.services.reporting import record_reports
from comity.node.parties.actors import Actor
from tests.node.exchange.holding import from_elsewhere, indicator, joined, made, own_work
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db

OLD, NEW = "2026-01-05T10:00:00Z", "2026-06-07T23:59:59.999Z"
PHISHING = made(
    "attack-pattern",
    "Phishing",
    Tlp.CLEAR,
    external_references=[{"source_name": "mitre-attack", "external_id": "T1566"}],
)
SUB = made("attack-pattern", "Link", external_references=[{"source_name": "m", "external_id": "T1566.002"}])
ALPHA = indicator("alpha", confidence=80, labels=["Phishing", "kit"], valid_until="2026-12-01T00:00:00Z")
BETA = indicator("beta", Tlp.GREEN, confidence=20) | {"created": OLD, "modified": NEW, "valid_from": OLD}
GAMMA = made("malware", "gamma", is_family=True, labels=["kit"])
GROUP = made("identity", "Power", sectors=["energy"], identity_class="class")
REPORT = made("report", "Annual", published=OLD, object_refs=[BETA["id"]])
USES = joined("uses", GAMMA, PHISHING) | {"relationship_type": "uses"}
SHOWS = joined("indicates", ALPHA, GAMMA)
THINGS = (PHISHING, SUB, ALPHA, GAMMA, GROUP, REPORT, USES, SHOWS)


@pytest.fixture
def held(world: World) -> World:
    from_elsewhere(world, BETA)
    own_work(world, *THINGS, now=NOW + timedelta(days=2))
    return world


def titles(actor: Actor, **parts: Any) -> list[str]:
    found = searching.keys_found(actor, Narrow(**parts), now=NOW)
    return [row.title for row in searching.rows_of(found)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"label": "PHISHING"}, {"alpha"}),
        ({"label": "kit"}, {"alpha", "gamma"}),
        ({"label": "kit", "kind": "malware"}, {"gamma"}),
        ({"label": "energy"}, {"Power"}),
        ({"label": "phish"}, set()),
        ({"confidence": 20}, {"alpha", "beta"}),
        ({"confidence": 21}, {"alpha"}),
        ({"confidence": 21, "tlp": "green"}, set()),
        ({"created": Days(last=date(2026, 1, 5))}, {"beta"}),
        ({"created": Days(date(2026, 1, 5), date(2026, 1, 5))}, {"beta"}),
        ({"created": Days(last=date(2026, 1, 4))}, set()),
        ({"modified": Days(date(2026, 6, 7), date(2026, 6, 7))}, {"beta"}),
        ({"modified": Days(last=date(2026, 6, 6))}, set()),
        ({"added": Days(last=NOW.date())}, {"beta"}),
        ({"added": Days(NOW.date(), date.max), "tlp": "green"}, {"beta"}),
        ({"added": Days(NOW.date() + timedelta(days=3))}, set()),
        ({"valid": date(2026, 1, 5)}, {"beta"}),
        ({"valid": date(2026, 1, 4)}, set()),
        ({"valid": date(2026, 11, 30)}, {"alpha", "beta"}),
        ({"valid": date(2026, 12, 1)}, {"beta"}),
        ({"valid": date.max}, {"beta"}),
        ({"words": "example", "confidence": 50}, {"alpha"}),
        ({"words": "example", "label": "kit"}, {"alpha"}),
        ({"value": understood("alpha.example"), "label": "kit"}, {"alpha"}),
        ({"value": understood("alpha.example"), "label": "power"}, set()),
        ({"until": date.max}, set()),
    ],
)
def test_each_part_narrows_and_all_must_fit(held, parts, expected):
    assert set(titles(held.analyst, **parts)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("uses T1566", {"gamma"}),
        ("uses phishing", {"gamma"}),
        ("Uses t1566.002", set()),
        ("T1566", {"gamma"}),
        ("indicates T1566", set()),
        ("indicates gamma", {"alpha"}),
        ("gamma", {"alpha", "Phishing"}),
        (GAMMA["id"], {"alpha", "Phishing"}),
        ("uses " + GAMMA["id"], {"Phishing"}),
        ("beta", {"Annual"}),
        ("annual", {"beta"}),
        ("uses", set()),
        ("nobody", set()),
        ("uses nobody at all", set()),
        ("\0 ", set()),
    ],
)
def test_what_is_related(held, words, expected):
    wanted = related_to(held.analyst, words)
    assert (set(titles(held.analyst, related=wanted)) if wanted else set()) == expected


def test_what_nobody_asked_for_is_no_wish(held):
    assert related_to(held.analyst, "  ") is None
    hidden = related_to(held.observer, "T1566")
    assert hidden is not None
    assert hidden.meant == ()
    assert titles(held.observer, related=related_to(held.analyst, "T1566")) == []


@pytest.mark.parametrize("few", [0, 500])
def test_what_was_sighted(held, monkeypatch, few):
    monkeypatch.setattr(related, "FEW_SIGHTED", few)
    assert titles(held.analyst, sighted=True) == []
    record_reports(actor=held.analyst, reports=[(ALPHA["id"], Report(count=4))], now=NOW)
    record_reports(actor=held.analyst, reports=[(BETA["id"], Report(count=0))], now=NOW)
    assert titles(held.analyst, sighted=True) == ["alpha"]
    assert titles(held.analyst, sighted=True, label="energy") == []


@pytest.mark.parametrize("few", [0, 500])
def test_a_type_is_found_whether_it_is_rare_or_common(held, monkeypatch, few):
    monkeypatch.setattr(narrowing, "FEW", few)
    assert titles(held.analyst, kind="indicator") == ["alpha", "beta"]
    assert titles(held.analyst, kind="indicator", confidence=50) == ["alpha"]


def test_every_order(held):
    first = {order: titles(held.analyst, kind="indicator", order=order)[0] for order in Order}
    assert first == {
        Order.NEWEST: "alpha", Order.OLDEST: "beta", Order.CONFIDENCE: "alpha", Order.MODIFIED: "alpha",
        Order.SCORE: "alpha",
    }  # fmt: skip  # one line
    oldest = titles(held.analyst, order=Order.OLDEST)
    assert oldest == titles(held.analyst)[::-1]
    assert titles(held.analyst, words="example", order=Order.OLDEST) == ["beta", "alpha"]
    surest = titles(held.analyst, order=Order.CONFIDENCE)
    assert surest[:2] == ["alpha", "beta"]
    assert sorted(surest) == sorted(oldest)


def test_the_worthiest_come_first_and_what_has_no_score_last(held, monkeypatch):
    found = searching.rows_of(searching.keys_found(held.analyst, Narrow(order=Order.SCORE), now=NOW))
    scores = score_of(found, NOW)
    told = [scores[each.pk].value if each.pk in scores else -1 for each in found]
    assert told == sorted(told, reverse=True)
    assert (told[0] > 0, told[-1], len(found)) == (True, -1, len(titles(held.analyst)))
    monkeypatch.setattr(searching, "SCORED", 1)
    assert titles(held.analyst, order=Order.SCORE) == titles(held.analyst)[:1]
    page = client_of(held.analyst)
    assert "highest score now first" in body(page.get("/exchange/?order=score&kind=indicator"))


def test_the_page_and_its_address(held):
    page = client_of(held.analyst)
    shown = body(page.get("/exchange/?related=uses+T1566&kind=malware"))
    assert "related by “uses” to Phishing" in shown
    assert ">gamma<" in shown
    assert ">alpha<" not in shown
    assert '<details class="filters-more" open>' in shown
    assert '<details class="filters-more" open>' not in body(page.get("/exchange/?kind=malware"))
    shown = body(page.get("/exchange/?confidence=70&label=kit&order=confidence"))
    assert "highest confidence first" in shown
    assert "of 0 partners" not in shown


def test_an_empty_list_says_what_was_understood(held):
    page = client_of(held.analyst)
    shown = body(page.get("/exchange/?words=alpha.example&label=nothing&confidence=5&added_from=2026-11-01"))
    for words in (
        "domain alpha.example",
        "label or sector nothing",
        "confidence at least 5",
        "from 2026-11-01",
    ):
        assert words in shown
    assert "not held here: “T9999”" in body(page.get("/exchange/?related=T9999"))
    assert "sighted by somebody" in body(page.get("/exchange/?sighted=on&words=zz+yy&tlp=none"))


def test_a_field_filled_in_wrongly_says_so_and_narrows_nothing(held):
    shown = body(
        client_of(held.analyst).get("/exchange/?confidence=lots&added_from=yesterday&kind=indicator")
    )
    assert "Enter a whole number" in shown
    assert "Enter a valid date" in shown
    assert ">alpha<" in shown


def test_pages_of_a_narrowed_list_are_whole(world, monkeypatch):
    monkeypatch.setattr("comity.node.exchange.views.searching.ROWS", 3)
    own_work(world, *(indicator(f"i{number}", confidence=number) for number in range(8)))
    page = client_of(world.analyst)
    for order in Order:
        found = [body(page.get(f"/exchange/?kind=indicator&order={order.value}&page={n}")) for n in (1, 2, 3)]
        assert sorted(n for n in range(8) for text in found if f">i{n}<" in text) == list(range(8))
        assert all("8 objects" in text for text in found)
