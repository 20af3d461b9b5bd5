"""Orders and equalities of numbers as intervals of what a column can hold, both ends included.

Whole numbers and fractions are compared exactly, as Python compares them: no column is converted for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from comity.engines.patterns.ast import Operator

Interval = tuple[int, int] | tuple[float, float]
_LEAST, _MOST = -math.inf, math.inf


def whole_intervals(operator: Operator, constant: float, column: np.dtype[Any]) -> Iterator[Interval]:
    """The whole numbers of a column's type that fit."""
    least, most = int(np.iinfo(column).min), int(np.iinfo(column).max)
    if constant in {_LEAST, _MOST}:
        constant = most + 1 if constant > 0 else least - 1
    low, high = math.ceil(constant), math.floor(constant)  # low is high + 1 where it is no whole number
    found = {
        Operator.LESS: [(least, low - 1)],
        Operator.AT_MOST: [(least, high)],
        Operator.GREATER: [(high + 1, most)],
        Operator.AT_LEAST: [(low, most)],
        Operator.EQUAL: [(low, high)],
        Operator.UNEQUAL: [(least, low - 1), (high + 1, most)],
    }[operator]
    for first, last in found:
        if max(first, least) <= min(last, most):
            yield max(first, least), min(last, most)


def fraction_intervals(operator: Operator, constant: float) -> Iterator[Interval]:
    """The numbers with a fraction that fit; the constant may lie between two of them."""
    try:
        near = float(constant)
    except OverflowError:
        near = _MOST if constant > 0 else _LEAST
    low = near if near >= constant else math.nextafter(near, _MOST)
    high = near if near <= constant else math.nextafter(near, _LEAST)
    less = high if high < constant else math.nextafter(high, _LEAST)
    greater = low if low > constant else math.nextafter(low, _MOST)
    found = {
        Operator.LESS: [(_LEAST, less)] if less < constant else [],
        Operator.AT_MOST: [(_LEAST, high)],
        Operator.GREATER: [(greater, _MOST)] if greater > constant else [],
        Operator.AT_LEAST: [(low, _MOST)],
        Operator.EQUAL: [(low, high)],
        Operator.UNEQUAL: [(_LEAST, less)] * (less < constant) + [(greater, _MOST)] * (greater > constant),
    }[operator]
    yield from (each for each in found if each[0] <= each[1])
