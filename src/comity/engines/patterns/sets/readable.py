"""The columns of a table of telemetry as values that patterns know: texts, numbers, truths, and lists."""

from __future__ import annotations

import polars as pl

from comity.base.errors import Malformed
from comity.base.layouts import ROW, Layout

_MOMENT = "%Y-%m-%dT%H:%M:%S%.6fZ"
_AS_TEXT = (pl.Categorical, pl.Enum, pl.Null)


def readable(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Those columns of the table that its layout names."""
    named = [name for name in layout.columns if name in frame.columns and name != ROW]
    return frame.select(ROW, *(_readable(frame[name]) for name in named))  # with the rows that hold nothing


def _readable(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        return column.dt.strftime(_MOMENT)
    inner = kind.inner if isinstance(kind, pl.List) else kind
    if isinstance(inner, _AS_TEXT):
        return column.cast(pl.List(pl.String) if isinstance(kind, pl.List) else pl.String)
    if isinstance(inner, pl.String | pl.Boolean) or inner.is_numeric():
        return column
    raise Malformed(column.name, f"is a column of {kind}, which is no value that patterns know.")
