"""What the processes of a node use, as the kernel tells it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """One process: `rss` counts every page it has, `pss` shares those that several have; both in MB."""

    name: str
    rss: float
    pss: float


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
