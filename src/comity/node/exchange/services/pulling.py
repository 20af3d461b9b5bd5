"""Read what is new in a collection at a server of somebody else, page by page, into the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from comity.base.errors import ComityError
from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose, Terms
from comity.formats.taxii_client import Filters, Page, Reading, collection_url
from comity.formats.taxii_pages import RawEnvelope, with_spec_version
from comity.node.exchange.models import Import, RemoteCollection
from comity.node.exchange.services.importing import Source, import_pages
from comity.node.exchange.services.remotes import require_cooperation
from comity.node.exchange.services.storing import Progress, silent
from comity.node.federation.transport import Transport, drive
from comity.node.instruments import queries as agreements
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

# Pages may end between objects of one instant, and servers compare milliseconds: this much is read again.
_SURE = timedelta(milliseconds=1)


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
    require_cooperation(remote)
    walk = _Walk(remote, transport)
    try:
        row = _keep(walk, actor, remote, now, progress)
    except ComityError as error:
        _note(remote, trouble=error.message)
        raise
    since = walk.reading.last or remote.added_after
    _note(remote, added_after=since, read_at=now, trouble="")
    return Pulled(row, walk.objects, walk.size, since)


@dataclass(slots=True)
class _Walk:
    """The pages on their way in, and what is to be said of them."""

    remote: RemoteCollection
    transport: Transport
    reading: Reading[RawEnvelope] = field(init=False)
    objects: int = 0
    size: int = 0
    mended: int = 0
    problem: str = ""

    def __post_init__(self) -> None:
        url = f"{collection_url(self.remote.api_root, self.remote.collection)}objects/"
        filters = Filters(added_after=_since(self.remote), types=tuple(self.remote.types))
        self.reading = Reading(url, RawEnvelope.decode, filters)

    def pages(self) -> Iterator[Sequence[bytes]]:
        """Page after page; what the last one told is remembered once its objects are kept."""
        while not self.reading.ended:
            page = drive(self.reading.next_page(), self.transport)
            self.problem = self.problem or page.problem
            yield [self._mended(raw) for raw in page.content.objects]
            self._remember(page)

    def notes(self) -> tuple[str, ...]:
        """What a person should know of the server."""
        odd = f"{self.mended} objects name their type as `spec_version`, as OpenTAXII writes; read as 2.1."
        return (*([odd] if self.mended else ()), *([self.problem] if self.problem else ()))

    def _mended(self, raw: bytes) -> bytes:
        mended = with_spec_version(raw)
        self.objects += 1
        self.size += len(raw)
        self.mended += mended is not None
        return mended or raw

    def _remember(self, page: Page[RawEnvelope]) -> None:
        """Part of the way is remembered a little behind: if this breaks off, nothing may be passed over."""
        if self.reading.ended or page.last is None:
            return
        behind, known = decode_time(page.last, "") - _SURE, self.remote.added_after
        if not known or behind > decode_time(known, ""):
            _note(self.remote, added_after=_written(behind))


def _keep(
    walk: _Walk, actor: Actor, remote: RemoteCollection, now: datetime, progress: Progress
) -> Import | None:
    """The import; none where the first page that there is holds nothing."""
    pages = walk.pages()
    first = next(pages, ())
    while not first and not walk.reading.ended:
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
    """As for what a partner posts here: the oldest agreement in force that covers the purpose."""
    if remote.party is None:
        return None
    standing = agreements.terms_between(remote.holder, remote.party, now.astimezone(UTC).date())
    return next((each for each in standing if Purpose(remote.purpose) in each.purposes), None)


def _since(remote: RemoteCollection) -> str | None:
    """The instant as the server wrote it; earlier by the overlap, where a person asked for one."""
    if not remote.added_after or not remote.overlap:
        return remote.added_after or None
    return _written(decode_time(remote.added_after, "added_after") - timedelta(seconds=remote.overlap))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _note(remote: RemoteCollection, **told: object) -> None:
    for name, value in told.items():
        setattr(remote, name, value[:500] if name == "trouble" and isinstance(value, str) else value)
    remote.save(update_fields=list(told))
