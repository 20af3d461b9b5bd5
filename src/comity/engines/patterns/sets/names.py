"""The numbers and names of the indicators of a set: sixteen bytes for a usual id, the text for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np
import polars as pl
from numpy.typing import NDArray

_PREFIX = "indicator--"
_USUAL = r"^indicator--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
HALVES = np.dtype([("high", "<u8"), ("low", "<u8")])  # of a UUID
_WRITTEN = np.dtype([("high", ">u8"), ("low", ">u8")])

Numbers = NDArray[np.uint32]


class Names:
    """Numbers in rising order, each with its name; a name that is no usual id stands in `odd`."""

    def __init__(self, numbers: Numbers, uuids: NDArray[np.void], odd: dict[int, str]) -> None:
        self.numbers, self.uuids, self.odd = numbers, uuids, odd
        self._odd_numbers = {name: number for number, name in odd.items()}

    @classmethod
    def of(cls, numbers: Sequence[int], names: Sequence[str]) -> Names:
        """The names of these numbers, which rise."""
        held = np.asarray(numbers, np.uint32)
        column = pl.Series(names, dtype=pl.String)
        usual = column.str.contains(_USUAL)
        digits = column.filter(usual).str.slice(len(_PREFIX)).str.replace_all("-", "", literal=True)
        uuids = np.zeros(len(held), HALVES)
        uuids[usual.to_numpy()] = np.frombuffer(b"".join(digits.str.decode("hex")), _WRITTEN)
        return cls(held, uuids, {int(held[at]): names[at] for at in (~usual).arg_true()})

    def __len__(self) -> int:
        return len(self.numbers)

    def name(self, number: int) -> str:
        """The name of one that is in the set."""
        if number in self.odd:
            return self.odd[number]
        found = self.uuids[np.searchsorted(self.numbers, number)]
        return f"{_PREFIX}{UUID(int=int(found['high']) << 64 | int(found['low']))}"

    def numbers_of(self, names: Iterable[str]) -> list[int]:
        """The numbers of those of the names that are in the set."""
        wanted = list(dict.fromkeys(names))
        asked = Names.of(range(len(wanted)), wanted)
        odd = [self._odd_numbers[name] for name in asked.odd.values() if name in self._odd_numbers]
        low = asked.uuids["low"][~np.isin(asked.numbers, list(asked.odd))]
        among = pl.Series(self.uuids["low"]).is_in(pl.Series(low).implode())
        near = np.flatnonzero(among.to_numpy())
        sure = set(wanted)
        return odd + [found for found in self.numbers[near].tolist() if self.name(found) in sure]

    def without(self, numbers: Iterable[int]) -> Names:
        """All but these."""
        gone = list(numbers)
        kept = ~np.isin(self.numbers, np.asarray(gone, np.uint32))
        odd = {number: name for number, name in self.odd.items() if number not in set(gone)}
        return Names(self.numbers[kept], self.uuids[kept], odd)

    def with_those_of(self, other: Names) -> Names:
        """Both; the other's numbers are higher."""
        return Names(
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.uuids, other.uuids]),
            self.odd | other.odd,
        )
