"""What the processes of a node use, as the kernel tells it."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGES = os.sysconf("SC_PAGE_SIZE") / 2**20  # MB in a page
_PAUSE = 0.1  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Memory:
    """One process: `rss` counts every page it has, `pss` shares those that several have; both in MB."""

    name: str
    rss: float
    pss: float


@dataclass
class Watch:
    """Looks at the resident memory of processes, by name, ten times a second while it is entered; in MB."""

    pids: Mapping[str, int]
    seen: dict[str, list[float]] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        assert self._thread
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.is_set():
            for name, pid in self.pids.items():
                if (now := rss_of(pid)) > 0:
                    self.seen.setdefault(name, []).append(now)
            self._ended.wait(_PAUSE)


def rss_of(pid: int) -> float:
    """The resident memory of one process in MB; 0 if it has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGES
    return 0.0


def memory_of(pid: int) -> list[Memory]:
    """A process and all its descendants."""
    return [_memory(each) for each in family(pid)]


def cpu_of(pid: int) -> float:
    """Processor seconds that a process, its descendants and those of them that have ended have used."""
    return sum(_cpu(each) for each in family(pid))


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    return [pid, *(each for child in _children(pid) for each in family(child))]


def _memory(pid: int) -> Memory:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = {name: int(size) / 1024 for name, size in re.findall(r"^(\w+):\s+(\d+) kB", told, re.MULTILINE)}
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    name = next((word for word in words if word in ("web", "worker")), "supervisor")
    return Memory(name, sizes["Rss"], sizes["Pss"])


def _cpu(pid: int) -> float:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return sum(map(int, used)) / _TICKS
    return 0.0


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (thread / "children").read_text().split())
