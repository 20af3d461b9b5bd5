"""Every read of parties, people, roles and machines."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from comity.node.parties.actors import Actor
from comity.node.parties.models import Membership, Person
from comity.node.parties.roles import Role


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
