"""Programs that call the HTTP API: a token of 256 bits each, of which only the digest is kept."""

from __future__ import annotations

import re
from datetime import datetime

from django.db.models import Q

from comity.node.parties.actors import Actor
from comity.node.parties.models import MachineUser
from comity.node.parties.roles import Role
from comity.node.parties.tokens import digest

# RFC 9110, 11.1: the scheme in whatever case.
_HEADER = re.compile(r"(?i:Bearer) +([A-Za-z0-9_-]{43})", re.ASCII)


def actor_from_token(header: str, now: datetime) -> Actor | None:
    """The actor whose token an `Authorization` header carries, if the token is valid now."""
    carried = _HEADER.fullmatch(header.strip())
    if carried is None:
        return None
    valid = Q(until=None) | Q(until__gt=now)
    machine = MachineUser.objects.filter(valid, token_hash=digest(carried[1]), body__ours=True).first()
    if machine is None:
        return None
    if machine.last_used != now.date():  # one write a day at most
        MachineUser.objects.filter(pk=machine.pk).update(last_used=now.date())
    roles = frozenset(map(Role, machine.roles))
    return Actor(name=machine.name, body=machine.body_id, made_by=machine.made_by_id, roles=roles)
