"""A table of numbers and times that patterns compare with: < > <= >= = != against columns of either.

What is compared with what is decided as for a single value: a text is no number, a truth is none either, and
what cannot be compared is unequal and in no order. Where the kind of value has forms of its own (the number
of an autonomous system may be written `AS64496`), equality is a look-up of values and not asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Float, Integer, Operator, Timestamp
from comity.engines.patterns.columns.intervals import Interval, fraction_intervals, whole_intervals
from comity.engines.patterns.columns.partly import PartlyMet, too_many, within_bounds
from comity.engines.patterns.columns.saved import Numbers, packed, read, unpacked, write
from comity.engines.patterns.matching.observed import microseconds

_KIND = "numbers"
_OPERATORS = (
    Operator.LESS,
    Operator.GREATER,
    Operator.AT_MOST,
    Operator.AT_LEAST,
    Operator.EQUAL,
    Operator.UNEQUAL,
)
_CONSTANTS = (Integer, Float, Timestamp)
_COLUMNS = MappingProxyType({
    "operator": pl.UInt8,
    "type": pl.UInt8,
    "constant": pl.String,
    "place": pl.UInt16,
    "owner": pl.UInt32,
})  # fmt: skip  # one column to a line
_FEW = 16  # intervals for which going through a column costs less than sorting it
_WHOLE = frozenset({pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64})
_FRACTIONS = frozenset({pl.Float32, pl.Float64})
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,19})?Z$"  # as base.times has it

Number = Integer | Float | Timestamp
Test = tuple[Operator, Number]
_Values = NDArray[np.int64] | NDArray[np.uint64] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Read:
    """Rows of a column and what can be compared in them; `apart` are those with what cannot."""

    rows: Numbers
    values: _Values
    apart: Numbers


class NumberTable:
    """Numbers and times, each with the operator that it is compared by, its place and its owner."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        self._owners = rows["owner"].to_numpy()
        self._places = rows["place"].to_numpy()

    @classmethod
    def of(cls, tests: Iterable[Test], places: Iterable[int], owners: Iterable[int]) -> NumberTable:
        """The table of these comparisons, which stand beside each other."""
        rows = [
            (_OPERATORS.index(operator), _CONSTANTS.index(type(each)), str(each.value), place, owner)
            for (operator, each), place, owner in zip(tests, places, owners, strict=True)
        ]
        return cls(pl.DataFrame(rows, schema=dict(_COLUMNS), orient="row"))

    def __len__(self) -> int:
        return len(self._rows)

    def meet(self, column: pl.Series, places: Sequence[int]) -> PartlyMet:
        """Which rows hold a number or a time that fits a comparison made in these places."""
        wanted = np.isin(self._places, np.asarray(places, np.uint16))
        found = [
            each
            for reading, type_ in ((_numbers, ~self._are_moments), (_moments, self._are_moments))
            for each in self._met(np.flatnonzero(wanted & type_), column, reading)
        ]
        counts = np.array([sum(map(len, rows)) for _, rows in found], np.int64)
        kept = within_bounds(counts)
        told = [each for each, is_kept in zip(found, kept, strict=True) if is_kept]
        entries = np.repeat(np.array([entry for entry, _ in told], np.int64), counts[kept])
        rows = np.concatenate([np.zeros(0, np.int64), *(part for _, parts in told for part in parts)])
        given_up = {
            int(self._owners[found[at][0]]): too_many(int(counts[at])) for at in np.flatnonzero(~kept)
        }
        return PartlyMet(rows, self._owners[entries], self._places[entries], given_up)

    def _met(
        self, entries: Numbers, column: pl.Series, reading: Callable[[pl.Series], _Read]
    ) -> Iterator[tuple[int, list[Numbers]]]:
        """For each comparison of one type the rows that fit, in parts."""
        if not len(entries):
            return
        read_as = reading(column)
        intervals = [
            (entry, each)
            for entry in entries.tolist()
            for each in self._intervals(entry, read_as.values.dtype)
        ]
        rows: dict[int, list[Numbers]] = {
            entry: [read_as.apart] if self._tests[entry][0] is Operator.UNEQUAL else []
            for entry in entries.tolist()
        }
        for (entry, _), within in zip(
            intervals, _within(read_as.values, [each for _, each in intervals]), strict=True
        ):
            rows[entry].append(read_as.rows[within])
        yield from rows.items()

    def _intervals(self, entry: int, column: np.dtype[Any]) -> Iterator[Interval]:
        operator, constant = self._tests[entry]
        if column.kind == "f":
            return fraction_intervals(operator, constant)
        return whole_intervals(operator, constant, column)

    def without(self, owners: Iterable[int]) -> NumberTable:
        """The same table without the numbers of these owners."""
        gone = pl.Series(list(owners), dtype=pl.UInt32)
        return NumberTable(self._rows.filter(~pl.col("owner").is_in(gone.implode())))

    def with_those_of(self, other: NumberTable) -> NumberTable:
        """Both tables as one."""
        return NumberTable(pl.concat([self._rows, other._rows]))

    def packed(self) -> bytes:
        """The table as bytes."""
        return packed(_KIND, self._rows)

    @classmethod
    def unpacked(cls, octets: bytes, where: str) -> NumberTable:
        """The table again; `where` says in errors whence it comes."""
        table = cls(unpacked(_KIND, _COLUMNS, octets, where))
        try:
            _ = table._tests
        except (ValueError, IndexError) as error:
            raise Malformed(where, f"holds numbers that are none: {error}.") from error
        return table

    def save(self, path: Path) -> None:
        """Write it as one file."""
        write(path, self.packed())

    @classmethod
    def load(cls, path: Path) -> NumberTable:
        """Read what was saved."""
        return cls.unpacked(read(path), str(path))

    @cached_property
    def _are_moments(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self._rows["type"].to_numpy() == _CONSTANTS.index(Timestamp)
        return found

    @cached_property
    def _tests(self) -> list[tuple[Operator, float]]:
        """Operators and constants, times as microseconds."""
        return [
            (_OPERATORS[operator], _READERS[type_](constant))
            for operator, type_, constant in self._rows.select("operator", "type", "constant").iter_rows()
        ]


def _within(values: _Values, intervals: list[Interval]) -> Iterator[Numbers]:
    """For each interval where among the values those lie that are inside."""
    if len(intervals) <= _FEW:
        for low, high in intervals:
            yield np.flatnonzero((values >= low) & (values <= high))
        return
    order = np.argsort(values, kind="stable")
    rising = values[order]
    begin = np.searchsorted(rising, np.array([low for low, _ in intervals], values.dtype), "left")
    end = np.searchsorted(rising, np.array([high for _, high in intervals], values.dtype), "right")
    for first, last in zip(begin.tolist(), end.tolist(), strict=True):
        yield order[first:last]


def _numbers(column: pl.Series) -> _Read:
    """The numbers in a column; a truth is none, and what is no number at all lies apart with it."""
    if column.dtype not in _WHOLE and column.dtype not in _FRACTIONS:
        return _none_of(column)
    rows = np.flatnonzero(column.is_not_null().to_numpy())
    values = column.drop_nulls().to_numpy()
    if column.dtype in _WHOLE:
        return _Read(rows, values, np.zeros(0, np.int64))
    strange = np.isnan(values)
    return _Read(rows[~strange], values[~strange].astype(np.float64), rows[strange])


def _moments(column: pl.Series) -> _Read:
    """The times in a column, written as they are on the wire, or of a type of their own, which is in UTC."""
    if isinstance(column.dtype, pl.Datetime):
        moments = column.cast(pl.Datetime("us", column.dtype.time_zone)).cast(pl.Int64)
    elif column.dtype == pl.String:
        moments = _written_moments(column)
    else:
        return _none_of(column)
    there = moments.is_not_null().to_numpy()
    apart = np.flatnonzero(~there & column.is_not_null().to_numpy())
    return _Read(np.flatnonzero(there), moments.drop_nulls().to_numpy(), apart)


def _written_moments(column: pl.Series) -> pl.Series:
    text = pl.col(column.name)
    second = text.str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    fraction = text.str.slice(20, 6).str.strip_suffix("Z").str.pad_end(6, "0").cast(pl.Int64, strict=False)
    # Polars reads leap seconds and the year 0, of which the calendar knows nothing.
    good = text.str.contains(_TIME) & (text.str.slice(17, 2) != "60") & (text.str.slice(0, 4) != "0000")
    moments = pl.when(good).then(second.cast(pl.Int64) + fraction)
    return column.to_frame().select(moments.alias("moment"))["moment"]


def _none_of(column: pl.Series) -> _Read:
    rows = np.flatnonzero(column.is_not_null().to_numpy())
    return _Read(np.zeros(0, np.int64), np.zeros(0, np.int64), rows)


_READERS: Mapping[int, Callable[[str], float]] = MappingProxyType({
    _CONSTANTS.index(Integer): int,
    _CONSTANTS.index(Float): float,
    _CONSTANTS.index(Timestamp): lambda text: microseconds(Timestamp(text).moment),
})  # fmt: skip  # one type to a line
