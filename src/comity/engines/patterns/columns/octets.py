"""Which texts of a column hold octets that they should not: looked at by whole columns, not text by text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.engines.patterns.columns.keys import Rows

_ROWS = 1 << 14  # at a time, and octets of them: what is worked on stays near the processor
_OCTETS = 1 << 17
_MANY = 2  # wrong octets to a row, from which on they are counted instead of looked up one by one

Octets = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Own:
    """The octets from `low` to `high` but for those in some ranges.

    That there is no other is asked first, by their least and greatest: it is so nearly always, and takes half
    as long as to look at each.
    """

    low: int
    high: int
    but: tuple[tuple[int, int], ...]

    def are_all_of(self, octets: Octets) -> bool:
        """Whether there is no other among these."""
        if octets.min() < self.low or octets.max() > self.high:
            return False
        # Below the first of a range a difference is very large.
        return all((octets - np.uint8(first)).min() > last - first for first, last in self.but)

    def others(self, octets: Octets) -> Flags:
        """Which are none of them."""
        found = (octets < self.low) | (octets > self.high)
        for first, last in self.but:
            found |= (octets - np.uint8(first)) <= np.uint8(last - first)
        return found


@dataclass(frozen=True, slots=True)
class Texts:
    """Some texts one after the other: the text of row n is `octets[starts[n] : starts[n + 1]]`."""

    octets: Octets
    starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many octets each has."""
        return np.diff(self.starts)

    def firsts(self) -> Octets:
        """The first octet of each; that of another where one is empty."""
        return self.octets.take(self.starts[:-1], mode="clip")

    def lasts(self) -> Octets:
        """The last octet of each; that of another where one is empty."""
        return self.octets.take(self.starts[1:] - 1, mode="clip")

    def at(self, place: int, rows: Rows) -> Octets:
        """The octet at this place of these rows, which are that long."""
        return self.octets[self.starts[rows] + place]

    def with_others_than(self, own: Own) -> Flags:
        """Which texts hold an octet that is none of these."""
        parts = [slice(first, first + _OCTETS) for first in range(0, len(self.octets), _OCTETS)]
        wrong = np.zeros(0, np.bool_)
        for part in parts:
            if not own.are_all_of(self.octets[part]):
                wrong = wrong if len(wrong) else np.zeros(len(self.octets), np.bool_)
                wrong[part] = own.others(self.octets[part])
        return self._with(wrong) if len(wrong) else np.zeros(len(self.sizes), np.bool_)

    def _with(self, flags: Flags) -> Flags:
        """Which texts have a flag at one of their octets."""
        if np.count_nonzero(flags) > _MANY * len(self.starts):
            before = np.zeros(len(flags) + 1, np.int32)
            np.cumsum(flags, out=before[1:])
            return np.diff(before[self.starts]) > 0
        found = np.zeros(len(self.sizes), np.bool_)
        found[np.searchsorted(self.starts, np.flatnonzero(flags), "right") - 1] = True
        return found


def portions(column: pl.Series) -> Iterator[tuple[int, Texts]]:
    """The texts of a column, some rows at a time, and the number of the first; what is null is empty."""
    for first in range(0, len(column), _ROWS):
        held = column.slice(first, _ROWS).to_arrow(compat_level=pl.CompatLevel.oldest())
        _, starts, octets = held.buffers()
        at = np.frombuffer(starts, np.int64, len(held) + 1, held.offset * 8)
        yield first, Texts(np.frombuffer(octets, np.uint8)[at[0] : at[-1]], at - at[0])
