"""A file that waits to be read: in memory while it is small, else on the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

IN_MEMORY = 1 << 20  # bytes; what is longer waits on the disk
PIECE = 1 << 16


def spool() -> IO[bytes]:
    """An empty one, to be written."""
    return SpooledTemporaryFile(IN_MEMORY)


@dataclass(slots=True)
class Spooled:
    """A file that is ready; whoever reads it to its end, or closes it, frees it."""

    sha256: str
    size: int
    content: IO[bytes]

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> Spooled:
        """The pieces one behind the other; if they break off, nothing is left of them."""
        whole, digest = spool(), hashlib.sha256()
        try:
            for piece in pieces:
                whole.write(piece)
                digest.update(piece)
        except BaseException:
            whole.close()
            raise
        size = whole.tell()
        whole.seek(0)
        return cls(digest.hexdigest(), size, whole)

    def __iter__(self) -> Iterator[bytes]:
        with self.content:
            while piece := self.content.read(PIECE):
                yield piece

    def close(self) -> None:
        """Let go of a file that nobody reads: the server calls it for answers without a body."""
        self.content.close()
