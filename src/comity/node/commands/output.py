"""How commands speak: sentences and tables for people, lines of JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from comity.base.errors import ComityError
from comity.base.stdout import flush, write_line


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's words go; with `as_json` only results are printed, one JSON object a line."""

    as_json: bool

    def say(self, line: str) -> None:
        """Tell people something; programs do not hear it."""
        if not self.as_json:
            _write(line)

    def give(self, result: Mapping[str, object], line: str) -> None:
        """The result of the command, in the words of whoever asked."""
        _write(json.dumps(result, ensure_ascii=False) if self.as_json else line)

    def table(self, title: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Rows that have the same columns: a table for people, one line of JSON each for programs."""
        if self.as_json:
            for row in rows:
                _write(json.dumps(row, ensure_ascii=False))
        elif not rows:
            _write(f"{title}: none")
        elif sys.stdout.isatty():
            _drawn(title, rows)
        else:
            for row in rows:
                _write("\t".join(_cell(value) for value in row.values()))

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Show that something is being done: a moving sign on a terminal, a line elsewhere."""
        if self.as_json:
            yield
        elif not sys.stdout.isatty():
            _write(f"{doing} …")
            yield
        else:
            from rich.console import Console  # noqa: PLC0415  rich costs memory that the supervisor saves

            console = Console()
            with console.status(doing):
                yield
            console.print(f"[green]✓[/] {doing}", highlight=False)

    @contextmanager
    def counted(self, doing: str) -> Iterator[Callable[[int, int], None]]:
        """Show how much of something is done: a bar on a terminal, a line elsewhere."""
        if self.as_json or not sys.stdout.isatty():
            with self.step(doing):
                yield _unheard
        else:
            from rich.progress import Progress  # noqa: PLC0415  as above

            with Progress() as progress:
                bar = progress.add_task(doing, total=None)
                yield lambda done, total: progress.update(bar, completed=done, total=total)


def _unheard(done: int, total: int) -> None:
    """Nobody watches."""


def complain(error: ComityError) -> None:
    """One line on stderr: the stable code, then what, where, and what to do next."""
    sys.stderr.write(f"{error.code}: {error.message}\n")


def _write(line: str) -> None:
    write_line(line)
    flush()


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _drawn(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    from rich.console import Console  # noqa: PLC0415  as above
    from rich.markup import escape  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(title=title, title_justify="left")
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    Console().print(table)
