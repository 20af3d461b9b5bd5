"""The places of a holder's order: instants, each given once, which do not tell what stands between them.

Whatever comes in together stands in a stretch of instants, each object at a random one of these. How far
apart two objects stand then follows from chance and from how long the stretch is: from nothing that a reader
may not see, but for how much it was at most. A stretch is not used again, however much of it is free.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db.models import QuerySet

from comity.node.exchange.models import HolderClock
from comity.node.parties.models import Party
from comity.node.site.prepared import Prepared

Seeds = Callable[[int], bytes]

INSTANT = timedelta(microseconds=1)
# How long a stretch is tells how much came at most. As much as the least holds takes longer than that to
# write, and so does what needs a wider one: a body that takes in one post after the other keeps to the clock.
_LEAST = 2_000
_WIDER = 25
_SEED = 16  # bytes


def _clock(holder: int) -> QuerySet[HolderClock, Any]:
    return HolderClock.objects.filter(holder=holder).values_list("at")


_LAST = Prepared(_clock, int)


def last_instant(holder: Party) -> datetime | None:
    """The last instant of the holder's order that is taken."""
    row = _LAST.first(holder.pk)
    return row[0] if row else None


def take_until(holder: Party, at: datetime) -> None:
    """Take all instants up to this one, under the holder's lock: nothing else is put there."""
    if not HolderClock.objects.filter(holder=holder).update(at=at):
        HolderClock.objects.create(holder=holder, at=at)


def take_stretch(holder: Party, length: int, since: datetime) -> datetime:
    """Take the first stretch of so many instants that is free; the first of them, not before `since`.

    Under the holder's lock, so that whoever read up to the last instant misses nothing.
    """
    last = last_instant(holder)
    first = max(since, last + INSTANT) if last else since
    take_until(holder, first + (length - 1) * INSTANT)
    return first


def take_places(
    holder: Party, count: int, now: datetime, *, seeds: Seeds = secrets.token_bytes
) -> list[datetime]:
    """Places for so many objects that become visible together, in no order; under the holder's lock."""
    if not count:
        return []
    length = _length(count)
    first = take_stretch(holder, length, now)
    random = Random(seeds(_SEED))  # noqa: S311  its seed is a secret, and is used once
    return [first + place * INSTANT for place in random.sample(range(length), count)]


def _length(count: int) -> int:
    length = _LEAST
    while length < count:
        length *= _WIDER
    return length
