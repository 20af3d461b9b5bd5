"""What of the exchange a person must look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from comity.node.exchange import gathering, remotes, stricter, telling, tracing
from comity.node.exchange.feeds.queries import feeds_to_look_at
from comity.node.exchange.models import HookState
from comity.node.parties.access import actor_of
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power
from comity.node.site.systems import Matter

OFTEN = 3  # failures of a feed in a row: once is the weather


def matters(request: HttpRequest) -> Iterator[Matter]:
    """What was asked back or doubted, wider markings, and feeds and webhooks that fail."""
    actor = actor_of(request)
    if actor is None:
        return
    if actor.may(Power.IMPORT).allowed:
        yield from _to_delete(actor)
        yield from _doubts(actor)
    if actor.may(Power.READ_CONTENT).allowed:
        yield from _behind(actor)
        yield from _feeds(actor)
        yield from _elsewhere(actor)
    if actor.may(Power.APPROVE).allowed or actor.may(Power.MANAGE_PARTNERS).allowed:
        yield from _paused(actor)


def _to_delete(actor: Actor) -> Iterator[Matter]:
    count = tracing.to_delete(actor).count()
    if count:
        words = f"{count} recalled version{'' if count == 1 else 's'} to delete"
        yield Matter(words, reverse("exchange:recalls"))


def _doubts(actor: Actor) -> Iterator[Matter]:
    count = telling.doubts_of_ours(actor).count()
    if count:
        words = f"{count} report{'' if count == 1 else 's'} of a false positive of ours"
        yield Matter(words, reverse("exchange:doubts"))


def _behind(actor: Actor) -> Iterator[Matter]:
    count = stricter.partners_behind(actor)
    if count:
        words = f"{count} partner{' has' if count == 1 else 's have'} an older, wider marking"
        yield Matter(words, reverse("exchange:stricter-list"))


def _elsewhere(actor: Actor) -> Iterator[Matter]:
    count = remotes.to_look_at(actor).count()
    if count:
        words = f"{count} collection{' of others needs' if count == 1 else 's of others need'} a look"
        yield Matter(words, reverse("exchange:remotes"))


def _feeds(actor: Actor) -> Iterator[Matter]:
    """Feeds that fail or are held back, for those who can do something about it."""
    if not (actor.may(Power.IMPORT).allowed or actor.may(Power.APPROVE).allowed):
        return
    count = feeds_to_look_at(actor, OFTEN).count()
    if count:
        yield Matter(f"{count} feed{' needs' if count == 1 else 's need'} a look", reverse("exchange:feeds"))


def _paused(actor: Actor) -> Iterator[Matter]:
    rows = gathering.webhooks_for(actor).filter(state=HookState.PAUSED, failing_since__isnull=False)
    count = rows.count()
    if count:
        words = f"{count} webhook{' is' if count == 1 else 's are'} paused, since calls failed"
        yield Matter(words, reverse("exchange:webhooks"), wrong=True)
