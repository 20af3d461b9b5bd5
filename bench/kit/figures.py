"""Figures: several runs, the spread of each, and the machine on which they were taken."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import django


@dataclass(frozen=True, slots=True)
class Timed:
    """How long something took, and how much of this process's processor time."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Timed:
    """Do the work once."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu)


def options(about: str) -> argparse.ArgumentParser:
    """The command line that every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--quick", action="store_true", help="small data, to see that it runs; not for RESULTS.md"
    )
    return parser


def spread(values: Sequence[float], unit: str, form: str = ",.0f") -> str:
    """Median, minimum and maximum of some runs."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"median {middle:{form}} {unit} (min {low:{form}}, max {high:{form}}; {len(values)} runs)"


def say(what: str, figure: str, target: str = "") -> None:
    """One figure on one line."""
    print(f"{what}: {figure}" + (f"; target {target}" if target else ""), flush=True)


def machine(database: str = "") -> str:
    """The machine, in one line, with what else it had to do at that moment."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB; Python {platform.python_version()}, "
        f"Django {django.__version__}, {database or f'SQLite {sqlite3.sqlite_version}'}; load {load}"
    )


def begin(title: str, database: str = "") -> None:
    """The heading of a benchmark."""
    print(f"\n# {title}\n{machine(database)}", flush=True)


def children_cpu() -> float:
    """Processor time of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
