"""What of the exchange a person must look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from comity.node.exchange import tracing
from comity.node.parties.access import actor_of
from comity.node.parties.roles import Power
from comity.node.site.systems import Matter


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Recalled objects, for those who may delete them."""
    actor = actor_of(request)
    if actor is None or not actor.may(Power.IMPORT).allowed:
        return
    count = tracing.to_delete(actor).count()
    if count:
        words = f"{count} recalled version{'' if count == 1 else 's'} to delete"
        yield Matter(words, reverse("exchange:recalls"))
