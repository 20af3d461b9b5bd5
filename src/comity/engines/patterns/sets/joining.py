"""Rows that fit a part of a pattern, kept until the rest of it is seen, whatever portion or log it is in.

After each row it is asked whether a match exists now; so it makes no difference how the rows are cut into
portions, and a match is told when its last row comes. What is part of one match is part of no other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from comity.engines.patterns.ast import (
    Observation,
)
from comity.engines.patterns.matching.binding import Search
from comity.engines.patterns.matching.observed import Objects, Observed
from comity.engines.patterns.sets.found import Where
from comity.engines.patterns.sets.kept import Kept, Passed, possible, reach

MOST_WAITING = 2_000  # rows of one pattern
MOST_WAITING_IN_ALL = 50_000

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row that fits a part of a pattern; `observed` says when, the objects are not kept."""

    number: int  # in the order in which they came
    where: Where
    observed: Observed
    passed: Passed


@dataclass(slots=True)
class _Window:
    """The rows that wait for the rest of one pattern, by their first moment."""

    known: list[Waiting] = field(default_factory=list)
    oldest: OrderedDict[int, Waiting] = field(default_factory=OrderedDict)
    counts: Counter[Observation] = field(default_factory=Counter)
    longest: int = 0  # microseconds that one of them took

    def add(self, new: Waiting) -> None:
        insort(self.known, new, key=_first)
        self.oldest[new.number] = new
        self.counts.update(new.passed.keys())
        self.longest = max(self.longest, new.observed.last - new.observed.first)

    def remove(self, gone: Waiting) -> None:
        del self.known[bisect_left(self.known, _first(gone), key=_first)], self.oldest[gone.number]
        self.counts.subtract(gone.passed.keys())

    def near(self, new: Waiting, most: float) -> Sequence[Waiting]:
        """Those that lie within so many microseconds of one."""
        if most == float("inf"):
            return self.known
        begin = bisect_right(self.known, (new.observed.first - most - self.longest, -1.0), key=_first)
        end = bisect_right(self.known, (new.observed.last + most, float("inf")), key=_first)
        return self.known[begin:end]


@dataclass(frozen=True, slots=True)
class Wait:
    """A row that waits for the rest of a pattern, with all that it takes to let it wait again."""

    number: int
    pattern: int
    where: Where
    objects: Objects


@dataclass(slots=True)
class Waits:
    """Which rows have begun to wait, and which wait no more, since it was asked last."""

    came: dict[int, Wait] = field(default_factory=dict)
    went: list[int] = field(default_factory=list)

    def end(self, number: int) -> None:
        """One waits no more."""
        if self.came.pop(number, None) is None:
            self.went.append(number)


class Joining:
    """The windows of all patterns; `let_go` counts the rows that had to make room.

    With `keeping`, what begins and ends to wait is noted, for whoever keeps it beyond the end of the process.
    """

    def __init__(self, *, keeping: bool = False) -> None:
        self._windows: dict[int, _Window] = {}
        self._order: OrderedDict[int, int] = OrderedDict()
        self._next = 0
        self._waits = Waits() if keeping else None
        self.let_go = 0

    def waits(self) -> Waits:
        """What has changed since this was asked last; nothing where nothing is noted."""
        found, self._waits = self._waits, Waits() if self._waits is not None else None
        return found or Waits()

    def resume(self, wait: Wait, passed: Passed, first: int, last: int) -> None:
        """Let a row wait as it did; those of one process come in the order of their numbers."""
        self._next = max(self._next, wait.number + 1)
        observed = Observed(wait.where[0], first, last, {})
        self._windows.setdefault(wait.pattern, _Window()).add(
            Waiting(wait.number, wait.where, observed, passed)
        )
        self._order[wait.number] = wait.pattern

    def __len__(self) -> int:
        return len(self._order)

    def forget(self, pattern: int) -> None:
        """No longer keep anything for a pattern."""
        window = self._windows.pop(pattern, None)
        for number in window.oldest if window else ():
            self._end(number)

    def waiting(self) -> list[int]:
        """The patterns for which something is kept."""
        return list(self._windows)

    def join(
        self,
        pattern: int,
        kept: Kept,
        where: Where,
        observed: Observed,
        passed: Passed,
    ) -> list[Waiting]:
        """The rows of the match that one more row completes; none if it does not."""
        window = self._windows.setdefault(pattern, _Window())
        slim = Observed(observed.ref, observed.first, observed.last, {})
        new = Waiting(self._next, where, slim, passed)
        self._next += 1
        window.add(new)
        self._order[new.number] = pattern
        if self._waits is not None:
            self._waits.came[new.number] = Wait(new.number, pattern, where, observed.objects)
        found = _match(kept, window, new)
        for each in found:
            self._remove(pattern, each)
        self._make_room(pattern)
        return found

    def _make_room(self, pattern: int) -> None:
        window = self._windows[pattern]
        if len(window.oldest) > MOST_WAITING:
            self._let_go(pattern)
        if len(self._order) > MOST_WAITING_IN_ALL:
            self._let_go(next(iter(self._order.values())))

    def _let_go(self, pattern: int) -> None:
        self._remove(pattern, next(iter(self._windows[pattern].oldest.values())))
        self.let_go += 1

    def _remove(self, pattern: int, gone: Waiting) -> None:
        self._windows[pattern].remove(gone)
        self._end(gone.number)

    def _end(self, number: int) -> None:
        del self._order[number]
        if self._waits is not None:
            self._waits.end(number)


def _first(each: Waiting) -> tuple[float, float]:
    return each.observed.first, each.number


def _match(kept: Kept, window: _Window, new: Waiting) -> list[Waiting]:
    pattern = kept.matcher.pattern
    if not possible(pattern, window.counts):
        return []
    known = window.near(new, reach(pattern) * _SECOND)
    candidates: dict[Observation, list[int]] = {key: [] for key in kept.matcher.tests}
    # By identity: a part of a pattern is found by what it says in as much time as it is long, for each row.
    places = {id(key): candidates[key] for key in candidates}
    for place, each in enumerate(known):
        for key in each.passed:
            if id(key) not in places:  # of the same pattern, but compiled once more since
                places[id(key)] = candidates[key]
            places[id(key)].append(place)
    found = Search(pattern, [each.observed for each in known], candidates.__getitem__).first({})
    return [known[place] for place in dict.fromkeys(found or ())]
