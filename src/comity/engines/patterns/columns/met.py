"""What a column meets in a table: the common language of all tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comity.engines.patterns.columns.keys import Rows

Owners = NDArray[np.uint32]
Places = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Met:
    """Rows of a column, whose value each holds, and the place where it is looked for.

    A row that holds the value of several owners stands there as often.
    """

    rows: Rows
    owners: Owners
    places: Places
