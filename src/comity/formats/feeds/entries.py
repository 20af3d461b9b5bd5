"""The entries of a feed: each a value with what the feed says of it, or the reason why it is none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from comity.base.lines import as_line
from comity.base.times import encode_time
from comity.formats.feeds.kinds import ValueKind, plain
from comity.formats.feeds.mapping import MAX_NAME, MOST_LABELS, Kinds, Mapping
from comity.formats.feeds.rows import Row, Unread, rows

MAX_DESCRIPTION = 2_000
MAX_URL = 2_000
MOST_CONFIDENT = 100
_PART = re.compile(r"\{([^{}]{1,120})\}")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?)? ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?", re.ASCII
)
_SECONDS = re.compile(r"\d{9,10}", re.ASCII)
_WORDS = {kind: f"no {kind.value.replace('-', ' with ')}" for kind in ValueKind} | {ValueKind.ANY: "nothing"}
_NOTHING = frozenset({"none", "null", "n/a", "-", "unknown"})  # as abuse.ch and others write an empty cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value, and what is said of it."""

    kind: ValueKind
    value: str
    name: str = ""
    description: str = ""
    reference: str = ""
    labels: tuple[str, ...] = ()
    confidence: int | None = None
    first_seen: datetime | None = None
    valid_until: datetime | None = None

    def told(self) -> list[object]:
        """All that the feed says, as a JSON value."""
        until = self.valid_until and encode_time(self.valid_until)
        first = self.first_seen and encode_time(self.first_seen)
        said = [self.name, self.description, self.reference, list(self.labels), self.confidence]
        return [self.kind.value, self.value, *said, first, until]


@dataclass(slots=True)
class Doubts:
    """Parts of entries that could not be read, counted; the entries are taken without them."""

    counts: Counter[str] = field(default_factory=Counter)

    def told(self) -> list[tuple[str, str]]:
        """One line for each."""
        return [(what, f"left out of {count:,} entries") for what, count in sorted(self.counts.items())]


def entries(
    body: bytes, mapping: Mapping, *, now: datetime, doubts: Doubts | None = None
) -> Iterator[Entry | Unread]:
    """Every entry in its order; the caller decides what a value that stands twice means."""
    reader = _Reader(mapping, now, doubts if doubts is not None else Doubts())
    for row in rows(body, mapping):
        if isinstance(row, Unread):
            yield row
        elif reader.wanted(row):
            yield reader.entry(row)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rows by one mapping."""

    mapping: Mapping
    now: datetime
    doubts: Doubts

    def wanted(self, row: Row) -> bool:
        """Whether the mapping asks for the row at all."""
        told = self.mapping
        only = all(words.intersection(row.values(column)) for column, words in told.only.items())
        return only and not any(words.intersection(row.values(each)) for each, words in told.leave.items())

    def entry(self, row: Row) -> Entry | Unread:
        """The entry of a row."""
        told = self.mapping
        text = row.value(told.value)
        where = f"entry {row.number}: {as_line(text[:200])}"
        kind = _kind(told.kinds, row)
        if kind is None:
            return Unread(
                where, f"is of the type {row.value(told.kinds.column)[:60]!r}, which is not mapped."
            )
        found = plain(kind, text, defanged=told.defanged)
        if found is None:
            return Unread(where, f"is {_WORDS[kind]} that can be looked for.")
        until = self._time(row, told.valid_until, "the end of validity")
        if until is not None and until <= self.now:
            return Unread(where, f"is not valid since {until:%Y-%m-%d %H:%M} UTC.")
        first = self._time(row, told.first_seen, "the time of the first sight")
        return Entry(
            kind=found[0],
            value=found[1],
            name=_filled(told.name, row)[:MAX_DESCRIPTION],
            description=_filled(told.description, row)[:MAX_DESCRIPTION],
            reference=self._reference(row),
            labels=_labels(told, row),
            confidence=self._confidence(row),
            first_seen=min(first, self.now) if first else None,
            valid_until=until,
        )

    def _reference(self, row: Row) -> str:
        found = _filled(self.mapping.reference, row)
        if not found:
            return ""
        if not re.fullmatch(r"https?://[!-~]+", found) or len(found) > MAX_URL:
            self.doubts.counts["a reference that is no address"] += 1
            return ""
        return found

    def _confidence(self, row: Row) -> int | None:
        text = row.value(self.mapping.confidence)
        if not text:
            return None
        if text.isascii() and text.isdigit() and int(text[:4]) <= MOST_CONFIDENT:
            return int(text)
        self.doubts.counts["a confidence that is no number from 0 to 100"] += 1
        return None

    def _time(self, row: Row, column: str, what: str) -> datetime | None:
        text = row.value(column)
        if not text or text.lower() in _NOTHING:
            return None
        found = read_time(text)
        if found is None:
            self.doubts.counts[f"{what}, which is no time that can be read"] += 1
        return found


def read_time(text: str) -> datetime | None:
    """A time as feeds write it, in UTC: ISO 8601 with or without its T, a day, or seconds since 1970."""
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        found = _TIME.fullmatch(text)
        if found is None:
            return None
        zone = found[3] if found[3] and found[3][0] in "+-" else "+00:00"
        return datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00:00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _kind(kinds: Kinds, row: Row) -> ValueKind | None:
    return kinds.fixed if kinds.fixed is not None else kinds.words.get(row.value(kinds.column))


def _filled(template: str, row: Row) -> str:
    """The template with what stands in the columns; nothing where all of them are empty."""
    if not template:
        return ""
    told = {name: as_line(", ".join(row.values(name))) for name in _PART.findall(template)}
    if told and not any(text and text.lower() not in _NOTHING for text in told.values()):
        return ""
    return as_line(_PART.sub(lambda part: told[part[1]], template))


def _labels(told: Mapping, row: Row) -> tuple[str, ...]:
    found = dict.fromkeys(told.labels)
    found |= dict.fromkeys(
        label
        for column in told.label_columns
        for text in row.values(column)
        for part in text.split(",")
        if (label := as_line(part[:MAX_NAME])) and label.lower() not in _NOTHING
    )
    return tuple(found)[:MOST_LABELS]
