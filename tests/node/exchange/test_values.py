"""Objects are found by their values: an address by its network, a domain by the one above it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.patterns.query import understood
from comity.node.exchange import queries, searching
from comity.node.exchange.models import StixObject, Value
from comity.node.exchange.narrowing import Narrow
from comity.node.exchange.values import LONGEST_KEY, _networks_around, _prefix, key_of
from comity.node.parties.models import Party
from tests.node.exchange.holding import AT, from_elsewhere, indicator, made, own_work, row
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW, World

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def observable(kind: str, number: int, **members: object) -> dict[str, object]:
    ref = f"{kind}--00000000-0000-4000-8000-{number:012}"
    return {"type": kind, "spec_version": "2.1", "id": ref, **members}


def pattern(name: str, text: str) -> dict[str, object]:
    return made("indicator", name, pattern=text, pattern_type="stix", valid_from=AT)


THINGS = {
    "address": observable("ipv4-addr", 1, value="198.51.100.7"),
    "network": observable("ipv4-addr", 2, value="198.51.100.0/28"),
    "other address": observable("ipv4-addr", 3, value="198.51.101.7"),
    "six": observable("ipv6-addr", 4, value="2001:DB8::7"),
    "domain": observable("domain-name", 5, value="evil.example"),
    "below": observable("domain-name", 6, value="c2.Evil.example"),
    "like": observable("domain-name", 7, value="notevil.example"),
    "url": observable("url", 8, value="https://c2.evil.example/gate.php"),
    "file": observable("file", 9, hashes={"SHA-256": SHA256.upper()}, name="gate.dll"),
    "pattern": pattern("pattern", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"),
    "file pattern": pattern("file pattern", f"[file:hashes.'SHA-256' = '{SHA256}']"),
}


@pytest.fixture
def held(world: World) -> World:
    things = list(THINGS.values())
    for thing in things[:5]:
        own_work(world, thing)
    from_elsewhere(world, *things[5:], unmarked_as=Tlp.GREEN)
    return world


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("198.51.100.7", {"address", "network", "pattern"}),
        ("198[.]51[.]100[.]7", {"address", "network", "pattern"}),
        ("198.51.100.99", {"pattern"}),
        ("198.51.100.0/28", {"address", "network", "pattern"}),
        ("198.51.0.0/16", {"address", "network", "other address", "pattern"}),
        ("203.0.113.0/24", set()),
        ("2001:db8::/32", {"six"}),
        ("2001:db8:0:0::7", {"six"}),
        ("evil.example", {"domain", "below", "url"}),
        ("EVIL[.]example", {"domain", "below", "url"}),
        ("*.c2.evil.example", {"below", "url"}),
        ("hxxps://c2.evil[.]example/gate.php", {"url"}),
        (SHA256, {"file", "file pattern"}),
        (SHA256[::-1], set()),
        ("gate.dll", {"file"}),
    ],
)
def test_what_has_a_value_is_found(held, words, names):
    found = searching.search_objects(held.analyst, words)
    assert {each.ref for each in found} == {str(THINGS[name]["id"]) for name in names}


@pytest.mark.django_db
def test_newest_first_and_narrowed_and_no_more_than_asked(held):
    value = understood("198.51.0.0/16")
    refs = [each.ref for each in searching.listed(held.analyst, Narrow(value=value))]
    assert refs == [THINGS[name]["id"] for name in ("pattern", "other address", "network", "address")]
    assert len(searching.listed(held.analyst, Narrow(value=value), 2)) == 2
    assert [each.type for each in searching.listed(held.analyst, Narrow(value=value, kind="indicator"))] == [
        "indicator"
    ]


@pytest.mark.django_db
def test_only_what_the_body_holds_and_only_with_the_power(held):
    other = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0009",
        kind="ministry",
        name="Ministry",
        state="PK",
        ours=True,
        added=NOW,
    )
    StixObject.objects.filter(ref=THINGS["address"]["id"]).update(holder=other)
    value = understood("198.51.100.7")
    assert THINGS["address"]["id"] not in {
        each.ref for each in searching.listed(held.analyst, Narrow(value=value))
    }
    assert not searching.listed(held.observer, Narrow(value=value))


@pytest.mark.django_db
def test_a_value_of_an_older_version_finds_nothing(world):
    own_work(world, indicator("old"))
    newer = indicator("old") | {"modified": "2026-11-21T06:30:00.000Z", "pattern": "[mutex:name = 'new']"}
    own_work(world, newer)
    assert not searching.listed(world.analyst, Narrow(value=understood("old.example")))


@pytest.mark.django_db
def test_the_same_value_from_several_sources_is_seen_at_once(held):
    hers = row(str(THINGS["file"]["id"]))
    (same,) = searching.alike(held.analyst, hers, THINGS["file"])
    assert (same.value.text, same.count, same.more) == (SHA256, 1, "")
    assert [each.title for each in same.newest] == ["file pattern"]


@pytest.mark.django_db
def test_one_value_in_many_objects_costs_one_row_each_and_a_fixed_number_of_questions(world):
    own_work(world, *(pattern(f"p{n}", "[mutex:name = 'common']") for n in range(40)))
    assert Value.objects.filter(key="common").count() == 40
    newest = StixObject.objects.order_by("-added")[0]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        (same,) = searching.alike(world.analyst, newest, queries.decoded(newest).value)
    assert (same.count, len(same.newest), same.more) == (
        39,
        searching.ALIKE,
        f"and {39 - searching.ALIKE} more",
    )
    assert len(asked) == 3  # the newest with the value, how many there are, and their rows


@pytest.mark.django_db
def test_values_go_with_their_object(held):
    assert Value.objects.exists()
    StixObject.objects.all().delete()
    assert not Value.objects.exists()


@pytest.mark.django_db
def test_the_pages_say_how_words_were_understood(held):
    client = client_of(held.analyst)
    page = client.get(reverse("exchange:objects"), {"words": "198.51.100.7"}).content.decode()
    assert "Understood as" in page
    assert "Search for the letters instead" in page
    page = client.get(
        reverse("exchange:objects"), {"words": "198.51.100.7", "literally": "1"}
    ).content.decode()
    assert "Understood as" not in page
    page = client.get(reverse("exchange:object", args=[THINGS["file"]["id"]])).content.decode()
    assert "What others know of it" in page
    assert "file pattern" in page


@given(st.ip_addresses(), st.data())
def test_keys_of_the_networks_around_an_address_are_those_of_the_networks(address, data):
    length = data.draw(st.integers(0, address.max_prefixlen))
    network = understood(str(ip_network((address, length), strict=False)))
    own = understood(str(address))
    assert network is not None
    assert own is not None
    assert key_of(network) in {*_networks_around(own.low or b"", _prefix(own)), key_of(own)}


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_addresses_sort_as_their_keys_do(one, two):
    first, second = understood(str(one)), understood(str(two))
    assert first is not None
    assert second is not None
    assert (key_of(first) < key_of(second)) == (int(one) < int(two))


def test_a_long_value_is_kept_by_its_digest():
    found = understood("https://evil.example/" + "a" * 500)
    assert found is not None
    assert key_of(found).startswith("sha256:")
    assert len(key_of(found)) < LONGEST_KEY
