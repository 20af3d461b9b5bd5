"""Blocks of one source to portions: the framing of its format, then the form of its layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from comity.base.errors import Malformed
from comity.formats.telemetry.blocks import Block
from comity.formats.telemetry.cells import Cells
from comity.formats.telemetry.columns import Shaping
from comity.formats.telemetry.expressions import matched
from comity.formats.telemetry.json_columns import JsonColumns
from comity.formats.telemetry.known import Formats
from comity.formats.telemetry.portions import Portion, portions_of
from comity.formats.telemetry.recognising import Head, Shape, header_of, is_flat, recognised
from comity.formats.telemetry.tables import Format, Framing
from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.times import Clock
from comity.formats.telemetry.zeek import Header, ZeekRows

_MARK = b"\xef\xbb\xbf"  # of UTF-8, before the first character


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for all sources."""

    known: Formats
    clock: Clock
    tally: Tally
    chosen: str = ""  # the name of a format; otherwise it is found out
    json: JsonColumns = field(default_factory=JsonColumns)

    def format_of(self, head: Head) -> Format:
        """The format of a log; raises `Malformed` where none is known."""
        if self.chosen:
            return chosen(self.known, self.chosen)
        found = recognised(head, self.known.values())
        if found is None:
            raise Malformed(head.source, f"is {head.shape.value} of no known format; name the format.")
        return found


def chosen(known: Formats, name: str) -> Format:
    """A format by its name; raises `Malformed` with the names of all for one that there is not."""
    if name not in known:
        raise Malformed("format", f"{name[:80]!r} is none of {', '.join(sorted(known))}.")
    return known[name]


@dataclass(slots=True)
class Rows:
    """Reads the blocks of one source one after the other."""

    source: str
    context: Context
    format: Format
    shape: Shape
    flat: bool
    names: tuple[str, ...]
    zeek: ZeekRows

    @classmethod
    def begun(cls, head: Head, context: Context) -> Rows:
        """With what the beginning of the source says; raises `Malformed` where its format is not known."""
        found = context.format_of(head)
        names = header_of(found, head) if found.framing is Framing.CSV else ()
        zeek = ZeekRows(head.source, context.tally)
        return cls(head.source, context, found, head.shape, is_flat(head, found), names, zeek)

    def portions(self, block: Block) -> Iterator[Portion]:
        """The rows of a block."""
        if block.first == 1 and block.body.startswith(_MARK):  # put together once, at the beginning
            block = Block(block.body.removeprefix(_MARK), 1)
        for found, stored in self._frames(block):
            raw = stored.rename({theirs: name for name, theirs in found.names.items()}, strict=False)
            frame = Shaping(found, self.context.clock, self.context.tally).shaped(raw)
            yield from portions_of(frame, found.layout, self.source)

    def _frames(self, block: Block) -> Iterator[tuple[Format, pl.DataFrame]]:
        told, tally = self.format, self.context.tally
        if self.shape is Shape.ZEEK and told.framing is Framing.ZEEK:
            yield from self._of_zeek(block)
        elif told.framing in {Framing.ZEEK, Framing.JSON}:
            numbers = told.stored_numbers
            raw = self.context.json.read(
                block, told.stored, self.source, tally, flat=self.flat, numbers=numbers
            )
            yield told, raw
        elif told.framing is Framing.CSV:
            yield told, self._of_csv(block)
        else:
            yield told, matched(block, told.expressions, told.comment, self.source, tally)

    def _of_csv(self, block: Block) -> pl.DataFrame:
        wanted = frozenset(self.format.stored)
        cells = Cells(self.names, self.format.separator, comment=self.format.comment, wanted=wanted)
        found = cells.read(block, self.source, self.context.tally)
        if b" " in block.body:  # SiLK fills its columns up with spaces
            trimmed = pl.selectors.string().str.strip_chars()
            found = found.with_columns(pl.when(trimmed != "").then(trimmed))
        if self.format.given:
            return found
        # The header, wherever it stands: files of a day are often put one behind the other.
        first = next(each for each in found.columns if each in self.names)
        return found.filter(pl.col(first).ne_missing(first))

    def _of_zeek(self, block: Block) -> Iterator[tuple[Format, pl.DataFrame]]:
        """The format follows the header, which may tell of another log in the middle of a file."""
        for header, frame in self.zeek.read(block, lambda header: self._under(header).stored):
            yield self._under(header), frame

    def _under(self, header: Header) -> Format:
        if self.context.chosen or not header.usable:
            return self.format
        lines = f"#separator \\x09\n#path\t{header.path}\n#fields\t" + "\t".join(header.fields) + "\n"
        return recognised(Head(lines.encode(), self.source), self.context.known.values()) or self.format
