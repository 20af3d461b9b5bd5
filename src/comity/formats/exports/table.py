"""A table of all values for people and programs: CSV as of RFC 4180, harmless in a spreadsheet.

The first record after the names of the columns is of kind `about` and tells what the file is.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from comity.formats.exports.form import About, Row, Written, one_line

COLUMNS = (
    "kind", "value", "object", "name", "type", "labels", "confidence", "valid_from", "valid_until", "tlp",
    "source",
)  # fmt: skip  # a short list
MOST_VALUE = 4_096
_FORMULA = frozenset("=+-@|%")  # what begins a formula or a command in some spreadsheet


@dataclass(frozen=True, slots=True)
class Csv:
    """One record for each value."""

    media: str = "text/csv; charset=utf-8; header=present"
    suffix: str = "csv"
    parts: tuple[str, ...] = ("values",)

    def line(self, row: Row) -> tuple[str, bytes] | None:
        """The record; a value too long for a cell is left out."""
        if len(row.value) > MOST_VALUE:
            return None
        confidence = "" if row.confidence is None else str(row.confidence)
        cells = (
            row.kind, row.value, row.ref, one_line(row.name), row.type, " ".join(map(one_line, row.labels)),
            confidence, row.valid_from, row.valid_until, row.tlp, one_line(row.source),
        )  # fmt: skip  # in the order of the columns
        return "values", csv_record(cells)

    def file(self, about: About, written: Mapping[str, Written]) -> Iterator[bytes]:
        """The names of the columns, what the file is, the records."""
        yield csv_record(COLUMNS)
        said = ("about", "; ".join(about.lines), "", "", "", "", "", "", "", about.tlp, about.body)
        yield csv_record(said)
        yield from written["values"].pieces


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute; no control characters."""
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text)
    first = unicodedata.normalize("NFKC", plain.lstrip()[:1])[:1]  # full-width signs count as well
    return f"'{plain}" if first in _FORMULA and first else plain


def csv_record(cells: Iterable[str]) -> bytes:
    """One record of a table, harmless in a spreadsheet."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
    return out.getvalue().encode("utf-8", "replace")
