"""A sensor with a million indicators: how long its start takes, its memory, how soon a new one counts.

It runs as a process of its own beside a collection in memory; the indicators are kept before it starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np

from bench.detecting.values import KINDS, texts
from bench.kit.figures import say
from comity.detection.patterns import Patterns
from comity.detection.pulling import CHANGE, CURSOR
from comity.detection.state import Kept, State

MILLION = 1_000_000
_PORTION = 10_000
_AT = "2026-11-22T00:00:00.000Z"
_PATTERNS = {
    "addresses": "[ipv4-addr:value = '{}']",
    "names": "[domain-name:value = '{}']",
    "URLs": "[url:value = '{}']",
    "SHA-256": "[file:hashes.'SHA-256' = '{}']",
}
_SENSOR = Path(__file__).parent / "sensor_process.py"


def tell(quick: bool) -> None:  # noqa: FBT001  as every part
    """All figures of a sensor."""
    count = 20_000 if quick else MILLION
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), count)
        log = Path(folder) / "eve.json"
        words = [sys.executable, str(_SENSOR), folder, str(log), str(5_000 if quick else 200_000)]
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path.cwd())
        for line in done.stdout.splitlines():
            told = json.loads(line)
            say(f"sensor with {count:,} indicators, {told['what']}", told["figure"], told.get("target", ""))


def _fill(folder: Path, count: int) -> None:
    begun = time.perf_counter()
    with State.open(folder) as state:
        for portion in _portions(count):
            with state.at_once():
                state.keep(portion, 1)
        state.note(CHANGE, 1)
        state.note(CURSOR, _AT)
        Patterns.open(folder, state)
    say(
        f"sensor, {count:,} indicators kept and compiled for the first time",
        f"{time.perf_counter() - begun:.1f} s",
    )


def _portions(count: int) -> Iterator[list[Kept]]:
    for first in range(0, count, _PORTION):
        kind = KINDS[first // _PORTION % len(KINDS)]
        values = texts(kind, np.arange(first, min(first + _PORTION, count)))
        yield [_kept(first + place, _PATTERNS[kind].format(value)) for place, value in enumerate(values)]


def _kept(number: int, pattern: str) -> Kept:
    ref = f"indicator--{UUID(int=(number << 96) | (4 << 76) | (8 << 60))}"
    value = {
        "type": "indicator", "spec_version": "2.1", "id": ref, "created": _AT, "modified": _AT,
        "name": f"no. {number}", "indicator_types": ["malicious-activity"], "valid_from": _AT,
        "pattern": pattern, "pattern_type": "stix",
    }  # fmt: skip  # one object
    return Kept(ref, _AT, "identity--1", pattern, "detect.looked-for", json.dumps(value).encode())
