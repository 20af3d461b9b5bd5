"""What a table has met where it did not meet all: a feed may hold tests that fit nearly every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from comity.engines.patterns.columns.met import Met
from comity.engines.patterns.columns.saved import Numbers

MOST_MET = 20_000_000  # pairs of a row and an owner, of one column


@dataclass(frozen=True, slots=True)
class PartlyMet(Met):
    """The same, and the owners of which not all was met in this column, each with the reason."""

    given_up: Mapping[int, str] = field(default_factory=dict)


def given_up(met: Met) -> Mapping[int, str]:
    """The owners of which not all was met, each with the reason; mostly none."""
    return met.given_up if isinstance(met, PartlyMet) else {}


def within_bounds(counts: Numbers) -> NDArray[np.bool_]:
    """Which of some tests may be told: as many as possible, those that fit the most rows left out first."""
    order = np.argsort(counts, kind="stable")
    kept = np.empty(len(counts), np.bool_)
    kept[order] = np.cumsum(counts[order]) <= MOST_MET
    return kept


def too_many(count: int) -> str:
    """Why a test was given up."""
    return f"fits {count:,} values of one portion, beside what others fit; at most {MOST_MET:,} are told."
