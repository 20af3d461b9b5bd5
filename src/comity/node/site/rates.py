"""How often somebody asks: counted in the cache that all processes share, each minute anew."""

from __future__ import annotations

import time

from django.core.cache import cache

MINUTE = 60


def within(key: str, most: int) -> bool:
    """Count one more under this key, and say whether it is within the limit of a minute.

    The cache is a table, and counts without a lock: a few that come in the same instant may count as one.
    """
    minute = f"{key}:{int(time.time()) // MINUTE}"
    count = cache.get(minute, 0)
    if count < most:
        cache.set(minute, count + 1, 2 * MINUTE)
    return bool(count < most)


def wait() -> float:
    """Seconds until the count begins anew."""
    return MINUTE - time.time() % MINUTE
