"""Matches as Parquet, written some thousands at a time."""

from __future__ import annotations

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise

from comity.base.matches import Match
from comity.formats.detections.rows import COLUMNS, cells_of, row_of
from comity.formats.detections.telling import Telling
from comity.formats.detections.writing import Sink

PORTION = 10_000  # rows that are held and written together
_TIME, _TEXTS = pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("indicator", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("giver", pa.string(), nullable=False),
        pa.field("pattern", pa.string(), nullable=False),
        pa.field("first", _TIME),
        pa.field("last", _TIME),
        pa.field("events", pa.int64(), nullable=False),
        pa.field("sources", _TEXTS, nullable=False),
        pa.field("rows", pa.list_(pa.uint64()), nullable=False),
        pa.field("refs", _TEXTS, nullable=False),
        pa.field("places", _TEXTS, nullable=False),
        pa.field("values", _TEXTS, nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
    ]
)


class Columns:
    """The writer of Parquet."""

    def __init__(self, sink: Sink, telling: Telling) -> None:
        self._telling = telling
        self._held: list[dict[str, Any]] = []
        self._writer = pq.ParquetWriter(sink, SCHEMA, compression="zstd")

    def add(self, match: Match) -> None:
        """Keep a match until there are enough for a portion."""
        cells = map(_whole, cells_of(row_of(match, self._telling)))
        self._held.append(dict(zip(COLUMNS, cells, strict=True)))
        if len(self._held) >= PORTION:
            self._write()

    def end(self) -> None:
        """Write what is held, and the end by which Parquet is known to be whole."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, SCHEMA))
            self._held = []


def _whole(value: object) -> object:
    """Texts of strangers may hold half a character, which Arrow does not take."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [_whole(each) for each in value] if isinstance(value, tuple) else value
