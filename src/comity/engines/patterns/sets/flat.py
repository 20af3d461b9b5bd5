"""The values of a column, those of lists one by one, and the texts that tables know them by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.engines.patterns.columns.forms import keys_of
from comity.engines.patterns.columns.keys import Keys
from comity.engines.patterns.matching.places import decoded
from comity.engines.patterns.normal import Form
from comity.engines.patterns.sets.places import BYTES, Reading
from comity.engines.patterns.sets.readings import texts_of

Rows = NDArray[np.int64]


@dataclass(frozen=True)  # without slots: what is asked for twice is kept
class Flat:
    """Values, and the rows that they are from if those are others."""

    values: pl.Series
    origin: Rows | None

    @classmethod
    def of(cls, column: pl.Series) -> Flat:
        """Those of a column."""
        if not isinstance(column.dtype, pl.List):
            return cls(column, None)
        lengths = column.list.len().fill_null(0).to_numpy()
        return cls(column.filter(column.list.len() > 0).explode(), np.repeat(np.arange(len(column)), lengths))

    def rows(self, at: Rows) -> Rows:
        """The rows of the values at these places."""
        return at if self.origin is None else self.origin[at]

    @cached_property
    def distinct(self) -> pl.Series:
        """Each value once."""
        return self.values.drop_nulls().unique()

    def at(self, distinct: pl.Series) -> Rows:
        """Where one of these stands."""
        among = self.values.is_in(distinct.implode()).fill_null(False)  # noqa: FBT003  a value
        return self.rows(np.flatnonzero(among.to_numpy()))

    def texts(
        self, form: Form | None, name: str, wanted: set[Reading]
    ) -> Iterator[tuple[Reading, pl.Series | Keys]]:
        """The texts of all values in each reading that is asked for."""
        plain = self.values.dtype == pl.String and not name.endswith(BYTES)
        if plain and Reading.KEY in wanted:
            yield Reading.KEY, keys_of(form, self.values)
        if plain:  # no text is a number
            return
        raws = self.distinct.to_list()
        read = [dict(texts_of(form, decoded(name, raw))) for raw in raws]
        for reading in wanted:
            yield reading, self._each([texts.get(reading) for texts in read])

    def _each(self, texts: list[str | None]) -> pl.Series:
        new = pl.Series(texts, dtype=pl.String)
        return self.values.replace_strict(self.distinct, new, default=None, return_dtype=pl.String)


def is_there(column: pl.Series) -> pl.Series:
    """Which rows hold something: no null, and no list of nothing."""
    if not isinstance(column.dtype, pl.List):
        return column.is_not_null()
    return (column.list.len() > column.list.eval(pl.element().is_null()).list.sum()).fill_null(False)  # noqa: FBT003  a value
