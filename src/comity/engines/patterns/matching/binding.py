"""Which observations fit together: each part of a pattern is bound to observations of its own.

The standard lets a time be chosen within each observation's first and last moment; what is asked is whether
a choice exists. Everything about times that a set of observations has to tell is its earliest `last` and its
latest `first`: they fit within a duration if these lie no further apart, and follow others whose latest
`first` is not after their own earliest `last`.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from comity.base.errors import TooLarge
from comity.engines.patterns.ast import (
    FollowedBy,
    Observation,
    ObservationAnd,
    ObservationExpression,
    ObservationOr,
    Qualified,
    Repeats,
    StartStop,
    Within,
)
from comity.engines.patterns.matching.observed import Observed, microseconds

MOST_STEPS = 200_000  # observations that are tried for one match
MOST_PARTS = 200  # observation expressions, joins and qualifiers of one pattern, repetitions counted
_SECOND = 1_000_000

Candidates = Callable[[Observation], Sequence[int]]  # rising places in the list of observations


@dataclass(frozen=True, slots=True)
class _Span:
    """The observations bound since a part began: how far apart they may lie, and how far they do."""

    most: float = math.inf
    earliest_last: float = math.inf
    latest_first: float = -math.inf

    def with_one(self, first: float, last: float) -> _Span:
        return replace(
            self, earliest_last=min(self.earliest_last, last), latest_first=max(self.latest_first, first)
        )

    @property
    def holds(self) -> bool:
        return self.latest_first - self.earliest_last <= self.most


@dataclass(frozen=True, slots=True)
class _Bound:
    """What is bound so far, and what the next observation has to meet."""

    taken: Mapping[int, int] = field(default_factory=dict)  # how often each is bound
    order: tuple[int, ...] = ()
    after: float = -math.inf  # its last moment, at the earliest
    before: float = math.inf  # its first moment, at the latest
    spans: tuple[_Span, ...] = ()

    @property
    def bounds(self) -> tuple[float, float]:
        """The same with what the spans leave: the last moment at the earliest, the first at the latest."""
        return (
            max([self.after, *(each.latest_first - each.most for each in self.spans)]),
            min([self.before, *(each.earliest_last + each.most for each in self.spans)]),
        )


class TooMany(TooLarge):
    """A pattern whose parts fit so many observations that not all ways to join them were tried."""


class Search:
    """Looks for observations that fit a pattern together; they are sorted by their first moment."""

    def __init__(
        self, pattern: ObservationExpression, observed: Sequence[Observed], candidates: Candidates
    ) -> None:
        self._pattern = pattern
        self._observed = observed
        self._candidates = candidates
        self._longest = max((each.last - each.first for each in observed), default=0)
        self._wanted = list(_wanted(pattern))
        self._steps = 0

    def first(self, spent: Mapping[int, int]) -> tuple[int, ...] | None:
        """The places of the observations of one match, those in `spent` left out; None if nothing fits."""
        self._steps = MOST_STEPS
        found = next(self._bind(self._pattern, _Bound(dict(spent))), None)
        return found.order if found else None

    def _bind(self, node: ObservationExpression, bound: _Bound) -> Iterator[_Bound]:
        """All ways to bind a part, one after the other."""
        match node:
            case Observation():
                return self._one(node, bound)
            case ObservationAnd(parts):
                return self._each(sorted(parts, key=self._rarity), bound)
            case ObservationOr(parts):
                return (found for part in parts for found in self._bind(part, bound))
            case FollowedBy(parts):
                return self._in_order(parts, bound)
            case _:
                return self._qualified(node, bound)

    def _rarity(self, node: ObservationExpression) -> int:
        """About how many ways there are to bind a part: what is rare is bound first."""
        match node:
            case Observation():
                return len(self._candidates(node))
            case Qualified(inner):
                return self._rarity(inner)
            case ObservationOr(parts):
                return sum(map(self._rarity, parts))
            case _:
                return min(map(self._rarity, node.parts))

    def _one(self, node: Observation, bound: _Bound) -> Iterator[_Bound]:
        for place in self._within(self._candidates(node), bound):
            self._step()
            if self._free(place, bound):
                found = self._with(bound, place, 1)
                if found is not None:
                    yield found

    def _within(self, places: Sequence[int], bound: _Bound) -> Iterator[int]:
        """Those whose moments meet what is asked."""
        after, before = bound.bounds
        begin = bisect_left(places, after - self._longest, key=self._first)
        end = bisect_right(places, before, key=self._first)
        return (place for place in islice(places, begin, end) if self._observed[place].last >= after)

    def _first(self, place: int) -> int:
        return self._observed[place].first

    def _free(self, place: int, bound: _Bound) -> int:
        """How many more times the observation may be bound."""
        return self._observed[place].count - bound.taken.get(place, 0)

    def _with(self, bound: _Bound, place: int, times: int) -> _Bound | None:
        """With one more, if the spans still hold."""
        each = self._observed[place]
        spans = tuple(span.with_one(each.first, each.last) for span in bound.spans)
        if not all(span.holds for span in spans):
            return None
        taken = {**bound.taken, place: bound.taken.get(place, 0) + times}
        return replace(bound, taken=taken, order=(*bound.order, place), spans=spans)

    def _each(self, parts: Sequence[ObservationExpression], bound: _Bound) -> Iterator[_Bound]:
        if not parts:
            yield bound
            return
        for found in self._bind(parts[0], bound):
            yield from self._each(parts[1:], found)

    def _in_order(self, parts: Sequence[ObservationExpression], bound: _Bound) -> Iterator[_Bound]:
        """Each part after all those before it."""
        inner = replace(bound, spans=(*bound.spans, _Span()))
        for found in self._following(parts, inner):
            yield replace(found, after=bound.after, spans=found.spans[:-1])

    def _following(self, parts: Sequence[ObservationExpression], bound: _Bound) -> Iterator[_Bound]:
        if not parts:
            yield bound
            return
        later = replace(bound, after=max(bound.after, bound.spans[-1].latest_first))
        for found in self._bind(parts[0], later):
            yield from self._following(parts[1:], found)

    def _qualified(self, node: Qualified, bound: _Bound) -> Iterator[_Bound]:
        match node.qualifier:
            case Within(seconds):
                inner = replace(bound, spans=(*bound.spans, _Span(most=seconds * _SECOND)))
                for found in self._bind(node.expression, inner):
                    yield replace(found, spans=found.spans[:-1])
            case StartStop(start, stop):
                after = max(bound.after, microseconds(start.moment))
                before = min(bound.before, microseconds(stop.moment) - 1)
                if microseconds(stop.moment) <= microseconds(start.moment):
                    return
                for found in self._bind(node.expression, replace(bound, after=after, before=before)):
                    yield replace(found, after=bound.after, before=bound.before)
            case Repeats(times):
                yield from self._repeated(node.expression, times, bound)

    def _repeated(self, node: ObservationExpression, times: int, bound: _Bound) -> Iterator[_Bound]:
        if isinstance(node, Observation):
            yield from self._closest(node, times, bound)
        if times <= MOST_PARTS and (not isinstance(node, Observation) or self._shared(node)):
            yield from self._copies(node, times, bound, -1)

    def _copies(self, node: ObservationExpression, times: int, bound: _Bound, least: int) -> Iterator[_Bound]:
        """So many bindings; as their order means nothing, none begins before the one before it."""
        if not times:
            yield bound
            return
        begun = len(bound.order)
        for found in self._bind(node, bound):
            if found.order[begun] >= least:
                yield from self._copies(node, times - 1, found, found.order[begun])

    def _closest(self, node: Observation, times: int, bound: _Bound) -> Iterator[_Bound]:
        """For each earliest `last` those with the smallest latest `first`: no others fit better."""
        places = [each for each in self._within(self._candidates(node), bound) if self._free(each, bound)]
        for earliest in places:
            found = self._beside(earliest, places, times, bound)
            if found is not None:
                yield found

    def _beside(self, earliest: int, places: Sequence[int], times: int, bound: _Bound) -> _Bound | None:
        free, last = self._free(earliest, bound), self._observed[earliest].last
        found, left = self._with(bound, earliest, min(times, free)), times - free
        for place in places if self._longest else islice(places, bisect_left(places, earliest), None):
            if left <= 0 or found is None:
                break
            self._step()
            if place != earliest and self._observed[place].last >= last:
                free = self._free(place, bound)
                found, left = self._with(found, place, min(left, free)), left - free
        return found if left <= 0 else None

    def _shared(self, node: Observation) -> bool:
        """Whether another part may want one of the same observations, so that not only the closest count."""
        places = set(self._candidates(node))
        others = [each for each in self._wanted if each is not node]
        again = len(self._wanted) - len(others) > 1
        return again or any(not places.isdisjoint(self._candidates(each)) for each in others)

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TooMany("a pattern", f"has more than {MOST_STEPS:,} ways to join what fits its parts.")


def _wanted(node: ObservationExpression) -> Iterator[Observation]:
    """What stands in square brackets; twice what is to be found several times as a part of something else."""
    match node:
        case Observation():
            yield node
        case Qualified(Observation() as inner, Repeats()):
            yield inner
        case Qualified(inner, qualifier):
            again = 2 if isinstance(qualifier, Repeats) and qualifier.times > 1 else 1
            for _ in range(again):
                yield from _wanted(inner)
        case _:
            for part in node.parts:
                yield from _wanted(part)
