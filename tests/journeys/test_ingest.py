"""kill -9 while something comes in: no half of it is told as whole, and the same once more completes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.ingest import OBJECTS, PORTION, WAYS
from tests.nodes import environment, make_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
STRIDE = 7  # of the steps; `python -m tests.journeys.ingest HOME WAY 1` takes every one


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_any_step_nothing_is_half_there(tmp_path: Path, way: str) -> None:
    node = make_node(tmp_path, "CERT of Pakistan", "PK")
    root = Path(__file__).parents[2]
    path = {"PYTHONPATH": f"{root}:{os.environ.get('PYTHONPATH', '')}"}
    words = [sys.executable, "-m", "tests.journeys.ingest", str(node.home), way, str(STRIDE)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment() | path)
    finally:
        node.close()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == []
    assert told["deaths"] > 3
    assert told["status"] in (201, 202)
    portions = {*range(0, OBJECTS, PORTION), OBJECTS} if way == "command" else {0, OBJECTS}
    assert set(told["there"]) <= portions
