"""What several sources say of one value: each with its objects, times and confidence, at any number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.base.errors import NotFound
from comity.node.exchange import correlating
from comity.node.exchange.contradicted import contradictions_about
from comity.node.exchange.correlating import by_source, keys_with, value_named
from comity.node.exchange.reports import Report, What
from comity.node.exchange.services.comparing import compare_new
from comity.node.exchange.services.reporting import record_reports
from tests.node.exchange.holding import from_elsewhere, indicator, own_work
from tests.node.exchange.test_values import observable, pattern
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db

ADDRESS = "198.51.100.7"
OURS = pattern("ours", f"[ipv4-addr:value = '{ADDRESS}']") | {"confidence": 40}
THEIRS = pattern("theirs", f"[ipv4-addr:value = '{ADDRESS}' OR domain-name:value = 'x.example']") | {
    "confidence": 90
}
SEEN = observable("ipv4-addr", 9, value=ADDRESS)
AROUND = observable("ipv4-addr", 10, value="198.51.100.0/24")
LINK = "https://x.example/a?b=c&d=/../e"


@pytest.fixture
def held(agreed):
    own_work(agreed.world, OURS)
    from_elsewhere(agreed.world, THEIRS, SEEN, AROUND, party=agreed.party)
    from_elsewhere(agreed.world, observable("url", 11, value=LINK))
    return agreed


def test_each_source_with_what_it_says(held):
    value = value_named("ipv4", ADDRESS)
    theirs, ours = by_source(held.world.analyst, value)
    assert (theirs.source, theirs.types, theirs.confidence) == (
        held.party, (("indicator", 1), ("ipv4-addr", 1)), 90,
    )  # fmt: skip  # one line
    assert (ours.source, ours.count, ours.confidence) == (held.world.body, 1, 40)
    assert ours.first == ours.last < theirs.first < theirs.last
    assert len(keys_with(held.world.analyst, value)) == 3
    assert by_source(held.world.observer, value) == []
    assert list(keys_with(held.world.observer, value)) == []


def test_the_page(held):
    page = client_of(held.world.analyst)
    record_reports(actor=held.world.analyst, reports=[(str(OURS["id"]), Report(count=7))], now=NOW)
    wrong = Report(what=What.FALSE_POSITIVE, why="A shared host.")
    record_reports(actor=held.world.analyst, reports=[(str(THEIRS["id"]), wrong)], now=NOW)
    shown = body(page.get(f"/exchange/values/ipv4/{ADDRESS}"))
    for words in ("What 2 sources say", "in 3 objects", "Our own work", held.party.name, "up to 90"):
        assert words in shown
    assert "Seen 7 times" in shown
    assert "false positive 1 time." in shown
    assert "198.51.100.0/24" not in shown
    assert "No object held here has" in body(page.get("/exchange/values/ipv4/192.0.2.1"))
    assert "Files from elsewhere" in body(page.get(f"/exchange/values/url/{LINK.replace('?', '%3F')}"))


def test_the_search_and_the_object_lead_there(held):
    page, address = client_of(held.world.analyst), f"/exchange/values/ipv4/{ADDRESS}"
    assert address in body(page.get(f"/exchange/?words={ADDRESS}"))
    assert address in body(page.get(f"/exchange/objects/{OURS['id']}/"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nonsense", "x"),
        ("ipv4", "198.51.100.007"),
        ("ipv4", "2001:db8::1"),
        ("ipv4", "198.51.100.0/24"),
        ("network", "198.51.100.1/24"),
        ("ipv6", "x"),
        ("text", "x" * 3_000),
    ],
)
def test_what_is_no_value_of_its_kind(held, kind, text):
    with pytest.raises(NotFound):
        value_named(kind, text)
    assert client_of(held.world.analyst).get(f"/exchange/values/{kind}/{text}").status_code == 404


def test_one_value_in_many_objects_is_a_fixed_number_of_questions(
    held, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(correlating, "MOST_REMARKED", 5)
    page = client_of(held.world.analyst)
    page.get(f"/exchange/values/ipv4/{ADDRESS}")
    with django_assert_max_num_queries(25) as few:
        page.get(f"/exchange/values/ipv4/{ADDRESS}")
    more = [pattern(f"n{number}", f"[ipv4-addr:value = '{ADDRESS}']") for number in range(120)]
    own_work(held.world, *more, now=NOW + timedelta(hours=1))
    with django_assert_max_num_queries(len(few)):
        first = body(page.get(f"/exchange/values/ipv4/{ADDRESS}"))
    with django_assert_max_num_queries(len(few)):
        last = body(page.get(f"/exchange/values/ipv4/{ADDRESS}?page=3"))
    assert "123 objects" in first
    assert "newest 5 objects" in first
    assert "theirs" in last
    assert indicator("x")["id"] not in first


def test_what_contradicts_itself(held):
    page = client_of(held.world.analyst)
    assert "No object fits" in body(page.get("/exchange/?contradicted=on"))
    sure = pattern("sure", f"[ipv4-addr:value = '{ADDRESS}']") | {"indicator_types": ["benign"]}
    sure |= {"confidence": 5}
    from_elsewhere(held.world, sure, party=held.party)
    bad = pattern("bad", f"[ipv4-addr:value = '{ADDRESS}']") | {"indicator_types": ["malicious-activity"]}
    own_work(held.world, bad | {"confidence": 95})
    compare_new(NOW)
    shown = body(page.get("/exchange/?contradicted=on"))
    assert ">sure<" in shown
    assert "contradicted by somebody" in body(page.get("/exchange/?contradicted=on&words=nothing"))
    shown = body(page.get(f"/exchange/values/ipv4/{ADDRESS}"))
    assert "Statements that contradict each other" in shown
    assert contradictions_about(held.world.observer, []) == []
