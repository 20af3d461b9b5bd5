"""What the worker does for collections of others: it posts to each what its owner may see by now."""

from __future__ import annotations

import logging
from datetime import datetime

from comity.base.errors import ComityError
from comity.node.exchange import remotes
from comity.node.exchange.models import RemoteCollection
from comity.node.exchange.services.pushing import push
from comity.node.parties.actors import system_actor
from comity.node.parties.roles import Power

logger = logging.getLogger("comity.exchange")
ALTOGETHER = 60.0  # seconds for one collection; what is not posted by then goes the next time


def give_all(now: datetime) -> int:
    """Post to every collection to which a person decided to give; how many took all."""
    rows = RemoteCollection.objects.filter(gives=True, ended_at=None).select_related("holder", "party")
    return sum(_give(remote, now) for remote in rows.order_by("posted_at", "pk"))


def _give(remote: RemoteCollection, now: datetime) -> bool:
    """Whether it came to its end; one that is away keeps nobody else waiting long."""
    actor = system_actor("The node", remote.holder_id, Power.READ_CONTENT)
    try:
        with remotes.speaking_to(remote, ALTOGETHER) as transport:
            push(actor=actor, remote=remote, transport=transport, now=now)
    except ComityError as error:
        logger.warning("giving to %s: %s %s", remote.ref, error.code, error.message)
        return False
    return True
