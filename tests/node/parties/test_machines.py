from __future__ import annotations

from datetime import timedelta

import pytest

from comity.base.errors import Conflict, Malformed
from comity.base.verdict import Refused
from comity.node.parties.machines import actor_from_token
from comity.node.parties.models import MachineUser, PeopleChange
from comity.node.parties.queries import machine_for, machines_for
from comity.node.parties.roles import Role
from comity.node.parties.services.machines import create_machine, revoke_machine

pytestmark = pytest.mark.django_db
TOKEN = "k" * 43


@pytest.fixture
def wanted(by_admin, cert, now):
    roles = frozenset({Role.ANALYST, Role.OBSERVER})
    return {"actor": by_admin, "name": "MISP import", "body": cert, "roles": roles, "now": now}


def test_a_token_is_shown_once_and_acts_with_its_roles(wanted, cert, now):
    machine, token = create_machine(**wanted)
    assert len(token) == 43
    assert token not in str(vars(MachineUser.objects.get()))
    actor = actor_from_token(f"Bearer {token}", now)
    assert actor is not None
    assert (actor.name, actor.body, actor.person) == ("MISP import", cert.pk, None)
    assert actor.roles == {Role.ANALYST, Role.OBSERVER}
    assert list(PeopleChange.objects.values_list("what", "machine")) == [("machine-added", machine.pk)]


@pytest.mark.parametrize(
    "header",
    [
        "",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[1:]}x",
        f"Bearer {TOKEN} x",
        "Bearer " + "é" * 43,
    ],
)
def test_any_other_header_is_nobody(wanted, now, header):
    create_machine(**wanted, token=TOKEN)
    assert actor_from_token(header, now) is None
    assert actor_from_token(f"Bearer {TOKEN}", now) is not None


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_may_have_any_case(wanted, now, scheme):
    create_machine(**wanted, token=TOKEN)
    assert actor_from_token(f"{scheme} {TOKEN}", now) is not None


def test_a_token_is_good_until_its_end(wanted, now):
    create_machine(**wanted, token=TOKEN, until=now + timedelta(days=1))
    header = f"Bearer {TOKEN}"
    assert actor_from_token(header, now + timedelta(hours=23)) is not None
    assert actor_from_token(header, now + timedelta(days=1)) is None


def test_an_ended_token_is_nobody_and_its_name_is_free_again(wanted, by_admin, now):
    machine, token = create_machine(**wanted)
    with pytest.raises(Conflict, match="already"):
        create_machine(**wanted)
    revoke_machine(actor=by_admin, machine=machine, now=now)
    assert actor_from_token(f"Bearer {token}", now) is None
    with pytest.raises(Conflict, match="ended before"):
        revoke_machine(actor=by_admin, machine=machine, now=now)
    create_machine(**wanted)


@pytest.mark.parametrize(
    ("roles", "rule"),
    [
        ({Role.APPROVER}, "machine.people-only"),
        ({Role.ANALYST, Role.ADMINISTRATOR}, "machine.people-only"),
        ({Role.COUNSEL}, "machine.people-only"),
        (set(), "machine.role-missing"),
    ],
)
def test_programs_neither_approve_nor_administer(wanted, roles, rule):
    with pytest.raises(Refused) as refused:
        create_machine(**wanted | {"roles": frozenset(roles)})
    assert refused.value.verdict.grounds[0].rule == rule
    assert not MachineUser.objects.exists()
    assert create_machine(**wanted)


@pytest.mark.parametrize(("field", "value"), [("name", " "), ("until", "now")])
def test_a_program_needs_a_name_and_a_future(wanted, now, field, value):
    with pytest.raises(Malformed) as refused:
        create_machine(**wanted | {field: now if value == "now" else value})
    assert refused.value.where == field
    assert not MachineUser.objects.exists()


@pytest.mark.usefixtures("diplomat")
def test_bodies_look_after_their_own_programs(wanted, ministry):
    with pytest.raises(Refused) as refused:
        create_machine(**wanted | {"body": ministry})
    assert refused.value.verdict.grounds[0].rule == "people.other-body"


def test_who_lacks_the_power_neither_adds_nor_sees_programs(wanted, by_analyst, by_admin, now):
    with pytest.raises(Refused):
        create_machine(**wanted | {"actor": by_analyst})
    machine, _ = create_machine(**wanted)
    with pytest.raises(Refused):
        revoke_machine(actor=by_analyst, machine=machine, now=now)
    assert list(machines_for(by_admin, now)) == [machine_for(by_admin, machine.pk, now)] == [machine]
    assert not machines_for(by_analyst, now).exists()


def test_the_day_of_the_last_use_is_written_once(wanted, now, django_assert_num_queries):
    create_machine(**wanted, token=TOKEN)
    with django_assert_num_queries(2):
        actor_from_token(f"Bearer {TOKEN}", now)
    with django_assert_num_queries(1):
        actor_from_token(f"Bearer {TOKEN}", now)
    assert MachineUser.objects.get().last_used == now.date()
