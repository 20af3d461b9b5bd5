"""The first objects of many classes in order: each class has its part of one index, and these are merged.

Nothing else is touched, so that no answer takes longer for what lies between and may not be seen. The two
databases merge lazily if they are asked in their own ways: SQLite merges plain selections by what orders them
all, PostgreSQL those that are ordered and bounded themselves (else it starts workers to sort them).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from django.db import connection
from django.db.models import QuerySet

from comity.node.exchange.models import StixObject

_AT_ONCE = 100  # classes in one statement; SQLite joins at most 500 selections
_NO_CLASS = -1


def first_of(rows: QuerySet[StixObject], classes: Sequence[int], most: int) -> list[tuple[datetime, int]]:
    """Time and key of the first objects of these classes, at most so many."""
    one = rows.filter(handling_id=_NO_CLASS).order_by().values_list("added", "pk")
    sql, values = one.query.sql_with_params()
    place = values.index(_NO_CLASS)
    found: list[list[tuple[datetime, int]]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(classes), _AT_ONCE):
            some = classes[start : start + _AT_ONCE]
            cursor.execute(
                _joined(sql, len(some), int(most)),
                [v for key in some for v in (*values[:place], key, *values[place + 1 :])],
            )
            found.append([(_aware(at), key) for at, key in cursor.fetchall()])
    return list(islice(heapq.merge(*found), most))


def _joined(sql: str, count: int, most: int) -> str:
    end = f" ORDER BY 1 LIMIT {most}"
    if connection.vendor == "sqlite":
        return " UNION ALL ".join([sql] * count) + end
    return " UNION ALL ".join(f"SELECT * FROM ({sql}{end}) AS c{n}" for n in range(count)) + end  # noqa: S608  Django's own text


def _aware(at: datetime) -> datetime:
    """A time as the database gives it past the ORM: SQLite without a zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
