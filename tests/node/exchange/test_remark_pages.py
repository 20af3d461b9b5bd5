"""The pages about what is said of objects."""

from __future__ import annotations

import pytest

from comity.base.tlp import Tlp
from comity.node.acts.models import Act
from comity.node.exchange.models import Remark, TellingRule
from comity.node.parties.models import Party, PartyKind
from tests.node.exchange.holding import from_elsewhere, indicator, own_work
from tests.node.exchange.test_scores import BAD, opinion, sighting, told_by_far
from tests.node.instruments.test_pages import body, client_of

pytestmark = pytest.mark.django_db
THEIRS = indicator("theirs")
PAGE = f"/exchange/objects/{THEIRS['id']}/"


@pytest.fixture
def analyst(agreed):
    told_by_far(agreed, THEIRS)
    return client_of(agreed.world.analyst)


def test_from_the_report_to_the_giver(analyst, agreed):
    page = body(analyst.get(PAGE))
    assert "Nobody has reported" in page
    assert "The parts of the score" in page
    assert "who gave us the object" in body(analyst.get(f"{PAGE}report"))
    response = analyst.post(f"{PAGE}report", {"what": "seen", "count": "3", "last": "2026-11-21T10:00"})
    assert response["Location"] == PAGE
    page = body(analyst.get(PAGE))
    assert "Seen 3 times" in page
    assert f"Tell {agreed.party.name}" in page
    response = analyst.post(f"{PAGE}tell")
    assert response["Location"] == f"/acts/{Act.objects.get(kind='share', ours=True).ref}/"
    page = body(analyst.get(PAGE))
    assert f"{agreed.party.name} was told" in page
    assert f"Tell {agreed.party.name}" not in page
    assert analyst.post(f"{PAGE}tell").status_code == 409


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"what": "false-positive"}, "say why"),
        ({"what": "seen", "first": "2026-11-21T10:00", "last": "2026-11-20T10:00"}, "before it was first"),
        ({"what": "seen", "last": "2099-01-01T00:00"}, "still to come"),
        ({"what": "expired", "why": "x", "count": "4"}, "belong to a sighting"),
        ({"what": "seen", "count": "-4"}, "greater than or equal to 0"),
        ({"what": "other"}, "Select a valid choice"),
    ],
)
def test_a_report_that_says_nothing_is_not_taken(analyst, said, words):
    response = analyst.post(f"{PAGE}report", said)
    assert response.status_code == 422
    assert words in body(response)
    assert not Remark.objects.exists()


def test_an_observable_is_not_sighted(analyst, agreed):
    address = {
        "type": "domain-name",
        "spec_version": "2.1",
        "id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5",
        "value": "example.com",
    }
    own_work(agreed.world, address)
    page = body(analyst.get(f"/exchange/objects/{address['id']}/report"))
    assert "It was seen" not in page
    assert "It is a false positive" in page


def test_a_rule_is_made_and_ended_by_those_who_approve(analyst, agreed):
    approver = client_of(agreed.world.approver)
    at = f"/exchange/telling/{agreed.party.ref}/rule"
    assert analyst.post(at, {"step": "begin"}).status_code == 403
    assert "a person decides each time" in body(analyst.get("/exchange/telling"))
    approver.post(at, {"step": "begin"})
    assert "End the rule" in body(approver.get("/exchange/telling"))
    assert "at once, by a standing rule" in body(analyst.get(f"{PAGE}report"))
    said = analyst.post(f"{PAGE}report", {"what": "seen"}, follow=True)
    assert f"It is shared with {agreed.party.name}" in body(said)
    approver.post(at, {"step": "end"})
    assert TellingRule.objects.get().ended_at is not None


def test_no_rule_is_offered_for_an_observer(analyst, agreed):
    assert agreed.party.name in body(analyst.get("/exchange/telling"))
    Party.objects.filter(pk=agreed.party.pk).update(kind=PartyKind.OBSERVER)
    assert "No partner yet" in body(analyst.get("/exchange/telling"))


def test_why_a_rule_did_not_tell_is_said(analyst, agreed):
    approver = client_of(agreed.world.approver)
    approver.post(f"/exchange/telling/{agreed.party.ref}/rule", {"step": "begin"})
    from_elsewhere(agreed.world, red := indicator("red", Tlp.RED), party=agreed.party)
    said = analyst.post(f"/exchange/objects/{red['id']}/report", {"what": "seen"}, follow=True)
    assert Remark.objects.count() == 1
    assert f"{agreed.party.name}: " in body(said)
    assert "Recorded, as our own work." in body(said)


def test_doubts_about_our_own_work(analyst, agreed):
    assert "Nothing to look at" in body(analyst.get("/exchange/doubts"))
    own_work(agreed.world, BAD)
    told_by_far(
        agreed,
        opinion("f", BAD, "strongly-disagree", labels=["false-positive"]),
        sighting("s", BAD),
    )
    assert "1 report of a false positive of ours" in body(analyst.get("/"))
    assert "bad" in body(analyst.get("/exchange/doubts"))
    page = f"/exchange/objects/{BAD['id']}/"
    assert "Others call it a false positive" in body(analyst.get(page))
    analyst.post(f"{page}looked-at")
    assert "Nothing to look at" in body(analyst.get("/exchange/doubts"))
    assert "a false positive" in body(analyst.get(page))


def test_the_formula_is_shown(analyst):
    page = body(analyst.get("/exchange/score"))
    assert "arXiv:1803.11052" in page
    assert page.count("<polyline") == 6
    assert "NIDS Simple Decaying Model" in page
