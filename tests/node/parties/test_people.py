from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Refused
from comity.node.parties.actors import system_actor
from comity.node.parties.models import ChangeKind, Membership, Party, PeopleChange, Person
from comity.node.parties.queries import (
    actors_of_person,
    changes_for,
    membership_for,
    people_for,
    person_for,
)
from comity.node.parties.roles import Power, Role
from comity.node.parties.services.people import add_person, deactivate, end_role, give_role, reactivate
from tests.node.parties.conftest import actor_for, make_body, make_person

pytestmark = pytest.mark.django_db


def rows() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], int]:
    return (
        list(Person.objects.order_by("pk").values_list("pk", "is_active")),
        list(Membership.objects.order_by("pk").values_list("pk", "until")),
        PeopleChange.objects.count(),
    )


def refused_by(rule: str, call: Callable[..., object], **arguments: object) -> None:
    before = rows()
    with pytest.raises(Refused) as refused:
        call(**arguments)
    assert [ground.rule for ground in refused.value.verdict.grounds] == [rule]
    assert rows() == before


def role_of(person: Person, body: Party) -> Membership:
    return Membership.objects.get(person=person, body=body)


def test_an_administrator_adds_a_person_with_a_first_role(by_admin, cert, now):
    person, held = add_person(
        actor=by_admin, email=" New@Example.ORG ", name=" Nadia  New ", body=cert, role=Role.ANALYST, now=now
    )
    assert (person.email, person.name) == ("new@example.org", "Nadia New")
    assert not person.has_usable_password()
    assert (held.role, held.since, held.until) == ("analyst", now, None)
    assert actors_of_person(person, now)[0].roles == {Role.ANALYST}
    noted = PeopleChange.objects.order_by("pk").values_list("what", "by_person", "at")
    assert list(noted) == [("person-added", by_admin.person, now), ("role-given", by_admin.person, now)]


def test_who_is_here_already_only_gets_the_role(by_admin, cert, diplomat, now):
    person, _ = add_person(
        actor=by_admin,
        email=diplomat.email.upper(),
        name="Another Name",
        body=cert,
        role=Role.OBSERVER,
        now=now,
    )
    assert person == diplomat
    diplomat.refresh_from_db()
    assert diplomat.name == "Dina Diplomat"
    assert len(actors_of_person(diplomat, now)) == 2


@pytest.mark.parametrize(
    ("wrong", "where"),
    [({"email": "nobody"}, "email"), ({"name": " "}, "name"), ({"name": "a\x00b"}, "name")],
)
def test_a_person_needs_an_address_and_a_name(by_admin, cert, now, wrong, where):
    before = rows()
    with pytest.raises(Malformed) as refused:
        add_person(
            **{"email": "n@example.org", "name": "N"} | wrong,
            actor=by_admin,
            body=cert,
            role=Role.ANALYST,
            now=now,
        )
    assert refused.value.where == where
    assert rows() == before


def test_only_an_administrator_gives_and_ends_roles(by_analyst, admin, analyst, cert, now):
    given = {"actor": by_analyst, "person": admin, "body": cert, "role": Role.OBSERVER, "now": now}
    refused_by("role.lacks", give_role, **given)
    refused_by("role.lacks", end_role, actor=by_analyst, membership=role_of(admin, cert), now=now)
    refused_by("role.lacks", deactivate, actor=by_analyst, person=admin, now=now)


def test_nobody_gives_a_role_to_themselves(by_admin, admin, analyst, cert, now):
    given = {"actor": by_admin, "body": cert, "role": Role.APPROVER, "now": now}
    refused_by("people.not-oneself", give_role, person=admin, **given)
    assert give_role(person=analyst, **given).role == "approver"


def test_a_body_with_an_administrator_looks_after_its_own_people(by_admin, diplomat, ministry, now):
    given = {"actor": by_admin, "person": diplomat, "body": ministry, "role": Role.COUNSEL, "now": now}
    refused_by("people.other-body", give_role, **given)
    refused_by("people.other-body", end_role, actor=by_admin, membership=role_of(diplomat, ministry), now=now)
    refused_by("people.other-body", deactivate, actor=by_admin, person=diplomat, now=now)


def test_a_new_body_is_set_up_by_others_until_its_administrator_logged_in(by_admin, ministry, now):
    given = {"actor": by_admin, "body": ministry, "role": Role.ADMINISTRATOR, "now": now}
    first, _ = add_person(email="first@example.org", name="First", **given)
    add_person(email="second@example.org", name="Second", **given)
    Person.objects.filter(pk=first.pk).update(last_login=now)
    refused_by("people.other-body", add_person, email="third@example.org", name="Third", **given)


