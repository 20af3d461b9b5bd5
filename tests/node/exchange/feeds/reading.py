"""Feeds as tests open them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from comity.base.tlp import Tlp
from comity.node.exchange.feeds.running import run_feed
from comity.node.exchange.models import Feed, FeedRun, StixObject
from comity.node.exchange.queries import decoded
from comity.node.exchange.services.feeds import Wish, open_feed
from tests.node.world import NOW, World

_REFS = UUID("5b3e5d0e-5b3e-4d0e-8b3e-5d0e5b3e5d0e")
HOUR = timedelta(hours=1)


def wish(address: str, **more: Any) -> Wish:
    said = {"name": "Bad hosts", "kind": "lines", "note": "a test's own list", "label": Tlp.CLEAR}
    return Wish(address=address, **{**said, **more})


def opened(world: World, address: str, **more: Any) -> Feed:
    said = wish(address, **more)
    return open_feed(actor=world.approver, wish=said, ref=uuid5(_REFS, said.name), now=NOW)


def ran(feed: Feed, now: datetime = NOW) -> FeedRun:
    return run_feed(Feed.objects.select_related("holder", "source").get(pk=feed.pk), now=now)


def counts(run: FeedRun) -> tuple[int, int, int, int]:
    return run.new, run.changed, run.known, run.gone


def indicators() -> dict[str, dict[str, Any]]:
    """The newest version of each object, by its name."""
    rows = StixObject.objects.filter(latest=True)
    return {found["name"]: found for found in (decoded(row).value for row in rows)}
