"""A table of telemetry held against a set: which rows are matches at once, and which have to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.base.layouts import Layout, Seen
from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.columns.partly import PartlyMet
from comity.engines.patterns.matching.comparing import Fits, fits
from comity.engines.patterns.matching.places import decoded
from comity.engines.patterns.normal import Form
from comity.engines.patterns.properties import form_at
from comity.engines.patterns.sets.budget import Budget
from comity.engines.patterns.sets.compiling import KEPT
from comity.engines.patterns.sets.flat import BYTES, Flat, Rows, is_there
from comity.engines.patterns.sets.loose import Loose
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.places import last_name
from comity.engines.patterns.sets.standing import Items, Standing, standings

_AT_A_TIME = 1_000  # values that a test is tried on before its time is looked at


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Rows that hold the value of a plain equality, by owner, and where in the row it stands."""

    rows: Rows
    owners: NDArray[np.uint32]
    standing: Standing
    values: pl.Series


@dataclass(slots=True)
class Met:
    """What one table of telemetry has met."""

    at_once: list[AtOnce] = field(default_factory=list)
    _kept: dict[int, list[Rows]] = field(default_factory=dict)

    def keep(self, number: int, rows: Rows) -> None:
        """Rows that a pattern has to be tried on."""
        self._kept.setdefault(number, []).append(rows)

    def spread_to(self, rows: Rows, found: Met) -> None:
        """What one value has met, for all rows that hold it."""
        for each in self.at_once if len(rows) else ():
            owners = np.repeat(each.owners, len(rows))
            values = pl.repeat(each.values[0], len(owners), dtype=each.values.dtype, eager=True)
            found.at_once.append(AtOnce(np.tile(rows, len(each.owners)), owners, each.standing, values))
        for number in self._kept if len(rows) else ():
            found.keep(number, rows)

    def kept(self) -> Iterator[tuple[int, Rows]]:
        """Patterns by their numbers, each with its rows, rising."""
        for number, several in sorted(self._kept.items()):
            yield number, np.unique(np.concatenate(several))


@dataclass(frozen=True, slots=True)
class _Group:
    """A column, as it is or by its items, with all that stands there."""

    column: str
    items: Items
    standings: tuple[Standing, ...]


