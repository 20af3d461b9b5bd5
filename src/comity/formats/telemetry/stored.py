"""Tables that have columns already: Parquet and Arrow, with our own columns or those of a known format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise

from comity.base.errors import Malformed
from comity.base.layouts import LAST, ROW, TIME
from comity.formats.telemetry.columns import Shaping
from comity.formats.telemetry.framing import Context, chosen
from comity.formats.telemetry.portions import MOST_ROWS, Portion, portions_of
from comity.formats.telemetry.recognising import recognised_columns
from comity.formats.telemetry.tables import Format

LAYOUT = b"comity.layout"  # in the metadata of a table of ours: the name of its format
_OWN = {ROW, TIME, LAST}


def stored_portions(path: Path, context: Context) -> Iterator[Portion]:
    """All rows of a file; raises `Malformed` for one that cannot be read, or whose columns are not known."""
    source = str(path)
    try:
        for batches, schema in _opened(path):
            told = _format(schema, source, context)
            first = 1
            for batch in batches:
                yield from _of_batch(batch, told, first, source, context)
                first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise Malformed(source, f"cannot be read to its end: {str(error)[:300]}") from error


def _opened(path: Path) -> Iterator[tuple[Iterator[pa.RecordBatch], pa.Schema]]:
    with path.open("rb") as file:
        mark = file.read(4)
        file.seek(0)
        if mark == b"PAR1":
            parquet = pq.ParquetFile(file)
            yield parquet.iter_batches(MOST_ROWS), parquet.schema_arrow
        else:
            arrow = pa.ipc.open_file(file)
            yield (arrow.get_batch(at) for at in range(arrow.num_record_batches)), arrow.schema


def _format(schema: pa.Schema, source: str, context: Context) -> Format:
    name = context.chosen or (schema.metadata or {}).get(LAYOUT, b"").decode("utf-8", "replace")
    if name:
        return chosen(context.known, name)
    found = recognised_columns(schema.names, source, context.known.values())
    if found is None:
        raise Malformed(source, "has the columns of no known format; name the format.")
    return found


def _of_batch(
    batch: pa.RecordBatch, told: Format, first: int, source: str, context: Context
) -> Iterator[Portion]:
    frame = pl.DataFrame(batch)
    if _OWN.issubset(frame.columns):  # shaped before it was stored
        found = frame.select(*_OWN, *told.layout.columns)
        context.tally.rows += found.height
    else:
        frame = frame.drop(ROW, strict=False)
        numbered = frame.with_row_index(ROW, offset=first).rename(
            {stored: name for name, stored in told.names.items()}, strict=False
        )
        found = Shaping(told, context.clock, context.tally).shaped(numbered)
    yield from portions_of(found, told.layout, source)


def to_store(portion: Portion) -> pa.Table:
    """A portion as a table that is read back as it is."""
    return portion.frame.to_arrow().replace_schema_metadata({LAYOUT: portion.layout.name.encode()})
