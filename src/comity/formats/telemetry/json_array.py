"""An array of JSON objects as if each stood in a line of its own, without holding the array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from comity.formats.telemetry.blocks import LONGEST
from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.unpacking import Readable

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[{}\[\]]', re.DOTALL)
_PIECE = 1 << 20  # bytes


@dataclass(slots=True)
class ArrayLines:
    """Reads the items of an array, each with what ends a line in place of the comma."""

    stream: Readable
    source: str
    tally: Tally
    longest: int = LONGEST
    _held: bytes = b""  # of the array, from the beginning of an item or between two
    _item: int = 0
    _gone: bool = False

    def read(self, size: int, /) -> bytes:
        """Items of about so many bytes."""
        found = bytearray()
        while len(found) < size and not self._gone:
            for each in self._items(size):
                found += each
        return bytes(found)

    def _items(self, size: int) -> Iterator[bytes]:
        piece = self.stream.read(min(size, _PIECE))
        self._held += piece
        begin, depth, last = -1, 0, 0
        for token in _TOKEN.finditer(self._held):
            if token[0] == b"{":
                begin = token.start() if not depth else begin
                depth += 1
            elif token[0] == b"}" and depth:
                depth -= 1
                if not depth:
                    last = token.end()
                    self._item += 1
                    yield self._held[begin:last].replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"
        self._held = self._held[last:]
        self._gone = not piece
        if self._gone and (b"{" in self._held or b"]" not in self._held):
            self.tally.note(self.source, self._item + 1, "the array ends within an item.", self._held)
        elif len(self._held) > self.longest:
            self.tally.note_break(
                self.source, f"item {self._item + 1} is longer than {self.longest:,} bytes."
            )
            self._gone = True
