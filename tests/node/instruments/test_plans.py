"""What would stand between two parties if a step were taken, by terms alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from comity.base.errors import Malformed, NotFound
from comity.engines.release.terms import Purpose
from comity.formats.canonical import canonical
from comity.node.instruments.plans import (
    Plan,
    planned,
    said_of,
    with_agreement,
    with_terms,
    without_agreement,
)
from comity.node.instruments.services import propose, withdraw
from comity.node.parties.models import Party, PartyKind
from tests.node.instruments.agreeing import Sides, proposal_body, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def stand(plan: Plan) -> tuple[list[str], list[str]]:
    """The titles in force on the day of the step, without it and with it."""

    def on_the_day(terms):
        ended = [each for each in terms if each.withdrawn is not None and plan.day >= each.withdrawn]
        return [each.title for each in terms if each not in ended and each.since <= plan.day]

    return on_the_day(plan.before), on_the_day(plan.after)


def test_terms_that_nobody_has_proposed(sides):
    old = sides.conclude(title="Old")
    terms = some_terms(title="New", agreement="", since=TODAY + timedelta(days=9))
    plan = with_terms(sides.world.body, sides.party, terms, today=TODAY)
    assert stand(plan) == (["Old"], ["Old", "New"])
    assert plan.day == terms.since
    assert plan.moment(NOW).date() == terms.since
    replacing = with_terms(sides.world.body, sides.party, terms, replaces=old.ref, today=TODAY)
    assert stand(replacing) == (["Old"], ["New"])
    late = with_terms(sides.world.body, sides.party, replace(terms, since=date(2020, 1, 1)), today=TODAY)
    assert (late.day, late.moment(NOW)) == (TODAY, NOW)


def test_a_proposal_of_either_side(sides):
    theirs = sides.proposed_by_far(title="Theirs", since=TODAY + timedelta(days=2))
    plan = with_agreement(theirs, TODAY)
    assert stand(plan) == ([], ["Theirs"])
    assert plan.purposes == (Purpose.NETWORK_DEFENCE, Purpose.INCIDENT_RESPONSE)
    assert "Theirs" in plan.words


def test_one_that_was_concluded_is_compared_with_what_stood_without_it(sides):
    old = sides.conclude(title="Old")
    terms = some_terms(title="New", since=TODAY + timedelta(days=3))
    propose(actor=sides.diplomat, partner=sides.party, terms=terms, now=NOW, replaces=old.ref)
    new = type(old).objects.get(title="New")
    assert stand(with_agreement(new, TODAY)) == (["Old"], ["New"])
    sides.answered_by_far(new).require()
    new.refresh_from_db()
    old.refresh_from_db()
    assert old.ended == new.since
    assert stand(with_agreement(new, TODAY)) == (["Old"], ["New"])
    withdraw(actor=sides.diplomat, ref=old.ref, day=new.since, now=NOW)
    assert stand(with_agreement(type(old).objects.get(title="New"), TODAY)) == ([], ["New"])


def test_an_end(sides):
    agreement = sides.conclude(title="Old")
    later = TODAY + timedelta(days=30)
    plan = without_agreement(agreement, later)
    assert (stand(plan), plan.day) == ((["Old"], []), later)
    withdraw(actor=sides.diplomat, ref=agreement.ref, day=TODAY + timedelta(days=3), now=NOW)
    agreement.refresh_from_db()
    assert stand(without_agreement(agreement, later)) == ([], [])


def again(sides: Sides, plan: Plan) -> Plan:
    return planned(sides.diplomat, sides.party, plan.said, TODAY)


def test_an_address_says_the_whole_step(sides):
    old = sides.conclude(title="Old")
    body, partner = sides.world.body, sides.party
    terms = some_terms(title="New", agreement="agreement--proposed", since=TODAY)
    for plan in (
        with_terms(body, partner, terms, replaces=old.ref, today=TODAY),
        with_terms(body, partner, terms, today=TODAY),
        with_agreement(old, TODAY),
        without_agreement(old, TODAY + timedelta(days=1)),
    ):
        assert again(sides, plan) == plan
    file = canonical(proposal_body(terms) | {"agreement": old.ref, "replaces": old.ref})
    assert planned(sides.diplomat, partner, said_of(file), TODAY).after[-1] == terms


@pytest.mark.parametrize(
    "said",
    [
        {"terms": "no json"},
        {"terms": "[]"},
        {"terms": "{}"},
        {"terms": '{"highest": "pink"}'},
        {"terms": '{"agreement": "agreement--x"}'},
        {"terms": '"' + "a" * 5_000 + '"'},
        {"agreement": "own", "withdrawn": "never"},
    ],
)
def test_an_address_that_nobody_can_read(sides, said):
    held = sides.conclude().ref
    with pytest.raises(Malformed):
        planned(sides.diplomat, sides.party, {**said, "agreement": held}, TODAY)


def test_a_file_that_is_no_proposal():
    with pytest.raises(Malformed):
        said_of(b"{}")


def test_agreements_of_others_are_not_there(sides, world):
    held = sides.conclude()
    ref = f"identity--{held.ref[11:]}"
    other = Party.objects.create(ref=ref, kind=PartyKind.NATIONAL_CERT, name="X", state="DE", added=NOW)
    for said in ({}, {"agreement": "agreement--0"}, {"agreement": "\0"}):
        with pytest.raises(NotFound):
            planned(sides.diplomat, sides.party, said, TODAY)
    with pytest.raises(NotFound):
        planned(sides.diplomat, other, {"agreement": held.ref}, TODAY)
    with pytest.raises(NotFound):
        planned(world.administrator, sides.party, {"agreement": held.ref}, TODAY)
