"""Questions that are compiled once in a process: Django compiles one for longer than the database answers it.

For what is asked in every request of a busy door. The question is written as any other; what comes back are
rows as `values_list` gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from comity.node.site.among import as_parameter

Row = tuple[Any, ...]
Argument = int | str | datetime | tuple[str, ...]
_Convert = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The statement, its values with the places to be filled, and how columns become Python's values."""

    sql: str
    values: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]  # in `values`, and which argument belongs there
    converters: tuple[tuple[int, tuple[_Convert, ...], Any], ...]

    def filled(self, arguments: Sequence[Any]) -> list[Any]:
        """The values of the statement for these arguments."""
        values = list(self.values)
        for place, argument in self.places:
            values[place] = _as_value(arguments[argument])
        return values

    def converted(self, row: Row) -> Row:
        cells = list(row)
        for place, converters, expression in self.converters:
            for convert in converters:
                cells[place] = convert(cells[place], expression, connection)
        return tuple(cells)


M = TypeVar("M", bound=Model)


def columns_of(model: type[Model], before: str = "") -> tuple[str, ...]:
    """The names of all columns of a model, for `values_list`; `before` is the way to it."""
    return tuple(f"{before}{field.attname}" for field in model._meta.concrete_fields)  # noqa: SLF001  documented by Django


def made(model: type[M], cells: Sequence[Any]) -> M:
    """The model of a row with all its columns."""
    return model.from_db(connection.alias, columns_of(model), cells)


class Prepared:
    """A question with arguments of these kinds: whole numbers, texts, times, and tuples of texts for `Among`.

    `make` gives the question as `values_list`; it is called once for each kind of database, with arguments
    that nothing else is equal to.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], *kinds: type) -> None:
        self._make = make
        self._kinds = kinds
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, *arguments: Argument) -> list[Row]:
        """What the database answers."""
        compiled = self._known()
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, compiled.filled(arguments))
            rows: list[Row] = cursor.fetchall()
        return [compiled.converted(row) for row in rows] if compiled.converters else rows

    def first(self, *arguments: Argument) -> Row | None:
        """The first row, if there is one."""
        rows = self.rows(*arguments)
        return rows[0] if rows else None

    def bound(self, *arguments: Argument) -> tuple[str, list[Any]]:
        """The statement and its values, for a part of another; columns come as the database has them."""
        compiled = self._known()
        return compiled.sql, compiled.filled(arguments)

    def _known(self) -> _Compiled:
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            compiled = self._compiled[connection.vendor] = self._compile()
        return compiled

    def _compile(self) -> _Compiled:
        marks = [_mark(kind, number) for number, kind in enumerate(self._kinds)]
        compiler = self._make(*marks).query.get_compiler(connection=connection)
        sql, values = compiler.as_sql()
        told = [_as_value(mark) for mark in marks]
        places = tuple((place, told.index(value)) for place, value in enumerate(values) if value in told)
        if {argument for _, argument in places} != set(range(len(marks))):
            raise ValueError("an argument of this question is not found in its statement")
        found = compiler.get_converters([column for column, _, _ in compiler.select or ()])
        converters = tuple((place, tuple(each), column) for place, (each, column) in found.items())
        return _Compiled(sql, tuple(values), places, converters)


def _mark(kind: type, number: int) -> Argument:
    """An argument by which its place is found again."""
    if kind is datetime:
        return datetime(1, 1, 1, 0, 0, 1 + number, tzinfo=UTC)
    word = f"argument-{number}-of-a-question"
    return word if kind is str else (word,) if kind is tuple else -7_340_033 - number


def _as_value(argument: Argument) -> Any:  # noqa: ANN401  whatever the database's driver takes
    if isinstance(argument, tuple):
        return as_parameter(argument, connection.vendor)
    return connection.ops.adapt_datetimefield_value(argument) if isinstance(argument, datetime) else argument
