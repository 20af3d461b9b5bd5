"""Every read of parties, people, roles, machines and their changes. What one may not see is not there."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from comity.base.errors import NotFound
from comity.node.parties.actors import Actor
from comity.node.parties.models import MachineUser, Membership, Party, PartyKind, PeopleChange, Person
from comity.node.parties.roles import Power, Role

Row = TypeVar("Row", bound=Model)


def in_force(now: datetime) -> Q:
    """The condition of a membership that counts at `now`."""
    return Q(since__lte=now) & (Q(until=None) | Q(until__gt=now))


def actors_of_person(person: Person, now: datetime) -> tuple[Actor, ...]:
    """The actors that a person can be now: one per body of ours in which they hold a role."""
    held = (
        Membership.objects.filter(in_force(now), person=person, body__ours=True)
        .order_by("body__name", "body_id")
        .values_list("body_id", "role")
    )
    roles: dict[int, set[Role]] = {}
    for body, role in held:
        roles.setdefault(body, set()).add(Role(role))
    return tuple(
        Actor(name=person.name, body=body, person=person.pk, roles=frozenset(its))
        for body, its in roles.items()
    )


def parties_for(actor: Actor) -> QuerySet[Party]:
    """Every party, for those who may read them."""
    return Party.objects.all() if actor.may(Power.READ_PARTIES).allowed else Party.objects.none()


def bodies_for(actor: Actor, *, kind: str = "", search: str = "") -> QuerySet[Party]:
    """The parties that are not states, ours first."""
    bodies = parties_for(actor).exclude(kind=PartyKind.STATE).order_by("-ours", "name", "pk")
    if kind:
        bodies = bodies.filter(kind=kind)
    return bodies.filter(Q(name__icontains=search) | Q(state__iexact=search)) if search else bodies


def party_for(actor: Actor, pk: int) -> Party:
    """One party; raises `NotFound`."""
    return _one(parties_for(actor), "party", pk=pk)


def our_bodies() -> QuerySet[Party]:
    """The bodies this node acts for, in the order in which they were added: the first is the node's own."""
    return Party.objects.filter(ours=True).order_by("pk")


def administrators(now: datetime) -> QuerySet[Membership]:
    """The memberships of everybody who administers a body now; who never logged in does not count yet."""
    return Membership.objects.filter(
        in_force(now),
        role=Role.ADMINISTRATOR.value,
        body__ours=True,
        person__is_active=True,
        person__last_login__isnull=False,
    )


def managed_bodies(actor: Actor, now: datetime) -> QuerySet[Party]:
    """The bodies whose people the actor looks after: their own, and those nobody administers yet."""
    if not actor.may(Power.MANAGE_PEOPLE).allowed:
        return Party.objects.none()
    if Power.MANAGE_PEOPLE in actor.extra:  # the node itself, on the command of who runs the machine
        return our_bodies()
    administered = Exists(administrators(now).filter(body=OuterRef("pk")))
    return our_bodies().filter(Q(pk=actor.body) | ~administered)


def people_for(actor: Actor, now: datetime) -> QuerySet[Person]:
    """The people who hold or held a role in the actor's body, or in one that the actor looks after."""
    if Power.MANAGE_PEOPLE in actor.extra:  # the node itself, as in managed_bodies
        return Person.objects.all()
    if not actor.may(Power.READ_PEOPLE).allowed:
        return Person.objects.none()
    bodies = Q(body=actor.body) | Q(body__in=managed_bodies(actor, now).values("pk"))
    return Person.objects.filter(Exists(Membership.objects.filter(bodies, person=OuterRef("pk"))))


def person_for(actor: Actor, pk: int, now: datetime) -> Person:
    """One person; raises `NotFound`."""
    return _one(people_for(actor, now), "person", pk=pk)


def memberships_of(person: Person) -> QuerySet[Membership]:
    """The roles of a person now and before, the newest first."""
    return person.memberships.select_related("body").order_by("-since", "-pk")


def membership_for(actor: Actor, key: UUID, now: datetime) -> Membership:
    """One role of a person whom the actor may see; raises `NotFound`."""
    seen = Membership.objects.filter(person__in=people_for(actor, now)).select_related("person", "body")
    return _one(seen, "role", key=key)


def machines_for(actor: Actor, now: datetime) -> QuerySet[MachineUser]:
    """The programs of the bodies that the actor looks after, those in use first."""
    machines = MachineUser.objects.filter(body__in=managed_bodies(actor, now)).select_related("body")
    return machines.order_by("until", "name", "pk")


def machine_for(actor: Actor, pk: int, now: datetime) -> MachineUser:
    """One program; raises `NotFound`."""
    return _one(machines_for(actor, now), "program", pk=pk)


def changes_for(actor: Actor, now: datetime) -> QuerySet[PeopleChange]:
    """What was changed in the bodies that the actor looks after, the newest first."""
    bodies = managed_bodies(actor, now)
    seen = Q(party__in=bodies) | Q(machine__body__in=bodies)
    if bodies.exists():
        seen |= Q(person__in=people_for(actor, now))
    return PeopleChange.objects.filter(seen).select_related("person", "party", "machine")


def changes_of(person: Person) -> QuerySet[PeopleChange]:
    """What was done to a person's roles and log-in; everybody may read this about themselves."""
    return person.changes.select_related("party")


def _one(rows: QuerySet[Row], what: str, **key: object) -> Row:
    found = rows.filter(**key).first()
    if found is None:
        raise NotFound(what)
    return found
