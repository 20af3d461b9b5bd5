"""A table of telemetry held against a set, as its layout says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import polars as pl

from comity.base.layouts import Layout, Seen
from comity.engines.patterns.sets.asking import Asking
from comity.engines.patterns.sets.budget import Budget
from comity.engines.patterns.sets.flat import Flat, is_there
from comity.engines.patterns.sets.met import Met
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.standing import Items, Standing, standings


@dataclass(frozen=True, slots=True)
class _Group:
    """A column, as it is or by its items, with all that stands there."""

    column: str
    items: Items
    standings: tuple[Standing, ...]


class Plan:
    """How the rows of one layout meet one set."""

    def __init__(self, patterns: PatternSet, layout: Layout, budget: Budget) -> None:
        self._asking = Asking(patterns, budget)
        found = standings(layout, patterns.places.all())
        self._constant = [each for each in found if each.column is None]
        in_columns = [(each.column, each.items, each) for each in found if each.column is not None]
        self._groups = [
            _Group(*key, tuple(each for *of, each in in_columns if tuple(of) == key))
            for key in dict.fromkeys((column, items) for column, items, _ in in_columns)
        ]

    def met(self, frame: pl.DataFrame) -> Met[Standing]:
        """What the rows meet."""
        found = Met[Standing]()
        for group in self._groups:
            if group.column in frame.columns:
                self._column(frame[group.column], group, found)
        for standing in self._constant:
            self._constants(frame, standing, found)
        return found

    def _column(self, column: pl.Series, group: _Group, found: Met[Standing]) -> None:
        self._asking.presence(np.flatnonzero(is_there(column).to_numpy()), group.standings, found)
        is_list = isinstance(column.dtype, pl.List)
        if group.items is Items.ANY or (group.items is Items.EACH) is is_list:
            self._asking.ask(Flat.of(column), group.standings, found)

    def _constants(self, frame: pl.DataFrame, standing: Standing, found: Met[Standing]) -> None:
        """What stands in every row that has the object."""
        rows = np.flatnonzero(has_object(frame, standing.root).to_numpy())
        self._asking.presence(rows, (standing,), found)
        for value in standing.constants:
            once = Met[Standing]()
            self._asking.ask(Flat(pl.Series([value]), None), (standing,), once)
            once.spread_to(rows, found)


def has_object(frame: pl.DataFrame, seen: Seen) -> pl.Series:
    """Which rows have the object."""
    columns = [seen.each] if seen.each else [name for name in seen.columns if name in frame.columns]
    if not seen.columns:
        return pl.repeat(True, len(frame), eager=True)  # noqa: FBT003  a value
    none = pl.repeat(False, len(frame), eager=True)  # noqa: FBT003  a value
    return reduce(or_, (is_there(frame[name]) for name in columns if name in frame.columns), none)
