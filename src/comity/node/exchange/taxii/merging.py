"""The first objects of many classes in order: each class has its part of one index, and these are merged.

Nothing else is touched, so that no answer takes longer for what lies between and may not be seen. The two
databases merge lazily if they are asked in their own ways: SQLite merges plain selections by what orders them
all, PostgreSQL those that are ordered and bounded themselves (else it starts workers to sort them).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from comity.node.exchange.models import Label, StixObject
from comity.node.exchange.taxii.standing import micros
from comity.node.site.prepared import Prepared

_AT_ONCE = 100  # classes in one statement; SQLite joins at most 500 selections
_MOST_KINDS = 256

Place = tuple[int, int]  # the instant, and the key of the object


@dataclass(frozen=True, slots=True)
class Kind:
    """Which objects of a class are meant: of these types (None: of any), with these labels."""

    types: tuple[str, ...] | None
    labels: frozenset[str]

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
    """The first places of newest versions in these classes, at most so many."""
    question = _of_one_class(kind)
    found: list[list[Place]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(classes), _AT_ONCE):
            asked = [
                question.bound(stretch.holder, each, stretch.begin, stretch.end)
                for each in classes[start : start + _AT_ONCE]
            ]
            values = [value for _, its in asked for value in its]
            cursor.execute(_joined(asked[0][0], len(asked), int(most)), values)
            found.append([(micros(_aware(at)), key) for at, key in cursor.fetchall()])
    return found[0] if len(found) == 1 else list(islice(heapq.merge(*found), most))


def bytes_of(keys: Sequence[int]) -> dict[int, tuple[bytes, str]]:
    """The bytes and the digests of these objects, as far as they are there."""
    places = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, wire, sha256 FROM exchange_stixobject WHERE id IN ({places})", keys)  # noqa: S608  places alone
        return {key: (bytes(wire), digest) for key, wire, digest in cursor.fetchall()}


@lru_cache(maxsize=_MOST_KINDS)
def _of_one_class(kind: Kind) -> Prepared:
    def make(holder: int, handling: int, begin: datetime, end: datetime) -> QuerySet[StixObject, Any]:
        rows = StixObject.objects.filter(holder=holder, latest=True, handling=handling)
        rows = kind.narrowed(rows.filter(added__gte=begin, added__lt=end))
        return rows.order_by().values_list("added", "pk")

    return Prepared(make, int, int, datetime, datetime)


def _joined(sql: str, count: int, most: int) -> str:
    end = f" ORDER BY 1 LIMIT {most}"
    if connection.vendor == "sqlite":
        return " UNION ALL ".join([sql] * count) + end
    return " UNION ALL ".join(f"SELECT * FROM ({sql}{end}) AS c{n}" for n in range(count)) + end  # noqa: S608  Django's own text


def _aware(at: datetime) -> datetime:
    """A time as the database gives it past the ORM: SQLite without a zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
