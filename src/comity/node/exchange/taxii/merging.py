"""The first objects of many classes in order: each class has its part of one index, and these are merged.

Nothing else is touched, so that no answer takes longer for what lies between and may not be seen. The two
databases merge lazily if they are asked in their own ways: SQLite merges plain selections by what orders them
all, PostgreSQL those that are ordered and bounded themselves (else it starts workers to sort them).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from comity.node.exchange.models import Label, StixObject
from comity.node.exchange.services.places import INSTANT
from comity.node.exchange.taxii.standing import EPOCH, moment
from comity.node.site.prepared import Prepared

_AT_ONCE = 100  # classes in one statement; SQLite joins at most 500 selections
_NO_CLASS = -1
_MOST_KINDS = 256
_SINCE = EPOCH.replace(tzinfo=None)  # past the ORM, SQLite's times have no zone
_SECOND = len("2026-11-22 03:00:00")  # and six digits after a point, or none

Place = tuple[int, int]  # the instant, and the key of the object


@dataclass(frozen=True, slots=True)
class Kind:
    """Which objects of a class are meant: of these types (None: of any), with these labels.

    The newest version of each or the older ones, of these times (None: of any).
    """

    types: tuple[str, ...] | None
    labels: frozenset[str]
    latest: bool = True
    times: tuple[str, ...] | None = None

    def narrowed(self, rows: QuerySet[StixObject]) -> QuerySet[StixObject]:
        """Those of the objects that are meant: of each kind of label they need one."""
        if self.types is not None:
            rows = rows.filter(type__in=self.types)
        for word in ("label:", "sector:"):
            names = sorted(each for each in self.labels if each.startswith(word))
            if names:
                rows = rows.filter(Exists(Label.objects.filter(object=OuterRef("pk"), name__in=names)))
        return rows


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a holder's order: from one instant up to before another."""

    holder: int
    begin: datetime
    end: datetime


def first_of(kind: Kind, stretch: Stretch, classes: Sequence[int], most: int) -> list[Place]:
    """The first places of such versions in these classes, at most so many."""
    found: list[Place] = []
    for start in range(0, len(classes), _AT_ONCE):
        if len(found) == most:  # nothing behind the last of these can be among the first
            stretch = replace(stretch, end=moment(found[-1][0]))
        some = _merged(kind, stretch, classes[start : start + _AT_ONCE], most)
        found = list(islice(heapq.merge(found, some), most)) if found else some
    return found


def _merged(kind: Kind, stretch: Stretch, classes: Sequence[int], most: int) -> list[Place]:
    """The same by one statement."""
    sql, values = _of_one_class(kind).bound(stretch.holder, _NO_CLASS, stretch.begin, stretch.end)
    place = values.index(_NO_CLASS)
    before, after = values[:place], values[place + 1 :]
    with connection.cursor() as cursor:
        filled = [value for key in classes for value in (*before, key, *after)]
        cursor.execute(_joined(sql, len(classes), int(most)), filled)
        instant = _instants()
        return sorted([(instant(at), key) for at, key in cursor.fetchall()])  # they are; SQL promises it not


def _instants() -> Callable[[Any], int]:
    """What makes a whole number of a time as the database gives it."""
    if connection.vendor != "sqlite":
        return lambda at: (at - EPOCH) // INSTANT
    seconds: dict[str, int] = {}  # of a page nearly all are the same few

    def of_text(at: str) -> int:
        second = at[:_SECOND]
        begin = seconds.get(second)
        if begin is None:
            begin = seconds[second] = (datetime.fromisoformat(second) - _SINCE) // INSTANT
        return begin + int(at[_SECOND + 1 :] or 0)

    return of_text


def bytes_of(keys: Sequence[int]) -> dict[int, tuple[bytes, str]]:
    """The bytes and the digests of these objects, as far as they are there."""
    if not keys:
        return {}
    places = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, wire, sha256 FROM exchange_stixobject WHERE id IN ({places})", keys)  # noqa: S608  places alone
        return {key: (bytes(wire), digest) for key, wire, digest in cursor.fetchall()}


@lru_cache(maxsize=_MOST_KINDS)
def _of_one_class(kind: Kind) -> Prepared:
    def make(holder: int, handling: int, begin: datetime, end: datetime) -> QuerySet[StixObject, Any]:
        rows = StixObject.objects.filter(holder=holder, latest=kind.latest, handling=handling)
        if kind.times is not None:
            rows = rows.filter(modified__in=kind.times)
        rows = kind.narrowed(rows.filter(added__gte=begin, added__lt=end))
        return rows.order_by().values_list("added", "pk")

    return Prepared(make, int, int, datetime, datetime)


def _joined(sql: str, count: int, most: int) -> str:
    end = f" ORDER BY 1 LIMIT {most}"
    if connection.vendor == "sqlite":  # as texts: Python's driver would make a time of each
        joined = " UNION ALL ".join([sql] * count) + end
        return f"SELECT added || '', pk FROM ({joined})"  # noqa: S608  Django's own text
    return " UNION ALL ".join(f"SELECT * FROM ({sql}{end}) AS c{n}" for n in range(count)) + end  # noqa: S608  Django's own text
