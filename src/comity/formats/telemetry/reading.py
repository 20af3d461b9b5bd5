"""Logs as portions: whatever lies at the paths, each source by the format that it is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from comity.base.errors import Malformed
from comity.formats.telemetry.blocks import BLOCK, Blocks
from comity.formats.telemetry.framing import Context, Rows, chosen
from comity.formats.telemetry.json_array import ArrayLines
from comity.formats.telemetry.json_columns import JsonColumns
from comity.formats.telemetry.known import Formats, shipped
from comity.formats.telemetry.portions import Portion
from comity.formats.telemetry.recognising import HEAD, Head, Shape
from comity.formats.telemetry.stored import stored_portions
from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.times import Clock
from comity.formats.telemetry.unpacking import Readable, Stream, files_in, opened, unpacked

STDIN = "standard input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads logs; `format` names the one format of all of them, or nothing and each is looked at.

    Nothing that is wrong with a source stops the others: it stands in the tally.
    """

    clock: Clock
    known: Formats = field(default_factory=shipped)
    format: str = ""
    tally: Tally = field(default_factory=Tally)
    block: int = BLOCK  # bytes that are read at once
    json: JsonColumns = field(default_factory=JsonColumns)

    def __post_init__(self) -> None:
        if self.format:
            chosen(self.known, self.format)

    @property
    def context(self) -> Context:
        """What every source is read with."""
        return Context(self.known, self.clock, self.tally, self.format, self.json)

    def portions(self, paths: Iterable[Path]) -> Iterator[Portion]:
        """The rows of files, and of all files in folders, in the order of their names."""
        for path in paths:
            for each in files_in(path):
                yield from self._of_file(each)

    def portions_of_stream(self, file: BinaryIO, source: str = STDIN) -> Iterator[Portion]:
        """The rows of a stream such as the standard input."""
        yield from self._of_stream(unpacked(file, source, self.tally))

    def _of_file(self, path: Path) -> Iterator[Portion]:
        with opened(path, self.tally) as stream:
            if stream is not None:
                yield from self._of_stream(stream, path)

    def _of_stream(self, stream: Stream, path: Path | None = None) -> Iterator[Portion]:
        self.tally.sources += 1
        head = Head(stream.read(HEAD), stream.source)
        try:
            if not head.shape.is_stored:
                yield from self._of_blocks(head, stream)
            elif path is not None:
                yield from stored_portions(path, self.context)
            else:
                self.tally.note_break(head.source, f"{head.shape.value} is read from files only.")
        except Malformed as error:
            self.tally.note_break(head.source, error.problem)

    def _of_blocks(self, head: Head, stream: Stream) -> Iterator[Portion]:
        if not head.lines():
            return
        rows = Rows.begun(head, self.context)
        whole: Readable = _Again(BytesIO(head.body), stream)
        if head.shape is Shape.ARRAY:
            whole = ArrayLines(whole, head.source, self.tally)
        blocks = Blocks(whole, head.source, self.tally, self.block, is_broken=lambda: stream.broken)
        for block in blocks:
            yield from rows.portions(block)


@dataclass(frozen=True, slots=True)
class _Again:
    """A stream whose beginning was looked at."""

    head: BytesIO
    rest: Readable

    def read(self, size: int, /) -> bytes:
        """The beginning once more, then the rest."""
        found = self.head.read(size)
        return found + self.rest.read(size - len(found)) if len(found) < size else found
