"""What a table of expressions is made of: expressions, whose they are, bytes and automata that find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from comity.base.errors import Malformed
from comity.engines.patterns.columns.saved import Numbers, frame_bytes, frame_of, packed, unpacked
from comity.engines.patterns.columns.scanning.automaton import MOST, Automaton
from comity.engines.patterns.columns.scanning.choosing import Grams
from comity.engines.patterns.columns.scanning.sorting import OPERATORS, Test, Way, rebuilt, sorted_out

_KIND = "expressions"
_TESTS = MappingProxyType({
    "operator": pl.UInt8,
    "text": pl.String,
    "way": pl.UInt8,
    "automaton": pl.Int32,
    "number": pl.UInt32,
    "reason": pl.String,
})  # fmt: skip  # one column to a line
_GRAMS = MappingProxyType({"word": pl.UInt64, "size": pl.UInt8, "test": pl.UInt32})
_OWNERS = MappingProxyType({"test": pl.UInt32, "place": pl.UInt16, "owner": pl.UInt32})
_AUTOMATA: Mapping[str, pl.DataType | type[pl.DataType]] = MappingProxyType(
    {"octets": pl.Binary, "size": pl.UInt32, "wide": pl.List(pl.UInt32)}
)
_FRAMES = (_TESTS, _GRAMS, _OWNERS, _AUTOMATA)
_SAVED = MappingProxyType({"frame": pl.Binary})

Told = tuple[Test, int, int]  # an expression, its place, its owner


@dataclass(frozen=True, slots=True)
class Rows:
    """Each expression stands there once, whosever it is."""

    tests: pl.DataFrame
    grams: pl.DataFrame
    owners: pl.DataFrame
    automata: tuple[Automaton, ...]

    def test(self, number: int) -> Test:
        """One expression."""
        operator, text = self.tests.select("operator", "text").row(number)
        return OPERATORS[operator], text

    @property
    def found_by(self) -> Grams:
        """The bytes that find some of them."""
        words, sizes, tests = (self.grams[name].to_numpy() for name in _GRAMS)
        return Grams(words, sizes, tests.astype(np.int64))

    def members(self, automaton: int) -> Numbers:
        """The expressions of an automaton by their numbers in it; -1 for what is there no more."""
        found = np.full(self.automata[automaton].size, -1, np.int64)
        here = np.flatnonzero(self.tests["automaton"].to_numpy() == automaton)
        found[self.tests["number"].to_numpy()[here]] = here
        return found

    def packed(self) -> bytes:
        """All as bytes."""
        automata = pl.DataFrame(
            [(each.packed(), each.size, np.flatnonzero(each.wide).tolist()) for each in self.automata],
            schema=dict(_AUTOMATA),
            orient="row",
        )
        frames = [frame_bytes(each) for each in (self.tests, self.grams, self.owners, automata)]
        return packed(_KIND, pl.DataFrame({"frame": frames}, schema=dict(_SAVED)))


def rows_of(told: Sequence[Told]) -> Rows:
    """Expressions made ready to be met."""
    numbers: dict[Test, int] = {}
    owners = [(numbers.setdefault(test, len(numbers)), place, owner) for test, place, owner in told]
    found = sorted_out(list(numbers))
    tests = [
        (
            OPERATORS.index(operator),
            text if each.way is not Way.REFUSED else "",
            int(each.way),
            each.automaton,
            each.number,
            each.reason,
        )
        for (operator, text), each in zip(numbers, found.ways, strict=True)
    ]
    return Rows(
        pl.DataFrame(tests, schema=dict(_TESTS), orient="row"),
        pl.DataFrame(
            {"word": found.grams.words, "size": found.grams.sizes, "test": found.grams.tests},
            schema=dict(_GRAMS),
        ),
        pl.DataFrame(owners, schema=dict(_OWNERS), orient="row"),
        found.automata,
    )


def left(rows: Rows, gone: Iterable[int]) -> Rows:
    """The same without what only these owners look for."""
    owners = rows.owners.filter(~pl.col("owner").is_in(pl.Series(list(gone), dtype=pl.UInt32).implode()))
    held = np.zeros(len(rows.tests), np.bool_)
    held[owners["test"].to_numpy()] = True
    now = np.cumsum(held) - 1
    return Rows(
        rows.tests.filter(held),
        _renumbered(rows.grams.filter(held[rows.grams["test"].to_numpy()]), now),
        _renumbered(owners, now),
        rows.automata,
    )


def joined(rows: Rows, more: Rows) -> Rows:
    """Both; automata that are small beside the last are made one with it, so that they stay few."""
    moved = np.arange(len(more.tests)) + len(rows.tests)
    tests = more.tests.with_columns(
        automaton=pl.when(pl.col("automaton") >= 0)
        .then(pl.col("automaton") + len(rows.automata))
        .otherwise(-1)
        .cast(pl.Int32)
    )
    found = Rows(
        pl.concat([rows.tests, tests]),
        pl.concat([rows.grams, _renumbered(more.grams, moved)]),
        pl.concat([rows.owners, _renumbered(more.owners, moved)]),
        (*rows.automata, *more.automata),
    )
    while len(found.automata) > 1 and _are_alike(found.automata[-2].size, found.automata[-1].size):
        found = _with_last_two_as_one(found)
    return found


def unpacked_rows(octets: bytes, where: str) -> Rows:
    """All again; automata that another version or machine has made are made anew."""
    frames = unpacked(_KIND, _SAVED, octets, where)["frame"]
    if len(frames) != len(_FRAMES):
        raise Malformed(where, "is a table that another version has saved.")
    tests, grams, owners, automata = (
        frame_of(columns, each, where) for columns, each in zip(_FRAMES, frames, strict=True)
    )
    found = Rows(tests, grams, owners, ())
    for number, (held, size, wide) in enumerate(automata.iter_rows()):
        one = Automaton.unpacked(held, size, wide)
        found = (
            _with_automaton(found, one)
            if one
            else _with_rebuilt(found, np.flatnonzero(tests["automaton"].to_numpy() == number))
        )
    return found


def _are_alike(before: int, last: int) -> bool:
    return before <= 2 * last and before + last <= MOST


def _with_last_two_as_one(rows: Rows) -> Rows:
    first = len(rows.automata) - 2
    members = np.flatnonzero(rows.tests["automaton"].to_numpy() >= first)
    return _with_rebuilt(replace(rows, automata=rows.automata[:first]), members)


def _with_automaton(rows: Rows, one: Automaton) -> Rows:
    return replace(rows, automata=(*rows.automata, one))


def _with_rebuilt(rows: Rows, members: Numbers) -> Rows:
    """With one more automaton of these; what cannot be in it any more is met alone."""
    tests = [rows.test(number) for number in members.tolist()]
    one, apart = rebuilt(tests)
    ways, automata, numbers = (rows.tests[name].to_numpy().copy() for name in ("way", "automaton", "number"))
    inside = np.array([number not in apart for number in range(len(tests))], np.bool_)
    ways[members] = np.where(inside, Way.AUTOMATON, Way.ALONE)
    automata[members] = np.where(inside, len(rows.automata), -1)
    numbers[members] = np.arange(len(tests))
    changed = rows.tests.with_columns(
        way=pl.Series(ways), automaton=pl.Series(automata), number=pl.Series(numbers)
    )
    return _with_automaton(replace(rows, tests=changed), one)


def _renumbered(frame: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    return frame.with_columns(test=pl.Series(numbers[frame["test"].to_numpy()], dtype=pl.UInt32))
