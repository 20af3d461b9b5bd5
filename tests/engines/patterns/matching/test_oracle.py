"""Matching against the matcher of OASIS: the same observations, the same patterns, the same answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from stix2matcher.matcher import MatchListener  # type: ignore[import-untyped]  # it carries no types
from stix2patterns.v21.pattern import Pattern  # type: ignore[import-untyped]  # likewise

from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.matching.observed import observed_in
from comity.engines.patterns.parser import parse

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)
TESTS = ("a", "b", "a' OR x:v = 'b", "c' AND x:n > '")


def stamp(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


tests = st.sampled_from(
    [
        "[x:v = 'a']",
        "[x:v = 'b']",
        "[x:v = 'c']",
        "[x:v IN ('a', 'b')]",
        "[x:v = 'a' AND x:n > 1]",
        "[x:v != 'a']",
        "[x:v = 'a' OR x:n = 2]",
        "[x:v NOT = 'b' AND y:n <= 1]",
        "[x:n >= 1 OR y:v LIKE '_']",
    ]
)
seconds = st.integers(0, 12)
qualifiers = st.one_of(
    st.integers(1, 6).map(lambda n: f"WITHIN {n} SECONDS"),
    st.integers(1, 3).map(lambda n: f"REPEATS {n} TIMES"),
    st.tuples(seconds, seconds).map(lambda two: f"START t'{stamp(two[0])}' STOP t'{stamp(two[1])}'"),
)
patterns = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR", "FOLLOWEDBY"]), inner).map(
            lambda three: f"({three[0]} {three[1]} {three[2]})"
        ),
        st.tuples(inner, qualifiers).map(lambda two: f"({two[0]}) {two[1]}"),
    ),
    max_leaves=4,
)


@st.composite
def observations(draw: st.DrawFn) -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        first = draw(seconds)
        refs = []
        for part in range(draw(st.integers(1, 2))):
            each = f"x--{number:08}-0000-4000-8000-{part:012}"
            kind = draw(st.sampled_from("xxy"))
            objects.append(
                {"type": kind, "id": each, "v": draw(st.sampled_from("abc")), "n": draw(st.integers(0, 2))}
            )
            refs.append(each)
        objects.append(
            {
                "type": "observed-data",
                "id": f"observed-data--{number:08}-0000-4000-8000-000000000000",
                "first_observed": stamp(first),
                "last_observed": stamp(first + draw(st.sampled_from([0, 0, 0, 1, 4]))),
                "number_observed": draw(st.sampled_from([1, 1, 1, 2])),
                "object_refs": refs,
            }
        )
    return objects


def oracle(text: str, objects: list[dict[str, Any]]) -> bool:
    listener = MatchListener([{"type": "bundle", "id": "bundle--1", "objects": objects}], stix_version="2.1")
    Pattern(text).walk(listener)
    return next(listener.matched(), None) is not None


@settings(max_examples=1000, deadline=None)
@given(patterns, observations())
def test_the_same_answer(text, objects):
    ours = list(Matcher(parse(text)).matches(list(observed_in(objects))))
    assert bool(ours) == oracle(text, objects)
