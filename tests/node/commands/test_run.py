"""Running a node: it starts whole or says why not, survives the death of its parts, and stops cleanly."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from comity.node.config import load
from tests.nodes import Node

pytestmark = pytest.mark.slow


@pytest.fixture
def running(made: Node) -> Iterator[Node]:
    made.start()
    yield made
    made.close_processes()


def test_it_answers_and_stops_by_itself(running: Node) -> None:
    assert running.stop() == 0
    assert not running.answers()
    assert running.log.read_text().splitlines()[-1] == "Stopped."


def test_the_end_of_the_terminal_stops_it_in_order(running: Node) -> None:
    os.kill(running.pid, signal.SIGHUP)
    assert running.wait() == 0
    assert running.log.read_text().splitlines()[-1] == "Stopped."


def test_a_person_logs_in_by_the_link_that_a_command_printed(running: Node) -> None:
    with closing(running.login("analyst")) as client:
        page = client.get("/parties/me")
    assert page.status_code == 200
    assert "The analyst" in page.text


@pytest.mark.parametrize("part", ["web", "worker"])
def test_a_part_that_was_killed_runs_again(running: Node, part: str) -> None:
    before = running.part(part)
    running.kill(part)
    assert _soon(lambda: running.part(part) not in (before, 0))
    assert _soon(running.answers)
    assert running.stop() == 0


def test_nothing_is_left_when_the_supervisor_is_killed(running: Node) -> None:
    parts = [running.part("web"), running.part("worker")]
    running.kill("supervisor")
    assert _soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in parts))
    assert not running.answers()


def test_a_taken_port_is_refused(made: Node) -> None:
    host, _, port = load({"COMITY_HOME": str(made.home)}).listen.rpartition(":")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((host, int(port)))
        other.listen()
        done = made.command("run", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"port-taken: Cannot listen at {host}:{port}: another program listens there."
    )


def test_a_database_that_is_not_migrated_is_refused(made: Node) -> None:
    made.command("django", "migrate", "site", "zero")
    try:
        done = made.command("run", check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("not-migrated: The database lacks")
        assert "run `comity-node migrate`" in done.stderr
    finally:
        made.command("migrate")
    assert made.command("migrate", "--check").returncode == 0


def test_a_home_without_a_node_is_refused(made: Node, tmp_path: Path) -> None:
    done = made.command("run", "--home", str(tmp_path), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"no-node: There is no node in {tmp_path}.")


def test_the_supervisor_loads_no_server_and_no_driver(running: Node) -> None:
    maps = Path(f"/proc/{running.pid}/maps").read_text()
    assert "python" in maps
    assert [name for name in ("granian", "psycopg", "_cffi_backend") if name in maps] == []


def _soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False
