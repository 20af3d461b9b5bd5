"""A sensor as a process at a real node: killed in the middle, started again, and every hit told once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from comity.base.tlp import Tlp
from tests.journeys.test_taxii_client import brought, told
from tests.node.exchange.holding import indicator
from tests.nodes import Node, befriend, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EVIL = indicator("evil", Tlp.CLEAR)
LATER = indicator("later", Tlp.CLEAR)


@dataclass
class Plant:
    """An operator with a log, a token of the node, and a sensor."""

    folder: Path
    collection: str

    @property
    def log(self) -> Path:
        return self.folder / "eve.json"

    def write(self, *names: str) -> None:
        head = '{"timestamp": "2026-11-22T03:00:00+00:00", "event_type": "dns", "flow_id": 1'
        with self.log.open("a") as file:
            file.writelines(f'{head}, "dns": {{"rrname": "{name}"}}}}\n' for name in names)

    @contextmanager
    def sensor(self) -> Iterator[subprocess.Popen[str]]:
        words = [
            sys.executable,
            "-m",
            "comity.cli.program",
            "sensor",
            str(self.log),
            "--node",
            self.collection,
        ]
        words += ["--token", str(self.folder / "token"), "--state", str(self.folder / "state")]
        words += ["--tlp", "clear", "--tell-every", "1"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment())
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def until(found: Callable[[], Any], what: str) -> Any:
    """What is found in the end."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.2)
    raise AssertionError(f"in a minute there was no {what}")


def count_of(analyst: httpx.Client, ref: str) -> int:
    """How often the node knows that it was seen."""
    said = analyst.get(f"/api/v1/objects/{ref}/remarks").raise_for_status().json()
    return int(said["seen"])


def test_every_hit_is_told_once_whatever_becomes_of_the_sensor(
    two_nodes: tuple[Node, Node], tmp_path: Path
) -> None:
    node, operator = two_nodes
    befriend(node, operator)
    node.login("approver").close()
    person = f"approver@{node.home.name}.example"
    node.command(
        "collection", "open", "--title", "For sensors", "--alias", "sensors", "--post", "--as", person
    )
    brought(node, tmp_path, EVIL)
    with closing(node.login("analyst")) as analyst:
        (partner,) = analyst.get("/api/v1/partners").raise_for_status().json()["items"]
        party = partner["party"]["ref"]
        (account,) = told(node, "collection", "account", party, "plant 4")
        (row,) = (each for each in told(node, "collection", "list") if "address" in each)
        plant = Plant(tmp_path, row["address"])
        (tmp_path / "token").write_text(account["token"])
        plant.write("good.example", "evil.example")
        with plant.sensor() as process:
            until(lambda: count_of(analyst, EVIL["id"]) == 1, "sighting")
            brought(node, tmp_path, LATER)
            said = until(lambda: _indicators(analyst) == 2 and _sensor(analyst), "second indicator")
            assert (said["name"], said["state"], said["rows"]) == ("plant 4", "active", 2)
            plant.write(*["evil.example"] * 500, *["later.example"] * 500)
            time.sleep(0.3)  # in the middle of whatever it does
            process.kill()
        plant.write("evil.example", "later.example")
        with plant.sensor() as process:
            until(lambda: count_of(analyst, EVIL["id"]) == 502, "502 hits")
            until(lambda: count_of(analyst, LATER["id"]) == 501, "501 hits")
            plant.write("evil.example")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert count_of(analyst, EVIL["id"]) in (502, 503)  # the last line came as it ended
        with plant.sensor():
            until(lambda: count_of(analyst, EVIL["id"]) == 503, "503 hits")
        page = analyst.get("/sensors/").raise_for_status().text
        assert "plant 4" in page
        assert "1,004" in page


def _sensor(analyst: httpx.Client) -> dict[str, Any]:
    rows: list[dict[str, Any]] = analyst.get("/api/v1/sensors").raise_for_status().json()["items"]
    return rows[0] if rows else {}


def _indicators(analyst: httpx.Client) -> int:
    return int(_sensor(analyst).get("indicators", 0))
