"""The logs that a sensor follows: which files there are, and how each does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from comity.base.layouts import LAST, TIME
from comity.detection.state import State
from comity.engines.patterns.judging.hits import moment_of
from comity.formats.sensors import LogRead
from comity.formats.telemetry.following import Step, steps
from comity.formats.telemetry.positions import Position, rotated
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.tally import Tally

BLOCK = 1 << 20  # bytes that are read at once: a sensor shares the machine with what it watches


def files(asked: Iterable[Path]) -> list[Path]:
    """The files that are named, there or not, and those in a folder, but for their older parts."""
    found: dict[Path, None] = {}
    for each in asked:
        inside = _inside(each) if each.is_dir() else [each]
        found |= dict.fromkeys(inside)
    return list(found)


def _inside(folder: Path) -> Iterator[Path]:
    there = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    older = {part for each in there for part in rotated(each)}
    return (each for each in there if each not in older)


@dataclass(slots=True)
class Log:
    """One file that is followed; numbers count since the state began."""

    path: Path
    state: State
    rows: int = 0
    bytes: int = 0
    unreadable: int = 0
    newest: int | None = None  # microseconds
    trouble: str = ""
    _offset: int = 0

    @classmethod
    def known(cls, path: Path, state: State) -> Log:
        """The log, with what was counted of it before."""
        found = cls(path, state)
        for name, count in (state.noted(found._key) or {}).items():
            setattr(found, name, count)
        return found

    def more(self, reader: Reader) -> Iterator[Step]:
        """What has come since it was read last; each step is to be kept by `keep`."""
        told = self.state.position(str(self.path))
        position = Position.decode(told, str(self.path)) if told is not None else None
        self._offset = position.offset if position is not None else 0
        tally, unread = Tally(), 0
        for step in steps(replace(reader, tally=tally, block=BLOCK), self.path, position):
            self.unreadable += tally.unread - unread
            unread = tally.unread
            yield step
        self.trouble = str(tally.breaks[0]) if tally.breaks else ""

    def keep(self, step: Step) -> None:
        """Note what a step read, in the state and in the numbers; within a transaction."""
        self.rows += sum(each.frame.height for each in step.portions)
        grown = step.position.offset - self._offset
        self.bytes += grown if grown >= 0 else step.position.offset  # of another file
        self._offset = step.position.offset
        self.newest = max([*([] if self.newest is None else [self.newest]), *_latest(step)], default=None)
        self.state.move(str(self.path), step.position.encode())
        counts = {name: getattr(self, name) for name in ("rows", "bytes", "unreadable", "newest")}
        self.state.note(self._key, counts)

    def told(self, now: datetime) -> LogRead:
        """What the node is told of it."""
        newest = moment_of(self.newest, otherwise=now) if self.newest is not None else None
        return LogRead(str(self.path), self.rows, self.bytes, self.unreadable, newest, self._waiting())

    def _waiting(self) -> int:
        try:
            return max(0, self.path.stat().st_size - self._offset)
        except OSError:
            return 0

    @property
    def _key(self) -> str:
        return f"log {self.path}"


def _latest(step: Step) -> Iterator[int]:
    for each in step.portions:
        latest = each.frame.select(pl.coalesce(LAST, TIME).max()).item()
        if latest is not None:
            yield int(latest)
