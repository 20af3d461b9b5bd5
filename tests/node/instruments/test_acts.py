"""Agreements come about and end by acts, and by no others than those that the rules let through."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from comity.base.errors import Conflict, Malformed
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.node.acts.models import Act, ActState
from comity.node.acts.services import approving
from comity.node.instruments import queries, services
from comity.node.instruments.bodies import Decision
from comity.node.instruments.models import Agreement
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, digest_of, proposal_body, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def rule(verdict) -> str:
    assert not verdict.allowed
    return str(verdict.grounds[0].rule)


def refused(call) -> str:
    before = (Act.objects.count(), list(Agreement.objects.values()))
    with pytest.raises(Refused) as error:
        call()
    assert (Act.objects.count(), list(Agreement.objects.values())) == before
    return error.value.verdict.grounds[0].rule


def in_force(sides: Sides, day: date = TODAY):
    return queries.terms_between(sides.world.body, sides.party, day)


def test_ours_accepted_by_the_partner_is_in_force(sides):
    agreement = sides.propose()
    assert agreement.state == "proposed"
    assert in_force(sides) == ()
    assert sides.answered_by_far(agreement).allowed
    agreement.refresh_from_db()
    assert (agreement.state, agreement.since) == ("in-force", TODAY)  # accepted after the first day proposed
    terms = in_force(sides)[0]
    assert (terms.agreement, terms.since, terms.highest) == (agreement.ref, TODAY, Tlp.AMBER)
    assert in_force(sides, TODAY - timedelta(days=1)) == ()


def test_the_partners_accepted_by_us_is_in_force(sides):
    agreement = sides.proposed_by_far(since=date(2026, 12, 1))
    act = services.answer(
        actor=sides.diplomat,
        ref=agreement.ref,
        decision=Decision.ACCEPT,
        digest=agreement.terms_sha256,
        now=NOW,
    )
    agreement.refresh_from_db()
    assert (agreement.state, agreement.answer, agreement.since) == ("in-force", act, date(2026, 12, 1))
    assert in_force(sides) == ()
    assert len(in_force(sides, date(2026, 12, 1))) == 1


def test_declined_stays_closed(sides):
    agreement = sides.propose()
    assert sides.answered_by_far(agreement, decision="decline").allowed
    agreement.refresh_from_db()
    assert (agreement.state, agreement.since) == ("declined", None)
    assert in_force(sides) == ()


def test_answers_that_are_not_taken(sides):
    agreement = sides.propose()
    other = sides.propose()
    before = list(Agreement.objects.values())
    assert rule(sides.answered_by_far(agreement, terms_sha256="0" * 64)) == "agreement.other-terms"
    assert (
        rule(sides.answered_by_far(agreement, in_reply_to=other.proposal.ref)) == "agreement.other-proposal"
    )
    unknown = some_terms().agreement
    assert rule(sides.answered_by_far(agreement, agreement=unknown)) == "agreement.unknown"
    assert list(Agreement.objects.values()) == before
    assert sides.answered_by_far(agreement).allowed
    assert rule(sides.answered_by_far(agreement)) == "agreement.answered"


def test_nobody_answers_their_own_proposal_nor_another_partners(sides, world):
    theirs = sides.proposed_by_far()
    assert rule(sides.answered_by_far(theirs)) == "agreement.not-addressee"
    ours = sides.propose()
    third = FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")
    world.befriend(third)
    body = {"title": "x", "agreement": ours.ref, "decision": "accept", "terms_sha256": ours.terms_sha256}
    forged = third.act("answer-agreement", body=body, in_reply_to=ours.proposal.ref)
    assert rule(sides.arrive(forged, far=third)) == "act.out-of-order"
    forged = third.act("answer-agreement", body=body)
    assert rule(sides.arrive(forged, far=third)) == "agreement.unknown"
    assert set(Agreement.objects.values_list("state", flat=True)) == {"proposed"}


def test_a_late_answer(sides):
    terms = some_terms()
    services.propose(
        actor=sides.diplomat, partner=sides.party, terms=terms, answer_by=NOW + timedelta(days=1), now=NOW
    )
    agreement = Agreement.objects.get()
    assert rule(sides.answered_by_far(agreement, now=NOW + timedelta(days=2))) == "agreement.late"
    over = sides.propose(until=TODAY + timedelta(days=1))
    assert rule(sides.answered_by_far(over, now=NOW + timedelta(days=2))) == "agreement.late"
    assert sides.answered_by_far(agreement, now=NOW + timedelta(hours=20)).allowed


def test_proposals_that_cannot_be_made(sides):
    known = sides.propose()
    again = refused(lambda: sides.propose(agreement=known.ref))
    assert again == "agreement.known"
    assert refused(lambda: sides.propose(until=date(2026, 11, 2))) == "agreement.over"
    analyst = sides.world.analyst
    wrong = refused(lambda: services.propose(actor=analyst, partner=sides.party, terms=some_terms(), now=NOW))
    assert wrong == "kind.role"


@pytest.mark.parametrize(
    "change",
    [
        {"highest": "purple"},
        {"unheard-of": "restriction"},
        {"withdrawn": "2026-11-30"},
        {"purposes": "network-defence"},
        {"until": "2026-01-01"},
    ],
)
def test_terms_that_cannot_be_read_are_not_taken(sides, change):
    body = proposal_body(some_terms())
    assert sides.arrive(sides.far.act("propose-agreement", body=body)).allowed
    wrong = proposal_body(some_terms())
    wrong["terms"] |= change
    assert rule(sides.arrive(sides.far.act("propose-agreement", body=wrong))) == "agreement.unreadable"
    assert Agreement.objects.count() == 1


def test_the_digest_binds_title_and_terms(sides):
    agreement = sides.proposed_by_far()
    body = proposal_body(queries.terms_of(agreement))
    assert digest_of(body) == agreement.terms_sha256
    assert digest_of(body | {"title": "Another"}) != agreement.terms_sha256
    with pytest.raises(Conflict):
        services.answer(
            actor=sides.diplomat, ref=agreement.ref, decision=Decision.ACCEPT, digest="0" * 64, now=NOW
        )


def test_wide_terms_need_a_second_person_to_accept_and_to_propose(sides):
    agreement = sides.proposed_by_far(highest=Tlp.AMBER_STRICT)
    act = services.answer(
        actor=sides.diplomat,
        ref=agreement.ref,
        decision=Decision.ACCEPT,
        digest=agreement.terms_sha256,
        now=NOW,
    )
    assert act.state == ActState.AWAITING
    assert act.second_person is not None
    assert act.second_person["rule"] == "agreement.four-eyes"
    agreement.refresh_from_db()
    assert agreement.state == "proposed"
    assert in_force(sides) == ()
    approving.approve(actor=sides.world.approver, ref=act.ref, now=NOW)
    agreement.refresh_from_db()
    assert agreement.state == "in-force"
    act = services.propose(
        actor=sides.diplomat, partner=sides.party, terms=some_terms(highest=Tlp.RED), now=NOW
    )
    assert act.state == ActState.AWAITING
    assert Agreement.objects.count() == 1
    narrow = sides.proposed_by_far()
    declined = services.answer(
        actor=sides.diplomat, ref=narrow.ref, decision=Decision.DECLINE, digest=narrow.terms_sha256, now=NOW
    )
    assert declined.state == ActState.RECORDED


def test_withdrawn_from_a_day_on(sides):
    agreement = sides.conclude()
    day = TODAY + timedelta(days=3)
    past = refused(
        lambda: services.withdraw(
            actor=sides.diplomat, ref=agreement.ref, day=TODAY - timedelta(days=1), now=NOW
        )
    )
    assert past == "agreement.back-dated"
    services.withdraw(actor=sides.diplomat, ref=agreement.ref, day=day, now=NOW)
    assert len(in_force(sides, day - timedelta(days=1))) == 1
    assert in_force(sides, day) == ()
    ended = queries.terms_to_judge_by(sides.world.body, sides.party, day)
    assert [terms.withdrawn for terms in ended] == [day]
    again = refused(lambda: services.withdraw(actor=sides.diplomat, ref=agreement.ref, day=day, now=NOW))
    assert again == "agreement.withdrawn"


def test_withdrawals_that_cross_end_it_on_the_earlier_day(sides):
    agreement = sides.conclude()
    services.withdraw(actor=sides.diplomat, ref=agreement.ref, day=TODAY + timedelta(days=3), now=NOW)
    body = {"title": "Ended", "agreement": agreement.ref, "day": (TODAY + timedelta(days=1)).isoformat()}
    assert sides.arrive(sides.far.act("withdraw-agreement", body=body)).allowed
    agreement.refresh_from_db()
    assert agreement.ended == TODAY + timedelta(days=1)
    assert agreement.withdrawal.author == sides.party
    assert rule(sides.arrive(sides.far.act("withdraw-agreement", body=body))) == "agreement.withdrawn"


def test_the_later_of_two_crossing_withdrawals_changes_nothing(sides):
    agreement = sides.conclude()
    services.withdraw(actor=sides.diplomat, ref=agreement.ref, day=TODAY, now=NOW)
    body = {"title": "Ended", "agreement": agreement.ref, "day": (TODAY + timedelta(days=9)).isoformat()}
    assert sides.arrive(sides.far.act("withdraw-agreement", body=body)).allowed
    agreement.refresh_from_db()
    assert (agreement.ended, agreement.withdrawal.ours) == (TODAY, True)


def test_a_proposal_taken_back_can_no_longer_be_accepted(sides):
    agreement = sides.propose()
    theirs = sides.proposed_by_far()
    wrong = refused(lambda: services.withdraw(actor=sides.diplomat, ref=theirs.ref, day=TODAY, now=NOW))
    assert wrong == "agreement.not-concluded"
    services.withdraw(actor=sides.diplomat, ref=agreement.ref, day=TODAY, now=NOW)
    assert rule(sides.answered_by_far(agreement)) == "agreement.answered"
    declined = sides.propose()
    sides.answered_by_far(declined, decision="decline").require()
    wrong = refused(lambda: services.withdraw(actor=sides.diplomat, ref=declined.ref, day=TODAY, now=NOW))
    assert wrong == "agreement.declined"


def test_an_amended_agreement_replaces_the_one_it_names(sides):
    old = sides.conclude()
    terms = some_terms(highest=Tlp.GREEN, since=TODAY + timedelta(days=2))
    services.propose(actor=sides.diplomat, partner=sides.party, terms=terms, replaces=old.ref, now=NOW)
    new = Agreement.objects.get(ref=terms.agreement)
    sides.answered_by_far(new).require()
    assert [each.agreement for each in in_force(sides)] == [old.ref]
    assert [each.agreement for each in in_force(sides, TODAY + timedelta(days=2))] == [new.ref]
    again = some_terms()
    third = FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")
    other = sides.world.befriend(third).party
    wrong = refused(
        lambda: services.propose(actor=sides.diplomat, partner=other, terms=again, replaces=old.ref, now=NOW)
    )
    assert wrong == "agreement.replaces"


def test_an_acceptance_that_the_partner_refused_binds_nobody(sides):
    agreement = sides.proposed_by_far()
    act = services.answer(
        actor=sides.diplomat,
        ref=agreement.ref,
        decision=Decision.ACCEPT,
        digest=agreement.terms_sha256,
        now=NOW,
    )
    assert len(in_force(sides)) == 1
    act.deliveries.update(state="refused", next_try=None)
    assert in_force(sides) == ()


def test_bodies_in_another_form_are_malformed(sides):
    agreement = sides.propose()
    assert rule(sides.answered_by_far(agreement, decision="maybe")) == "act.malformed"
    with pytest.raises(Malformed):
        sides.propose(agreement="agreement--nonsense")
