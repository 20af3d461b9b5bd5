"""People who may not: an observer looks for content, and a role ends while a page is open."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from comity.node.acts.services import composing
from comity.node.federation.models import Partner
from comity.node.parties.models import Membership
from tests.node.exchange.holding import indicator, own_work
from tests.node.federation.test_hostile_requests import logged_in
from tests.node.federation.test_inbound import take
from tests.node.world import NOW

SECRETS = ("Note: go", "From afar", "hidden-indicator", "comity-act--")


def addresses(patterns, prefix: str = "/") -> list[str]:
    """Every address of the node but those that name a text or a key, of which hardly any exists."""
    found = []
    for each in patterns:
        place = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            found += addresses(each.url_patterns, place)
        elif isinstance(each, URLPattern) and "str:" not in place and "uuid:" not in place:
            found.append(place)
    return found


@pytest.fixture
def filled(world, far):
    partner = world.befriend(far)
    own_work(world, indicator("hidden-indicator"))
    composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    composing.compose(actor=world.analyst, draft=world.draft(partner.party, word="two"), now=NOW)
    take(partner, [far.act().value])
    return partner


@pytest.mark.parametrize("who", ["observer", "administrator"])
def test_who_reads_no_acts_finds_none_anywhere(world, filled, who):
    client, seen = logged_in(getattr(world, who)), 0
    for place in addresses(get_resolver().url_patterns):
        for number in ("0", "1", "2") if "<" in place else ("",):
            address = re.sub("<[a-z]+:[a-z]+>", number, place)
            response = client.get(address)
            seen += response.status_code == 200
            text = response.content.decode(errors="replace")
            assert [word for word in SECRETS if word in text] == [], address
    assert seen > 10


def test_a_role_that_ends_ends_at_once(world, filled):
    client = logged_in(world.analyst)
    assert client.get("/acts/").status_code == 200
    Membership.objects.filter(person=world.analyst.person).update(since=NOW - timedelta(days=1), until=NOW)
    for place in ("/acts/", "/exchange/", "/api/v1/acts", "/accountability/log"):
        assert client.get(place).status_code in (302, 401, 403), place


def test_hidden_and_missing_read_the_same(world, filled):
    act = composing.compose(actor=world.analyst, draft=world.draft(filled.party), now=NOW)
    client = logged_in(world.administrator)
    missing = "comity-act--00000000-0000-4000-8000-000000000000"
    there, nowhere = (client.get(f"/acts/{ref}/") for ref in (act.ref, missing))
    assert there.status_code == nowhere.status_code
    assert there.content.replace(act.ref.encode(), missing.encode())[:200] == nowhere.content[:200]
    assert Partner.objects.exists()
