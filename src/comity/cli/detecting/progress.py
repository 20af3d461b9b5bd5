"""How far a run has come, for whoever watches it at a terminal; in a pipe nothing is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Step = Callable[["State"], None]


@dataclass(frozen=True, slots=True)
class State:
    """What is shown: bytes and rows that were read, hits, and what is done now."""

    doing: str
    read: int = 0
    rows: int = 0
    hits: int = 0
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """Rows, rows per second, hits."""
        speed = f", {self.rows / self.seconds:,.0f} a second" if self.seconds > 0 and self.rows else ""
        return f"{self.rows:,} rows{speed}; {self.hits:,} hits"


@contextmanager
def progress(total: int | None) -> Iterator[Step]:
    """Takes each state as it comes; `total` is the bytes there are to read, None where nobody knows."""
    console = Console(stderr=True)
    if not (console.is_terminal and sys.stderr.isatty()):
        yield lambda state: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=total, words="")

        def step(state: State) -> None:
            shown.update(task, description=state.doing, completed=state.read, words=state.words)

        yield step
