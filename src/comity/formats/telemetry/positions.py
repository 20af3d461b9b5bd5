"""How far a growing file was read: a value that can be stored, and knows its file under another name."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

from comity.base.errors import Unavailable
from comity.base.fields import Fields
from comity.formats.telemetry.unpacking import GZIP

BEGINNING = 4_096  # bytes of the beginning that are remembered
_BEFORE = 256  # bytes that stand before the place
_PACKED = ".gz"
_LARGEST = 2**64 - 1
_MOST_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Position:
    """The place behind the last whole line that was read; `line` is the number of the next.

    The digest is of the beginning and of what stands before the place: a file that was truncated and has
    grown again is another one, and a copy is the same.
    """

    device: int
    inode: int
    offset: int
    line: int
    digest: str
    header: str = ""  # of Zeek, as it held there

    def encode(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def decode(cls, value: object, where: str = "position") -> Position:
        """What `encode` gave; raises `Malformed` for anything else."""
        fields = Fields(value, where)
        numbers = {
            name: fields.number(name, least=0, most=_LARGEST)
            for name in ("device", "inode", "offset", "line")
        }
        digest, header = (
            fields.text("digest", limit=64),
            fields.optional_text("header", limit=_MOST_HEADER) or "",
        )
        fields.nothing_else()
        return cls(**numbers, digest=digest, header=header)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is open, with its identity."""

    path: Path
    file: BinaryIO
    device: int
    inode: int
    changed: int  # nanoseconds

    def at(self, offset: int, line: int, header: str) -> Position:
        """The position in it."""
        return Position(self.device, self.inode, offset, line, self._digest(offset), header)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it yet."""
        self.file.seek(0)
        return not self.file.read(1)

    def holds(self, position: Position) -> bool:
        """Whether it is the file of a position, or a copy of it, as far as that was read."""
        if not position.offset:  # nothing was read by which a copy could be known
            return (self.device, self.inode) == (position.device, position.inode)
        try:
            return self._digest(position.offset) == position.digest
        except (OSError, EOFError, zlib.error):
            return False

    def _digest(self, offset: int) -> str:
        """Of nothing where the file is shorter; whoever is reading goes on where they were."""
        place = self.file.tell()
        self.file.seek(0)
        beginning = self.file.read(min(offset, BEGINNING))
        self.file.seek(max(offset - _BEFORE, 0))
        before = self.file.read(min(offset, _BEFORE))
        self.file.seek(place)
        whole = len(beginning) == min(offset, BEGINNING) and len(before) == min(offset, _BEFORE)
        return hashlib.sha256(beginning + b"\n" + before).hexdigest() if whole else ""


def found_at(path: Path) -> Found | None:
    """The file at a path, unpacked if it is packed; None where there is none."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} cannot be opened: {error.strerror}.") from error
    told = os.fstat(file.fileno())
    packed = path.suffix == _PACKED and file.read(len(GZIP)) == GZIP
    if packed:
        file.close()
        file = cast("BufferedReader", gzip.open(path))  # noqa: SIM115  whoever asks for it closes it
    return Found(path, file, told.st_dev, told.st_ino, told.st_mtime_ns)


def rotated(path: Path) -> Iterator[Path]:
    """The files that may have had its name before: `a.log.1`, `a.log-20261122.gz`, `a.2026-11-22.log`."""
    suffix = re.escape(path.suffix)
    form = re.compile(
        rf"{re.escape(path.stem)}(?:{suffix})?(?:[._-](?:\d[\dTZ:+]*|old|bak))+(?:{suffix})?(?:\.gz)?"
    )
    names = {
        each.name: each for each in path.parent.iterdir() if form.fullmatch(each.name) and each.is_file()
    }
    for name, each in sorted(names.items()):
        if not (name.endswith(_PACKED) and name.removesuffix(_PACKED) in names):  # it is just being packed
            yield each
