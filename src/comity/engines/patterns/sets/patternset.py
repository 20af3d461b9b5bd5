"""A set of patterns, compiled: tables of what they look for, and the patterns that have more to say.

A set never changes; one with other patterns shares with it what stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from comity.base.errors import Malformed
from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.sets.compiling import KEPT, Parts, Refused
from comity.engines.patterns.sets.names import Names
from comity.engines.patterns.sets.places import Places
from comity.engines.patterns.sets.tables import Tables

MOST_PATTERNS = KEPT  # numbers that were ever given in one set and its successors


@dataclass(frozen=True, slots=True)
class Indicated:
    """A pattern and the name of its indicator, mostly the id of the STIX object."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class PatternSet:
    """Patterns by number; the tables tell where they may match, `kept` are those to be tried."""

    places: Places
    tables: Tables
    present: Mapping[
        int, frozenset[int]
    ]  # by place, the owners that ask for no more than that something is there
    kept: dict[int, str]
    names: Names
    refused: tuple[Refused, ...]
    following: int  # the next number

    @classmethod
    def of(cls, patterns: Iterable[Indicated]) -> PatternSet:
        """The set of these; `refused` lists what is not in it."""
        return cls._of(Parts(Places()), patterns, 0)

    @classmethod
    def _of(cls, parts: Parts, patterns: Iterable[Indicated], first: int) -> PatternSet:
        seen: set[str] = set()
        numbers = count(first)
        for each in patterns:
            if each.name in seen:
                parts.refused.append(Refused(each.name, "a pattern with this name stands before it."))
                continue
            seen.add(each.name)
            parts.add(next(numbers), each.name, each.pattern)
        tables = parts.draft.tables()
        return cls(
            parts.places,
            tables,
            _grouped({*parts.present, *parts.draft.everywhere(tables)}),
            parts.kept,
            Names.of(list(parts.named), list(parts.named.values())),
            tuple(parts.refused),
            next(numbers),
        )

    def __len__(self) -> int:
        return len(self.names)

    def present_at(self, place: ObjectPath) -> list[int]:
        """The owners that only ask whether there is something at a place."""
        return [owner for number in self.places.of(place).values() for owner in self.present.get(number, ())]

    def changed(self, *, add: Iterable[Indicated] = (), remove: Iterable[str] = ()) -> PatternSet:
        """The set with these and without those; what is added under a name that it has takes its place."""
        new = list(add)
        gone = [*remove, *(each.name for each in new)]
        left = self._without(gone)
        return (
            left._with(  # noqa: SLF001  one of its own
                self._of(Parts(left.places.copy()), new, left.following)
            )
            if new
            else left
        )

    def _without(self, gone: list[str]) -> PatternSet:
        numbers = self.names.numbers_of(gone)
        owners = {*numbers, *(number + KEPT for number in numbers)}
        names = set(gone)
        refused = tuple(each for each in self.refused if each.name not in names)
        if not numbers:
            return replace(self, refused=refused)
        return replace(
            self,
            tables=self.tables.without(owners),
            present={place: held - owners for place, held in self.present.items()},
            kept={number: text for number, text in self.kept.items() if number + KEPT not in owners},
            names=self.names.without(numbers),
            refused=refused,
        )

    def _with(self, new: PatternSet) -> PatternSet:
        if new.following > MOST_PATTERNS:
            raise Malformed("a set of patterns", "has given all its numbers; build it anew.")
        return PatternSet(
            new.places,
            self.tables.with_those_of(new.tables),
            {
                place: self.present.get(place, frozenset()) | new.present.get(place, frozenset())
                for place in {*self.present, *new.present}
            },
            self.kept | new.kept,
            self.names.with_those_of(new.names),
            (*self.refused, *new.refused),
            new.following,
        )


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for place, owner in pairs:
        found.setdefault(place, set()).add(owner)
    return {place: frozenset(owners) for place, owners in found.items()}
