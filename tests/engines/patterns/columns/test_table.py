"""The table meets what a plain look-up in a dictionary meets, however it came to be."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.patterns.columns.table import ValueTable

words = st.text(alphabet="ab\u00e9.", max_size=3)
values = st.lists(st.tuples(words, st.integers(0, 2), st.integers(0, 5)), max_size=20)
columns = st.lists(words | st.none(), max_size=30)


def table(rows):
    texts, places, owners = zip(*rows, strict=True) if rows else ((), (), ())
    return ValueTable.of(texts, places, owners)


def met(found, column, places):
    seen = found.meet(pl.Series("column", column, dtype=pl.String), places)
    return sorted(zip(seen.rows.tolist(), seen.owners.tolist(), strict=True))


def test_the_place_is_told():
    seen = table([("a", 2, 7), ("a", 1, 8), ("b", 1, 9)]).meet(pl.Series(["a"]), [1, 2])
    assert sorted(zip(seen.owners.tolist(), seen.places.tolist(), strict=True)) == [(7, 2), (8, 1)]


def plainly(rows, column, places):
    return sorted(
        (row, owner)
        for row, text in enumerate(column)
        for word, place, owner in rows
        if word == text and place in places
    )


@settings(deadline=None)
@given(values, columns, st.sets(st.integers(0, 3)))
def test_as_a_dictionary_would(rows, column, places):
    assert met(table(rows), column, sorted(places)) == plainly(rows, column, places)


@settings(deadline=None)
@given(values, values, st.sets(st.integers(0, 5)), columns)
def test_changed_tables_are_as_if_made_so(old, new, gone, column):
    changed = table(old).without(gone).with_those_of(table(new))
    left = [row for row in old if row[2] not in gone] + new
    assert len(changed) == len(left)
    assert met(changed, column, [0, 1, 2]) == plainly(left, column, {0, 1, 2})


def test_saved_and_loaded(tmp_path):
    rows = [(f"host-{n}.example", n % 3, n) for n in range(5_000)]
    table(rows).save(tmp_path / "values")
    column = ["host-7.example", "host-70000.example", None, "host-4999.example", ""]
    assert met(ValueTable.load(tmp_path / "values"), column, [0, 1, 2]) == [(0, 7), (3, 4_999)]


def test_a_table_that_was_hashed_otherwise_is_hashed_anew(tmp_path):
    frame = pl.DataFrame(
        {"hash": [1, 2], "text": ["a", "b"], "owner": [7, 8], "place": [0, 0]},
        schema={"hash": pl.UInt64, "text": pl.String, "owner": pl.UInt32, "place": pl.UInt16},
    )
    frame.write_ipc(tmp_path / "values")
    assert met(ValueTable.load(tmp_path / "values"), ["b", "a", "c"], [0]) == [(0, 8), (1, 7)]


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "text").write_text("no table")
    pl.DataFrame({"text": ["a"]}).write_ipc(tmp_path / "other")
    for name in ("text", "other", "missing"):
        with pytest.raises(Malformed, match="no saved table"):
            ValueTable.load(tmp_path / name)
