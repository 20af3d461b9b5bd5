"""`observed-data` held against a set: the same tables, met by the values of all objects at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, ObjectPath, Operator, Text
from comity.engines.patterns.matching.observed import Observed, objects_in, observation
from comity.engines.patterns.matching.places import HASHES, hash_key, raw_values_at
from comity.engines.patterns.matching.tests import Hit
from comity.engines.patterns.sets.asking import Asking
from comity.engines.patterns.sets.budget import SECONDS, Budget
from comity.engines.patterns.sets.compiling import Refused
from comity.engines.patterns.sets.flat import Flat, Rows
from comity.engines.patterns.sets.found import Line, Where, lines_of
from comity.engines.patterns.sets.kept import Passed, kept_pattern, possible
from comity.engines.patterns.sets.met import AtOnce, Met
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.places import REFERENCES, is_referring
from comity.engines.patterns.sets.standing import Placed

_Match = list[tuple[int, Observed, Passed]]  # which observation, the same read, and what it passed
_TYPES: Mapping[type, type[pl.DataType]] = MappingProxyType(
    {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
)
_COMMON = 2  # steps: nearly all longer paths have as many
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
    clock: Callable[[], float] = time.thread_time,  # no time of day: it measures what a pattern costs
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
        self._stix = stix
        types = [each.get("type") for each in stix]
        self._data = [each for each, kind in zip(stix, types, strict=True) if kind == "observed-data"]
        self._objects = list(stix)
        self._within: dict[int, int] = {}  # objects that STIX 2.0 wrote into an observation, and which
        self._read: dict[int, Observed | None] = {}
        self._held: dict[int, Mapping[str, _Object]] = {}
        for place, data in enumerate(self._data):
            if "object_refs" not in data and isinstance(data.get("objects"), Mapping):
                inner = [each for each in data["objects"].values() if isinstance(each, Mapping)]
                first = len(self._objects)
                self._within |= dict.fromkeys(range(first, first + len(inner)), place)
                self._objects += inner
                types += [each.get("type") for each in inner]
        self._types = (
            types if _are_hashable(types) else [kind if isinstance(kind, str) else "" for kind in types]
        )

    @cached_property
    def _by_ref(self) -> Mapping[Any, _Object]:
        """What references lead to: of two objects with one id the last."""
        try:
            return dict(zip([each.get("id") for each in self._stix], self._stix, strict=True))
        except TypeError:  # an id that is a list
            return {each["id"]: each for each in self._stix if isinstance(each.get("id"), str)}

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
        for number, kind in enumerate(self._types):
            if kind in of_type:
                of_type[kind].append(number)
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
            rows = [each for each in group if first in objects[each]]
            return [objects[each][first] for each in rows], np.array(rows, np.int64)
        if len(steps) == _COMMON and isinstance(steps[1], str):
            held = list(self._beneath(group, str(steps[0]), steps[1]))
        else:
            held = [
                (raw, each)
                for each in group
                for raw in raw_values_at(objects[each], place.steps, self._beside(each))
            ]
        return [raw for raw, _ in held], np.array([each for _, each in held], np.int64)

    def _beneath(self, group: list[int], first: str, name: str) -> Iterator[tuple[Any, int]]:
        """The same for one key beneath a property, or a property of an object that is referred to."""
        refers, is_hash = first.endswith(REFERENCES), first == HASHES
        for each in group:
            held = self._objects[each].get(first)
            if refers and isinstance(held, str):
                held = self._beside(each).get(held)
            if not isinstance(held, Mapping):
                continue
            if is_hash:
                yield from ((value, each) for key, value in held.items() if hash_key(key) == name)
            elif name in held:
                yield held[name], each

    def _beside(self, number: int) -> Mapping[str, _Object]:
        """The objects that one may refer to; in STIX 2.1 perhaps some of other observations, too."""
        data = self._within.get(number)
        return self._by_ref if data is None else objects_in(self._data[data], self._by_ref)

    def _where(self, hit: set[int]) -> dict[int, list[int]]:
        """The observations that these objects are in."""
        found = {each: [self._within[each]] if each in self._within else [] for each in hit}
        of_ref = dict(self._known(each for each in hit if each not in self._within))
        for number, data in enumerate(self._data if of_ref else ()):
            for ref in _among(of_ref, data.get("object_refs", [])):
                found[of_ref[ref]].append(number)
        return found

    def _known(self, hit: Iterable[int]) -> Iterator[tuple[str, int]]:
        """Those that references lead to, by their ids."""
        for each in hit:
            ref = self._objects[each].get("id")
            if isinstance(ref, str) and self._by_ref[ref] is self._objects[each]:
                yield ref, each

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
        tried = self.budget.tried(number, lambda: {each: kept.passed(self._inside(each)) for each in places})
        passed = {place: each for place, each in (tried or {}).items() if each}
        if not possible(kept.matcher.pattern, dict.fromkeys(chain.from_iterable(passed.values()), math.inf)):
            return
        read = [(one, place) for place in passed if (one := self._observed(place)) is not None]
        read.sort(key=lambda pair: pair[0].first)
        candidates = {
            test: [n for n, (_, place) in enumerate(read) if test in passed[place]]
            for test in kept.matcher.tests
        }
        place_of = {id(one): place for one, place in read}
        known = [one for one, _ in read]
        matches = self.budget.tried(number, lambda: list(kept.matcher.among(known, candidates)))
        for match in matches or ():
            yield [(place_of[id(one)], one, passed[place_of[id(one)]]) for one in match.observed]

    def _inside(self, place: int) -> Mapping[str, _Object]:
        """The objects of an observation; none where that is broken."""
        if place not in self._held:
            try:
                self._held[place] = objects_in(self._data[place], self._by_ref)
            except Malformed:
                self._held[place] = {}
                self._observed(place)  # which tells what is wrong
        return self._held[place]


def _are_hashable(types: list[Any]) -> bool:
    """Whether all can be looked up; JSON may hold a list where a type should be."""
    try:
        set(types)
    except TypeError:
        return False
    return True


def _among(known: Mapping[str, object], refs: Any) -> Iterable[str]:  # noqa: ANN401  whatever JSON holds
    """Those of the references that are known; a list of anything else has none."""
    try:
        return () if not isinstance(refs, list) or known.keys().isdisjoint(refs) else known.keys() & set(refs)
    except TypeError:
        return ()


def _flats(raws: Sequence[Any], rows: Rows) -> Iterator[Flat]:
    """The values as columns, one to a type; lists and dictionaries equal nothing."""
    kinds = set(map(type, raws))
    for kind, dtype in _TYPES.items():
        if kinds == {kind}:
            yield Flat(_series(list(raws), dtype), rows)
        elif kind in kinds:
            at = [n for n, raw in enumerate(raws) if type(raw) is kind]
            yield Flat(_series([raws[n] for n in at], dtype), rows[at])


def _series(raws: list[Any], dtype: type[pl.DataType]) -> pl.Series:
    try:
        return pl.Series(raws, dtype=dtype)
    except UnicodeEncodeError:  # half a character, which JSON can write and no column holds
        return pl.Series([raw.encode(errors="replace").decode() for raw in raws])
    except (OverflowError, TypeError):  # STIX has no whole numbers beyond 2**53 (2.1, section 2.8)
        return pl.Series([float(min(max(raw, -_HUGE), _HUGE)) for raw in raws])
