"""What values have met in a set: matches at once, and rows that patterns have to be tried on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Generic, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.engines.patterns.sets.flat import Rows
from comity.engines.patterns.sets.standing import Placed

P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class AtOnce(Generic[P]):
    """Rows that hold the value of a plain equality, by owner, and where in the row it stands."""

    rows: Rows
    owners: NDArray[np.uint32]
    standing: P
    values: pl.Series


@dataclass(slots=True)
class Met(Generic[P]):
    """What one table of telemetry has met."""

    at_once: list[AtOnce[P]] = field(default_factory=list)
    _kept: dict[int, list[Rows]] = field(default_factory=dict)

    def keep(self, number: int, rows: Rows) -> None:
        """Rows that a pattern has to be tried on."""
        self._kept.setdefault(number, []).append(rows)

    def spread_to(self, rows: Rows, found: Met[P]) -> None:
        """What one value has met, for all rows that hold it."""
        for each in self.at_once if len(rows) else ():
            owners = np.repeat(each.owners, len(rows))
            values = pl.repeat(each.values[0], len(owners), dtype=each.values.dtype, eager=True)
            found.at_once.append(AtOnce(np.tile(rows, len(each.owners)), owners, each.standing, values))
        for number in self._kept if len(rows) else ():
            found.keep(number, rows)

    def all_rows(self) -> set[int]:
        """Every row that has met anything."""
        several = [each.rows for each in self.at_once] + list(chain.from_iterable(self._kept.values()))
        return set(chain.from_iterable(rows.tolist() for rows in several))

    def kept(self) -> Iterator[tuple[int, Rows]]:
        """Patterns by their numbers, each with its rows, rising."""
        for number, several in sorted(self._kept.items()):
            yield number, np.unique(np.concatenate(several))
