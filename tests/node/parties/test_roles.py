from __future__ import annotations

import pytest

from comity.base.verdict import Answer
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.roles import Power, Role, powers_of

# The whole table again, as it is read in a meeting: who changes what people may do changes this, too.
MAY = {
    Role.ANALYST: "read-parties read-acts read-content read-log read-people compose import",
    Role.DUTY_OFFICER: "read-parties read-acts read-content read-log read-people compose import",
    Role.APPROVER: "read-parties read-acts read-content read-log read-people approve",
    Role.DIPLOMAT: "read-parties read-acts read-content read-log read-people compose",
    Role.INVESTIGATOR: "read-parties read-acts read-content read-log read-people compose",
    Role.COUNSEL: "read-parties read-acts read-content read-log read-people approve",
    Role.ADMINISTRATOR: "read-parties read-log read-people manage-people manage-partners",
    Role.OBSERVER: "read-parties read-log",
}


def test_every_role_is_in_the_table():
    assert set(MAY) == set(Role)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("power", list(Power))
def test_a_role_carries_what_the_table_says_and_no_more(role, power):
    actor = Actor(name="Somebody", body=1, person=1, roles=frozenset({role}))
    verdict = actor.may(power)
    assert verdict.allowed is (power.value in MAY[role].split())
    assert verdict.grounds[0].rule == ("role.has" if verdict.allowed else "role.lacks")


def test_roles_add_up_and_nobody_has_a_power_without_one():
    assert powers_of(frozenset()) == frozenset()
    both = powers_of(frozenset({Role.OBSERVER, Role.COUNSEL}))
    assert both == powers_of(frozenset({Role.OBSERVER})) | powers_of(frozenset({Role.COUNSEL}))
    assert Actor(name="Nobody", body=1).may(Power.READ_LOG).answer is Answer.NO


def test_the_node_itself_has_just_the_powers_it_was_given():
    worker = system_actor("worker", 1, Power.READ_ACTS)
    assert worker.person is None
    assert worker.may(Power.READ_ACTS).allowed
    assert not worker.may(Power.APPROVE).allowed
