"""Plain equalities that were met, as lines; where the row has to be asked whether its object is so, it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.base.layouts import LAST, ROW, TIME, Column, Layout
from comity.engines.patterns.matching.observed import Objects
from comity.engines.patterns.matching.places import values_at
from comity.engines.patterns.sets.flat import Rows
from comity.engines.patterns.sets.found import COLUMNS
from comity.engines.patterns.sets.met import AtOnce
from comity.engines.patterns.sets.objects import objects_of, type_of
from comity.engines.patterns.sets.standing import Standing
from comity.engines.patterns.text import path_text

AT_A_TIME = 5_000  # rows whose objects are in memory


@dataclass(frozen=True, slots=True)
class Table:
    """A table of telemetry: what its layout names in values that patterns know, and what names its rows."""

    source: str
    layout: Layout
    values: pl.DataFrame
    rows: pl.DataFrame  # row, event, time, last

    @classmethod
    def of(cls, frame: pl.DataFrame, values: pl.DataFrame, layout: Layout, source: str) -> Table:
        """The table, with nothing but what is needed."""
        event = values[layout.ref].cast(pl.String) if layout.ref in values.columns else None
        named = frame.select(
            row=pl.col(ROW).cast(pl.UInt64),
            event=pl.lit(None, pl.String) if event is None else event,
            time=pl.col(TIME).cast(pl.Int64),
            last=pl.max_horizontal(pl.col(TIME), pl.col(LAST)).cast(pl.Int64),
        )
        return cls(source, layout, values, named)

    def objects(self, rows: Rows) -> Iterator[Objects]:
        """The objects of these rows."""
        for first in range(0, len(rows), AT_A_TIME):
            for row in self.values[rows[first : first + AT_A_TIME]].iter_rows(named=True):
                yield objects_of(row, self.layout)


def lines_at_once(
    table: Table, met: Iterable[AtOnce[Standing]], name: Callable[[int], str], first: int
) -> pl.DataFrame:
    """The lines of all that was met, sorted by row; `first` is the number of the first match."""
    found = [lines for each in met if len(lines := _lines(each, _sure(table, each)))]
    if not found:
        return pl.DataFrame(schema=COLUMNS)
    lines = pl.concat(found).unique(maintain_order=True).sort("at", "owner", maintain_order=True)
    owners = lines["owner"].unique()
    names = pl.Series([name(each) for each in owners], dtype=pl.String)
    return (
        lines.with_columns(table.rows[lines["at"]])
        .with_columns(
            match=pl.struct("at", "owner").rle_id().cast(pl.UInt64) + first,
            indicator=pl.col("owner").replace_strict(owners, names, return_dtype=pl.String),
            source=pl.lit(table.source),
            why=pl.format("{} = '{}'", "path", "value"),
        )
        .select(*COLUMNS)
    )


def _lines(met: AtOnce[Standing], sure: NDArray[np.bool_]) -> pl.DataFrame:
    return pl.DataFrame({
        "at": met.rows[sure],
        "owner": met.owners[sure],
        "path": pl.repeat(path_text(met.standing.place), int(sure.sum()), eager=True),
        "value": met.values.filter(pl.Series(sure)).cast(pl.String),
    })  # fmt: skip  # one column to a line


def _sure(table: Table, met: AtOnce[Standing]) -> NDArray[np.bool_]:
    """Which of the rows have the value in an object of the type that the path begins with."""
    standing, root = met.standing, met.standing.root
    if standing.own and root.each in {None, standing.column}:
        if len(root.types) == 1:
            return np.ones(len(met.rows), np.bool_)
        if root.properties.get(("value",)) == Column(str(standing.column)):
            types = (type_of(root.types, value) for value in met.values.to_list())
            return np.array([each == standing.place.object_type for each in types], np.bool_)
    each = zip(met.values.to_list(), table.objects(met.rows), strict=True)
    return np.array([_has(objects, standing, value) for value, objects in each], np.bool_)


def _has(objects: Objects, standing: Standing, value: Any) -> bool:  # noqa: ANN401  whatever a column holds
    place = standing.place
    return any(
        value == found and type(value) is type(found)
        for root in objects.values()
        if root["type"] == place.object_type
        for found in values_at(root, place.steps, objects)
    )
