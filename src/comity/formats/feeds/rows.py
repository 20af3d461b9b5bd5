"""The rows of a feed, one by one, each with its number, and the lines that are none, with the reason."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Members
from dataclasses import dataclass
from typing import Any

from comity.base.errors import ComityError, Malformed, TooLarge
from comity.formats.feeds.mapping import LINE, Form, Mapping
from comity.formats.feeds.unpacking import MAX_SIZE, ROOT
from comity.formats.strict_json import Limits, decode

MAX_ROWS = 500_000
MAX_LINE = 65_536
_DOCUMENT = Limits(size=MAX_SIZE, depth=32, values=10_000_000)
_ONE_LINE = Limits(size=MAX_LINE, depth=16, values=10_000)
_MOST_VALUES = 200  # of one column of one entry


@dataclass(frozen=True, slots=True)
class Row:
    """What one entry tells, by the names of its columns."""

    number: int  # of the line, or of the entry in a JSON document
    told: Members[str, Any]

    def values(self, column: str) -> list[str]:
        """What stands in a column, or at a path into the entry; each member of a list by itself."""
        if column in self.told:
            return _texts(self.told[column])
        found: object = self.told
        for step in column.split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        return _texts(found)

    def value(self, column: str) -> str:
        """The first of them, or nothing."""
        return next(iter(self.values(column)), "") if column else ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A line of which nothing could be made."""

    where: str
    why: str


def rows(body: bytes, mapping: Mapping) -> Iterator[Row | Unread]:
    """Every row; raises `Malformed` for what is not of the mapping's form at all."""
    for count, each in enumerate(_ROWS[mapping.form](body, mapping), 1):
        if count > MAX_ROWS:
            raise TooLarge(ROOT, f"more than {MAX_ROWS:,} entries")
        yield each


def _lines(body: bytes, mapping: Mapping) -> Iterator[tuple[int, str] | Unread]:
    """The lines that say something, with their numbers."""
    for number, raw in enumerate(body.splitlines(), 1):
        where = f"line {number}"
        if len(raw) > MAX_LINE:
            yield Unread(where, f"is longer than {MAX_LINE:,} bytes.")
            continue
        try:
            text = raw.decode("utf-8").strip(" \t\ufeff")
        except UnicodeDecodeError:
            yield Unread(where, "is not UTF-8.")
            continue
        if "\0" in text:
            yield Unread(where, "holds the character NUL.")
        elif text and not (mapping.comment and text.startswith(mapping.comment)):
            yield number, text


def _of_lines(body: bytes, mapping: Mapping) -> Iterator[Row | Unread]:
    for each in _lines(body, mapping):
        if isinstance(each, Unread):
            yield each
            continue
        number, text = each
        value = text.partition(mapping.remark)[0].strip() if mapping.remark else text
        if value:
            yield Row(number, {LINE: value})


def _of_csv(body: bytes, mapping: Mapping) -> Iterator[Row | Unread]:
    names: Sequence[str] = mapping.columns
    for each in _lines(body, mapping):
        if isinstance(each, Unread):
            yield each
            continue
        number, text = each
        try:
            cells = _cells(text, mapping.separator)
        except csv.Error as error:
            yield Unread(f"line {number}", f"is no row of a table: {error}.")
            continue
        if not names:
            names = _header(cells, mapping)
        elif len(cells) < len(names):
            yield Unread(f"line {number}", f"has {len(cells)} columns where {len(names)} are expected.")
        else:
            yield Row(number, dict(zip(names, cells, strict=False)))


def _cells(text: str, separator: str) -> list[str]:
    if separator == " ":
        return text.split()
    found = next(csv.reader([text], delimiter=separator, skipinitialspace=True, strict=True))
    return [cell.strip() for cell in found]


def _header(cells: Sequence[str], mapping: Mapping) -> Sequence[str]:
    missing = sorted(mapping.named() - set(cells))
    if missing:
        raise Malformed(ROOT, f"has no column {missing[0]!r}; its first row tells {', '.join(cells)[:300]}.")
    return cells


def _of_json(body: bytes, mapping: Mapping) -> Iterator[Row | Unread]:
    if mapping.by_line:
        yield from _of_json_lines(body, mapping)
        return
    root = decode(body, limits=_DOCUMENT)
    steps = [step for step in mapping.entries.split("/") if step]
    for number, each in enumerate(_reached([root], steps), 1):
        yield Row(number, each) if isinstance(each, dict) else Unread(f"entry {number}", "is no object.")


def _of_json_lines(body: bytes, mapping: Mapping) -> Iterator[Row | Unread]:
    for each in _lines(body, mapping):
        if isinstance(each, Unread):
            yield each
            continue
        number, text = each
        try:
            found = decode(text.encode(), limits=_ONE_LINE)
        except ComityError as error:
            yield Unread(f"line {number}", error.message)
            continue
        yield Row(number, found) if isinstance(found, dict) else Unread(f"line {number}", "is no object.")


def _reached(found: Iterable[object], steps: Sequence[str]) -> Iterable[object]:
    """What stands at the end of a path; `*` is every member. Raises `Malformed` where it leads nowhere."""
    for step in steps:
        found = [inner for each in found for inner in _step(each, step)]
    return found


def _step(each: object, step: str) -> Iterable[object]:
    if step == "*" and isinstance(each, list):
        return each
    if step == "*" and isinstance(each, dict):
        return each.values()
    if isinstance(each, dict) and step in each:
        return (each[step],)
    raise Malformed(ROOT, f"has no {step!r} where the mapping looks for entries.")


def _texts(found: object) -> list[str]:
    if isinstance(found, list):
        return [text for each in found[:_MOST_VALUES] if not isinstance(each, list) for text in _texts(each)]
    if isinstance(found, bool):
        return ["true" if found else "false"]
    if isinstance(found, str | int | float):
        return [text] if (text := str(found).strip()) else []
    return []


_ROWS = {Form.LINES: _of_lines, Form.CSV: _of_csv, Form.JSON: _of_json}
