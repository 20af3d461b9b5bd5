"""`observed-data` held against a set: the same tables, met by the values of all objects at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, ObjectPath, Operator, Text
from comity.engines.patterns.matching.observed import Observed, objects_in, observation
from comity.engines.patterns.matching.places import raw_values_at
from comity.engines.patterns.matching.tests import Hit
from comity.engines.patterns.sets.asking import Asking
from comity.engines.patterns.sets.budget import SECONDS, Budget
from comity.engines.patterns.sets.compiling import Refused
from comity.engines.patterns.sets.flat import Flat, Rows
from comity.engines.patterns.sets.found import Line, Where, lines_of
from comity.engines.patterns.sets.kept import Passed, kept_pattern
from comity.engines.patterns.sets.met import AtOnce, Met
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.places import is_referring
from comity.engines.patterns.sets.standing import Placed

_Match = list[tuple[int, Observed, Passed]]  # which observation, the same read, and what it passed
_HUGE = 10**300  # nearly the largest number of a column
_Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InObservations:
    """Lines as `found.COLUMNS` says, their rows counted from 1; what could not be read or was set aside."""

    lines: pl.DataFrame
    broken: tuple[Refused, ...]  # `observed-data` that a pattern had to look at
    aside: tuple[Refused, ...]


def observed(
    patterns: PatternSet,
    stix: Iterable[_Object],
    *,
    clock: Callable[[], float] = time.process_time,  # no time of day: it measures what a pattern costs
    seconds: float = SECONDS,
) -> InObservations:
    """What each pattern matches among the `observed-data` of these objects, as `Matcher.matches` finds it."""
    look = _Look(patterns, list(stix), Budget(clock, seconds))
    lines = lines_of(look.lines())
    aside = [Refused(patterns.names.name(number), why) for number, why in look.budget.aside.items()]
    return InObservations(lines, tuple(look.broken), tuple(aside))


class _Look:
    """One look at some observations."""

    def __init__(self, patterns: PatternSet, stix: Sequence[_Object], budget: Budget) -> None:
        self.budget = budget
        self.broken: list[Refused] = []
        self._set = patterns
        self._by_ref = {each["id"]: each for each in stix if isinstance(each.get("id"), str)}
        self._data = [each for each in stix if each.get("type") == "observed-data"]
        self._objects = list(self._by_ref.values())
        self._within: dict[int, int] = {}  # objects that STIX 2.0 wrote into an observation, and which
        self._read: dict[int, Observed | None] = {}
        for place, data in enumerate(self._data):
            if "object_refs" not in data and isinstance(data.get("objects"), Mapping):
                inner = [each for each in data["objects"].values() if isinstance(each, Mapping)]
                first = len(self._objects)
                self._within |= dict.fromkeys(range(first, first + len(inner)), place)
                self._objects += inner

    def lines(self) -> Iterator[Line]:
        """All that is found, pattern by pattern."""
        met = self._met()
        where = self._where(met.all_rows())
        numbers = count()
        for (owner, place), hits in sorted(self._at_once(met.at_once, where).items(), key=itemgetter(0)):
            yield (
                next(numbers),
                self._set.names.name(owner),
                self._sight(place, self._read[place]),
                tuple(hits),
            )
        for number, rows in met.kept():
            name = self._set.names.name(number)
            for match in self._tried(number, rows, where):
                of_match = next(numbers)
                for place, one, passed in match:
                    shown = tuple(chain.from_iterable(passed.values()))
                    yield of_match, name, self._sight(place, one), shown

    def _sight(self, place: int, one: Observed | None) -> Where:
        """An observation as a row."""
        first, last = (one.first, one.last) if one else (None, None)
        ref = str(self._data[place].get("id", ""))
        return "observed-data", place + 1, ref, first, last

    def _met(self) -> Met[Placed]:
        """What the objects meet; rows are places in the list of objects."""
        met, asking = Met[Placed](), Asking(self._set, self.budget)
        places: dict[str, list[ObjectPath]] = {}
        for place in self._set.places.all():
            places.setdefault(place.object_type, []).append(place)
        of_type: dict[str, list[int]] = {each: [] for each in places}
        for number, each in enumerate(self._objects):
            kind = each.get("type")
            group = of_type.get(kind) if isinstance(kind, str) else None
            if group is not None:
                group.append(number)
        for object_type, group in of_type.items():
            for place in places[object_type] if group else ():
                self._place(place, group, asking, met)
        return met

    def _place(self, place: ObjectPath, group: list[int], asking: Asking, met: Met[Placed]) -> None:
        placed = (Placed(place),)
        raws, rows = self._values(place, group)
        asking.presence(rows, placed, met)
        for flat in _flats(raws, rows):
            asking.ask(flat, placed, met)

    def _values(self, place: ObjectPath, group: list[int]) -> tuple[list[Any], Rows]:
        """The values at a place, and the objects that have them."""
        objects, steps = self._objects, place.steps
        if len(steps) == 1:
            first = str(steps[0])
            held = [(objects[each][first], each) for each in group if first in objects[each]]
        else:
            held = [
                (raw, each)
                for each in group
                for raw in raw_values_at(objects[each], place.steps, self._beside(each))
            ]
        return [raw for raw, _ in held], np.array([each for _, each in held], np.int64)

    def _beside(self, number: int) -> Mapping[str, _Object]:
        """The objects that one may refer to; in STIX 2.1 perhaps some of other observations, too."""
        data = self._within.get(number)
        return self._by_ref if data is None else objects_in(self._data[data], self._by_ref)

    def _where(self, hit: set[int]) -> dict[int, list[int]]:
        """The observations that these objects are in."""
        found = {each: [self._within[each]] if each in self._within else [] for each in hit}
        of_ref = {self._objects[each]["id"]: found[each] for each in hit if each not in self._within}
        for number, data in enumerate(self._data if of_ref else ()):
            for ref in _among(of_ref, data.get("object_refs", [])):
                of_ref[ref].append(number)
        return found

    def _observed(self, number: int) -> Observed | None:
        """An observation; None if it is broken, which is told once."""
        if number not in self._read:
            try:
                self._read[number] = observation(self._data[number], self._by_ref)
            except Malformed as error:
                self._read[number] = None
                self.broken.append(Refused(error.where, error.problem))
        return self._read[number]

    def _at_once(
        self, met: Iterable[AtOnce[Placed]], where: Mapping[int, list[int]]
    ) -> dict[tuple[int, int], list[Hit]]:
        """Plain equalities, by owner and observation."""
        found: dict[tuple[int, int], list[Hit]] = {}
        for each in met:
            place = each.standing.place
            for row, owner, value in zip(each.rows.tolist(), each.owners.tolist(), each.values, strict=True):
                hit = Hit("", Comparison(place, Operator.EQUAL, Text(str(value))), value)
                for number in where[row]:
                    if self._stands(value, place, row, number):
                        found.setdefault((owner, number), []).append(hit)
        return found

    def _stands(self, value: Any, place: ObjectPath, row: int, number: int) -> bool:  # noqa: ANN401  whatever JSON holds
        """Whether the observation can be read, and has all objects that the place is reached by."""
        one = self._observed(number)
        if one is None or not is_referring(place):
            return one is not None
        return value in raw_values_at(self._objects[row], place.steps, one.objects)

    def _tried(self, number: int, rows: Rows, where: Mapping[int, list[int]]) -> Iterator[_Match]:
        """The matches of a pattern that has to be tried."""
        kept = kept_pattern(self._set.kept[number])
        places = sorted({place for row in rows.tolist() for place in where[row]})
        read = [(one, place) for place in places if (one := self._observed(place)) is not None]
        known = [one for one, _ in sorted(read, key=lambda pair: pair[0].first)]
        passed = self.budget.tried(number, lambda: [kept.passed(one) for one in known])
        if not passed:
            return
        candidates = {
            test: [place for place, each in enumerate(passed) if test in each] for test in kept.matcher.tests
        }
        place_of = {id(one): place for one, place in read}
        passed_by = {id(one): each for one, each in zip(known, passed, strict=True)}
        matches = self.budget.tried(number, lambda: list(kept.matcher.among(known, candidates)))
        for match in matches or ():
            yield [(place_of[id(one)], one, passed_by[id(one)]) for one in match.observed]


def _among(known: Mapping[str, object], refs: Any) -> Iterable[str]:  # noqa: ANN401  whatever JSON holds
    """Those of the references that are known; a list of anything else has none."""
    try:
        return () if not isinstance(refs, list) or known.keys().isdisjoint(refs) else known.keys() & set(refs)
    except TypeError:
        return ()


def _flats(raws: Sequence[Any], rows: Rows) -> Iterator[Flat]:
    """The values as columns, one to a type; lists and dictionaries equal nothing."""
    for kinds, dtype in ((str, pl.String), (int, pl.Int64), (float, pl.Float64), (bool, pl.Boolean)):
        at = [n for n, raw in enumerate(raws) if type(raw) is kinds]
        if at:
            yield Flat(_series([raws[n] for n in at], dtype), rows[at])


def _series(raws: list[Any], dtype: type[pl.DataType]) -> pl.Series:
    try:
        return pl.Series(raws, dtype=dtype)
    except UnicodeEncodeError:  # half a character, which JSON can write and no column holds
        return pl.Series([raw.encode(errors="replace").decode() for raw in raws])
    except (OverflowError, TypeError):  # STIX has no whole numbers beyond 2**53 (2.1, section 2.8)
        return pl.Series([float(min(max(raw, -_HUGE), _HUGE)) for raw in raws])
