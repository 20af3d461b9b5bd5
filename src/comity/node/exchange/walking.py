"""A walk through a collection at a server of somebody else, from where the last one stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from comity.base.times import decode_time
from comity.formats.taxii_client import Filters, Page, Reading
from comity.formats.taxii_pages import RawEnvelope, with_spec_version
from comity.link.transport import Transport, drive

# Pages may end between objects of one instant, and servers compare milliseconds: this much is read again.
_SURE = timedelta(milliseconds=1)


@dataclass(slots=True)
class Walk:
    """The pages on their way in, and what is to be said of them.

    `remember` is told from where to go on if the walk breaks off, each time after a page was kept.
    """

    url: str  # of the collection
    transport: Transport
    added_after: str = ""  # as the server wrote it
    overlap: int = 0  # seconds that are read again
    types: tuple[str, ...] = ()
    remember: Callable[[str], None] = lambda _: None
    limit: int = 1_000
    patience: int = 0  # seconds that may pass where the server asks us to come later
    objects: int = 0
    size: int = 0
    _mended: int = 0
    _problem: str = ""
    _reading: Reading[RawEnvelope] = field(init=False)

    def __post_init__(self) -> None:
        filters = Filters(added_after=self._since(), types=self.types)
        url = f"{self.url.rstrip('/')}/objects/"
        self._reading = Reading(url, RawEnvelope.decode, filters, self.limit, self.patience)

    @property
    def last(self) -> str:
        """From where the next walk goes on, once this one has ended."""
        return self._reading.last or self.added_after

    @property
    def ended(self) -> bool:
        """Whether the last page was read."""
        return self._reading.ended

    def pages(self) -> Iterator[Sequence[bytes]]:
        """Page after page; when the next is asked for, the one before is kept."""
        while not self._reading.ended:
            page = drive(self._reading.next_page(), self.transport)
            self._problem = self._problem or page.problem
            yield [self._mend(raw) for raw in page.content.objects]
            self._tell(page)

    def notes(self) -> tuple[str, ...]:
        """What a person should know of the server."""
        odd = f"{self._mended} objects name their type as `spec_version`, as OpenTAXII writes; read as 2.1."
        return (*([odd] if self._mended else ()), *([self._problem] if self._problem else ()))

    def _mend(self, raw: bytes) -> bytes:
        mended = with_spec_version(raw)
        self.objects += 1
        self.size += len(raw)
        self._mended += mended is not None
        return mended or raw

    def _tell(self, page: Page[RawEnvelope]) -> None:
        """Part of the way is remembered a little behind: if this breaks off, nothing may be passed over."""
        if self._reading.ended or page.last is None:
            return
        behind = decode_time(page.last, self.url) - _SURE
        if not self.added_after or behind > decode_time(self.added_after, self.url):
            self.added_after = _written(behind)
            self.remember(self.added_after)

    def _since(self) -> str | None:
        """The instant as the server wrote it; earlier by the overlap, where a person asked for one."""
        if not self.added_after or not self.overlap:
            return self.added_after or None
        return _written(decode_time(self.added_after, "added_after") - timedelta(seconds=self.overlap))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