def test_a_role_is_given_once_and_can_come_back(by_admin, analyst, cert, now):
    held = role_of(analyst, cert)
    given = {"actor": by_admin, "person": analyst, "body": cert, "role": Role.ANALYST}
    with pytest.raises(Conflict, match="already"):
        give_role(now=now, **given)
    end_role(actor=by_admin, membership=held, now=now)
    assert actors_of_person(analyst, now) == ()
    with pytest.raises(Conflict, match="no longer"):
        end_role(actor=by_admin, membership=held, now=now)
    give_role(now=now + timedelta(hours=1), **given)
    assert Membership.objects.filter(person=analyst, body=cert).count() == 2


def test_a_role_ended_in_the_moment_it_began_was_still_held(by_admin, analyst, cert, now):
    held = give_role(actor=by_admin, person=analyst, body=cert, role=Role.OBSERVER, now=now)
    ended = end_role(actor=by_admin, membership=held, now=now)
    assert ended.until is not None
    assert ended.until > held.since


def test_a_body_keeps_its_last_administrator(by_admin, by_node, admin, cert, now):
    held = role_of(admin, cert)
    for actor in (by_admin, by_node):
        refused_by("people.last-administrator", end_role, actor=actor, membership=held, now=now)
        refused_by("people.last-administrator", deactivate, actor=actor, person=admin, now=now)
    second = make_person("Second", (Role.ADMINISTRATOR, cert))
    end_role(actor=by_admin, membership=held, now=now)
    refused_by("people.last-administrator", deactivate, actor=by_node, person=second, now=now)


def test_an_administrator_who_never_logged_in_or_is_deactivated_does_not_count(
    by_admin, by_node, admin, cert, now
):
    second = make_person("Second", (Role.ADMINISTRATOR, cert))
    deactivate(actor=by_admin, person=second, now=now)
    add_person(actor=by_admin, email="t@example.org", name="T", body=cert, role=Role.ADMINISTRATOR, now=now)
    refused_by("people.last-administrator", deactivate, actor=by_node, person=admin, now=now)


def test_deactivated_people_come_back_with_their_roles(by_admin, analyst, admin, now):
    deactivate(actor=by_admin, person=analyst, now=now)
    assert not Person.objects.get(pk=analyst.pk).is_active
    with pytest.raises(Conflict, match="already"):
        deactivate(actor=by_admin, person=analyst, now=now)
    reactivate(actor=by_admin, person=analyst, now=now)
    assert Person.objects.get(pk=analyst.pk).is_active
    with pytest.raises(Conflict, match="already"):
        reactivate(actor=by_admin, person=analyst, now=now)
    refused_by("people.not-oneself", reactivate, actor=by_admin, person=admin, now=now)
    assert [each.what for each in changes_for(by_admin, now)] == [
        ChangeKind.PERSON_REACTIVATED,
        ChangeKind.PERSON_DEACTIVATED,
    ]


def test_roles_are_in_bodies_of_ours_only(by_node, analyst, now):
    partner = make_body("NCSC-NL", ours=False, state="NL")
    with pytest.raises(NotFound, match="body of ours"):
        give_role(actor=by_node, person=analyst, body=partner, role=Role.OBSERVER, now=now)


def test_hidden_and_missing_people_are_the_same(by_admin, by_analyst, diplomat, ministry, now):
    seen = {by_admin.person, by_analyst.person}
    assert {each.pk for each in people_for(by_admin, now)} == seen
    assert {each.pk for each in people_for(by_analyst, now)} == seen
    errors = []
    for pk in (diplomat.pk, 999_999):
        with pytest.raises(NotFound) as missing:
            person_for(by_admin, pk, now)
        errors.append(str(missing.value))
    assert len(set(errors)) == 1
    with pytest.raises(NotFound):
        membership_for(by_admin, role_of(diplomat, ministry).key, now)
    everybody = system_actor("comity-node", ministry.pk, Power.MANAGE_PEOPLE)
    assert diplomat in people_for(everybody, now)
    observer = make_person("Olga Observer", (Role.OBSERVER, ministry))
    assert not people_for(actor_for(observer, ministry), now).exists()


def test_a_role_counts_from_its_beginning_to_its_end(analyst, cert, now):
    held = role_of(analyst, cert)
    held.since, held.until = now, now + timedelta(hours=1)
    held.save()
    moments = [now - timedelta(seconds=1), now, now + timedelta(minutes=59), now + timedelta(hours=1)]
    assert [bool(actors_of_person(analyst, each)) for each in moments] == [False, True, True, False]


def test_the_table_refuses_a_role_held_twice(analyst, cert, now):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(person=analyst, body=cert, role="analyst", since=now)
