"""The stage of the demonstration: its nodes end with it, and what goes wrong is said in words.

`.ci/run` tells the whole story with `comity-node demo --check`; these are the ways in which it may not begin.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.base.errors import Unavailable
from comity.node.commands.demo import stage
from comity.node.commands.demo.stage import DemoNode, Role, free_ports, running
from comity.node.commands.run import answers
from tests.nodes import Node, environment

_STARTER = """
import sys, time
from pathlib import Path
from comity.node.commands.demo.stage import DemoNode, Role
node = DemoNode(Role("pk", "CERT", "PK", "national-cert", 0), Path(sys.argv[1]), sys.argv[2])
node.start()
node.wait_until_it_answers()
print("answers", flush=True)
time.sleep(600)
"""


def role(port: int) -> Role:
    return Role("pk", "CERT of Pakistan", "PK", "national-cert", port)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_a_port_is_held_until_a_node_listens_beside() -> None:
    with free_ports([role(0)]) as (port,):
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", port))
            server.listen()


def test_a_port_at_which_somebody_listens_is_left_to_them(listener: socket.socket) -> None:
    taken = listener.getsockname()[1]
    with free_ports([role(taken)]) as (port,):
        assert port != taken


def test_a_node_that_ends_at_once_says_why_and_what_to_do(tmp_path: Path) -> None:
    node = DemoNode(role(1), tmp_path / "pk", "http://127.0.0.1:1/")
    with pytest.raises(Unavailable) as caught, running([node]):
        pytest.fail("it runs")
    said = caught.value.message
    assert "CERT of Pakistan did not start: it ended with exit code 1; it said: no-node: " in said
    assert f"Everything it said is in {tmp_path / 'pk.log'}. Put that right" in said


def test_a_command_that_does_not_end_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "PATIENCE", 0.2)
    words = [sys.executable, "-c", "import time; time.sleep(60)", "init"]
    with pytest.raises(Unavailable, match=r"init did not end within 0\.2 seconds\. Let other work"):
        stage.said(words, tmp_path)


@pytest.mark.slow
def test_no_node_is_left_when_the_demonstration_is_killed(made: Node) -> None:
    listen = made.address.removeprefix("http://").rstrip("/")
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(made.home), made.address],
        stdout=subprocess.PIPE,
        env=environment(),
    ) as demonstration:
        assert demonstration.stdout
        assert demonstration.stdout.readline() == b"answers\n"
        os.kill(demonstration.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while answers(listen) and time.monotonic() < until:
        time.sleep(0.1)
    assert not answers(listen)
    while made.log.read_text().splitlines()[-1] != "Stopped." and time.monotonic() < until:
        time.sleep(0.1)
    assert made.log.read_text().splitlines()[-1] == "Stopped."
