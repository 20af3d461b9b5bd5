"""Values in the order of their hashes, with a directory of the hashes' first bits: the inside of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
from numpy.typing import NDArray

from comity.engines.patterns.columns import partly
from comity.engines.patterns.columns.keys import Hashes, Keys, Rows
from comity.engines.patterns.columns.met import Owners, Places
from comity.engines.patterns.columns.saved import Numbers, ranges

Directory = NDArray[np.uint32]

_MOST_STEPS = 16  # values under one entry of the directory that are looked through one by one
_LEAST_BITS, _MOST_BITS = 4, 26
_PAIRS = 1 << 20  # whose texts are compared at a time


@dataclass(frozen=True, slots=True)
class Run:
    """Values, of which those with `gone` set do not count any more."""

    ended: Hashes  # the hashes, sorted, and one more behind them
    texts: pa.LargeBinaryArray  # bytes: they are compared, not read
    owners: Owners
    places: Places
    directory: Directory
    gone: NDArray[np.bool_] | None = None

    @classmethod
    def sorted_from(cls, hashes: Hashes, texts: pa.LargeBinaryArray, owners: Owners, places: Places) -> Run:
        """The run of values that stand beside each other in any order."""
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        return cls(
            ended(hashes), texts.take(pa.array(order)), owners[order], places[order], directory_of(hashes)
        )

    @classmethod
    def merged(cls, runs: Sequence[Run]) -> Run:
        """One run of all that counts in these."""
        left = [run.left() for run in runs]
        if len(left) == 1:
            return left[0]
        return cls.sorted_from(
            np.concatenate([run.hashes for run in left]),
            pa.concat_arrays([run.texts for run in left]),
            np.concatenate([run.owners for run in left]),
            np.concatenate([run.places for run in left]),
        )

    @property
    def hashes(self) -> Hashes:
        """The hashes of all values, those that are gone among them."""
        return self.ended[:-1]

    def __len__(self) -> int:
        return len(self.hashes) - (0 if self.gone is None else int(np.count_nonzero(self.gone)))

    def left(self) -> Run:
        """The same without what is gone."""
        if self.gone is None:
            return self
        kept = np.flatnonzero(~self.gone)
        hashes = self.hashes[kept]
        texts = self.texts.take(pa.array(kept))
        return Run(ended(hashes), texts, self.owners[kept], self.places[kept], directory_of(hashes))

    def without(self, owners: Owners) -> Run:
        """The same in which the values of these owners are gone."""
        gone = np.isin(self.owners, owners)
        return replace(self, gone=gone if self.gone is None else gone | self.gone) if gone.any() else self

    def equal_to(self, keys: Keys, rows: Rows, hashes: Hashes) -> tuple[Rows, Rows, dict[int, int]]:
        """Pairs of a row and a value that are the same text; `hashes` are those of the rows.

        Then the values whose pairs are too many to be told, each with the number of its rows.
        """
        rows, found, given_up = self._of_equal_hash(rows, hashes)
        parts = [np.zeros(0, np.bool_)]
        for first in range(0, len(rows), _PAIRS):
            part = slice(first, first + _PAIRS)
            texts = pl.Series(self.texts.take(pa.array(found[part])), dtype=pl.Binary)
            same = (keys.at(rows[part]).cast(pl.Binary) == texts).fill_null(False)  # noqa: FBT003  a value
            parts.append(same.to_numpy())
        kept = np.concatenate(parts)
        if self.gone is not None:
            kept = kept & ~self.gone[found]
        return rows[kept], found[kept], given_up

    def _of_equal_hash(self, rows: Rows, hashes: Hashes) -> tuple[Rows, Rows, dict[int, int]]:
        first = self._first_not_below(hashes)
        same = np.flatnonzero((self.ended[first] == hashes) & (first < len(self.ended) - 1))
        rows, first, hashes = rows[same], first[same], hashes[same]
        many = np.flatnonzero(self.ended[first + 1] == hashes)
        if not len(many):
            return rows, first, {}
        counts = np.ones(len(rows), np.int64)
        counts[many] = np.searchsorted(self.hashes, hashes[many], "right") - first[many]
        told, given_up = _within_bounds(first, counts)
        rows, first, counts = rows[told], first[told], counts[told]
        return np.repeat(rows, counts), ranges(first, counts), given_up

    def _first_not_below(self, hashes: Hashes) -> Rows:
        """Where each hash would stand: from what the directory says onwards, step by step."""
        found = self.directory[(hashes >> _shift(self.directory)).view(np.int64)].astype(np.int64)
        below = np.flatnonzero(self.ended[found] < hashes)
        for _ in range(_MOST_STEPS):
            if not len(below):
                return found
            found[below] += 1
            below = below[self.ended[found[below]] < hashes[below]]
        # One value that very many own, or hashes that were made to be alike.
        found[below] = np.searchsorted(self.hashes, hashes[below])
        return found


def _within_bounds(first: Rows, counts: Numbers) -> tuple[NDArray[np.bool_], dict[int, int]]:
    """Which rows are told; and the values that too many own to be told, each with the number of its rows."""
    if int(counts.sum()) <= partly.MOST_MET:
        return np.ones(len(first), np.bool_), {}
    values, at, which, rows = np.unique(first, return_index=True, return_inverse=True, return_counts=True)
    kept = partly.within_bounds(rows * counts[at])
    given_up = {
        value: count
        for start, owned, count in zip(values[~kept], counts[at][~kept], rows[~kept].tolist(), strict=True)
        for value in range(int(start), int(start + owned))
    }
    return kept[which], given_up


def ended(hashes: Hashes) -> Hashes:
    """Sorted hashes with one behind them that none is above."""
    return np.append(hashes, np.uint64(2**64 - 1))


def directory_of(hashes: Hashes) -> Directory:
    """For each beginning of a hash, in as many bits as there are about values, where those with it begin."""
    bits = min(max(len(hashes).bit_length(), _LEAST_BITS), _MOST_BITS)
    counts = np.bincount((hashes >> np.uint64(64 - bits)).view(np.int64), minlength=1 << bits)
    return np.concatenate(([0], np.cumsum(counts[:-1]))).astype(np.uint32)


def _shift(directory: Directory) -> np.uint64:
    return np.uint64(65 - len(directory).bit_length())
