"""What a set asks of values at their places: one look into each table for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.columns.partly import given_up
from comity.engines.patterns.matching.comparing import Fits, fits
from comity.engines.patterns.matching.places import decoded
from comity.engines.patterns.normal import Form
from comity.engines.patterns.properties import form_at
from comity.engines.patterns.sets.budget import Budget
from comity.engines.patterns.sets.compiling import KEPT
from comity.engines.patterns.sets.flat import Flat, Rows
from comity.engines.patterns.sets.loose import Loose
from comity.engines.patterns.sets.met import AtOnce, Met, P
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.places import BYTES, last_name

_AT_A_TIME = 1_000  # values that a test is tried on before its time is looked at


class Asking:
    """A set, and the time that its patterns have."""

    def __init__(self, patterns: PatternSet, budget: Budget) -> None:
        self._set, self._budget = patterns, budget

    def ask(self, flat: Flat, several: Sequence[P], found: Met[P]) -> None:
        """What the values meet that stand at these places."""
        for (form, name), alike in _by_form(several):
            self._values(flat, form, name, alike, found)
        self._compared(flat, several, found)
        for each in several:
            self._loose(flat, each, found)

    def presence(self, rows: Rows, several: Iterable[P], found: Met[P]) -> None:
        """Patterns that ask for no more than that something is there."""
        for standing in several:
            for owner in self._set.present_at(standing.place) if len(rows) else ():
                found.keep(owner - KEPT, rows)

    def _values(self, flat: Flat, form: Form | None, name: str, several: Sequence[P], found: Met[P]) -> None:
        """Equalities, by one look into the table for each reading."""
        numbered = {
            number: (reading, each)
            for each in several
            for reading, number in self._set.places.of(each.place).items()
        }
        for reading, texts in flat.texts(form, name, {reading for reading, _ in numbered.values()}):
            here = [number for number, (each, _) in numbered.items() if each is reading]
            met = self._set.tables.values.meet(texts, here)
            self._budget.aside.update({owner % KEPT: why for owner, why in given_up(met).items()})
            for number in np.unique(met.places).tolist():
                at = met.places == number
                _sort_out(flat, met.rows[at], met.owners[at], numbered[number][1], found)

    def _compared(self, flat: Flat, several: Sequence[P], found: Met[P]) -> None:
        """Networks, orders and likenesses, by one look into each table."""
        numbered = {number: each for each in several for number in self._set.places.of(each.place).values()}
        for table in self._set.tables.compared:
            met = table.meet(flat.values, list(numbered))
            self._budget.aside.update({owner % KEPT: why for owner, why in given_up(met).items()})
            for number in np.unique(met.places).tolist():
                at = met.places == number
                _sort_out(flat, met.rows[at], met.owners[at], numbered[number], found)

    def _loose(self, flat: Flat, standing: P, found: Met[P]) -> None:
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


def _fitting(fitting: Fits, name: str, raws: list[Any]) -> list[Any]:
    return [raw for raw in raws if fitting(decoded(name, raw))]


def _by_form(several: Iterable[P]) -> Iterator[tuple[tuple[Form | None, str], list[P]]]:
    """Those at which a value is read alike."""
    found: dict[tuple[Form | None, str], list[P]] = {}
    for each in several:
        name = last_name(each.place)
        key = form_at(each.place.object_type, each.place.steps), name if name.endswith(BYTES) else ""
        found.setdefault(key, []).append(each)
    yield from found.items()


def _sort_out(flat: Flat, at: Rows, owners: NDArray[np.uint32], standing: P, found: Met[P]) -> None:
    """What is a match at once, and what has to be tried."""
    rows, sure = flat.rows(at), owners < KEPT
    if sure.any():
        found.at_once.append(AtOnce(rows[sure], owners[sure], standing, flat.values.gather(at[sure])))
    rest = np.flatnonzero(~sure)
    rest = rest[np.argsort(owners[rest], kind="stable")]
    owned, first = np.unique(owners[rest], return_index=True)
    for owner, part in zip(owned.tolist(), np.split(rows[rest], first[1:]), strict=False):
        found.keep(owner - KEPT, part)
