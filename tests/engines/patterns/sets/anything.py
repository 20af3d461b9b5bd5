"""Hypothesis strategies: layouts, rows that they describe, and patterns that look at what these may hold."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import strategies as st

from comity.base.layouts import LAST, ROW, TIME, Column, Constant, Layout, Seen
from comity.engines.patterns.matching.observed import Observed
from comity.engines.patterns.sets.objects import objects_of

TEXTS = [
    "a.example",
    "A.Example.",
    "a[.]example",
    "münchen.example",
    "xn--mnchen-3ya.example",
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "2001:DB8::1",
    "2001:db8:0:0::1",
    "10.0.0.0/8",
    "http://A.example",
    "http://a.example/",
    "AB" * 16,
    "ab" * 16,
    "6162",
    "YWI=",
    "ab",
    "53",
    "true",
    "",
    " ",
    "o0",
    "file",
    "2026-01-01T00:00:00.000Z",
]
TYPES: dict[str, Any] = {
    "t": pl.String,
    "u": pl.String,
    "l": pl.List(pl.String),
    "n": pl.Int64,
    "m": pl.List(pl.Int64),
    "b": pl.Boolean,
    "f": pl.Float64,
}
KINDS = [
    ("ipv4-addr", "ipv6-addr"),
    ("domain-name",),
    ("ipv4-addr", "ipv6-addr", "domain-name"),
    ("file",),
    ("network-traffic",),
    ("url",),
]
PATHS = [
    ("value",),
    ("name",),
    ("hashes", "MD5"),
    ("hashes", "md5"),
    ("dst_port",),
    ("x_hex",),
    ("x_bin",),
    ("ext", "a", "b"),
    ("number",),
    ("protocols",),
]
STEPS = [
    *("value", "name", "hashes.MD5", "hashes.'md-5'", "hashes", "dst_port", "x_hex", "x_bin", "ext.a.b"),
    *("ext", "ext.a", "number", "type", "protocols[*]", "protocols[0]", "protocols[1]", "protocols"),
    *("src_ref", "src_ref.value", "src_ref.type", "src_ref.name", "src_ref.hashes.MD5", "x_refs[*].value"),
    *("x_refs[0].value", "x_refs[*]", "src_ref.x_refs[*].protocols[*]", "x_refs.value"),
]
texts = st.sampled_from(TEXTS[:3]) | st.sampled_from(TEXTS)  # so that many are equal
numbers = st.sampled_from([0, 1, 53])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "t": texts,
    "u": texts,
    "l": st.lists(texts | st.none(), max_size=3),
    "n": numbers,
    "m": st.lists(numbers, max_size=2),
    "b": st.booleans(),
    "f": st.sampled_from([0.5, 53.0, float("nan")]),
}
columns = st.sampled_from(list(TYPES)).map(Column)
held = columns | (texts | st.sampled_from([53, True])).map(Constant)
properties = st.dictionaries(
    st.just(("value",)) | st.sampled_from(PATHS),
    held | st.lists(held, min_size=1, max_size=2).map(tuple),
    max_size=4,
)


@st.composite
def seen(draw: st.DrawFn, name: str, names: list[str]) -> Seen:
    has = draw(properties)
    lists = [each.name for each in has.values() if isinstance(each, Column) and each.name in {"l", "m"}]
    refs: dict[str, tuple[str, ...]] = {}
    if draw(st.booleans()):
        refs["src_ref"] = (draw(st.sampled_from(names)),)
    if draw(st.booleans()):
        refs["x_refs"] = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)))
    each = draw(st.sampled_from([None, *lists]))
    return Seen(name, draw(st.sampled_from(KINDS)), has, refs, each)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    names = [f"o{n}" for n in range(draw(st.integers(1, 3)))]
    return Layout("any", tuple(draw(seen(name, names)) for name in names))


row = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()})
second = st.integers(0, 9)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.lists(row, min_size=1, max_size=6))
    first = [draw(second) for _ in rows]
    last = [draw(st.sampled_from([None, begin, begin + 2])) for begin in first]
    return pl.DataFrame(
        {name: [each[name] for each in rows] for name in VALUES}
        | {ROW: range(1, len(rows) + 1)}
        | {TIME: [each * 1_000_000 for each in first]}
        | {LAST: [None if each is None else each * 1_000_000 for each in last]},
        schema=TYPES | {ROW: pl.UInt64, TIME: pl.Int64, LAST: pl.Int64},
    )


def observed(frame: pl.DataFrame, layout: Layout) -> list[Observed]:
    """Each row as an observation."""
    return [
        Observed(
            str(each[ROW]),
            each[TIME],
            each[TIME] if each[LAST] is None else each[LAST],
            objects_of(each, layout),
        )
        for each in frame.iter_rows(named=True)
    ]


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


constants = texts.map(quoted) | st.sampled_from(
    ["53", "53.0", "0", "1", "0.5", "true", "false", "h'6162'", "b'YWI='", "t'2026-01-01T00:00:00Z'"]
)
types = st.sampled_from(sorted({each for some in KINDS for each in some}))
steps = st.sampled_from(["value", "src_ref.value", "x_refs[*].value"]) | st.sampled_from(STEPS)
negation = st.sampled_from(["", "", "", "NOT "])
ordered = constants.filter(lambda each: each not in {"true", "false"})
likenesses = st.sampled_from(["%", "a%", "_b", "10.%", "o_"]).map(quoted)
expressions = st.sampled_from(["^a", "b$", ".", "[0-9]+"]).map(quoted)
RIGHT = {
    "=": constants,
    "==": constants,
    "!=": constants,
    "IN": st.lists(constants, min_size=1, max_size=3).map(lambda some: f"({', '.join(some)})"),
    "<": ordered,
    ">=": ordered,
    "LIKE": likenesses,
    "MATCHES": expressions,
    "ISSUBSET": texts.map(quoted),
    "ISSUPERSET": texts.map(quoted),
}
places = st.tuples(types, steps).map(":".join)
comparisons = st.sampled_from(["=", *RIGHT]).flatmap(
    lambda sign: st.tuples(places, negation, st.just(sign), RIGHT[sign]).map(
        lambda four: "{} {}{} {}".format(*four)
    )
) | st.tuples(negation, places).map(lambda two: f"{two[0]}EXISTS {two[1]}")
tests = st.recursive(
    comparisons,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR", "OR"]), inner).map(
        lambda three: f"({' '.join(three)})"
    ),
    max_leaves=4,
)
observations = tests.map(lambda test: f"[{test}]")
alone = st.recursive(
    observations,
    lambda inner: (
        st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})")
        | inner.map(lambda each: f"({each}) START t'1970-01-01T00:00:02Z' STOP t'1970-01-01T00:00:06Z'")
        | inner.map(lambda each: f"({each}) REPEATS 1 TIMES WITHIN 5 SECONDS")
    ),
    max_leaves=3,
)
joined = st.recursive(
    observations,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["AND", "OR", "FOLLOWEDBY"]), inner).map(
            lambda three: f"({' '.join(three)})"
        )
        | st.tuples(
            inner,
            st.sampled_from(
                [
                    "WITHIN 2 SECONDS",
                    "REPEATS 2 TIMES",
                    "START t'1970-01-01T00:00:02Z' STOP t'1970-01-01T00:00:06Z'",
                ]
            ),
        ).map(lambda two: f"({two[0]}) {two[1]}")
    ),
    max_leaves=4,
)


def cut(frame: pl.DataFrame, places: list[int]) -> list[pl.DataFrame]:
    """The frame in portions that end at these places."""
    ends = sorted({min(each, len(frame)) for each in places} | {0, len(frame)})
    return [frame[begin:end] for begin, end in pairwise(ends)]
