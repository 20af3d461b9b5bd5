"""Read what is new in a collection at a server of somebody else, page by page, into the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.base.errors import ComityError
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose, Terms
from comity.formats.taxii_client import collection_url
from comity.link.transport import Transport
from comity.node.exchange.models import Import, RemoteCollection
from comity.node.exchange.services.importing import Source, import_pages
from comity.node.exchange.services.remotes import require_cooperation
from comity.node.exchange.services.storing import Progress, silent
from comity.node.exchange.walking import Walk
from comity.node.instruments import queries as agreements
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

PATIENCE = 300  # seconds, where a server lets us ask so often in a minute


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one reading brought; no import where nothing was new."""

    brought: Import | None
    objects: int
    size: int  # bytes of the objects
    added_after: str  # from where the next one goes on


def pull(
    *,
    actor: Actor,
    remote: RemoteCollection,
    transport: Transport,
    now: datetime,
    progress: Progress = silent,
) -> Pulled:
    """Read what was added since the last time; what is held already counts once, so a repeat does no harm.

    If it breaks off, what was read is kept, the row says why, and the next reading goes on from there.
    """
    actor.may(Power.IMPORT).require()
    require_cooperation(remote.party)
    walk = Walk(
        url=collection_url(remote.api_root, remote.collection),
        transport=transport,
        added_after=remote.added_after,
        overlap=remote.overlap,
        types=tuple(remote.types),
        patience=PATIENCE,
        remember=lambda at: _note(remote, added_after=at),
    )
    try:
        row = _keep(walk, actor, remote, now, progress)
    except ComityError as error:
        _note(remote, trouble=error.message[:500])
        raise
    _note(remote, added_after=walk.last, read_at=now, trouble="")
    return Pulled(row, walk.objects, walk.size, walk.last)


def _keep(
    walk: Walk, actor: Actor, remote: RemoteCollection, now: datetime, progress: Progress
) -> Import | None:
    """The import; none where the first page that there is holds nothing."""
    pages = walk.pages()
    first = next(pages, ())
    while not first and not walk.ended:
        first = next(pages, ())
    if not first:
        return None

    def all_pages() -> Iterator[Sequence[bytes]]:
        yield first
        yield from pages

    return import_pages(
        actor=actor,
        pages=all_pages(),
        source=_source(remote, now),
        now=now,
        notes=walk.notes,
        progress=progress,
    )


def _source(remote: RemoteCollection, now: datetime) -> Source:
    return Source(
        party=remote.party,
        note=remote.name if remote.party else remote.note,
        unmarked_as=Tlp(remote.unmarked_as) if remote.unmarked_as else None,
        strict=remote.strict,
        terms=_terms(remote, now),
    )


def _terms(remote: RemoteCollection, now: datetime) -> Terms | None:
    """As for what a partner posts here."""
    if remote.party is None:
        return None
    return agreements.terms_covering(remote.holder, remote.party, Purpose(remote.purpose), now)


def _note(remote: RemoteCollection, **told: object) -> None:
    for name, value in told.items():
        setattr(remote, name, value)
    remote.save(update_fields=list(told))
