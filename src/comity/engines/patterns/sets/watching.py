"""Logs watched with a set of patterns, portion after portion: what was found, and what is still open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.base.layouts import Layout
from comity.engines.patterns.matching.observed import Objects, Observed
from comity.engines.patterns.sets.at_once import AT_A_TIME, Table, lines_at_once
from comity.engines.patterns.sets.budget import SECONDS, Budget
from comity.engines.patterns.sets.compiling import Refused
from comity.engines.patterns.sets.flat import Rows
from comity.engines.patterns.sets.found import Line, Where, lines_of
from comity.engines.patterns.sets.joining import Joining, Wait, Waits
from comity.engines.patterns.sets.kept import Passed, kept_pattern
from comity.engines.patterns.sets.meeting import Plan
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.readable import readable

MOST_LAYOUTS = 1_000

_MOST_PAIRS = 1_000_000  # of a row and a pattern, at a time


@dataclass(frozen=True, slots=True)
class Open:
    """What a watch could not do, or not yet."""

    aside: tuple[Refused, ...]  # patterns that are tried no more
    waiting: int  # rows that fit a part of a pattern whose rest was not seen
    let_go: int  # rows that waited, and had to make room
    undated: int  # rows without a time that fit a part of a pattern which asks when


class Watch:
    """A set of patterns on the watch; `rows` may be given any tables, in any order."""

    def __init__(
        self,
        patterns: PatternSet,
        *,
        clock: Callable[[], float] = time.thread_time,  # no time of day: it measures what a pattern costs
        seconds: float = SECONDS,
        keeping: bool = False,
    ) -> None:
        self._set = patterns
        self._budget = Budget(clock, seconds)
        self._joining = Joining(keeping=keeping)
        self._plans: list[tuple[Layout, Plan]] = []
        self._matches = 0
        self._undated = 0

    @property
    def patterns(self) -> PatternSet:
        """The set."""
        return self._set

    @property
    def open(self) -> Open:
        """What was not done so far."""
        aside = (Refused(self._set.names.name(n), why) for n, why in self._budget.aside.items())
        return Open(tuple(aside), len(self._joining), self._joining.let_go, self._undated)

    def waits(self) -> Waits:
        """Which rows have begun to wait and which wait no more, since this was asked last (`keeping`)."""
        return self._joining.waits()

    def resume(self, waits: Iterable[Wait]) -> list[int]:
        """Let rows wait as they did, in the order of their numbers; which have nothing to wait for."""
        over: list[int] = []
        for each in waits:
            text = self._set.kept.get(each.pattern)
            kept = kept_pattern(text) if text is not None else None
            passed = kept.passed(each.objects) if kept is not None and kept.joins else {}
            first, last = each.where[3], each.where[4]
            if passed and first is not None and last is not None:
                self._joining.resume(each, passed, first, last)
            else:
                over.append(each.number)
        return over

    def turn_to(self, patterns: PatternSet) -> None:
        """Go on with a set that was changed from this one; what waits for patterns in both still does."""
        self._set = patterns
        self._plans = []
        for gone in [each for each in self._joining.waiting() if each not in patterns.kept]:
            self._joining.forget(gone)
        self._budget.aside = {n: why for n, why in self._budget.aside.items() if n in patterns.kept}

    def rows(self, frame: pl.DataFrame, layout: Layout, source: str) -> pl.DataFrame:
        """What the rows of one table complete: lines as `found.COLUMNS` says, or `found.findings` reads."""
        self._budget.begin()
        values = readable(frame, layout)
        table = Table.of(frame, values, layout, source)
        met = self._plan(layout).met(values)
        at_once = lines_at_once(table, met.at_once, self._set.names.name, self._matches)
        self._matches += at_once["match"].n_unique()
        tried = lines_of(self._tried(table, list(met.kept())))
        return pl.concat([at_once, tried])

    def _plan(self, layout: Layout) -> Plan:
        for known, plan in self._plans:
            if known is layout:
                return plan
        del self._plans[MOST_LAYOUTS - 1 :]
        self._plans.append((layout, Plan(self._set, layout, self._budget)))
        return self._plans[-1][1]

    def _tried(self, table: Table, kept: list[tuple[int, Rows]]) -> Iterator[Line]:
        """Row by row, and for each pattern by pattern; some thousand at a time are in memory."""
        step = max(1, min(AT_A_TIME, _MOST_PAIRS // max(1, len(kept))))
        for first in range(0, len(table.rows) if kept else 0, step):
            left = [each for each in kept if each[0] not in self._budget.aside]
            pairs = _pairs(left, first, first + step)
            rows = np.unique(pairs["row"])
            objects = dict(zip(rows.tolist(), table.objects(rows), strict=True))
            for row, number in pairs.tolist():
                yield from self._row(table, row, objects[row], number)

    def _row(self, table: Table, row: int, objects: Objects, number: int) -> Iterator[Line]:
        """The lines of a match that one row is or completes."""
        kept = kept_pattern(self._set.kept[number])
        where: Where = (table.source, *table.rows.row(row))
        first, last = where[3], where[4]
        undated = first is None or last is None
        observed = Observed(table.source, first or 0, last or 0, objects)
        passed = self._budget.tried(number, partial(kept.passed, objects))
        if not passed:
            return
        if undated and kept.dated:
            self._undated += 1
        elif kept.joins:
            join = partial(self._joining.join, number, kept, where, observed, passed)
            found = self._budget.tried(number, join)
            if number in self._budget.aside:
                self._joining.forget(number)
            yield from self._lines(number, [(each.where, each.passed) for each in found or ()])
        elif kept.matches_alone(observed, passed):
            yield from self._lines(number, [(where, passed)])

    def _lines(self, number: int, rows: list[tuple[Where, Passed]]) -> Iterator[Line]:
        """The rows of one match."""
        for where, passed in rows:
            hits = tuple(chain.from_iterable(passed.values()))
            yield self._matches, self._set.names.name(number), where, hits
        self._matches += bool(rows)


def _pairs(kept: list[tuple[int, Rows]], first: int, end: int) -> NDArray[np.void]:
    """Which patterns have to be tried on which rows from `first` to before `end`, row by row."""
    parts = [(number, rows[slice(*np.searchsorted(rows, (first, end)))]) for number, rows in kept]
    found = np.zeros(sum(len(rows) for _, rows in parts), [("row", np.int64), ("number", np.int64)])
    if len(found):
        found["row"] = np.concatenate([rows for _, rows in parts])
        found["number"] = np.repeat([number for number, _ in parts], [len(rows) for _, rows in parts])
    return np.sort(found, order=["row", "number"])
