"""Indicators in plain lists and tables: a value to a line, or a column of values under a name for it.

They are read some thousand lines at a time, so that a list may have any length.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import BinaryIO

from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import Unread
from comity.formats.feeds.entries import Entry, entries
from comity.formats.feeds.kinds import ValueKind, pattern
from comity.formats.feeds.mapping import Form, Mapping
from comity.formats.feeds.objects import Says
from comity.formats.feeds.rows import MAX_LINE
from comity.formats.feeds.unpacking import refuse_page

# How tables call their column of values, in the order in which they are looked for.
VALUE_COLUMNS = (
    "value",
    "indicator",
    "ioc",
    "ioc_value",
    "observable",
    "url",
    "domain",
    "ip",
    "hash",
    "sha256",
)
PORTION = 50_000  # lines
_SEPARATORS = ",;\t"
_NOBODY = "identity--00000000-0000-4000-8000-000000000000"
_HEAD = 200  # lines that may stand before the first that says something


def plain_indicators(stream: BinaryIO, source: str, now: datetime) -> Iterator[Indicator | Unread]:
    """The indicator for every value; its id follows from the source and the value."""
    lines = bounded_lines(stream)
    head = list(islice(lines, _HEAD))
    refuse_page(b"".join(head))
    table = _Table.of(head)
    says = Says(author=_NOBODY, feed=source, name=source)
    read, rest = table.begin, chain(head[table.begin :], lines)
    while portion := list(islice(rest, PORTION)):
        for each in entries(b"".join(portion), table.mapping, now=now):
            yield (
                _indicator(each, says, source)
                if isinstance(each, Entry)
                else Unread(f"after line {read:,}, {each.where}" if read else each.where, each.why)
            )
        read += len(portion)


def bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines; of one that is too long a beginning, by which whoever reads it knows that it is."""
    longest = MAX_LINE + 2  # with its end
    while line := stream.readline(longest):
        cut = len(line) == longest and not line.endswith(b"\n")
        yield line + b"\n" if cut else line
        while cut:
            cut = len(rest := stream.readline(longest)) == longest and not rest.endswith(b"\n")


@dataclass(frozen=True, slots=True)
class _Table:
    """How a list is read, and how many lines go before its values."""

    mapping: Mapping
    begin: int

    @classmethod
    def of(cls, head: list[bytes]) -> _Table:
        """A table if its first line names a column of values, else a list."""
        begin, names, separator = _names(head)
        value = next((name for each in VALUE_COLUMNS for name in names if name.lower() == each), None)
        if value is None:
            return cls(Mapping(form=Form.LINES, remark=" #", defanged=True), 0)
        mapping = Mapping(
            form=Form.CSV,
            value=value,
            separator=separator,
            columns=names,
            name="{name}" if "name" in names else "",
            confidence="confidence" if "confidence" in names else "",
            valid_until="valid_until" if "valid_until" in names else "",
            defanged=True,
        )
        return cls(mapping, begin)


def _names(head: list[bytes]) -> tuple[int, tuple[str, ...], str]:
    """The cells of the first line that says something, and the number of that line."""
    for number, raw in enumerate(head, 1):
        line = raw.decode("utf-8", "replace").strip().lstrip("\ufeff")
        if line and not line.startswith("#"):
            separator = next((each for each in _SEPARATORS if each in line), ",")
            return number, _cells(line, separator), separator
    return 0, (), ","


def _cells(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=separator)))
    except csv.Error:  # then it is no head of a table
        return ()


def _indicator(entry: Entry, says: Says, source: str) -> Indicator | Unread:
    if entry.kind is ValueKind.CVE:
        return Unread(entry.value, "is a vulnerability, which no log shows.")
    return Indicator(
        id=says.id_of(entry),
        pattern=pattern(entry.kind, entry.value),
        source=source,
        name=entry.name or entry.value,
        begins=entry.first_seen,
        ends=entry.valid_until,
        confidence=entry.confidence,
    )
