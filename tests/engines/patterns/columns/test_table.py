"""The table meets what a plain look-up in a dictionary meets, however it came to be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.patterns.columns import files, partly
from comity.engines.patterns.columns.keys import Keys
from comity.engines.patterns.columns.table import KIND, ValueTable

words = st.text(alphabet="ab\u00e9.", max_size=3)
values = st.lists(st.tuples(words, st.integers(0, 2), st.integers(0, 5)), max_size=20)
columns = st.lists(words | st.none(), max_size=30)


def table(rows):
    texts, places, owners = zip(*rows, strict=True) if rows else ((), (), ())
    return ValueTable.of(texts, places, owners)


def met(found, column, places):
    seen = found.meet(pl.Series("column", column, dtype=pl.String), places)
    assert seen.rows.tolist() == sorted(seen.rows)
    return sorted(zip(seen.rows.tolist(), seen.owners.tolist(), strict=True))


def test_the_place_is_told():
    seen = table([("a", 2, 7), ("a", 1, 8), ("b", 1, 9)]).meet(pl.Series(["a"]), [1, 2])
    assert sorted(zip(seen.owners.tolist(), seen.places.tolist(), strict=True)) == [(7, 2), (8, 1)]


def plainly(rows, column, places):
    held: dict[str, list[int]] = {}
    for word, place, owner in rows:
        held.setdefault(word, []).extend([owner] if place in places else [])
    return sorted((row, owner) for row, text in enumerate(column) for owner in held.get(text, ()))


def names(first, count):
    return [(f"host-{n}.example", n % 3, n) for n in range(first, first + count)]


@settings(deadline=None)
@given(values, columns, st.sets(st.integers(0, 3)))
def test_as_a_dictionary_would(rows, column, places):
    assert met(table(rows), column, sorted(places)) == plainly(rows, column, places)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), values, st.sets(st.integers(0, 5))), max_size=5), columns)
def test_changed_tables_are_as_if_made_so(changes, column):
    changed = table([])
    left: list[tuple[str, int, int]] = []
    for adds, rows, gone in changes:
        if adds:
            changed, left = changed.with_those_of(table(rows)), left + rows
        else:
            changed, left = changed.without(gone), [row for row in left if row[2] not in gone]
        assert len(changed) == len(left)
        assert met(changed, column, [0, 1, 2]) == plainly(left, column, {0, 1, 2})
    assert met(changed.folded(), column, [0, 1]) == plainly(left, column, {0, 1})


def test_small_changes_leave_a_large_table_as_it_is_and_large_ones_do_not():
    large = table(names(0, 4_000))
    column = [name for name, _, _ in names(0, 9_000)]
    changed = large.without(range(10, 20)).with_those_of(table(names(5_000, 100))).without([30, 5_001])
    left = {*range(4_000), *range(5_000, 5_100)} - {*range(10, 20), 30, 5_001}
    for each in (changed, changed.folded(), changed.with_those_of(table(names(6_000, 1_500)))):
        rows = {row for row, _ in met(each, column, [0, 1, 2])}
        assert rows == left or rows == left | {*range(6_000, 7_500)}
    assert met(large, column, [0, 1, 2]) == plainly(names(0, 4_000), column, {0, 1, 2})


def test_columns_of_several_portions():
    rows = names(0, 100_000)
    column = [name for name, _, _ in names(50_000, 140_000)]
    assert met(table(rows), column, [0, 1, 2]) == [(n, n + 50_000) for n in range(50_000)]


def test_keys_stand_instead_of_texts():
    texts = pl.Series(["A", "b", "C", None, "B"])
    keys = Keys(texts, np.array([0, 4]), pl.Series(["a", "b"]))
    found = table([("a", 0, 1), ("b", 0, 2), ("C", 0, 3), ("A", 0, 4)]).meet(keys, [0])
    assert list(zip(found.rows.tolist(), found.owners.tolist(), strict=True)) == [
        (0, 1),
        (1, 2),
        (2, 3),
        (4, 2),
    ]
    assert keys.whole().to_list() == ["a", "b", "C", None, "b"]
    assert Keys.as_they_are(texts).whole().to_list() == texts.to_list()


def test_one_value_that_many_own():
    found = table([("a", 0, n) for n in range(1_000)] + names(0, 50))
    assert met(found, ["b", "a"], [0]) == [(1, n) for n in range(1_000)]


def test_what_too_many_look_for_in_too_many_rows_is_given_up(monkeypatch):
    monkeypatch.setattr(partly, "MOST_MET", 1_000)
    found = table(
        [("a", 0, n) for n in range(100)] + [("a", 1, 500), ("b", 0, 600), ("b", 0, 601), ("c", 0, 602)]
    )
    column = ["a"] * 40 + ["b"] * 40 + ["c"]
    seen = found.meet(pl.Series(column), [0])
    assert isinstance(seen, partly.PartlyMet)
    assert set(seen.given_up) == set(range(100))
    assert "fits 40 values" in seen.given_up[7]
    assert len(seen.rows) == 81
    assert set(seen.owners.tolist()) == {600, 601, 602}
    assert not partly.given_up(found.meet(pl.Series(column[38:]), [0]))
    large = table(names(0, 1_000)).with_those_of(found).meet(pl.Series([*column, "host-7.example"]), [0, 1])
    assert set(partly.given_up(large)) == {*range(100), 500}
    assert 7 in large.owners


def hashed_as(hashes):
    """A table that was saved with these hashes, whatever its texts are, and its texts in that order."""
    parts = table([(f"{n}", 0, n) for n in range(len(hashes))]).parts()
    owners = np.frombuffer(parts["owner"], np.uint32).tolist()
    ended = np.array([*hashes, 2**64 - 1], np.uint64)
    return ValueTable.of_parts("here", {**parts, "hash": ended.data}), owners


def test_texts_decide_where_hashes_are_alike():
    column = pl.Series(["5", "6"])
    sought = int(column.hash(2_026)[0])
    found, owners = hashed_as([sought] * 30)
    assert found.meet(column, [0]).owners.tolist() == [5]
    behind = [sought + n - owners.index(5) for n in range(30)]
    assert hashed_as(behind)[0].meet(column, [0]).owners.tolist() == [5]


def test_hashes_that_begin_alike_are_told_apart():
    column = pl.Series([f"{n}" for n in range(40)])
    last = hashed_as([0] * 40)[1][-1]
    sought = int(column.hash(2_026)[last])
    found, _ = hashed_as(range(sought - 39, sought + 1))
    assert found.meet(column, [0]).owners.tolist() == [last]


def test_halves_of_characters_are_kept_out_of_the_way():
    assert met(table([("\ud800", 0, 1), ("a", 0, 2)]), ["a", "?", "\ufffd"], [0]) == [(0, 2)]


def test_saved_and_loaded(tmp_path):
    rows = names(0, 5_000)
    table(rows).without([8]).save(tmp_path / "values")
    column = ["host-7.example", "host-70000.example", None, "host-4999.example", "", "host-8.example"]
    assert met(ValueTable.load(tmp_path / "values"), column, [0, 1, 2]) == [(0, 7), (3, 4_999)]
    table([]).save(tmp_path / "values")
    assert met(ValueTable.load(tmp_path / "values"), column, [0, 1, 2]) == []


def test_what_was_loaded_is_changed_like_what_was_made(tmp_path):
    table(names(0, 3_000)).save(tmp_path / "values")
    changed = ValueTable.load(tmp_path / "values").without([5]).with_those_of(table(names(5_000, 10)))
    changed.save(tmp_path / "values")
    column = [name for name, _, _ in names(0, 6_000)]
    left = [row for row in names(0, 3_000) + names(5_000, 10) if row[2] != 5]
    for each in (changed, changed.folded(), ValueTable.load(tmp_path / "values")):
        assert met(each, column, [0, 1, 2]) == plainly(left, column, {0, 1, 2})


def test_a_table_that_was_hashed_otherwise_is_hashed_anew():
    parts = dict(table(names(0, 9)).parts())
    other = {"hash": np.arange(10, dtype=np.uint64).data, "probe": bytes(32)}
    column = [name for name, _, _ in names(0, 20)]
    found = ValueTable.of_parts("here", parts | other)
    assert met(found, column, [0, 1, 2]) == plainly(names(0, 9), column, {0, 1, 2})


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("more", b""),
        ("owner", bytes(3)),
        ("owner", bytes(4)),
        ("offset", bytes(24)),
        ("offset", np.array([1, 1, 2]).data),
        ("offset", np.array([0, 3, 2]).data),
        ("offset", b""),
    ],
)
def test_parts_that_are_no_table_are_refused(name, octets):
    parts = table([("a", 0, 0), ("b", 0, 1)]).parts()
    with pytest.raises(Malformed, match=r"here: is no table of values"):
        ValueTable.of_parts("here", {**parts, name: octets})


def test_texts_that_are_none_are_refused():
    parts = {**table([("a", 0, 0), ("b", 0, 1)]).parts(), "text": b"\xff\xfe", "probe": bytes(32)}
    with pytest.raises(Malformed, match="a text is none"):
        ValueTable.of_parts("here", parts)


def test_other_files_are_refused(tmp_path):
    files.save(tmp_path / "other", "other things", {})
    files.save(tmp_path / "empty", KIND, {})
    for name in ("other", "empty", "missing"):
        with pytest.raises(Malformed, match=name):
            ValueTable.load(tmp_path / name)
