"""Where indicators come from: files and folders of STIX, MISP and plain lists, or a collection of a node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from comity.base.errors import Malformed, TooLarge, Unavailable
from comity.detection.plain import plain_indicators
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import Unread
from comity.formats.bundles import bundle_objects, envelope_objects
from comity.formats.feeds.unpacking import MAX_SIZE, unpacked
from comity.formats.misp.decode import LIMITS as MISP_LIMITS
from comity.formats.misp.decode import decode_misp
from comity.formats.stix import ID, MAX_OBJECT
from comity.formats.strict_json import Limits, decode
from comity.formats.taxii_client import Filters, Reading
from comity.formats.taxii_pages import RawEnvelope
from comity.link.transport import Line, drive

# Of a folder, the files that are read: beside indicators there often lie a licence and a word to the reader.
SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".stix", ".csv", ".tsv", ".txt", ".list", ".gz", ".zip"})
_HEAD = 65_536  # bytes that tell what a file is
_OBJECT = Limits(size=MAX_OBJECT)
_PACKED = (b"\x1f\x8b", b"PK\x03\x04")
_BUNDLE = re.compile(rb'"type"\s*:\s*"bundle"')
_ENVELOPE = re.compile(rb'\A\s*\{\s*(?:"(?:more|next|id)"\s*:\s*[^,{\[]*,\s*)*"objects"\s*:')
_EVENT = re.compile(rb'"(?:Event|response)"\s*:')
ADDRESS = re.compile(r"https?://", re.IGNORECASE)  # what names a collection and no file

Found = Iterator[Indicator | Unread]


@dataclass(frozen=True, slots=True)
class Source:
    """One feed, file or collection; what stands in it is read when it is asked for."""

    name: str
    read: Callable[[], Found]


def sources(asked: Iterable[str], now: datetime, token: str | None) -> Iterator[Source]:
    """All sources that were named, a folder being one for each of its files."""
    for each in asked:
        if ADDRESS.match(each):
            yield _collection(each, token)
        else:
            yield from (_file(path, now) for path in _files(Path(each)))


def _files(path: Path) -> Iterator[Path]:
    try:
        if not path.is_dir():
            yield path
            return
        inside = sorted(path.iterdir())
    except OSError as error:
        raise _unreadable(path, error) from error
    for each in inside:
        if each.is_dir() or each.suffix.lower() in SUFFIXES:
            yield from _files(each)


def _file(path: Path, now: datetime) -> Source:
    def read() -> Found:
        try:
            with path.open("rb") as stream:
                yield from _content(stream, str(path), now)
        except OSError as error:
            raise _unreadable(path, error) from error
        except Malformed as error:
            raise type(error)(f"{path}, at {error.where}", error.problem) from error

    return Source(str(path), read)


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path}: {(error.strerror or str(error)).rstrip('.')}.")


def _content(stream: BinaryIO, source: str, now: datetime) -> Found:
    if not stream.seekable():  # a pipe
        stream = BytesIO(_all(stream, MAX_SIZE))
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(_PACKED):
        content = unpacked(_all(stream, MAX_SIZE))
        head, stream = content[:_HEAD], BytesIO(content)
    if _BUNDLE.search(head):
        yield from _stix(bundle_objects(stream), source)
    elif _EVENT.search(head) and head.lstrip()[:1] in (b"{", b"["):
        yield from _misp(_all(stream, MISP_LIMITS.size), source)
    elif _ENVELOPE.search(head):
        yield from _stix(envelope_objects(stream), source)
    elif head.lstrip()[:1] == b"{":
        yield from _stix(_lines(stream), source)
    else:
        yield from plain_indicators(stream, source, now)


def _all(stream: BinaryIO, most: int) -> bytes:
    content = stream.read(most + 1)
    if len(content) > most:
        raise TooLarge("the file", f"has more than the {most:,} bytes that are read of its kind.")
    return content


def _lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Objects of which each stands in a line."""
    while line := stream.readline(MAX_OBJECT + 1):
        if len(line) > MAX_OBJECT:
            raise TooLarge("a line", f"has more than the {MAX_OBJECT:,} bytes that are read of one object.")
        if line.strip():
            yield [line]


def _stix(portions: Iterable[Iterable[bytes]], source: str) -> Found:
    """The indicators among objects; what else there is does not matter here."""
    for portion in portions:
        for raw in portion:
            if b"indicator" in raw:
                yield from _object(raw, source)


def _object(raw: bytes, source: str) -> Found:
    try:
        value = decode(raw, limits=_OBJECT)
        if isinstance(value, dict) and value.get("type") == "indicator":
            yield _nameable(Indicator.of(value, source))
    except Malformed as error:
        yield Unread(error.where, error.problem)


def _nameable(found: Indicator) -> Indicator:
    if not ID.fullmatch(found.id) or not found.id.startswith("indicator--"):
        raise Malformed(found.id[:80], "is no id of an indicator, by which a sighting could name it.")
    return found


def _misp(content: bytes, source: str) -> Found:
    """Those of events: attributes that are marked for detection (`to_ids`)."""
    for each in decode_misp(content).objects:
        if each.type == "indicator":
            yield from _object(each.raw, source)


def _collection(url: str, token: str | None) -> Source:
    """A collection of a node, or of any TAXII 2.1 server."""

    def read() -> Found:
        address = url.rstrip("/")
        address = address if address.endswith("/objects") else f"{address}/objects"
        reading = Reading(f"{address}/", RawEnvelope.decode, Filters(types=("indicator",)))
        with Line(authorization=f"Bearer {token}" if token else None) as line:
            while not reading.ended:
                page = drive(reading.next_page(), line)
                yield from _stix([page.content.objects], url)

    return Source(url, read)
