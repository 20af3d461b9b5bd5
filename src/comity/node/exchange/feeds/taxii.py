"""Feeds of TAXII 2.1: a collection at a server of somebody else, read on from where the last run stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from comity.base.errors import ComityError, Malformed
from comity.base.fields import Fields
from comity.formats.conversation import PartnerUnavailable
from comity.formats.stix import TYPE
from comity.formats.stix import StixObject as Found
from comity.node.exchange.content import title_of
from comity.node.exchange.feeds.kinds import Kind
from comity.node.exchange.feeds.looking import Glance, Glimpse, Shown
from comity.node.exchange.feeds.pulling import NothingNew, Pull
from comity.node.exchange.feeds.reaching import FeedUnavailable, Reach, Web
from comity.node.exchange.models import Feed
from comity.node.exchange.walking import Walk

MOST_OVERLAP = 7 * 24 * 60 * 60  # seconds
_SINCE = "added_after"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of the collection."""

    types: tuple[str, ...] = ()  # none means all
    overlap: int = 0  # seconds that are read again in each run


def read_settings(settings: Mapping[str, Any]) -> Wanted:
    """The settings of a feed; raises `Malformed`."""
    fields = Fields(dict(settings), "mapping")
    wanted = Wanted(
        types=fields.texts("types", most=100, form=TYPE) if fields.has("types") else (),
        overlap=fields.number("overlap", most=MOST_OVERLAP) if fields.has("overlap") else 0,
    )
    fields.nothing_else()
    return wanted


def check(settings: Mapping[str, Any]) -> None:
    """Raise `Malformed` for settings that cannot be used."""
    read_settings(settings)


def look(glance: Glance) -> Glimpse:
    """The first objects that the collection gives, and whether each can be read."""
    walk = _walk(glance.address, read_settings(glance.settings), glance.reach, limit=glance.most)
    with _told():
        found, unread = _read(next(walk.pages(), ()))
    shown = tuple(Shown(title_of(each.value, {}), each.type, each.modified or "") for each in found)
    doubts = tuple(("the server", each) for each in walk.notes())
    return Glimpse(shown, len(found), unmapped=unread, unmapped_count=len(unread), doubts=doubts)


def pull(pull: Pull) -> None:
    """One run; what was kept stays if it breaks off, and the next run goes on behind it."""
    feed, run = pull.feed, pull.run
    walk = _walk(feed.address, read_settings(feed.settings), pull.reach, feed=feed)
    with _told():
        for raws in walk.pages():
            found, unread = _read(raws)
            pull.unmapped(unread)
            if found:
                report = pull.keep(found)
                run.new += report.new
                run.known += report.known
            run.entries += len(found)
            run.size = walk.size
    feed.cursor = {_SINCE: walk.last}
    pull.tell(("the server", each) for each in walk.notes())
    if not walk.objects:
        raise NothingNew("Nothing was added since the last run.")


def _walk(
    address: str, wanted: Wanted, reach: Reach, *, feed: Feed | None = None, limit: int = 1_000
) -> Walk:
    if not isinstance(reach, Web):
        raise Malformed("address", "a collection stands at https://…/collections/ID/")

    def remember(at: str) -> None:
        if feed is not None:
            feed.cursor = {_SINCE: at}
            Feed.objects.filter(pk=feed.pk).update(cursor=feed.cursor)

    since = str(feed.cursor.get(_SINCE, "")) if feed is not None else ""
    return Walk(address, reach.ask, since, wanted.overlap, wanted.types, remember, limit)


@contextmanager
def _told() -> Iterator[None]:
    """What the client says of a server that is away, as feeds say it."""
    try:
        yield
    except PartnerUnavailable as error:
        raise FeedUnavailable(error.message, error.retry_after or 0) from error


def _read(raws: Sequence[bytes]) -> tuple[list[Found], tuple[tuple[str, str], ...]]:
    """Each object by itself: one that cannot be read spoils no other."""
    found: list[Found] = []
    unread: list[tuple[str, str]] = []
    for raw in raws:
        try:
            found.append(Found.read(raw))
        except ComityError as error:
            unread.append((raw[:100].decode(errors="replace"), error.message))
    return found, tuple(unread)


TAXII = Kind(
    name="taxii",
    title="A collection at a TAXII 2.1 server",
    check=check,
    pull=pull,
    look=look,
)
