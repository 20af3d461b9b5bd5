"""Values with a history: what a law, a treaty or an agreement changes on a day."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value with a history: `steps` are (first day in force, value), oldest first."""

    steps: tuple[tuple[date, T], ...]

    def __post_init__(self) -> None:
        days = [day for day, _ in self.steps]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("the steps of a dated value are on different days, oldest first")

    def on(self, day: date) -> T | None:
        """The value in force on `day`; None before the first step."""
        index = bisect_right(self.steps, day, key=lambda step: step[0])
        return self.steps[index - 1][1] if index else None
