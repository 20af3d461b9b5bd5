"""What was found: one line for each value that shows a match, as columns, since there may be millions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from comity.engines.patterns.ast import Comparison
from comity.engines.patterns.matching.tests import Hit
from comity.engines.patterns.text import comparison_text, path_text

LONGEST_WHY = 300  # characters of a comparison; a set of thousands of values is cut off

# Lines with one number of a match belong together: several values of a row, several rows of a match.
COLUMNS = {
    "match": pl.UInt64,
    "indicator": pl.String,
    "source": pl.String,
    "row": pl.UInt64,
    "event": pl.String,  # what the log itself calls the row; null where it has no names
    "time": pl.Int64,  # microseconds since 1970 in UTC; null where the row says none
    "last": pl.Int64,
    "path": pl.String,
    "value": pl.String,
    "why": pl.String,  # the comparison; of a plain equality with the value as the row has it
}

_NOTHING = (None, None, None)
Where = tuple[str, int, str | None, int | None, int | None]  # source, row, event, time, last

Line = tuple[int, str, Where, tuple[Hit, ...]]  # number of the match, name of the indicator


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that hit, where it stands, and the comparison that it passed."""

    path: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Sight:
    """One row of a match."""

    source: str
    row: int
    event: str | None
    time: int | None
    last: int | None
    values: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One match: the indicator, and the rows that fit its pattern together."""

    indicator: str
    rows: tuple[Sight, ...]


def findings(lines: pl.DataFrame) -> Iterator[Finding]:
    """The same as values, one to a match."""
    for _, of_match in groupby(lines.iter_rows(), key=lambda line: line[0]):
        several = list(of_match)
        sights = groupby(several, key=lambda line: line[2:7])
        yield Finding(several[0][1], tuple(_sight(where, of_row) for where, of_row in sights))


def _sight(where: tuple[Any, ...], lines: Iterable[tuple[Any, ...]]) -> Sight:
    source, row, event, time, last = where
    shown = tuple(Shown(*line[7:]) for line in lines if line[7] is not None)
    return Sight(source, row, event, time, last, shown)


def lines_of(rows: Iterable[Line]) -> pl.DataFrame:
    """The columns for rows of matches."""
    lines = [(number, name, *where, *told) for number, name, where, hits in rows for told in _told(hits)]
    return pl.DataFrame(lines, schema=COLUMNS, orient="row")


def _told(hits: tuple[Hit, ...]) -> Iterable[tuple[str | None, str | None, str | None]]:
    """The last columns of the lines of a row; one without values where nothing but an absence shows it."""
    return [(path_text(hit.path), value_text(hit.value), _why(hit.test)) for hit in hits] or [_NOTHING]


def _why(test: Comparison) -> str:
    why = comparison_text(test)
    return why if len(why) <= LONGEST_WHY else f"{why[: LONGEST_WHY - 1]}…"


def value_text(value: Any) -> str:  # noqa: ANN401  whatever JSON holds
    """A value as text: bytes as hexadecimal digits, truths as patterns write them."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)
