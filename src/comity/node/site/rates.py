"""How often somebody asks: counted in the cache that all processes share, each minute anew.

A process counts several requests at once and then has them in hand: a count is a write that the disk has to
keep, which takes as long as a page of a thousand objects. What it does not use is lost with the minute.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from django.core.cache import cache

MINUTE = 60
_PORTIONS = 30  # of a limit: so many counts in a minute at most
_MOST_KEYS = 1_000


@dataclass(slots=True)
class _InHand:
    """What this process has counted ahead for one key, in which minute."""

    minute: int
    left: int


_in_hand: dict[tuple[str, int], _InHand] = {}
_lock = Lock()


def within(key: str, most: int) -> bool:
    """Count one more under this key, and say whether it is within the limit of a minute.

    The cache is a table, and counts without a lock: a few that come in the same instant may count as one.
    """
    minute = int(time.time()) // MINUTE
    with _lock:
        held = _in_hand.get((key, most))
        if held is not None and held.minute == minute and held.left:
            held.left -= 1
            return True
    taken = _counted(f"{key}:{minute}", most)
    if taken > 1:
        _keep(key, most, _InHand(minute, taken - 1))
    return taken > 0


def wait() -> float:
    """Seconds until the count begins anew."""
    return MINUTE - time.time() % MINUTE


def _counted(name: str, most: int) -> int:
    """Count a portion, or as much as is left of the limit: how many that are."""
    count = cache.get(name, 0)
    taken = max(0, min(most - count, max(1, most // _PORTIONS)))
    if taken:
        cache.set(name, count + taken, 2 * MINUTE)
    return int(taken)


def _keep(key: str, most: int, held: _InHand) -> None:
    with _lock:
        if len(_in_hand) >= _MOST_KEYS:
            _in_hand.clear()  # what was in hand is lost: never more than the limit
        _in_hand[key, most] = held
