"""`comity-node check` finds what is wrong, and says what to do."""

from __future__ import annotations

import json
import shutil

from tests.nodes import Node


def findings(node: Node) -> tuple[int, dict[str, dict[str, str]]]:
    done = node.command("check", "--json", check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {row["what"]: row for row in rows}


def test_a_new_node_has_no_failure(made: Node) -> None:
    code, found = findings(made)
    assert code == 0
    assert {name for name, row in found.items() if row["state"] == "fail"} == set()
    assert set(found) >= {
        "settings",
        "file modes",
        "keys",
        "disk",
        "static files",
        "database",
        "proxies",
        "clock",
        "log",
    }
    assert found["address"]["state"] == "warn"


def test_a_key_that_others_can_read_is_found(made: Node) -> None:
    key = made.home / "keys" / "sign.pem"
    key.chmod(0o644)
    try:
        code, found = findings(made)
    finally:
        key.chmod(0o600)
    assert code == 1
    assert found["file modes"]["found"] == f"{key} has mode 0644"
    assert found["file modes"]["to do"] == f"chmod 0600 {key}"
    assert findings(made)[0] == 0


def test_a_broken_key_is_found(made: Node) -> None:
    key = made.home / "keys" / "log.pem"
    before = key.read_bytes()
    key.write_bytes(before[:40])
    try:
        code, found = findings(made)
    finally:
        key.write_bytes(before)
    assert code == 1
    assert str(key) in found["keys"]["found"]


def test_a_key_that_was_replaced_is_not_advised_back(made: Node) -> None:
    folder = made.home / "keys"
    key, away = folder / "sign.pem", folder / "away"
    key.rename(away)
    try:
        _, found = findings(made)
        assert "a backup made after the last renewal" in found["keys"]["to do"]
        shutil.copy(away, folder / "sign-next.pem")
        _, found = findings(made)
        assert found["keys"]["to do"] == "A renewal of the key was cut off: start the worker, it finishes it."
        (folder / "sign-next.pem").unlink()
        shutil.copy(folder / "log.pem", key)
        code, found = findings(made)
        assert (code, found["declared keys"]["state"]) == (1, "fail")
        assert found["declared keys"]["found"].startswith("sign.pem is not the key")
    finally:
        (folder / "sign-next.pem").unlink(missing_ok=True)
        away.replace(key)
    assert findings(made)[0] == 0


def test_missing_static_files_are_found(made: Node) -> None:
    static = made.home / "static"
    away = shutil.move(static, made.home / "away")
    try:
        code, found = findings(made)
    finally:
        shutil.move(away, static)
    assert code == 1
    assert found["static files"]["to do"] == "Run `comity-node migrate`."
