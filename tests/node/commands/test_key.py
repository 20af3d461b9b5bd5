"""`comity-node key renew` replaces a key, and the node holds together afterwards."""

from __future__ import annotations

import json

import pytest

from tests.nodes import Node


def keys_of(node: Node) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (node.home / "keys").glob("*.pem")}


@pytest.mark.parametrize("use", ["sign", "witness"])
def test_a_key_is_replaced_and_kept_beside(made: Node, use: str) -> None:
    before = keys_of(made)
    person = f"administrator@{made.home.name}.example"
    told = made.command("key", "renew", "--use", use, "--as", person, "--json")
    assert json.loads(told.stdout) == {"event": "renewed", "use": use, "act": None}
    after = keys_of(made)
    assert after[f"{use}.pem"] != before[f"{use}.pem"]
    assert before[f"{use}.pem"] in [after[name] for name in after if name.startswith(f"{use}-until-")]
    assert f"{use}-next.pem" not in after
    found = [json.loads(line) for line in made.command("check", "--json").stdout.splitlines()]
    assert "ok" in [row["state"] for row in found if row["what"] == "declared keys"]


def test_only_a_person_who_looks_after_partners_renews(made: Node) -> None:
    before = keys_of(made)
    done = made.command("key", "renew", "--as", "nobody@x.example", check=False)
    assert done.returncode == 1
    assert "not-found" in done.stderr
    assert keys_of(made) == before
