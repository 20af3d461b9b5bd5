"""The node as commands see it: its own body, and the actor in whose name a command acts."""

from __future__ import annotations

from datetime import datetime

from comity.base.errors import NotFound
from comity.node.commands.homes import NoNode
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.models import Party
from comity.node.parties.queries import actors_of_person, our_bodies, people_for
from comity.node.parties.roles import Power

_NAME = "comity-node"  # as it stands in the list of changes


def own_body() -> Party:
    """The body that the node was made for."""
    body = our_bodies().first()
    if body is None:
        raise NoNode("The database holds no body of ours: it is not that of a node. Look at database_url.")
    return body


def command_actor(body: int) -> Actor:
    """Whoever may run commands here can read the database anyway: they look after people and partners."""
    return system_actor(
        _NAME,
        body,
        Power.READ_PARTIES,
        Power.READ_PEOPLE,
        Power.MANAGE_PEOPLE,
        Power.MANAGE_PARTNERS,
    )


def as_person(email: str, now: datetime) -> Actor:
    """The person of this address, with the roles they hold in one body: the node's own, if they can."""
    body = own_body().pk
    found = people_for(command_actor(body), now).filter(email__iexact=email, is_active=True).first()
    if found is None:
        raise NotFound(f"person {email}")
    actors = sorted(actors_of_person(found, now), key=lambda actor: actor.body != body)
    return actors[0] if actors else Actor(name=found.name, body=body, person=found.pk)
