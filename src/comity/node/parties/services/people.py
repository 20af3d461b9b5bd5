"""People and their roles: added, given, ended, deactivated."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import read_line
from comity.node.parties.actors import Actor
from comity.node.parties.models import ChangeKind, Membership, Party, Person
from comity.node.parties.queries import administrators, in_force, managed_bodies, our_bodies
from comity.node.parties.roles import Power, Role
from comity.node.parties.rules import keeps_administrator, manages, not_oneself
from comity.node.parties.services.changes import note

MAX_NAME = 120


@transaction.atomic
def add_person(
    *, actor: Actor, email: str, name: str, body: Party, role: Role, now: datetime
) -> tuple[Person, Membership]:
    """A person with a first role; who is here already, in whatever body, only gets the role."""
    actor.may(Power.MANAGE_PEOPLE).require()
    address = _address(email)
    person = Person.objects.filter(email=address).first()
    if person is None:
        person = Person(email=address, name=read_line(name, "name", most=MAX_NAME), added=now)
        person.set_unusable_password()  # until they set one, behind a one-time link
        person.save()
        note(ChangeKind.PERSON_ADDED, actor=actor, now=now, person=person, party=body, email=address)
    return person, give_role(actor=actor, person=person, body=body, role=role, now=now)


@transaction.atomic
def give_role(*, actor: Actor, person: Person, body: Party, role: Role, now: datetime) -> Membership:
    """A role in a body of ours from now on."""
    actor.may(Power.MANAGE_PEOPLE).require()
    _locked(actor, body, now)
    not_oneself(actor, person).require()
    held = Membership.objects.filter(person=person, body=body, role=role.value)
    if held.filter(in_force(now)).exists():
        raise Conflict(f"{person.name} is {role.words} in {body.name} already.")
    membership = Membership.objects.create(person=person, body=body, role=role.value, since=now)
    note(ChangeKind.ROLE_GIVEN, actor=actor, now=now, person=person, party=body, role=role.value)
    return membership


@transaction.atomic
def end_role(*, actor: Actor, membership: Membership, now: datetime) -> Membership:
    """The person no longer holds the role; that they held it stays on record."""
    actor.may(Power.MANAGE_PEOPLE).require()
    body = _locked(actor, membership.body, now)
    held = Membership.objects.select_for_update().select_related("person").get(pk=membership.pk)
    if held.until is not None:
        raise Conflict(f"{held.person.name} is no longer {held.get_role_display()} in {body.name}.")
    if held.role == Role.ADMINISTRATOR.value:
        _keeps_administrator(body, held.person, now)
    # Never the moment in which it began: a role that was given was held.
    held.until = max(now, held.since + timedelta(microseconds=1))
    held.save(update_fields=("until",))
    note(ChangeKind.ROLE_ENDED, actor=actor, now=now, person=held.person, party=body, role=held.role)
    return held


@transaction.atomic
def deactivate(*, actor: Actor, person: Person, now: datetime) -> None:
    """The person can no longer log in, and every session of theirs ends with the next request."""
    actor.may(Power.MANAGE_PEOPLE).require()
    administered = Membership.objects.filter(in_force(now), person=person, role=Role.ADMINISTRATOR.value)
    for body in looked_after(actor, person, now):
        if administered.filter(body=body).exists():
            _keeps_administrator(body, person, now)
    if not Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        raise Conflict(f"{person.name} is deactivated already.")
    note(ChangeKind.PERSON_DEACTIVATED, actor=actor, now=now, person=person)


@transaction.atomic
def reactivate(*, actor: Actor, person: Person, now: datetime) -> None:
    """The person may log in again, with the roles that were not ended meanwhile."""
    actor.may(Power.MANAGE_PEOPLE).require()
    not_oneself(actor, person).require()
    looked_after(actor, person, now)
    if not Person.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        raise Conflict(f"{person.name} is active already.")
    note(ChangeKind.PERSON_REACTIVATED, actor=actor, now=now, person=person)


def looked_after(actor: Actor, person: Person, now: datetime) -> list[Party]:
    """The bodies in which the person holds a role, locked; refuses if the actor does not manage them all.

    What concerns the whole person, such as a link that logs in as them, must not reach into a body
    through an administrator of another.
    """
    roles = Membership.objects.filter(in_force(now), person=person).values("body")
    bodies = list(our_bodies().filter(pk__in=roles).select_for_update(no_key=True))
    managed = _managed(actor, now)
    for body in bodies:
        manages(body.pk, body.name, managed).require()
    if not bodies and not managed:
        raise NotFound("person")
    return bodies


def _managed(actor: Actor, now: datetime) -> set[int]:
    return set(managed_bodies(actor, now).values_list("pk", flat=True))


def _locked(actor: Actor, body: Party, now: datetime) -> Party:
    """The body, locked: whoever changes its roles waits for whoever is changing them."""
    locked = our_bodies().select_for_update(no_key=True).filter(pk=body.pk).first()
    if locked is None:
        raise NotFound("body of ours")
    manages(locked.pk, locked.name, _managed(actor, now)).require()
    return locked


def _keeps_administrator(body: Party, leaving: Person, now: datetime) -> None:
    others = administrators(now).filter(body=body).exclude(person=leaving)
    keeps_administrator(body.name, others.values("person").distinct().count()).require()


def _address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Malformed("email", "expected an e-mail address such as name@example.org") from error
    return address
