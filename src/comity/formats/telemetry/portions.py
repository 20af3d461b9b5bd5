"""What readers of logs hand on: some rows of one source, with what their columns mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from comity.base.layouts import Layout

MOST_ROWS = 250_000


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows with the columns of their layout, and `@row`, `@time` and `@last`."""

    frame: pl.DataFrame
    layout: Layout
    source: str


def portions_of(frame: pl.DataFrame, layout: Layout, source: str) -> Iterator[Portion]:
    """The rows in portions of bounded size; nothing for no rows."""
    for each in frame.iter_slices(MOST_ROWS):
        yield Portion(each, layout, source)
