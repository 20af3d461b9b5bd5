"""Comparisons that no table of values can tell: each met by itself with the distinct values of a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from comity.engines.patterns.ast import Comparison, Observation
from comity.engines.patterns.parser import parse
from comity.engines.patterns.text import pattern_text


@dataclass(frozen=True, slots=True)
class Loose:
    """One comparison, the number of its place and that of its owner."""

    place: int
    owner: int
    test: Comparison


class LooseTests:
    """Such comparisons by their places."""

    def __init__(self, tests: Iterable[Loose]) -> None:
        self._by_place: dict[int, list[Loose]] = {}
        for each in tests:
            self._by_place.setdefault(each.place, []).append(each)

    def __len__(self) -> int:
        return sum(map(len, self._by_place.values()))

    def __iter__(self) -> Iterator[Loose]:
        return (each for tests in self._by_place.values() for each in tests)

    def at(self, places: Iterable[int]) -> list[Loose]:
        """Those whose place is one of these."""
        return [each for place in places for each in self._by_place.get(place, ())]

    def without(self, owners: Iterable[int]) -> LooseTests:
        """All but those of these owners."""
        gone = set(owners)
        return LooseTests(each for each in self if each.owner not in gone)

    def with_those_of(self, other: LooseTests) -> LooseTests:
        """Both."""
        return LooseTests([*self, *other])

    def written(self) -> list[tuple[int, int, str]]:
        """Each as numbers and text."""
        return [(each.place, each.owner, pattern_text(Observation(each.test))) for each in self]

    @classmethod
    def read(cls, rows: Iterable[tuple[int, int, str]]) -> LooseTests:
        """What was written."""
        return cls(Loose(place, owner, _test(text)) for place, owner, text in rows)


def _test(text: str) -> Comparison:
    found = parse(text)
    if not isinstance(found, Observation) or not isinstance(found.test, Comparison):
        raise TypeError(text)
    return found.test
