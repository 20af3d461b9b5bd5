"""Logs on the watch: what waits for its other half, what is set aside, and sets that change meanwhile."""

from __future__ import annotations

from itertools import count

import polars as pl
import pytest

from comity.base.errors import Malformed
from comity.base.layouts import LAST, ROW, TIME, Column, Layout, Seen
from comity.engines.patterns.columns import partly
from comity.engines.patterns.sets import joining, watching
from comity.engines.patterns.sets.kept import kept_pattern
from comity.engines.patterns.sets.patternset import Indicated
from comity.engines.patterns.sets.watching import Watch
from tests.engines.patterns.sets.logs import DNS, log, names, patterns, seen

A, B = "[domain-name:value = 'a.example']", "[domain-name:value = 'b.example']"
PAIR = f"{A} FOLLOWEDBY {B}"


def test_the_rest_of_a_match_may_come_in_another_portion_and_another_log():
    watch = Watch(patterns(PAIR))
    assert seen(watch, names("a.example")) == []
    assert watch.open.waiting == 1
    flow = Layout("flow", (Seen("name", ("domain-name",), {("value",): Column("host")}, {}),))
    other = pl.DataFrame(
        {"host": ["b.example"], ROW: [9], TIME: [5_000_000], LAST: [None]}, schema_overrides={LAST: pl.Int64}
    )
    lines = watch.rows(other, flow, "flow.csv")
    assert lines.select("source", "row", "value").rows() == [
        ("dns.log", 1, "a.example"),
        ("flow.csv", 9, "b.example"),
    ]
    assert watch.open.waiting == 0


def test_what_waits_is_known_to_a_pattern_that_was_compiled_again():
    watch = Watch(patterns(PAIR))
    assert seen(watch, names("a.example")) == []
    kept_pattern.cache_clear()  # as it is where many other patterns came between
    assert seen(watch, log({ROW: 2, "query": "b.example", TIME: 9_000_000})) == [("i0", (1, 2))]


def test_rows_out_of_order_are_joined_by_their_times():
    rows = [{"query": "b.example", TIME: 9_000_000}, {"query": "a.example", TIME: 2_000_000}]
    watch = Watch(
        patterns(f"({PAIR}) WITHIN 10 SECONDS", f"({PAIR}) WITHIN 5 SECONDS", f"({B} FOLLOWEDBY {A})")
    )
    assert seen(watch, log(*rows)) == [("i0", (2, 1))]


def test_rows_without_a_time_are_counted_where_one_is_asked_for():
    dated = f"{A} START t'1970-01-01T00:00:00Z' STOP t'1980-01-01T00:00:00Z'"
    watch = Watch(patterns(PAIR, dated, f"{A} WITHIN 5 SECONDS"))
    assert seen(watch, log({"query": "a.example", TIME: None}, {"query": "b.example"})) == [("i2", (1,))]
    assert watch.open.undated == 2


def test_what_waits_too_long_makes_room(monkeypatch):
    monkeypatch.setattr(joining, "MOST_WAITING", 3)
    watch = Watch(patterns(PAIR))
    assert seen(watch, names(*["a.example"] * 5, *["b.example"] * 4)) == [
        ("i0", (3, 6)),
        ("i0", (4, 7)),
        ("i0", (5, 8)),
    ]
    assert watch.open.let_go == 2
    monkeypatch.setattr(joining, "MOST_WAITING_IN_ALL", 2)
    watch = Watch(patterns(PAIR, f"{B} FOLLOWEDBY [domain-name:value = 'c.example']"))
    assert seen(watch, names("a.example", "x.example", "b.example", "c.example")) == [
        ("i0", (1, 3)),
        ("i1", (3, 4)),
    ]
    assert seen(watch, names("a.example", "b.example", "b.example", "c.example", first=9)) == [
        ("i0", (9, 10)),
        ("i1", (11, 12)),
    ]
    assert watch.open.let_go == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"[domain-name:value MATCHES '^(?=(a|a?)+$)']", "too many ways"),
        (r"[domain-name:value MATCHES '^(?=(a|a?)+$)' AND domain-name:value LIKE 'a%']", "too many ways"),
        (" AND ".join(f"[domain-name:value > '{n}']" for n in range(20)), "ways to join"),
    ],
)
def test_a_pattern_that_asks_too_much_is_set_aside_and_the_rest_goes_on(text, why):
    watch = Watch(patterns(text, A))
    rows = [f"{'a' * 5_000}!{n}" for n in range(19)]
    assert seen(watch, names(*rows, "a.example")) == [("i1", (20,))]
    assert [(each.name, why in each.reason) for each in watch.open.aside] == [("i0", True)]
    assert seen(watch, names(*rows, "a.example")) == [("i1", (20,))]


