"""What the values of a column are met by: mostly the texts themselves, which are then not copied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

SEED = 2_026

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Keys:
    """The texts of a column, but in the rows `odd`, which ascend, what stands in `instead`."""

    texts: pl.Series
    odd: Rows
    instead: pl.Series

    @classmethod
    def as_they_are(cls, texts: pl.Series) -> Keys:
        """Each text is its own key."""
        return cls(texts, np.empty(0, np.int64), texts.clear())

    def __len__(self) -> int:
        return len(self.texts)

    def hashes(self, first: int, count: int) -> Hashes:
        """The hashes of `count` keys from the row `first` on."""
        found = self.texts.slice(first, count).hash(SEED).to_numpy()
        low, high = np.searchsorted(self.odd, (first, first + count))
        if low < high:
            found = found.copy() if not found.flags.writeable else found
            found[self.odd[low:high] - first] = self.instead[low:high].hash(SEED).to_numpy()
        return found

    def at(self, rows: Rows) -> pl.Series:
        """The keys in these rows."""
        if not len(self.odd):
            return self.texts.gather(rows)
        place = np.searchsorted(self.odd, rows)
        is_odd = self.odd[np.minimum(place, len(self.odd) - 1)] == rows
        among = pl.concat([self.texts.gather(rows), self.instead])
        return among.gather(np.where(is_odd, len(rows) + place, np.arange(len(rows))))

    def whole(self) -> pl.Series:
        """All of them as one column."""
        return self.at(np.arange(len(self), dtype=np.int64)) if len(self.odd) else self.texts
