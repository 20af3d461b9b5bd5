"""How commands speak: sentences for people, lines of JSON for programs, errors on stderr.

What is shown comes from files of strangers: characters that could move a terminal's cursor or hide text are
written as escapes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from comity.base.errors import ComityError
from comity.base.stdout import write_line


class Manner(Enum):
    """For whom a command speaks."""

    JSON = "json"
    TEXT = "text"
    TERMINAL = "terminal"  # text with colours and drawn tables


@dataclass(frozen=True, slots=True)
class Output:
    """Where the results of a command go."""

    manner: Manner

    @classmethod
    def chosen(cls, *, json_asked: bool, text_asked: bool) -> Output:
        """As asked; otherwise for people on a terminal, and for programs elsewhere."""
        terminal = sys.stdout.isatty()
        if json_asked or not (terminal or text_asked):
            return cls(Manner.JSON)
        return cls(Manner.TERMINAL if terminal else Manner.TEXT)

    def give(self, result: Mapping[str, object], *lines: str, style: str = "") -> None:
        """One result: the object for programs, the lines for people; colour never carries it alone."""
        if self.manner is Manner.JSON:
            write_line(json.dumps(result))  # ASCII: no terminal and no locale can garble it
        else:
            for line in lines:
                self._say(plain(line), style)

    def table(self, title: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Rows with the same columns; for programs one object to a line, with the title as `table`."""
        if self.manner is Manner.JSON:
            for row in rows:
                write_line(json.dumps({"table": title, **row}))
        elif not rows:
            write_line(f"{title}: none")
        elif self.manner is Manner.TERMINAL:
            _draw(title, rows)
        else:
            write_line(f"{title}:")
            for row in rows:
                write_line("  " + "\t".join(_cell(value) for value in row.values()))

    def _say(self, line: str, style: str) -> None:
        if self.manner is Manner.TEXT or not style:
            write_line(line)
            return
        from rich.console import Console  # noqa: PLC0415  only a terminal needs it, and the start is to be instant

        Console(highlight=False).print(line, style=style, markup=False, soft_wrap=True)


def complain(error: ComityError) -> None:
    """One line on stderr: the stable code, then what, where, and what to do next."""
    sys.stderr.write(f"{error.code}: {plain(error.message)}\n")


def plain(text: str) -> str:
    """The text with everything that is not printed written as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _cell(value: object) -> str:
    many = isinstance(value, Iterable) and not isinstance(value, str)
    return plain(", ".join(map(str, value)) if many else str(value))  # type: ignore[call-overload]  # many says so


def _draw(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    from rich.console import Console  # noqa: PLC0415  as above
    from rich.markup import escape  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(title=title, title_justify="left")
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    Console().print(table)
