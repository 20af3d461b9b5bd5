"""A small log and its layout, which the tests of sets share."""

from __future__ import annotations

from typing import Any

import polars as pl

from comity.base.layouts import LAST, ROW, TIME, Column, Constant, Layout, Seen
from comity.engines.patterns.sets.found import Finding, findings
from comity.engines.patterns.sets.patternset import Indicated, PatternSet
from comity.engines.patterns.sets.watching import Watch

DNS = Layout(
    "dns",
    (
        Seen("source", ("ipv4-addr", "ipv6-addr"), {("value",): Column("src")}, {}),
        Seen("query", ("domain-name",), {("value",): Column("query")}, {"resolves_to_refs": ("answers",)}),
        Seen(
            "answers",
            ("ipv4-addr", "ipv6-addr", "domain-name"),
            {("value",): Column("answers")},
            {},
            "answers",
        ),
        Seen(
            "flow",
            ("network-traffic",),
            {("dst_port",): Column("port"), ("protocols",): (Constant("udp"), Column("service"))},
            {"src_ref": ("source",)},
        ),
    ),
    ref="uid",
)
_TYPES: dict[str, Any] = {
    "uid": pl.String,
    "src": pl.String,
    "query": pl.String,
    "answers": pl.List(pl.String),
    "port": pl.UInt16,
    "service": pl.String,
    ROW: pl.UInt64,
    TIME: pl.Int64,
    LAST: pl.Int64,
}


def log(*rows: dict[str, Any], first: int = 1) -> pl.DataFrame:
    """Rows of the log, one each second."""
    usual = [{ROW: n, TIME: n * 1_000_000} for n in range(first, first + len(rows))]
    return pl.DataFrame([a | b for a, b in zip(usual, rows, strict=True)], schema=_TYPES)


def names(*values: str, first: int = 1) -> pl.DataFrame:
    """Queries for these names."""
    return log(*({"query": value} for value in values), first=first)


def patterns(*texts: str) -> PatternSet:
    """These patterns under the names i0, i1, …"""
    return PatternSet.of(Indicated(f"i{n}", text) for n, text in enumerate(texts))


def seen(patterns: PatternSet | Watch, *frames: pl.DataFrame) -> list[tuple[str, tuple[int, ...]]]:
    """The indicators that were seen, and in which rows."""
    return [(each.indicator, tuple(row.row for row in each.rows)) for each in found(patterns, *frames)]


def found(patterns: PatternSet | Watch, *frames: pl.DataFrame) -> list[Finding]:
    """The matches in these portions of the log."""
    watch = patterns if isinstance(patterns, Watch) else Watch(patterns)
    return [each for frame in frames for each in findings(watch.rows(frame, DNS, "dns.log"))]
