"""People by command: whoever may run commands looks after them as the node itself."""

from __future__ import annotations

import json

import pytest

from tests.nodes import Node


def listed(node: Node) -> dict[str, list[str]]:
    rows = [json.loads(line) for line in node.command("user", "list", "--json").stdout.splitlines()]
    return {row["email"]: row["roles"] for row in rows if row["state"] == "active"}


def test_a_person_is_added_given_roles_and_deactivated(made: Node) -> None:
    done = made.command("user", "add", "Noor@cert.example", "Noor", "analyst", "--json")
    assert json.loads(done.stdout)["login"].startswith(made.address + "parties/enter/")
    made.command("user", "role", "noor@cert.example", "approver")
    assert set(listed(made)["noor@cert.example"]) == {
        "analyst in CERT of Pakistan",
        "approver in CERT of Pakistan",
    }
    made.command("user", "role", "noor@cert.example", "analyst", "--end")
    assert listed(made)["noor@cert.example"] == ["approver in CERT of Pakistan"]
    made.command("user", "deactivate", "noor@cert.example")
    assert "noor@cert.example" not in listed(made)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["link", "nobody@cert.example"], 1, "not-found: "),
        (["add", "x@cert.example", "X", "emperor"], 2, "bad-usage: "),
        (
            ["add", "x@cert.example", "X", "analyst", "--body", "Other"],
            2,
            "malformed: --body: 'Other' is none",
        ),
        (["add", "no address", "X", "analyst"], 2, "malformed: email: "),
        (["add", "x@cert.example", "X", "analyst", "--minutes", "-5"], 2, "malformed: minutes: "),
        (["link", "administrator@cert.example", "--minutes", "ten"], 2, "bad-usage: "),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    made: Node, words: list[str], exit_code: int, said: str
) -> None:
    before = listed(made)
    done = made.command("user", *words, check=False)
    assert done.returncode == exit_code
    assert done.stderr.startswith(said)
    assert listed(made) == before


def test_the_last_administrator_stays(made: Node) -> None:
    email = f"administrator@{made.home.name}.example"
    done = made.command("user", "deactivate", email, check=False)
    assert done.returncode == 1
    assert "last administrator" in done.stderr
    assert "administrator in CERT of Pakistan" in listed(made)[email]
