"""Whoever polls while others write is given every object once; bench/exactness.py goes a thousand rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.exactness import LARGE, POLLERS
from tests.nodes import environment, make_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROUNDS = 6


def rounds_of(folder: Path, rounds: int, seed: int, minutes: float = 5) -> dict[str, Any]:
    """What became of so many rounds on a node of their own."""
    node = make_node(folder, "CERT of Pakistan", "PK")
    try:
        words = [
            sys.executable,
            "-m",
            "tests.journeys.exactness",
            str(node.home),
            str(rounds),
            str(seed),
            str(minutes),
        ]
        path = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{os.environ.get('PYTHONPATH', '')}"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment() | path)
    finally:
        node.close()
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_every_object_once(tmp_path: Path) -> None:
    told = rounds_of(tmp_path, ROUNDS, seed=20261122)
    assert (told["failed"], told["rounds"]) == ([], ROUNDS)
    assert told["held"] > ROUNDS * LARGE
    for name in POLLERS:
        found = told["pollers"][name]
        assert (found["lost"], found["repeated"], found["leaked"]) == (0, 0, 0), (name, found)
        assert found["given"] > ROUNDS * LARGE
