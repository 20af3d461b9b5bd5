"""The Traffic Light Protocol, version 2.0 (FIRST, August 2022: https://www.first.org/tlp/)."""

from __future__ import annotations

from enum import Enum
from typing import Self


class Tlp(Enum):
    """The five labels, from the most open to the most closed; they compare in that order."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @property
    def label(self) -> str:
        """As FIRST writes it, for example `TLP:AMBER+STRICT`."""
        return f"TLP:{self.value.upper()}"

    @property
    def rank(self) -> int:
        """0 for CLEAR to 4 for RED."""
        return _ORDER[self]

    def __lt__(self, other: Self) -> bool:
        return self.rank < other.rank

    def __le__(self, other: Self) -> bool:
        return self.rank <= other.rank


_ORDER = {label: rank for rank, label in enumerate(Tlp)}
