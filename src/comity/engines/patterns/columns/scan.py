"""A table of LIKE and MATCHES that columns of texts are met with, all of them in one pass.

Each distinct text is read once. What an expression demands and few others do is looked for in its bytes, the
rest goes through an automaton; what either finds is confirmed by the comparison itself. An expression that
fits everything is told as such and not met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.engines.patterns.ast import Constant, Operator, Text
from comity.engines.patterns.columns.partly import PartlyMet, too_many, within_bounds
from comity.engines.patterns.columns.saved import Numbers, ranges, read, write
from comity.engines.patterns.columns.scanning.confirming import Confirming
from comity.engines.patterns.columns.scanning.rows import Rows, joined, left, rows_of, unpacked_rows
from comity.engines.patterns.columns.scanning.sorting import Way
from comity.engines.patterns.columns.scanning.texts import (
    GramTable,
    Texts,
    are_ascii,
    are_clean,
    bytes_of,
    composed,
    texts_of,
)
from comity.engines.patterns.columns.table import ValueTable

Test = tuple[Operator, Constant]
Flags = NDArray[np.bool_]
Pairs = tuple[Numbers, Numbers]  # places of texts, and the numbers of tests


class ScanTable:
    """LIKE and MATCHES, each with its place and its owner."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._tests = rows.owners["test"].to_numpy().astype(np.int64)
        self._places = rows.owners["place"].to_numpy()
        self._owners = rows.owners["owner"].to_numpy()
        self._ways = rows.tests["way"].to_numpy()

    @classmethod
    def of(cls, tests: Iterable[Test], places: Iterable[int], owners: Iterable[int]) -> ScanTable:
        """The table of these comparisons, which stand beside each other; what is no text fits nothing."""
        told = [
            ((operator, constant.value), place, owner)
            for (operator, constant), place, owner in zip(tests, places, owners, strict=True)
            if isinstance(constant, Text)
        ]
        return cls(rows_of(told))

    def __len__(self) -> int:
        return len(self._owners)

    @property
    def broad(self) -> frozenset[int]:
        """The owners of what fits everything, which is not met."""
        return frozenset(self._owners[self._ways[self._tests] == Way.BROAD].tolist())

    @property
    def refused(self) -> Mapping[int, str]:
        """The owners of what cannot be read, each with the reason."""
        here = np.flatnonzero(self._ways[self._tests] == Way.REFUSED)
        reasons = self._rows.tests["reason"].gather(self._tests[here])
        return dict(zip(self._owners[here].tolist(), reasons, strict=True))

    def meet(self, column: pl.Series, places: Sequence[int]) -> PartlyMet:
        """Which rows of a column of texts or of bytes fit an expression looked for in these places."""
        wanted = np.flatnonzero(np.isin(self._places, np.asarray(places, np.uint16)))
        if not len(wanted) or column.dtype not in {pl.String, pl.Binary}:
            nothing = np.zeros(0, np.int64)
            return PartlyMet(nothing, self._owners[nothing], self._places[nothing])
        texts = texts_of(column)
        confirming = Confirming(texts.each)
        open_ = np.zeros(len(self._ways), np.bool_)
        open_[self._tests[wanted]] = True
        found = list(self._met(texts, open_, confirming))
        return self._told(found, texts, wanted, confirming.given_up)

    def without(self, owners: Iterable[int]) -> ScanTable:
        """The same table without the expressions of these owners."""
        return ScanTable(left(self._rows, owners))

    def with_those_of(self, other: ScanTable) -> ScanTable:
        """Both tables as one."""
        return ScanTable(joined(self._rows, other._rows))

    def packed(self) -> bytes:
        """The table as bytes."""
        return self._rows.packed()

    @classmethod
    def unpacked(cls, octets: bytes, where: str) -> ScanTable:
        """The table again; `where` says in errors whence it comes."""
        return cls(unpacked_rows(octets, where))

    def save(self, path: Path) -> None:
        """Write it as one file."""
        write(path, self.packed())

    @classmethod
    def load(cls, path: Path) -> ScanTable:
        """Read what was saved."""
        return cls.unpacked(read(path), str(path))

    def _met(self, texts: Texts, wanted: Flags, confirming: Confirming) -> Iterator[Pairs]:
        """Texts and the tests that they fit."""
        if texts.each.dtype == pl.Binary:  # few, and no filter is made for them
            met = np.isin(self._ways, (Way.WHOLE, Way.GRAM, Way.AUTOMATON, Way.ALONE))
            yield from self._alone(np.arange(len(texts.each)), np.flatnonzero(wanted & met), confirming)
            return
        yield from self._as_whole(texts, wanted)
        yield from self._by_grams(texts, wanted, confirming)
        yield from self._by_automata(texts, wanted, confirming)
        alone = np.flatnonzero(wanted & (self._ways == Way.ALONE))
        yield from self._alone(np.arange(len(texts.each)), alone, confirming)

    def _as_whole(self, texts: Texts, wanted: Flags) -> Iterator[Pairs]:
        if len(self._whole) and wanted[self._ways == Way.WHOLE].any():
            met = self._whole.meet(composed(texts.each), [0])
            tests = met.owners.astype(np.int64)
            yield met.rows[wanted[tests]], tests[wanted[tests]]

    def _by_grams(self, texts: Texts, wanted: Flags, confirming: Confirming) -> Iterator[Pairs]:
        if wanted[self._ways == Way.GRAM].any():
            places, tests = self._grams.near(bytes_of(texts.each))
            held = wanted[tests]
            yield from self._confirmed(places[held], tests[held], confirming)

    def _by_automata(self, texts: Texts, wanted: Flags, confirming: Confirming) -> Iterator[Pairs]:
        asked = np.flatnonzero(wanted & (self._ways == Way.AUTOMATON))
        if not len(asked):
            return
        whole = composed(texts.each)
        clean, ascii_ = are_clean(whole), are_ascii(whole)
        places, octets = np.flatnonzero(clean), whole.filter(clean).cast(pl.Binary).to_list()
        wide = np.zeros(len(self._ways), np.bool_)
        for number, automaton in enumerate(self._rows.automata):
            members = self._members[number]
            wide[members[automaton.wide & (members >= 0)]] = True
            if not wanted[members[members >= 0]].any():
                continue
            met = automaton.scan(octets)
            for each in met.spent:
                confirming.given_up[int(members[each])] = "fits too many values of one portion."
            at, tests = places[met.texts], members[met.expressions]
            held = (tests >= 0) & wanted[tests] & (ascii_[at] | wide[tests])
            yield from self._confirmed(at[held], tests[held], confirming)
        yield from self._alone(np.flatnonzero(~clean), asked[wide[asked]], confirming)
        yield from self._alone(np.flatnonzero(~clean | ~ascii_), asked[~wide[asked]], confirming)

    def _confirmed(self, places: Numbers, tests: Numbers, confirming: Confirming) -> Iterator[Pairs]:
        """Those of the candidates that fit."""
        order = np.argsort(tests, kind="stable")
        places, tests = places[order], tests[order]
        numbers, begins = np.unique(tests, return_index=True)
        ends = np.append(begins[1:], len(tests))
        for number, begin, end in zip(numbers.tolist(), begins, ends[: len(numbers)], strict=True):
            fit = confirming.fits(number, self._rows.test(number), places[begin:end])
            yield fit, np.full(len(fit), number, np.int64)

    def _alone(self, places: Numbers, tests: Numbers, confirming: Confirming) -> Iterator[Pairs]:
        for number in tests.tolist() if len(places) else ():
            fit = confirming.fits(number, self._rows.test(number), places)
            yield fit, np.full(len(fit), number, np.int64)

    def _told(
        self, found: Sequence[Pairs], texts: Texts, wanted: Numbers, reasons: Mapping[int, str]
    ) -> PartlyMet:
        """The rows and owners behind texts and tests, as far as they are not too many."""
        nothing = np.zeros(0, np.int64)
        places = np.concatenate([nothing, *(each for each, _ in found)])
        tests = np.concatenate([nothing, *(each for _, each in found)])
        rows = _Groups(*reversed(texts.rows_of(distinct := np.unique(places))))
        owners = _Groups(self._tests[wanted], wanted)
        place = np.searchsorted(distinct, places)
        each = rows.counts(place) * owners.counts(tests)
        counts = np.bincount(tests, each, minlength=len(self._ways)).astype(np.int64)
        kept = within_bounds(counts)
        reasons = {**reasons, **{int(test): too_many(int(counts[test])) for test in np.flatnonzero(~kept)}}
        place, tests = place[kept[tests]], tests[kept[tests]]
        row, again = rows.members(place)
        which, last = owners.members(tests[again])
        given_up = {
            int(self._owners[at]): reasons[test]
            for at, test in zip(wanted.tolist(), self._tests[wanted].tolist(), strict=True)
            if test in reasons
        }
        return PartlyMet(row[last], self._owners[which], self._places[which], given_up)

    @cached_property
    def _whole(self) -> ValueTable:
        numbers = np.flatnonzero(self._ways == Way.WHOLE)
        whole = composed(self._rows.tests["text"].gather(numbers))
        return ValueTable.of(whole, [0] * len(numbers), numbers.tolist())

    @cached_property
    def _grams(self) -> GramTable:
        return GramTable(self._rows.found_by)

    @cached_property
    def _members(self) -> list[Numbers]:
        return [self._rows.members(number) for number in range(len(self._rows.automata))]


class _Groups:
    """Members by the number of their group."""

    def __init__(self, groups: Numbers, members: Numbers) -> None:
        order = np.argsort(groups, kind="stable")
        self._groups, self._members = groups[order], members[order]

    def counts(self, groups: Numbers) -> Numbers:
        """How many members each of some groups has."""
        return np.searchsorted(self._groups, groups, "right") - self._first(groups)

    def members(self, groups: Numbers) -> Pairs:
        """The members of each, and for each the place of its group among those asked for."""
        counts = self.counts(groups)
        return self._members[ranges(self._first(groups), counts)], np.repeat(np.arange(len(groups)), counts)

    def _first(self, groups: Numbers) -> Numbers:
        return np.searchsorted(self._groups, groups, "left")
