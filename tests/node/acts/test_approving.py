"""Four eyes: who may decide, once, and what happens then."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from django.db import connection

from comity.base.errors import ComityError, Conflict
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.node.accountability import queries as log
from comity.node.acts import queries
from comity.node.acts.models import Act, ActState, Approval, Delivery
from comity.node.acts.services import approving, composing
from comity.node.acts.timeline import steps
from comity.node.parties.actors import Actor
from comity.node.parties.machines import actor_from_token
from comity.node.parties.roles import Role
from comity.node.parties.services.machines import create_machine
from tests.node.world import NOW, found_world


@pytest.fixture
def waiting(world, far) -> Act:
    partner = world.befriend(far)
    return composing.compose(actor=world.analyst, draft=world.draft(partner.party, word="two"), now=NOW)


def test_a_second_person_lets_it_go(world, waiting):
    size = log.size()
    act = approving.approve(actor=world.approver, ref=waiting.ref, now=NOW, note="Seen.")
    assert act.state == ActState.RECORDED
    assert log.size() == size + 2  # the approval, and the act
    assert Approval.objects.get().person_id == world.approver.person
    assert Delivery.objects.get().act_id == act.pk


def test_the_same_person_cannot(world, far):
    partner = world.befriend(far)
    act = composing.compose(actor=world.second, draft=world.draft(partner.party, word="two"), now=NOW)
    with pytest.raises(Refused) as refused:
        approving.approve(actor=world.second, ref=act.ref, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "act.four-eyes"
    assert Act.objects.get().state == ActState.AWAITING
    assert not Approval.objects.exists()


def test_who_made_a_program_cannot_approve_what_it_composes(world, far):
    partner = world.befriend(far)
    both = frozenset({Role.ADMINISTRATOR, Role.APPROVER})
    maker = replace(world.administrator, roles=both)
    _, token = create_machine(
        actor=maker, name="Robot", body=world.body, roles=frozenset({Role.ANALYST}), now=NOW
    )
    robot = actor_from_token(f"Bearer {token}", NOW)
    assert robot is not None
    act = composing.compose(actor=robot, draft=world.draft(partner.party, tlp=Tlp.RED), now=NOW)
    assert act.state == ActState.AWAITING
    for decide in (approving.approve, approving.decline):
        with pytest.raises(Refused) as refused:
            decide(actor=maker, ref=act.ref, now=NOW, note="x")
        ground = refused.value.verdict.grounds[0]
        assert ground.rule == "act.four-eyes"
        assert "Robot composed it, a program that you made" in ground.text
    assert not Approval.objects.exists()
    assert queries.desk(maker).to_approve_count == 0
    assert queries.desk(world.approver).to_approve_count == 1
    approving.approve(actor=world.approver, ref=act.ref, now=NOW)
    assert Act.objects.get().state == ActState.RECORDED


def test_a_program_approves_nothing(world, waiting):
    robot = Actor(name="Robot", body=world.body.pk, roles=frozenset({Role.APPROVER}))
    with pytest.raises(Refused) as refused:
        approving.approve(actor=robot, ref=waiting.ref, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "act.four-eyes"
    assert not Approval.objects.exists()


def test_nobody_without_the_role_can(world, waiting):
    with pytest.raises(Refused) as refused:
        approving.approve(actor=world.analyst, ref=waiting.ref, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "role.lacks"
    assert not Approval.objects.exists()


def test_declining_keeps_the_reason_and_sends_nothing(world, waiting):
    act = approving.decline(actor=world.approver, ref=waiting.ref, now=NOW, note="Too early.")
    assert act.state == ActState.DECLINED
    assert Approval.objects.get().note == "Too early."
    assert not Delivery.objects.exists()
    assert any("Too early." in step.text for step in steps(Act.objects.get()))


def test_a_decision_is_made_once(world, waiting):
    approving.approve(actor=world.approver, ref=waiting.ref, now=NOW)
    for decide in (approving.approve, approving.decline):
        with pytest.raises(Conflict):
            decide(actor=world.second, ref=waiting.ref, now=NOW, note="x")
    assert Approval.objects.count() == 1


def test_what_is_withdrawn_cannot_be_approved(world, waiting):
    composing.withdraw(actor=world.analyst, ref=waiting.ref, now=NOW)
    with pytest.raises(Conflict):
        approving.approve(actor=world.approver, ref=waiting.ref, now=NOW)
    with pytest.raises(Conflict):
        composing.withdraw(actor=world.analyst, ref=waiting.ref, now=NOW)
    assert not Delivery.objects.exists()


def test_what_may_no_longer_go_is_not_let_go(world, waiting):
    Act.objects.update(body={"title": "x", "word": "stay"})
    with pytest.raises(Refused) as refused:
        approving.approve(actor=world.approver, ref=waiting.ref, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "note.stay"
    assert Act.objects.get().state == ActState.AWAITING


@pytest.mark.django_db(transaction=True)
def test_of_two_approvers_at_once_one_wins(far, transactional_db):
    world = found_world(NOW)
    partner = world.befriend(far)
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party, word="two"), now=NOW)
    size, together, said = log.size(), Barrier(2), []

    def decide(actor) -> None:
        together.wait()
        try:
            approving.approve(actor=actor, ref=act.ref, now=NOW)
            said.append("approved")
        except ComityError as error:
            said.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=decide, args=[actor]) for actor in (world.approver, world.second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["approved", "conflict"]
    assert log.size() == size + 2
    assert Delivery.objects.count() == 1
