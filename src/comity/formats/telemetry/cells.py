"""Rows of cells between separators: whole blocks at once, and one by one where a row is out of order."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from comity.base.layouts import ROW
from comity.formats.telemetry.blocks import Block, occurrences
from comity.formats.telemetry.tally import Tally

_LONGEST_CELL = 1 << 24
csv.field_size_limit(_LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class Cells:
    """How cells stand in a line; `quote` is empty where none is quoted."""

    names: tuple[str, ...]
    separator: str
    quote: str = '"'
    comment: str = ""  # begins a line that is no row
    wanted: frozenset[str] = frozenset()  # of the names; none for all

    def read(self, block: Block, source: str, tally: Tally) -> pl.DataFrame:
        """All rows that have a cell for each name, as texts, with `@row`; the others are noted."""
        found = self._fast(block)
        return self._slow(block, source, tally) if found is None else found

    @property
    def schema(self) -> dict[str, type[pl.String]]:
        """A column for each name; a second one of the same name, or one without, is called by its place."""
        found: dict[str, type[pl.String]] = {}
        for at, name in enumerate(self.names):
            found[name if name and name not in found else f"@{at}"] = pl.String
        return found

    def _fast(self, block: Block) -> pl.DataFrame | None:
        """All of it, or None where a line is not as it should be."""
        schema = list(self.schema)
        last = schema[-1]
        # What is not wanted is not read, but then a row that is too long does not show by itself.
        wanted = [at for at, each in enumerate(schema) if self.quote or each in self.wanted or each == last]
        try:
            found = pl.read_csv(
                block.body,
                has_header=False,
                separator=self.separator,
                quote_char=self.quote or None,
                schema=self.schema,
                columns=wanted,
            )
        except pl.exceptions.PolarsError:
            return None
        # A quotation over two lines shows by the number of rows, a short row by its last cell: it is empty.
        short = bool(found[last].null_count())
        if found.height != block.count or (short and not self.quote):
            return None
        if (short or not self.quote) and not self._is_even(block):
            return None
        numbers = pl.int_range(block.first, block.first + found.height, dtype=pl.UInt64, eager=True)
        return found.insert_column(0, numbers.alias(ROW))

    def _is_even(self, block: Block) -> bool:
        """Whether there are as many separators as the rows need."""
        quoted = self.quote and self.quote.encode() in block.body
        return not quoted and occurrences(block.body, self.separator.encode()) == block.count * (
            len(self.names) - 1
        )

    def _slow(self, block: Block, source: str, tally: Tally) -> pl.DataFrame:
        rows: list[Sequence[str | None]] = []
        numbers: list[int] = []
        divided: Callable[[str], Sequence[str]] = self._quoted if self.quote else self._plain
        for number, line in block.lines():
            if self.comment and line.startswith(self.comment.encode()):
                continue
            try:
                cells = divided(readable(line, tally))
            except csv.Error as error:
                tally.note(source, number, f"is no row of a table: {error}.", line)
                continue
            if len(cells) != len(self.names):
                said = f"has {len(cells)} cells where {len(self.names)} are expected."
                tally.note(source, number, said, line)
                continue
            rows.append([each or None for each in cells])
            numbers.append(number)
        found = pl.DataFrame(rows, schema=self.schema, orient="row")
        return found.insert_column(0, pl.Series(ROW, numbers, dtype=pl.UInt64))

    def _plain(self, line: str) -> Sequence[str]:
        return line.split(self.separator)

    def _quoted(self, line: str) -> Sequence[str]:
        return next(csv.reader([line], delimiter=self.separator, quotechar=self.quote, strict=True))


def readable(line: bytes, tally: Tally) -> str:
    r"""The line as text; a byte that is no UTF-8 stands as the four characters `\xHH`."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        tally.strange += 1
        return line.decode("utf-8", "backslashreplace")


def readable_block(block: Block, tally: Tally) -> str:
    """The same for all lines of a block."""
    try:
        return block.body.decode()
    except UnicodeDecodeError:
        lines = block.body.split(b"\n")
        return "\n".join(readable(line, tally) for line in lines)
