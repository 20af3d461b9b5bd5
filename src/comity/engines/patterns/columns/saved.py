"""Tables as bytes and as files: what is read back is what was written, or is refused."""

from __future__ import annotations

import io
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.base.errors import Malformed
from comity.engines.patterns.columns.files import replaced

_DIGEST = 32  # bytes

Numbers = NDArray[np.int64]


def packed(kind: str, rows: pl.DataFrame) -> bytes:
    """The rows of a table of this kind, beneath their digest."""
    body = frame_bytes(rows)
    return _heading(kind) + sha256(body).digest() + body


def unpacked(kind: str, columns: Mapping[str, object], octets: bytes, where: str) -> pl.DataFrame:
    """The rows again."""
    heading = _heading(kind)
    begin = len(heading) + _DIGEST
    if octets[: len(heading)] != heading:
        raise Malformed(where, f"is no saved table of {kind}.")
    if sha256(octets[begin:]).digest() != octets[len(heading) : begin]:
        raise Malformed(where, f"is a saved table of {kind} of which a part was changed or is missing.")
    return frame_of(columns, octets[begin:], where)


def frame_bytes(rows: pl.DataFrame) -> bytes:
    """Rows as bytes."""
    held = io.BytesIO()
    rows.write_ipc(held, compression="zstd")
    return held.getvalue()


def frame_of(columns: Mapping[str, object], octets: bytes, where: str) -> pl.DataFrame:
    """Rows whose bytes are known to be whole."""
    rows = pl.read_ipc(octets)
    if dict(rows.schema) != dict(columns):
        raise Malformed(where, "is a table that another version has saved.")
    return rows


def write(path: Path, octets: bytes) -> None:
    """Write a file as a whole or not at all."""
    with replaced(path) as file:
        file.write(octets)


def read(path: Path) -> bytes:
    """What a file holds."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Malformed(str(path), f"cannot be read: {error.strerror}.") from error


def ranges(first: Numbers, counts: Numbers) -> Numbers:
    """`first`, `first` + 1, … as many as the count says, one range after the other."""
    before = np.cumsum(counts) - counts
    found: Numbers = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(first - before, counts)
    return found


def _heading(kind: str) -> bytes:
    return f"comity {kind} 1\n".encode()
