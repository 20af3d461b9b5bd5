"""A set finds in rows what each of its patterns finds alone, by the exact matcher, however the rows come."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.layouts import ROW
from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.parser import parse
from comity.engines.patterns.sets.found import findings
from comity.engines.patterns.sets.patternset import Indicated, PatternSet
from comity.engines.patterns.sets.watching import Watch
from tests.engines.patterns.sets.anything import alone, cut, frames, joined, layouts, observed

portions = st.lists(st.integers(0, 6), max_size=3)


def watched(patterns, layout, some):
    watch = Watch(PatternSet.of(Indicated(f"i{n}", text) for n, text in enumerate(patterns)))
    found = [each for frame in some for each in findings(watch.rows(frame, layout, "log"))]
    assert not watch.open.aside
    assert not watch.patterns.refused
    return [(each.indicator, tuple(row.row for row in each.rows)) for each in found]


def one_by_one(patterns, layout, frame):
    rows = observed(frame, layout)
    return [
        (f"i{n}", tuple(int(each.ref) for each in match.observed))
        for n, text in enumerate(patterns)
        for match in Matcher(parse(text)).matches(rows)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(alone, min_size=1, max_size=4), layouts(), frames(), portions)
def test_rows_that_match_alone(patterns, layout, frame, places):
    found = watched(patterns, layout, cut(frame, places))
    assert sorted(found) == sorted(one_by_one(patterns, layout, frame))


@settings(max_examples=200, deadline=None)
@given(st.lists(joined, min_size=1, max_size=3), layouts(), frames(), portions)
def test_rows_that_match_together(patterns, layout, frame, places):
    found = watched(patterns, layout, cut(frame, places))
    assert sorted(found) == sorted(watched(patterns, layout, [frame]))
    assert {name for name, _ in found} == {name for name, _ in one_by_one(patterns, layout, frame)}
    for name, rows in found:
        text = patterns[int(name[1:])]
        assert one_by_one([text], layout, frame.filter(pl.col(ROW).is_in(rows)))
    spent = [(name, row) for name, rows in found for row in rows]
    assert len(set(spent)) == len(spent)
