"""Lines of text, read by expressions with named groups, whole blocks at once."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from comity.base.layouts import ROW
from comity.formats.telemetry.blocks import Block
from comity.formats.telemetry.cells import readable_block
from comity.formats.telemetry.tally import Tally

_LINE, _FOUND = "line", "found"


def matched(
    block: Block, expressions: Sequence[str], comment: str, source: str, tally: Tally
) -> pl.DataFrame:
    """The groups of the first expression that each line has; lines that have none are noted."""
    text = readable_block(block, tally).removesuffix("\n")
    lines = pl.DataFrame({_LINE: [text]}).select(
        pl.col(_LINE).str.split("\n").explode().str.strip_suffix("\r")
    )
    frame = lines.with_columns(pl.int_range(block.first, block.first + pl.len(), dtype=pl.UInt64).alias(ROW))
    frame = frame.filter(pl.col(_LINE).str.strip_chars() != "")
    if comment:
        frame = frame.filter(~pl.col(_LINE).str.starts_with(comment))
    found: list[pl.DataFrame] = []
    for expression in expressions:
        holds = frame[_LINE].str.contains(expression)
        groups = pl.col(_LINE).str.extract_groups(expression).alias(_FOUND)
        found.append(frame.filter(holds).select(ROW, groups).unnest(_FOUND))
        frame = frame.filter(~holds)
    for number, line in frame.select(ROW, _LINE).iter_rows():
        tally.note(source, number, "is of none of the forms that the table knows.", line)
    return pl.concat(found, how="diagonal").sort(ROW)