class Plan:
    """How the rows of one layout meet one set."""

    def __init__(self, patterns: PatternSet, layout: Layout, budget: Budget) -> None:
        self._set, self._budget = patterns, budget
        found = standings(layout, patterns.places.all())
        self._constant = [each for each in found if each.column is None]
        in_columns = [(each.column, each.items, each) for each in found if each.column is not None]
        self._groups = [
            _Group(*key, tuple(each for *of, each in in_columns if tuple(of) == key))
            for key in dict.fromkeys((column, items) for column, items, _ in in_columns)
        ]

    def met(self, frame: pl.DataFrame) -> Met:
        """What the rows meet."""
        found = Met()
        for group in self._groups:
            if group.column in frame.columns:
                self._column(frame[group.column], group, found)
        for standing in self._constant:
            self._constants(frame, standing, found)
        return found

    def _column(self, column: pl.Series, group: _Group, found: Met) -> None:
        self._presence(np.flatnonzero(is_there(column).to_numpy()), group.standings, found)
        is_list = isinstance(column.dtype, pl.List)
        if group.items is Items.ANY or (group.items is Items.EACH) is is_list:
            flat = Flat.of(column)
            for (form, name), several in _by_form(group.standings):
                self._values(flat, form, name, several, found)
            self._compared(flat, group.standings, found)
            for standing in group.standings:
                self._loose(flat, standing, found)

    def _presence(self, rows: Rows, several: Iterable[Standing], found: Met) -> None:
        """Patterns that ask for no more than that something is there."""
        for standing in several:
            for owner in self._set.present_at(standing.place) if len(rows) else ():
                found.keep(owner - KEPT, rows)

    def _values(
        self, flat: Flat, form: Form | None, name: str, several: Sequence[Standing], found: Met
    ) -> None:
        """Equalities, by one look into the table for each reading."""
        numbered = {
            number: (reading, each)
            for each in several
            for reading, number in self._set.places.of(each.place).items()
        }
        for reading, texts in flat.texts(form, name, {reading for reading, _ in numbered.values()}):
            here = [number for number, (each, _) in numbered.items() if each is reading]
            met = self._set.tables.values.meet(texts, here)
            for number in np.unique(met.places).tolist():
                at = met.places == number
                _sort_out(flat, met.rows[at], met.owners[at], numbered[number][1], found)

    def _compared(self, flat: Flat, several: Sequence[Standing], found: Met) -> None:
        """Networks, orders and likenesses, by one look into each table."""
        numbered = {number: each for each in several for number in self._set.places.of(each.place).values()}
        for table in self._set.tables.compared:
            met = table.meet(flat.values, list(numbered))
            if isinstance(met, PartlyMet):
                self._budget.aside.update({owner - KEPT: why for owner, why in met.given_up.items()})
            for number in np.unique(met.places).tolist():
                at = met.places == number
                _sort_out(flat, met.rows[at], met.owners[at], numbered[number], found)

    def _loose(self, flat: Flat, standing: Standing, found: Met) -> None:
        """Comparisons that no table tells, by the distinct values."""
        tests = self._set.tables.loose.at(self._set.places.of(standing.place).values())
        raws = flat.distinct.to_list() if tests else []
        for test in tests:
            passed = list(self._passed(test, raws, standing.place))
            if passed:
                found.keep(test.owner - KEPT, flat.at(pl.Series(passed, dtype=flat.values.dtype)))

    def _passed(self, test: Loose, raws: list[Any], place: ObjectPath) -> Iterator[Any]:
        """The values that pass a test, as long as its pattern has time."""
        fitting, name = fits(test.test, usual=True), last_name(place)
        for first in range(0, len(raws), _AT_A_TIME):
            tried = partial(_fitting, fitting, name, raws[first : first + _AT_A_TIME])
            yield from self._budget.tried(test.owner - KEPT, tried) or ()

    def _constants(self, frame: pl.DataFrame, standing: Standing, found: Met) -> None:
        """What stands in every row that has the object."""
        rows = np.flatnonzero(has_object(frame, standing.root).to_numpy())
        self._presence(rows, (standing,), found)
        for value in standing.constants:
            flat, once = Flat(pl.Series([value]), None), Met()
            for (form, name), several in _by_form((standing,)):
                self._values(flat, form, name, several, once)
            self._compared(flat, (standing,), once)
            self._loose(flat, standing, once)
            once.spread_to(rows, found)


def has_object(frame: pl.DataFrame, seen: Seen) -> pl.Series:
    """Which rows have the object."""
    columns = [seen.each] if seen.each else [name for name in seen.columns if name in frame.columns]
    if not seen.columns:
        return pl.repeat(True, len(frame), eager=True)  # noqa: FBT003  a value
    none = pl.repeat(False, len(frame), eager=True)  # noqa: FBT003  a value
    return reduce(or_, (is_there(frame[name]) for name in columns if name in frame.columns), none)


def _fitting(fitting: Fits, name: str, raws: list[Any]) -> list[Any]:
    return [raw for raw in raws if fitting(decoded(name, raw))]


def _by_form(standings: Iterable[Standing]) -> Iterator[tuple[tuple[Form | None, str], list[Standing]]]:
    """Those at which a value is read alike."""
    found: dict[tuple[Form | None, str], list[Standing]] = {}
    for each in standings:
        name = last_name(each.place)
        key = form_at(each.place.object_type, each.place.steps), name if name.endswith(BYTES) else ""
        found.setdefault(key, []).append(each)
    yield from found.items()


def _sort_out(flat: Flat, at: Rows, owners: NDArray[np.uint32], standing: Standing, found: Met) -> None:
    """What is a match at once, and what has to be tried."""
    rows, sure = flat.rows(at), owners < KEPT
    if sure.any():
        found.at_once.append(AtOnce(rows[sure], owners[sure], standing, flat.values.gather(at[sure])))
    rest = np.flatnonzero(~sure)
    rest = rest[np.argsort(owners[rest], kind="stable")]
    owned, first = np.unique(owners[rest], return_index=True)
    for owner, part in zip(owned.tolist(), np.split(rows[rest], first[1:]), strict=False):
        found.keep(owner - KEPT, part)
