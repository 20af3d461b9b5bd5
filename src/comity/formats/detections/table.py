"""Matches as CSV (RFC 4180), harmless in a spreadsheet: no cell begins as a formula does."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from comity.base.matches import Match
from comity.formats.detections.rows import COLUMNS, cells_of, row_of, time_text
from comity.formats.detections.telling import Telling
from comity.formats.detections.writing import Sink
from comity.formats.exports.table import harmless

_BETWEEN = " | "  # the members of a list in one cell


class Table:
    """The writer of a table; its first record names the columns."""

    def __init__(self, sink: Sink, telling: Telling) -> None:
        self._sink = sink
        self._telling = telling
        self._record(COLUMNS)

    def add(self, match: Match) -> None:
        """Write the record of a match."""
        self._record(tuple(map(_cell, cells_of(row_of(match, self._telling)))))

    def end(self) -> None:
        """Nothing is kept back."""

    def _record(self, cells: tuple[str, ...]) -> None:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
        self._sink.write(out.getvalue().encode("utf-8", "replace"))


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return _BETWEEN.join(map(str, value))
    if isinstance(value, datetime):
        return time_text(value) or ""
    return "" if value is None else str(value)
