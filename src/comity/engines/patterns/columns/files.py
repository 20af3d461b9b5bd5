"""Named parts in one file, which is written whole or not at all and mapped into memory when it is read.

A file that was cut off, changed on the disk, or written by something else is refused before a part of it is
used: its head says how long it is, and the SHA-256 of all that follows stands before it.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeAlias

from comity.base.errors import Malformed

MAGIC = b"comity columns 1"
MOST_PARTS = 4_096
LONGEST_HEAD = 2**20  # bytes
_ALIGNED = 64  # bytes: where a part begins, so that numbers in it lie as processors like them
_DIGEST = hashlib.sha256().digest_size
_LENGTH = 8  # bytes of the number that says how long the head is
_BEFORE = len(MAGIC) + _DIGEST
_AT_ONCE = 2**20

Part: TypeAlias = "bytes | memoryview[Any]"


@dataclass(frozen=True, slots=True)
class _Head:
    """What the parts are of, and where each lies: (first byte, length), counted from the end of the head."""

    kind: str
    parts: Mapping[str, tuple[int, int]]

    def encode(self) -> bytes:
        return json.dumps({"kind": self.kind, "parts": self.parts}, separators=(",", ":")).encode()


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its place when all is on the disk, and is gone if something fails."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def save(path: Path, kind: str, parts: Mapping[str, Part]) -> None:
    """Write the parts as one file, whole or not at all."""
    with replaced(path) as file:
        _write(file, kind, {name: memoryview(part).cast("B") for name, part in parts.items()})


def _write(file: IO[bytes], kind: str, parts: Mapping[str, memoryview]) -> None:
    head = _head_of(kind, parts).encode()
    file.write(MAGIC + bytes(_DIGEST))
    digest = hashlib.sha256()
    for piece in (len(head).to_bytes(_LENGTH, "little"), head, _padding(_BEFORE + _LENGTH + len(head))):
        digest.update(piece)
        file.write(piece)
    for part in parts.values():
        for octets in (part, _padding(len(part))):
            digest.update(octets)
            file.write(octets)
    file.seek(len(MAGIC))
    file.write(digest.digest())


def _head_of(kind: str, parts: Mapping[str, memoryview]) -> _Head:
    found: dict[str, tuple[int, int]] = {}
    first = 0
    for name, part in parts.items():
        found[name] = (first, len(part))
        first += len(part) + len(_padding(len(part)))
    return _Head(kind, found)


def _padding(length: int) -> bytes:
    return bytes(-length % _ALIGNED)


def load(path: Path, kind: str) -> dict[str, memoryview]:
    """The parts of a file of this kind; pages of them are read from the disk when they are looked at."""
    try:
        with path.open("rb") as file:
            if _digest(file) is None:
                raise _broken(path, f"it is no saved {kind}, or cut off, or damaged.")
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise _broken(path, f"it cannot be read: {error}") from error
    return _parts(path, kind, mapped)


def _digest(file: IO[bytes]) -> bytes | None:
    """The digest that a file carries; None if it is not that of what follows.

    Read past the mapping: what is only summed up shall not count as memory of this process.
    """
    before = file.read(_BEFORE)
    if len(before) < _BEFORE or not before.startswith(MAGIC):
        return None
    found = hashlib.sha256()
    while piece := file.read(_AT_ONCE):
        found.update(piece)
    return found.digest() if before[len(MAGIC) :] == found.digest() else None


def _parts(path: Path, kind: str, mapped: memoryview) -> dict[str, memoryview]:
    """The parts where the head says they are, of a file whose digest is right."""
    length = int.from_bytes(mapped[_BEFORE : _BEFORE + _LENGTH], "little")
    if length > LONGEST_HEAD:
        raise _broken(path, "its head is too long.")
    head = _decoded(path, bytes(mapped[_BEFORE + _LENGTH : _BEFORE + _LENGTH + length]))
    if head.kind != kind:
        raise _broken(path, f"it holds {head.kind}, and no {kind}.")
    first = _BEFORE + _LENGTH + length
    body = mapped[first + len(_padding(first)) :]
    if any(start + size > len(body) for start, size in head.parts.values()):
        raise _broken(path, "a part lies behind its end.")
    return {name: body[start : start + size] for name, (start, size) in head.parts.items()}


def _decoded(path: Path, head: bytes) -> _Head:
    try:
        told = json.loads(head)
        parts = {str(name): (_count(start), _count(size)) for name, (start, size) in told["parts"].items()}
        found = _Head(str(told["kind"]), parts)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _broken(path, f"its head cannot be read: {error}") from error
    if len(found.parts) > MOST_PARTS:
        raise _broken(path, "it has too many parts.")
    return found


def _count(raw: object) -> int:
    if type(raw) is not int or raw < 0:
        raise ValueError(f"{raw!r} is no count of bytes")
    return raw


def _broken(path: Path, problem: str) -> Malformed:
    return Malformed(str(path), f"is no file of columns that can be used: {problem}")
