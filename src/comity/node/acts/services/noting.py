"""Put aside what was refused or withheld: somebody has seen it, and the first page need not tell it again."""

from __future__ import annotations

from enum import Enum

from django.db import transaction

from comity.base.errors import Conflict
from comity.node.acts import queries
from comity.node.acts.kinds import kind_named
from comity.node.acts.models import Act, Delivery
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power


class Stopped(Enum):
    """Whether somebody has seen that deliveries of an act go no further by themselves."""

    UNSEEN = "unseen"
    ASIDE = "aside"


def stopped(act: Act) -> Stopped | None:
    """How it stands with what of the act was refused or withheld; None where nothing was."""
    ended = [each for each in act.deliveries.all() if each.state in queries.STOPPED]
    if not ended:
        return None
    return Stopped.ASIDE if all(each.aside_by for each in ended) else Stopped.UNSEEN


@transaction.atomic
def put_aside(*, actor: Actor, ref: str) -> Act:
    """Note that this person has seen what was refused or withheld; raises `Conflict` where nothing was."""
    return _noted(actor, ref, by=actor.name)


@transaction.atomic
def take_up(*, actor: Actor, ref: str) -> Act:
    """Let the first page tell of it again."""
    return _noted(actor, ref, by="")


def _noted(actor: Actor, ref: str, *, by: str) -> Act:
    actor.may(Power.COMPOSE).require()
    act = queries.locked_act(actor, ref)
    kind_named(act.kind).may_compose(actor).require()
    if not act.ours or not Delivery.objects.filter(act=act, state__in=queries.STOPPED).update(aside_by=by):
        raise Conflict("Nothing of this act was refused or withheld.")
    return act