def test_a_value_that_too_many_look_for_is_told_once_as_such(monkeypatch):
    monkeypatch.setattr(partly, "MOST_MET", 100)
    watch = Watch(patterns(*[A] * 20, PAIR, B))
    assert seen(watch, names(*["a.example"] * 9, "b.example")) == [("i21", (10,))]
    aside = {each.name: each.reason for each in watch.open.aside}
    assert set(aside) == {f"i{n}" for n in range(21)}
    assert "fits 9 values" in aside["i20"]


def test_a_pattern_that_takes_its_time_is_set_aside():
    ticks = count()
    watch = Watch(patterns(f"{A} FOLLOWEDBY {A}", B), clock=lambda: float(next(ticks)), seconds=3)
    assert ("i1", (3,)) in seen(watch, names("x.example", "y.example", "b.example", *["a.example"] * 9))
    assert [each.name for each in watch.open.aside] == ["i0"]
    assert watch.open.waiting == 0


def test_a_watch_turns_to_a_changed_set():
    made = patterns(PAIR, f"{A} FOLLOWEDBY {A}", "[domain-name:value MATCHES '^(?=(a|a?)+$)']")
    watch = Watch(made)
    assert seen(watch, names("a.example", "a" * 5_000 + "!")) == []
    assert [each.name for each in watch.open.aside] == ["i2"]
    watch.turn_to(made.changed(add=[Indicated("new", B)], remove=["i1", "i2"]))
    assert not watch.open.aside
    assert watch.open.waiting == 1
    assert seen(watch, names("b.example", first=7)) == [("new", (7,)), ("i0", (1, 7))]


def test_few_compiled_patterns_and_plans_are_kept(monkeypatch):
    monkeypatch.setattr(watching, "MOST_LAYOUTS", 1)
    watch = Watch(
        patterns(*(f"[domain-name:value = '{n}.example' AND domain-name:value LIKE '%']" for n in range(3)))
    )
    other = Layout("other", DNS.objects)
    for layout in (DNS, other, DNS):
        found = watch.rows(names("0.example", "1.example", "2.example"), layout, "x")
        assert found["indicator"].unique(maintain_order=True).to_list() == ["i0", "i1", "i2"]


def test_columns_of_other_types():
    times = pl.Series("when", ["2026-01-01T00:00:00"], dtype=pl.String).str.to_datetime()
    held = pl.DataFrame(
        {"when": times, "kind": pl.Series(["a"], dtype=pl.Categorical), ROW: [1], TIME: [0], LAST: [0]}
    )
    layout = Layout(
        "x",
        (
            Seen(
                "x",
                ("x-a",),
                {("seen",): Column("when"), ("kind",): Column("kind"), ("no",): Column("no")},
                {},
            ),
        ),
    )
    made = patterns(
        "[x-a:seen = t'2026-01-01T00:00:00Z']", "[x-a:kind = 'a']", "[x-a:no = 'a']", "[EXISTS x-a:kind]"
    )
    found = Watch(made).rows(held, layout, "x")
    assert sorted(found["indicator"].to_list()) == ["i0", "i1", "i3"]
    with pytest.raises(Malformed, match="no value that patterns know"):
        Watch(made).rows(held.with_columns(kind=pl.struct("when")), layout, "x")
