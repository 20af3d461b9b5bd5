"""A stream in blocks of whole lines, in bounded memory whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.unpacking import Readable

# Bytes read at once; from 32 MB on each block is new memory of the system, which costs as much as reading it.
BLOCK = 24 << 20
LONGEST = 16 << 20  # bytes of a line
NEWLINE = b"\n"
_NEAR = 1 << 18  # bytes whose flags stay near the processor


def occurrences(data: bytes | memoryview, character: bytes) -> int:
    """How often a byte stands there; where it is frequent, in a third of the time that `count` takes."""
    octets = np.frombuffer(data, np.uint8) if len(data) else np.zeros(0, np.uint8)
    parts = (octets[at : at + _NEAR] for at in range(0, len(octets), _NEAR))
    return sum(int(np.count_nonzero(part == ord(character))) for part in parts)


@dataclass(frozen=True)
class Block:
    """Whole lines, of which the last may lack its end, and the number of the first.

    They stand in two pieces, as they were read: 32 MB that are put together for nothing cost as much time as
    reading them.
    """

    begun: bytes
    first: int = 1
    piece: bytes = b""
    cut: int = 0  # of the piece, up to here

    @cached_property
    def body(self) -> bytes:
        """All of it, in one."""
        return b"".join(self.parts) if self.cut else self.begun

    @property
    def parts(self) -> tuple[bytes, memoryview]:
        """The pieces."""
        return self.begun, memoryview(self.piece)[: self.cut]

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.begun) + self.cut

    @cached_property
    def count(self) -> int:
        """How many lines there are."""
        ended = sum(occurrences(part, NEWLINE) for part in self.parts)
        last = self.piece[self.cut - 1 : self.cut] if self.cut else self.begun[-1:]
        return ended + (last != NEWLINE)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line that is not blank, with its number, without its end."""
        for number, line in enumerate(self.body.split(NEWLINE), self.first):
            if text := line.rstrip(b"\r"):
                yield number, text


@dataclass(slots=True)
class Blocks:
    """Divides a stream; `line` is the number of the next line, and `left` what has no end yet."""

    stream: Readable
    source: str
    tally: Tally
    size: int = BLOCK
    longest: int = LONGEST
    line: int = 1
    left: bytes = b""
    taken: int = 0  # bytes of what was given or left out
    is_broken: Callable[[], bool] = lambda: False  # asked at the end

    def __iter__(self) -> Iterator[Block]:
        """Every block; the last line needs no end, unless the stream broke off within it."""
        yield from self.whole()
        if self.left and self.is_broken():
            self.tally.note(self.source, self.line, "is cut off.", self.left)
        elif self.left:
            yield self._counted(Block(self.left, self.line))
            self.left = b""

    def whole(self) -> Iterator[Block]:
        """Every block of lines that have an end; the rest stays in `left`."""
        while piece := self.stream.read(self.size):
            cut = piece.rfind(NEWLINE) + 1
            if cut:
                begun, self.left = self.left, piece[cut:]
                yield self._counted(Block(begun, self.line, piece, cut))
            else:
                self.left += piece
            if len(self.left) > self.longest:
                yield from self._past_long_line()

    def _counted(self, block: Block) -> Block:
        self.line += block.count
        self.taken += block.size
        return block

    def _past_long_line(self) -> Iterator[Block]:
        """Leave out a line that is longer than any log's, up to its end."""
        begun, self.left = self.left, b""
        self.taken += len(begun)
        self.tally.note(self.source, self.line, f"is longer than {self.longest:,} bytes.", begun[:400])
        while piece := self.stream.read(self.size):
            end = piece.find(NEWLINE) + 1
            self.taken += end or len(piece)
            if end:
                self.line += 1
                cut = piece.rfind(NEWLINE) + 1
                self.left = piece[cut:]
                if cut > end:
                    yield self._counted(Block(piece[end:cut], self.line))
                return
