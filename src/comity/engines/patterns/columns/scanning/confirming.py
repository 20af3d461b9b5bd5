"""The exact comparison of candidates, and of what nothing but it can meet, within a limit of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import polars as pl

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Operator
from comity.engines.patterns.columns.saved import Numbers
from comity.engines.patterns.columns.scanning.likeness import fitting
from comity.engines.patterns.columns.scanning.sorting import Test, exactly

MOST_COMPARED = 5_000_000  # texts with expressions, one by one, of one column
SECONDS_EACH = 2.0  # for one expression in one column
_LOOK = 256  # texts between looks at the clock


@dataclass(slots=True)
class Confirming:
    """Texts of a column beside expressions; what is given up is kept with its reason."""

    texts: pl.Series
    left: int = field(default_factory=lambda: MOST_COMPARED)
    given_up: dict[int, str] = field(default_factory=dict)

    def fits(self, number: int, test: Test, places: Numbers) -> Numbers:
        """Which of some texts fit."""
        if len(places) > self.left:
            self.given_up[number] = (
                f"had to be compared with {len(places):,} values of one portion one by one; "
                f"for all such expressions together {MOST_COMPARED:,} are compared."
            )
            return places[:0]
        self.left -= len(places)
        found = list(self._found(number, test, places))
        return np.array(found, np.int64)

    def _found(self, number: int, test: Test, places: Numbers) -> Iterator[int]:
        end = perf_counter() + SECONDS_EACH
        try:
            is_like = test[0] is Operator.LIKE and self.texts.dtype == pl.String
            compare = (fitting(test[1]) if is_like else None) or exactly(test)
            for begin in range(0, len(places), _LOOK):
                if perf_counter() > end:
                    self.given_up[number] = f"took more than {SECONDS_EACH:g} seconds in one portion."
                    return
                some = places[begin : begin + _LOOK]
                for place, text in zip(some.tolist(), self.texts.gather(some), strict=True):
                    if compare(text):
                        yield place
        except Malformed as error:  # one value takes too long
            self.given_up[number] = error.message
