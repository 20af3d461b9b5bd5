"""A pattern as observations meet it: each match with what it was seen in, and the values that show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from comity.base.errors import TooLarge
from comity.engines.patterns.ast import (
    Observation,
    ObservationExpression,
    ObservationOr,
    Qualified,
    Repeats,
    StartStop,
    Within,
)
from comity.engines.patterns.matching.binding import MOST_PARTS, Search
from comity.engines.patterns.matching.observed import Observed, microseconds
from comity.engines.patterns.matching.tests import Hit, Hits, ObjectTest, object_test

MOST_MATCHES = 10_000  # of a pattern that joins several observations


@dataclass(frozen=True, slots=True)
class Match:
    """Observations that fit the pattern together, none of them part of another match of it."""

    observed: tuple[Observed, ...]
    hits: Hits


class Matcher:
    """One pattern, compiled. `usual` compares values as the field reads them, not letter by letter."""

    def __init__(self, pattern: ObservationExpression, *, usual: bool = True) -> None:
        if _size(pattern) > MOST_PARTS:
            raise TooLarge("a pattern", f"has more than {MOST_PARTS} parts that are joined or repeated.")
        self.pattern = pattern
        self.tests: Mapping[Observation, ObjectTest] = {
            each: object_test(each.test, usual=usual) for each in _observations(pattern)
        }

    def matches(self, observed: Sequence[Observed]) -> Iterator[Match]:
        """Every match, none twice: where several observations are joined, each is part of one match."""
        known = sorted(observed, key=lambda each: each.first)
        return self.among(known, self._candidates(known))

    def among(
        self, known: Sequence[Observed], candidates: Mapping[Observation, Sequence[int]]
    ) -> Iterator[Match]:
        """The same for what is sorted by its first moment, where it is known which passes which test."""
        alone = _alone(self.pattern, known, candidates)
        found = ((each,) for each in alone) if alone is not None else self._joined(known, candidates)
        for places in found:
            once = tuple(known[place] for place in dict.fromkeys(places))
            yield Match(once, tuple(chain.from_iterable(map(self._shown, once))))

    def _candidates(self, known: Sequence[Observed]) -> dict[Observation, list[int]]:
        return {
            each: [place for place, one in enumerate(known) if test.hits(one.objects) is not None]
            for each, test in self.tests.items()
        }

    def _joined(
        self, known: Sequence[Observed], candidates: Mapping[Observation, Sequence[int]]
    ) -> Iterator[tuple[int, ...]]:
        spent: dict[int, int] = {}
        left = dict(candidates)
        for _ in range(MOST_MATCHES):
            found = Search(self.pattern, known, left.__getitem__).first(spent)
            if found is None:
                return
            spent |= {place: known[place].count for place in found}
            left = {key: [each for each in places if each not in spent] for key, places in left.items()}
            yield found

    def _shown(self, one: Observed) -> Iterator[Hit]:
        for test in self.tests.values():
            yield from test.hits(one.objects) or ()


def _size(node: ObservationExpression) -> int:
    match node:
        case Observation():
            return 1
        case Qualified(Observation(), _):
            return 2
        case Qualified(inner, Repeats(times)):
            return 1 + times * _size(inner)
        case Qualified(inner, _):
            return 1 + _size(inner)
        case _:
            return 1 + sum(map(_size, node.parts))


def _observations(node: ObservationExpression) -> Iterator[Observation]:
    match node:
        case Observation():
            yield node
        case Qualified(inner):
            yield from _observations(inner)
        case _:
            for part in node.parts:
                yield from _observations(part)


def _alone(
    node: ObservationExpression, known: Sequence[Observed], candidates: Mapping[Observation, Sequence[int]]
) -> list[int] | None:
    """The observations of which each matches alone; None where several have to be seen."""
    match node:
        case Observation():
            return list(candidates[node])
        case ObservationOr(parts):
            found = [_alone(part, known, candidates) for part in parts]
            sure = [each for each in found if each is not None]
            return sorted(set().union(*sure)) if len(sure) == len(found) else None
        case Qualified(inner, qualifier):
            return _alone_under(qualifier, _alone(inner, known, candidates), known)
        case _:
            return None


def _alone_under(
    qualifier: Within | Repeats | StartStop, places: list[int] | None, known: Sequence[Observed]
) -> list[int] | None:
    if places is None or (isinstance(qualifier, Repeats) and qualifier.times > 1):
        return None
    if not isinstance(qualifier, StartStop):
        return places
    start, stop = microseconds(qualifier.start.moment), microseconds(qualifier.stop.moment)
    return [
        each for each in places if start < stop and known[each].last >= start and known[each].first < stop
    ]
