"""A person marks a victim."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from comity.base.errors import Conflict, Malformed
from comity.formats.stix import IDENTITY_ID
from comity.node.exchange import queries
from comity.node.exchange.models import Victim, VictimHow
from comity.node.exchange.services.closed import By
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.exchange.services.rereading import reread_for_victims
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power


@transaction.atomic
def mark_victim(*, actor: Actor, ref: str, now: datetime) -> Victim:
    """A person says that an identity which the body holds is a victim; what names it is judged anew."""
    actor.may(Power.IMPORT).require()
    identity = queries.object_for(actor, ref)
    if not IDENTITY_ID.fullmatch(ref):
        raise Malformed("object", f"is a {identity.type}; only an identity can be a victim.")
    if queries.victims_for(actor).filter(ref=ref).exists():
        raise Conflict(f"{identity.title} is marked as a victim already.")
    holder = queries.own_body(actor)
    one_at_a_time(holder)
    victim = Victim.objects.create(
        holder=holder, ref=ref, name=identity.title, how=VictimHow.HAND, by_name=actor.name, at=now
    )
    reread_for_victims(holder, {}, queries.victims_of(holder), By(actor.person, actor.name), now)
    return victim
