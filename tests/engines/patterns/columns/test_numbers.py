"""The table of numbers meets what the comparison of each row with each constant says."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, Float, Integer, ObjectPath, Operator, Timestamp
from comity.engines.patterns.columns import numbers, partly
from comity.engines.patterns.columns.numbers import NumberTable
from comity.engines.patterns.columns.saved import packed
from comity.engines.patterns.matching.comparing import fits

PATH = ObjectPath("network-traffic", ("dst_port",))
OPERATORS = [
    Operator.LESS,
    Operator.GREATER,
    Operator.AT_MOST,
    Operator.AT_LEAST,
    Operator.EQUAL,
    Operator.UNEQUAL,
]
edges = st.sampled_from(
    [0, 1, -1, 443, 1024, 2**53, 2**53 + 1, 2**53 - 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1]
)
integers = edges | st.integers(-3, 3) | st.integers(-(2**70), 2**70) | st.just(10**400) | st.just(-(10**400))
fractions = st.floats(allow_nan=False) | edges.map(float) | st.sampled_from([0.5, -0.5, 442.9, 2.0**64])
stamps = st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:00.500000Z",
        "2026-01-01T00:00:00.4999999Z",
        "2026-01-01T00:01:00Z",
        "1969-12-31T23:59:59.9Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
    ]
)
WRONG = [
    "",
    "443",
    "2026-01-01",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T24:00:00Z",
    "2026-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n",
    "2026-01-01T00:00:00+00:00",
    "2026-01-01t00:00:00z",
    "\u0662026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.12345678901234567890Z",
]
constants = (
    st.builds(Integer, integers)
    | st.builds(Float, fractions)
    | st.builds(Timestamp, stamps | st.just("2026-01-01T00:00:60Z"))
)
tests = st.lists(
    st.tuples(st.sampled_from(OPERATORS), constants, st.integers(0, 2), st.integers(0, 5)), max_size=24
)


def of_type(dtype, values):
    return st.lists(st.none() | values, max_size=12).map(lambda held: pl.Series("column", held, dtype=dtype))


columns = st.one_of(
    of_type(pl.Int64, integers.filter(lambda n: -(2**63) <= n < 2**63)),
    of_type(pl.UInt64, integers.filter(lambda n: 0 <= n < 2**64)),
    of_type(pl.UInt16, st.integers(0, 65_535) | st.just(443)),
    of_type(pl.Int8, st.integers(-128, 127)),
    of_type(pl.Float64, fractions | st.just(float("nan"))),
    of_type(pl.Float32, st.floats(width=32)),
    of_type(pl.Boolean, st.booleans()),
    of_type(pl.String, stamps | st.sampled_from(WRONG)),
    of_type(pl.Binary, st.binary(max_size=2)),
)


def table(rows):
    return NumberTable.of([row[:2] for row in rows], [row[2] for row in rows], [row[3] for row in rows])


def met(found, column, places):
    seen = found.meet(column, places)
    assert not seen.given_up
    return sorted(zip(seen.rows.tolist(), seen.owners.tolist(), seen.places.tolist(), strict=True))


def one_by_one(rows, column, places):
    return sorted(
        (row, owner, place)
        for operator, constant, place, owner in rows
        if place in places
        for row, raw in enumerate(column.to_list())
        if raw is not None and fits(Comparison(PATH, operator, constant), usual=False)(raw)
    )


@settings(deadline=None, max_examples=200)
@given(tests, columns, st.sets(st.integers(0, 3)))
def test_as_each_row_with_each_constant(rows, column, places):
    assert met(table(rows), column, sorted(places)) == one_by_one(rows, column, places)


@settings(deadline=None)
@given(tests, tests, st.sets(st.integers(0, 5)), columns)
def test_changed_saved_and_read_again(old, new, gone, column):
    changed = table(old).without(gone).with_those_of(table(new))
    left = [row for row in old if row[3] not in gone] + new
    again = NumberTable.unpacked(changed.packed(), "here")
    assert len(again) == len(left)
    assert met(again, column, [0, 1, 2]) == one_by_one(left, column, {0, 1, 2})


def test_many_constants_are_met_by_sorting():
    rows = [(operator, Integer(n), 0, n) for n, operator in enumerate(OPERATORS * 4)]
    column = pl.Series([5, None, 0, 23, 24, -1], dtype=pl.Int16)
    assert len(rows) > numbers._FEW
    assert met(table(rows), column, [0]) == one_by_one(rows, column, {0})


def test_no_number_is_beyond_infinity():
    infinite = float("inf")
    rows = [
        (operator, Float(sign * infinite), 0, owner)
        for sign in (1, -1)
        for owner, operator in enumerate(OPERATORS, 10 * sign + 10)
    ]
    for column in (pl.Series([0, 2**62, -(2**62)]), pl.Series([0.0, infinite, -infinite])):
        assert met(table(rows), column, [0]) == one_by_one(rows, column, {0})


def test_columns_of_times():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    found = table([(Operator.AT_LEAST, Timestamp("2026-01-01T00:00:00Z"), 0, 1)])
    for unit in ("ms", "us", "ns"):
        column = pl.Series([moment, None, moment.replace(year=2025)], dtype=pl.Datetime(unit, "UTC"))
        assert met(found, column, [0]) == [(0, 1, 0)]


def test_what_fits_nearly_everything_is_given_up_first(monkeypatch):
    monkeypatch.setattr(partly, "MOST_MET", 5)
    rows = [
        (Operator.GREATER, Integer(0), 0, 7),
        (Operator.EQUAL, Integer(2), 0, 8),
        (Operator.LESS, Integer(3), 0, 9),
    ]
    seen = table(rows).meet(pl.Series([1, 2, 3, 4]), [0])
    assert sorted(zip(seen.rows.tolist(), seen.owners.tolist(), strict=True)) == [(0, 9), (1, 8), (1, 9)]
    assert list(seen.given_up) == [7]
    assert "fits 4 values" in seen.given_up[7]


def test_saved_as_a_file(tmp_path):
    table([(Operator.LESS, Float(0.1), 3, 7)]).save(tmp_path / "numbers")
    assert met(NumberTable.load(tmp_path / "numbers"), pl.Series([0.1, 0.05]), [3]) == [(1, 7, 3)]


def test_what_is_no_table_is_refused():
    rows = table([(Operator.LESS, Integer(1), 0, 1)])._rows
    for wrong in (rows.with_columns(constant=pl.lit("x")), rows.with_columns(operator=pl.lit(9, pl.UInt8))):
        with pytest.raises(Malformed, match="that are none"):
            NumberTable.unpacked(packed("numbers", wrong), "here")
