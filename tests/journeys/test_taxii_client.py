"""A node reads another's collection by TAXII 2.1: its signature says who asks, it needs no account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comity.base.tlp import Tlp
from tests.node.exchange.holding import bundle, indicator
from tests.nodes import Node, befriend

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def told(node: Node, *words: str) -> list[Any]:
    return [json.loads(line) for line in node.command(*words, "--json").stdout.splitlines()]


def brought(node: Node, folder: Path, *values: dict[str, Any]) -> None:
    file = folder / "bundle.json"
    file.write_bytes(bundle(*values))
    node.command("import", "--own", str(file))


def test_by_signature(two_nodes: tuple[Node, Node], tmp_path: Path) -> None:
    giver, reader = two_nodes
    befriend(giver, reader)
    giver.login("approver").close()
    person = f"approver@{giver.home.name}.example"
    giver.command("collection", "open", "--title", "All", "--alias", "all", "--as", person)
    clear = [indicator(f"clear-{number}", Tlp.CLEAR) for number in range(5)]
    brought(giver, tmp_path, *clear, indicator("amber", Tlp.AMBER))
    found = told(reader, "taxii", "discover", f"{giver.address}taxii2/", "--signed")
    (row,) = (each for each in found if each["alias"] == "all")
    words = ["--root", row["root"], "--collection", "all", "--source", "CERT of Pakistan", "--signed"]
    reader.command("taxii", "open", "theirs", *words)
    (done,) = told(reader, "taxii", "pull", "theirs")
    assert (done["new"], done["refused"]) == (5, [])
    (again,) = told(reader, "taxii", "pull", "theirs")
    assert again["objects"] == 0
    brought(giver, tmp_path, indicator("later", Tlp.CLEAR))
    (later,) = told(reader, "taxii", "pull", "theirs")
    assert (later["objects"], later["new"]) == (1, 1)
