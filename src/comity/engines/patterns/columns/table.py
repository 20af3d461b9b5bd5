"""A table of values that patterns look for, which a column of millions of rows is held against.

A row is met in steps of which each lets few through: parts of its hash are looked up in two gates of single
flags, the whole of it among the sorted hashes of the table, and at last the texts themselves are compared.
Nothing is built anew for each column, which is what a join in a database spends its time with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.base.errors import Malformed

SEED = 2_026
_OUTER, _INNER = (
    4,
    16,
)  # flags of the gates, to a value: the outer one is small, so that it stays near the processor
_LEAST_BITS, _MOST_BITS = 12, 27
_COLUMNS = {"hash": pl.UInt64, "text": pl.String, "owner": pl.UInt32, "place": pl.UInt16}

Rows = NDArray[np.int64]
Owners = NDArray[np.uint32]
Places = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Met:
    """Rows of a column, whose value each holds, and the place where it is looked for.

    A row that holds the value of several owners stands there as often.
    """

    rows: Rows
    owners: Owners
    places: Places


class _Gate:
    """A flag for some bits of a hash, those below `above`: open where a value of the table has the same."""

    def __init__(self, hashes: NDArray[np.uint64], flags_each: int, *, above: int) -> None:
        self.bits = min(max((len(hashes) * flags_each - 1).bit_length(), _LEAST_BITS), _MOST_BITS)
        self._shift, self._mask = np.uint64(64 - above - self.bits), np.uint64((1 << self.bits) - 1)
        self._flags = np.zeros(1 << self.bits, dtype=np.bool_)
        self._flags[self._places(hashes)] = True

    def open_to(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return self._flags[self._places(hashes)]

    def _places(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        return ((hashes >> self._shift) & self._mask).view(np.int64)


class ValueTable:
    """Values, each with a place (what kind of property it stands in) and its owner's number.

    Texts are compared as they are: both sides bring them into their normal form before.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        self._hashes = rows["hash"].to_numpy()
        self._owners = rows["owner"].to_numpy()
        self._places = rows["place"].to_numpy()
        self._outer = _Gate(self._hashes, _OUTER, above=0)
        self._inner = _Gate(self._hashes, _INNER, above=self._outer.bits)

    @classmethod
    def of(cls, texts: Iterable[str], places: Iterable[int], owners: Iterable[int]) -> ValueTable:
        """The table of these values, which stand beside each other."""
        told = {"text": texts, "owner": owners, "place": places}
        frame = pl.DataFrame(
            {name: pl.Series(list(values), dtype=_COLUMNS[name]) for name, values in told.items()}
        )
        return cls(_sorted(frame))

    def __len__(self) -> int:
        return len(self._rows)

    def meet(self, column: pl.Series, places: Sequence[int]) -> Met:
        """Which rows of a column of texts hold a value that is looked for in one of these places."""
        hashes = column.hash(SEED).to_numpy()
        near = np.flatnonzero(self._outer.open_to(hashes))
        near = near[self._inner.open_to(hashes[near])]
        near = near[np.argsort(hashes[near])]  # one look-up lies close to the one before it
        first = np.searchsorted(self._hashes, hashes[near], "left")
        counts = np.searchsorted(self._hashes, hashes[near], "right") - first
        rows, found = np.repeat(near, counts), _ranges(first, counts)
        same = (column.gather(rows) == self._rows["text"].gather(found)).fill_null(False).to_numpy()  # noqa: FBT003  a value
        kept = same & np.isin(self._places[found], np.asarray(places, np.uint16))
        return Met(rows[kept], self._owners[found[kept]], self._places[found[kept]])

    def without(self, owners: Iterable[int]) -> ValueTable:
        """The same table without the values of these owners."""
        gone = pl.Series(list(owners), dtype=pl.UInt32)
        return ValueTable(self._rows.filter(~pl.col("owner").is_in(gone.implode())))

    def with_those_of(self, other: ValueTable) -> ValueTable:
        """Both tables as one."""
        return ValueTable(pl.concat([self._rows, other._rows]).sort("hash"))

    def save(self, path: Path) -> None:
        """Write it as one file, its hashes with it."""
        self._rows.write_ipc(path, compression="uncompressed")

    @classmethod
    def load(cls, path: Path) -> ValueTable:
        """Read what was saved; where this version of Polars hashes otherwise, it is hashed anew."""
        try:
            rows = pl.read_ipc(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Malformed(str(path), f"is no saved table of values: {error}") from error
        if dict(rows.schema) != _COLUMNS:
            raise Malformed(str(path), "is no saved table of values: its columns are others.")
        sample = rows.head(1)
        same = sample["text"].hash(SEED).equals(sample["hash"].alias("text"))
        return cls(rows if same else _sorted(rows.drop("hash")))


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(hash=pl.col("text").hash(SEED)).select(*_COLUMNS).sort("hash")


def _ranges(first: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """`first`, `first` + 1, … as many as the count says, one range after the other."""
    before = np.cumsum(counts) - counts
    found: NDArray[np.int64] = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(
        first - before, counts
    )
    return found
