"""Values as telemetry holds them, by the million: addresses, names, URLs and digests that are made up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
from numpy.typing import NDArray

from comity.engines.patterns.normal import Form
from comity.engines.patterns.properties import form_at

Numbers = NDArray[np.int64]

KINDS = ("addresses", "names", "URLs", "SHA-256")
_HALF = 32  # octets of a digest
_NUMBER, _OTHER = pl.col("number"), pl.col("number") * 7_919 % 100_003
_TEXTS: Mapping[str, pl.Expr] = {
    "addresses": pl.format(
        "{}.{}.{}.{}", _NUMBER // 2**24 % 223 + 1, _NUMBER // 2**16 % 256, _NUMBER // 256 % 256, _NUMBER % 256
    ),
    "names": pl.format("host-{}.{}.example.com", _NUMBER, _OTHER),
    "URLs": pl.format("http://host-{}.example.com/of/{}/Page?id={}", _NUMBER, _OTHER, _NUMBER),
}
_PLACES = {
    "addresses": ("ipv4-addr", ("value",)),
    "names": ("domain-name", ("value",)),
    "URLs": ("url", ("value",)),
    "SHA-256": ("file", ("hashes", "SHA-256")),
}


def texts(kind: str, numbers: Numbers) -> pl.Series:
    """The values of these numbers."""
    if kind == "SHA-256":
        return _digests(numbers)
    return pl.DataFrame({"number": numbers}).select(_TEXTS[kind].alias("value")).to_series().rechunk()


def form(kind: str) -> Form:
    """How values of this kind are read."""
    found = form_at(*_PLACES[kind])
    if found is None:
        raise LookupError(kind)
    return found


def _digests(numbers: Numbers) -> pl.Series:
    words = (numbers.astype(np.uint64)[:, None] + np.arange(1, 5, dtype=np.uint64)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    octets = words.tobytes().hex().encode()
    starts = np.arange(len(numbers) + 1, dtype=np.int64) * (2 * _HALF)
    held = pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(starts), pa.py_buffer(octets))
    return pl.Series("value", held)
