"""How long patterns may be tried on one portion: one that takes longer is set aside, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from comity.base.errors import Malformed

SECONDS = 2.0  # for all that one pattern is tried on in one portion

T = TypeVar("T")


class Budget:
    """Counts the time of each pattern; `aside` has the reasons of those that are tried no more."""

    def __init__(self, clock: Callable[[], float], seconds: float = SECONDS) -> None:
        self._clock, self._seconds = clock, seconds
        self._spent: dict[int, float] = {}
        self.aside: dict[int, str] = {}

    def begin(self) -> None:
        """A new portion: all that are left have all their time again."""
        self._spent = {}

    def tried(self, number: int, work: Callable[[], T]) -> T | None:
        """What the work for a pattern gives; None if it is set aside, now or before."""
        if number in self.aside:
            return None
        begun = self._clock()
        try:
            found = work()
        except Malformed as error:
            self.aside[number] = str(error)
            return None
        spent = self._spent[number] = self._spent.get(number, 0.0) + self._clock() - begun
        if spent > self._seconds:
            self.aside[number] = f"took more than {self._seconds:g} seconds with one portion."
        return found
