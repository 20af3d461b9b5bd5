"""Many rows at once, past the ORM: `executemany` on SQLite, binary `COPY` on PostgreSQL.

For tables that take thousands of rows in a request. Rows are as the database keeps them: no defaults are
filled in, and nothing is checked but by the constraints of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from django.db import connection, models
from django.db.transaction import TransactionManagementError

Row = Sequence[object]


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
    names = ", ".join(map(quote, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            plain = cast("list[Sequence[str]]", _plain(rows))  # the stubs know no `object`
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", plain)  # noqa: S608  names of ours
            return
        types = _types(model, columns)
        binary = "jsonb" not in types  # which would take a text of JSON for a string in JSON
        into = f"COPY {table} ({names}) FROM STDIN" + (" (FORMAT BINARY)" if binary else "")
        with connection.wrap_database_errors, cursor.copy(into) as copy:
            if binary:
                copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def _types(model: type[models.Model], columns: Sequence[str]) -> list[str]:
    """The types of the columns in PostgreSQL, which cannot be told from values in binary form."""
    types = {each.column: each.db_type(connection) or "" for each in model._meta.concrete_fields}  # noqa: SLF001  as above
    return [types[name].partition("(")[0] for name in columns]


def _plain(rows: Iterable[Row]) -> list[Row]:
    """The rows with times as Django writes them for SQLite, which has no type for them."""
    as_text = connection.ops.adapt_datetimefield_value
    return [[as_text(value) if type(value) is datetime else value for value in row] for row in rows]


def _in_transaction() -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError("rows are inserted in bulk inside a transaction only")
