"""A look at what a feed would bring: shown before it is opened, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from comity.node.exchange.feeds.reaching import Reach


@dataclass(frozen=True, slots=True)
class Glance:
    """What a kind needs for a look."""

    address: str
    settings: Mapping[str, Any]
    reach: Reach
    now: datetime
    most: int  # entries that are shown


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry as it would be taken."""

    value: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The first entries, and counts of all."""

    rows: tuple[Shown, ...]
    count: int
    twice: int = 0
    unmapped: tuple[tuple[str, str], ...] = ()  # the first ones
    unmapped_count: int = 0
    doubts: tuple[tuple[str, str], ...] = ()
