"""What of the exchange a person must look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from comity.node.exchange import stricter, telling, tracing
from comity.node.exchange.feeds.queries import feeds_to_look_at
from comity.node.parties.access import actor_of
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power
from comity.node.site.systems import Matter

OFTEN = 3  # failures of a feed in a row: once is the weather


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Recalled objects to delete, partners that have an older, wider version, feeds that fail."""
    actor = actor_of(request)
    if actor is None or not actor.may(Power.READ_CONTENT).allowed:
        return
    count = tracing.to_delete(actor).count() if actor.may(Power.IMPORT).allowed else 0
    if count:
        words = f"{count} recalled version{'' if count == 1 else 's'} to delete"
        yield Matter(words, reverse("exchange:recalls"))
    doubts = telling.doubts_of_ours(actor).count() if actor.may(Power.IMPORT).allowed else 0
    if doubts:
        words = f"{doubts} report{'' if doubts == 1 else 's'} of a false positive of ours"
        yield Matter(words, reverse("exchange:doubts"))
    behind = stricter.partners_behind(actor)
    if behind:
        words = f"{behind} partner{' has' if behind == 1 else 's have'} an older, wider marking"
        yield Matter(words, reverse("exchange:stricter-list"))
    yield from _feeds(actor)


def _feeds(actor: Actor) -> Iterator[Matter]:
    """Feeds that fail or are held back, for those who can do something about it."""
    if not (actor.may(Power.IMPORT).allowed or actor.may(Power.APPROVE).allowed):
        return
    count = feeds_to_look_at(actor, OFTEN).count()
    if count:
        yield Matter(f"{count} feed{' needs' if count == 1 else 's need'} a look", reverse("exchange:feeds"))
