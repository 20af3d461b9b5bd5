"""Many rows at once, past the ORM: many rows in a statement on SQLite, binary `COPY` on PostgreSQL.

For tables that take thousands of rows in a request. Rows are as the database keeps them: no defaults are
filled in, and nothing is checked but by the constraints of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db import connection, models
from django.db.transaction import TransactionManagementError

Row = Sequence[object]
_MOST_VALUES = 5_500  # in one statement of SQLite, which takes 32,766: longer ones are not faster
_FEWER = 8


def reserve(model: type[models.Model], count: int) -> list[int]:
    """So many keys of new rows, ascending, which nobody else gets; only inside a transaction.

    On SQLite a key is taken only when its row is written: insert the rows in the same transaction.
    """
    _in_transaction()
    table = model._meta.db_table  # noqa: SLF001  Django's documented way to a model's table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = (cursor.fetchone() or (0,))[0]
            return list(range(last + 1, last + 1 + count))
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
        )
        return [key for (key,) in cursor.fetchall()]


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows into the model's table; `columns` are those of the table, in the order of each row."""
    _in_transaction()
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)  # noqa: SLF001  Django's documented way to a model's table
    into = f"{table} ({', '.join(map(quote, columns))})"
    if connection.vendor == "sqlite":
        _insert(into, len(columns), _as_kept(model, columns, rows))
        return
    types = _types(model, columns)
    binary = "jsonb" not in types  # which would take a text of JSON for a string in JSON
    form = " (FORMAT BINARY)" if binary else ""
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {into} FROM STDIN{form}") as copy,
    ):
        if binary:
            copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _insert(into: str, width: int, rows: Sequence[Sequence[Any]]) -> None:
    """On SQLite: as many rows in a statement as it may have values, at last row by row.

    Each statement looks up the table's last key, and lets other threads run only while it does: a thousand
    rows in a few statements take 17 ms of one processor, and 20 in a thousand.
    """
    many = _MOST_VALUES // width
    done = 0
    with connection.cursor() as cursor:
        for count in (many, many // _FEWER):
            statement = _statement(into, width, count)
            for start in range(done, len(rows) - count + 1, count):
                done = start + count
                cursor.execute(statement, [*chain.from_iterable(rows[start:done])])
        if rows[done:]:
            cursor.executemany(_statement(into, width, 1), rows[done:])


@lru_cache(maxsize=64)  # the same text each time: the driver keeps what it has prepared under it
def _statement(into: str, width: int, count: int) -> str:
    places = f"({', '.join(['?'] * width)})"
    return f"INSERT INTO {into} VALUES {', '.join([places] * count)}"  # noqa: S608  names of ours


def _types(model: type[models.Model], columns: Sequence[str]) -> list[str]:
    """The types of the columns in PostgreSQL, which cannot be told from values in binary form."""
    types = {each.column: each.db_type(connection) or "" for each in model._meta.concrete_fields}  # noqa: SLF001  as above
    return [types[name].partition("(")[0] for name in columns]


def _as_kept(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    """The rows with times as Django writes them for SQLite, which has no type for them."""
    fields = {each.column: each for each in model._meta.concrete_fields}  # noqa: SLF001  as above
    times = [n for n, name in enumerate(columns) if isinstance(fields[name], models.DateTimeField)]
    return [_with_texts(row, times) for row in rows] if times else list(rows)


def _with_texts(row: Row, times: Iterable[int]) -> Row:
    cells = list(row)
    for place in times:
        at = cells[place]
        cells[place] = (
            at.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if isinstance(at, datetime) else at
        )
    return cells


def _in_transaction() -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("rows are inserted in bulk inside a transaction only")
