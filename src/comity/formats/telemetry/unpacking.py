"""Streams of bytes, packed or not: what is there is read, and where it breaks off is told."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types

from comity.formats.telemetry.tally import Tally

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MOST = 1 << 20


class Readable(Protocol):
    """What `read` is asked of: at most so many bytes, none at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


@dataclass
class _Counted:
    """Counts what is read of the stored bytes, and puts back those that were looked at."""

    file: BinaryIO
    tally: Tally
    before: bytes = b""

    closed = False  # as Arrow asks

    def read(self, size: int, /) -> bytes:
        if self.before:
            given, self.before = self.before[:size], self.before[size:]
            return given
        given = self.file.read(size)
        self.tally.read += len(given)
        return given

    def close(self) -> None:
        """Whoever opened the file closes it."""


@dataclass(slots=True)
class Stream:
    """The bytes inside; one that breaks off ends there, and the tally has the place."""

    inner: Callable[[int], bytes]
    source: str
    tally: Tally
    given: int = 0
    ended: bool = False
    broken: bool = False
    most: int = (
        sys.maxsize
    )  # bytes asked for at once: where a packed stream breaks, what was asked for is lost

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        pieces: list[bytes] = []
        left = size
        while left and not self.ended:
            pieces.append(self._piece(left))
            self.ended = not pieces[-1]
            left -= len(pieces[-1])
        self.given += size - left
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _piece(self, size: int) -> bytes:
        try:
            return self.inner(min(size, self.most))
        except (EOFError, OSError, zlib.error) as error:  # gzip, zstd or the disk
            self.broken = True
            said = str(error).strip().rstrip(".") or type(error).__name__
            self.tally.note_break(
                self.source, f"breaks off after {self.given:,} bytes unpacked or so: {said}."
            )
            return b""


def unpacked(file: BinaryIO, source: str, tally: Tally) -> Stream:
    """What is inside gzip or zstd, known by its first bytes, or the bytes themselves."""
    counted = _Counted(file, tally)
    counted.before = Stream(counted.read, source, tally).read(len(ZSTD))
    if counted.before.startswith(GZIP):
        # One piece at a time: whoever waits for more loses what was read where the stream breaks.
        return Stream(gzip.GzipFile(fileobj=cast("BinaryIO", counted)).read1, source, tally, most=_MOST)
    if counted.before == ZSTD:
        return Stream(
            pa.CompressedInputStream(pa.PythonFile(counted, mode="r"), "zstd").read, source, tally, most=_MOST
        )
    return Stream(counted.read, source, tally)


@contextmanager
def opened(path: Path, tally: Tally) -> Iterator[Stream | None]:
    """A file by its path; None, and a note, where it cannot be opened."""
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        tally.note_break(str(path), f"cannot be opened: {error.strerror}.")
        yield None
        return
    with file:
        yield unpacked(file, str(path), tally)


def files_in(path: Path) -> Iterator[Path]:
    """The file, or all regular files of a folder and those beneath it, by name."""
    if not path.is_dir():
        yield path
        return
    for each in sorted(path.iterdir()):
        if each.is_dir() and not each.is_symlink():
            yield from files_in(each)
        elif each.is_file():
            yield each
