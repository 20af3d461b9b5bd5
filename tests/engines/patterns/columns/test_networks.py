"""The table of networks meets what the comparison of each row with each network says."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, Integer, ObjectPath, Operator, Text
from comity.engines.patterns.columns import partly, quads
from comity.engines.patterns.columns.networks import NetworkTable
from comity.engines.patterns.columns.quads import numbers
from comity.engines.patterns.columns.saved import packed
from comity.engines.patterns.matching.comparing import fits

PATH = ObjectPath("ipv4-addr", ("value",))
ODD = [
    "",
    "1.2.3",
    "1.2.3.04",
    "256.0.0.1",
    "10.0.0.1 ",
    "10.0.0.1\n",
    "10.0.0[.]1",
    "10.0.0.1.",
    "1.2.3.>4",
    "name.example",
    "::ffff:10.0.0.1",
    "::ffff:10.0.0.0/104",
    "::ffff:0:0/90",
    "fe80::1%eth0",
    "fe80::1%eth0/64",
    "10.0.0.0/255.0.0.0",
    "::",
    "::/0",
    "0.0.0.0/0",
    "255.255.255.255",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "8000::/1",
    "12345678901234567890",
    ":x",
]
few = st.sampled_from([0, 1, 2, 127, 128, 255])
octets = st.tuples(few, few, few, few).map(lambda four: ".".join(map(str, four)))
groups = st.lists(st.sampled_from(["0", "1", "ffff", "fe80"]), min_size=8, max_size=8).map(":".join)
networks = (
    st.tuples(octets, st.integers(0, 32)).map(lambda two: f"{two[0]}/{two[1]}")
    | st.tuples(groups, st.integers(0, 128)).map(lambda two: f"{two[0]}/{two[1]}")
    | octets
    | groups
    | st.sampled_from(ODD)
)
operators = st.sampled_from([Operator.ISSUBSET, Operator.ISSUPERSET])
tests = st.lists(st.tuples(operators, networks, st.integers(0, 2), st.integers(0, 5)), max_size=12)
columns = st.lists(networks | octets | st.none(), max_size=20)


def table(rows):
    return NetworkTable.of(
        [(operator, Text(text)) for operator, text, _, _ in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
    )


def met(found, column, places):
    seen = found.meet(pl.Series("column", column, dtype=pl.String), places)
    return sorted(zip(seen.rows.tolist(), seen.owners.tolist(), seen.places.tolist(), strict=True))


def one_by_one(rows, column, places):
    return sorted(
        (row, owner, place)
        for operator, constant, place, owner in rows
        if place in places
        for row, text in enumerate(column)
        if text is not None and fits(Comparison(PATH, operator, Text(constant)), usual=True)(text)
    )


@settings(deadline=None, max_examples=300)
@given(tests, columns, st.sets(st.integers(0, 3)))
def test_as_each_row_with_each_network(rows, column, places):
    assert met(table(rows), column, sorted(places)) == one_by_one(rows, column, places)


@settings(deadline=None)
@given(tests, tests, st.sets(st.integers(0, 5)), columns)
def test_changed_saved_and_read_again(old, new, gone, column):
    changed = table(old).without(gone).with_those_of(table(new))
    left = [row for row in old if row[3] not in gone] + new
    again = NetworkTable.unpacked(changed.packed(), "here")
    assert len(again) == len(left)
    assert met(again, column, [0, 1, 2]) == one_by_one(left, column, {0, 1, 2})


@settings(deadline=None)
@given(st.lists(octets | st.sampled_from(ODD) | st.text("0123456789./:>a\0", max_size=16) | st.none()))
def test_addresses_are_read_as_the_standard_library_reads_them(column):
    plain = [text is not None and text.count(".") == 3 and _address(text) is not None for text in column]
    found, good = numbers(pl.Series(["1.1.1.1", *column], dtype=pl.String)[1:])
    assert good.tolist() == plain
    assert found.tolist() == [
        _address(text) if is_plain else 0 for text, is_plain in zip(column, plain, strict=True)
    ]


def _address(text):
    try:
        network = ip_network(text)
    except ValueError:
        return None
    return int(network[0]) if "/" not in text and network.version == 4 else None


def test_addresses_of_many_portions_and_buffers():
    names = pl.Series([f"host-{n}.example.org" for n in range(3)])
    parts = [
        pl.Series(
            [f"{n % 256}.{n // 256 % 256}.{100 + n % 100}.{n % 199 + 1}" for n in range(begin, begin + 9_000)]
        )
        for begin in (0, 9_000, 50_000)
    ]
    column = pl.concat([parts[0].head(5), names, *parts])
    assert len(column) > quads._PORTION
    found, good = numbers(column)
    assert np.flatnonzero(~good).tolist() == [5, 6, 7]
    assert found.tolist() == [_address(text) or 0 for text in column]


def test_nested_and_repeated_networks_take_no_more_room_than_they_are():
    rows = [(Operator.ISSUBSET, "10.0.0.0/8", 0, owner) for owner in range(2_000)]
    rows += [(Operator.ISSUBSET, f"10.{n // 256}.{n % 256}.0/24", 0, 2_000 + n) for n in range(2_000)]
    found = met(table(rows), ["10.0.5.1", "11.0.0.1"], [0])
    assert found == [(0, owner, 0) for owner in range(2_000)] + [(0, 2_005, 0)]


@pytest.mark.parametrize("operator", [Operator.ISSUBSET, Operator.ISSUPERSET])
def test_what_would_be_told_too_often_is_given_up_first(monkeypatch, operator):
    monkeypatch.setattr(partly, "MOST_MET", 30)
    rows = [(operator, "10.0.0.1", 0, owner) for owner in range(3)] + [(operator, "10.0.0.2", 0, 3)]
    rows += [(operator, "10.0.0.0/8", 0, 4)] if operator is Operator.ISSUBSET else []
    seen = table(rows).meet(pl.Series(["10.0.0.1"] * 20 + ["10.0.0.2"] * 4), [0])
    expected = [3, 4] if operator is Operator.ISSUBSET else [3]
    assert sorted(seen.given_up) == [0, 1, 2]
    assert "fits 60 values" in seen.given_up[0]
    assert sorted(set(seen.owners.tolist())) == expected
    assert not met(table([]), ["10.0.0.1", "::1"], [0])


def test_what_is_no_text_meets_nothing():
    found = NetworkTable.of(
        [(Operator.ISSUBSET, Integer(5)), (Operator.ISSUBSET, Text("::/0"))], [0, 0], [1, 2]
    )
    assert not len(found.meet(pl.Series([1, 2]), [0]).rows)
    assert met(found, ["::1", "5"], [0]) == [(0, 2, 0)]


def test_texts_that_look_like_addresses():
    rows = [(Operator.ISSUBSET, "::/0", 0, 1), (Operator.ISSUBSET, "0.0.0.0/0", 0, 2)]
    assert met(table(rows), ["::g", ":", "1:2", "a::FFFF", "::FFFF:a00:1"], [0]) == [(3, 1, 0), (4, 2, 0)]
    assert met(table(rows[1:]), ["::g", ":", "1:2", "a::FFFF", "::FFFF:a00:1"], [0]) == [(4, 2, 0)]


def test_saved_as_a_file(tmp_path):
    table([(Operator.ISSUPERSET, "10.0.0.1", 3, 7)]).save(tmp_path / "networks")
    assert met(NetworkTable.load(tmp_path / "networks"), ["10.0.0.0/24"], [3]) == [(0, 7, 3)]


def test_what_is_no_table_is_refused(tmp_path):
    whole = table([(Operator.ISSUBSET, "10.0.0.0/8", 0, 1)]).packed()
    rows = table([(Operator.ISSUBSET, "10.0.0.0/8", 0, 1)])._rows
    too_long = rows.with_columns(length=pl.lit(33, pl.UInt8))
    for octets, problem in (
        (b"no table", "no saved table"),
        (whole[:-1], "changed or is missing"),
        (packed("networks", rows.drop("low")), "another version"),
        (packed("networks", too_long), "that are none"),
    ):
        (tmp_path / "file").write_bytes(octets)
        with pytest.raises(Malformed, match=problem):
            NetworkTable.load(tmp_path / "file")
    with pytest.raises(Malformed, match="cannot be read"):
        NetworkTable.load(tmp_path / "missing")
