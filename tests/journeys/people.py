"""People before the pages of nodes: they introduce, compare, accept, propose, answer and look."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from comity.node.commands.demo.people import Visitor
from tests.nodes import Node

PATIENCE = 60.0  # seconds that something expected may take on a busy machine


def somebody(node: Node, role: str) -> Visitor:
    """Somebody who is logged in at the node in this role."""
    email = f"{role}@{node.home.name}.example"
    done = node.command("user", "add", email, f"The {role}", role, "--json", check=False)
    if done.returncode != 0:
        done = node.command("user", "link", email, "--json")
    return Visitor(node.address, json.loads(done.stdout)["login"])


def introduce(administrator: Visitor, address: str) -> tuple[str, list[str]]:
    """Add the node at this address; the partner's page, and the words shown there."""
    page = administrator.submit("/partners/add", {"address": address}, action="")
    return page.url.path, words_on(page.text)


def accept(administrator: Visitor, partner: str) -> None:
    """Trust the node: its words were compared."""
    administrator.submit(partner, {"compared": "on"}, action=f"{partner}accept")


def befriend(administrator: Visitor, address: str) -> str:
    """Introduce and accept; the partner's page."""
    partner, words = introduce(administrator, address)
    assert len(words) == 12
    accept(administrator, partner)
    return partner


def decide(administrator: Visitor, partner: str, decision: str) -> None:
    """Press the button that suspends, resumes or ends: one form has all three."""
    page = administrator.page(partner)
    assert f'{partner}{decision}"' in page
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    told = {"csrfmiddlewaretoken": token[1], "why": "It was decided."}
    administrator._asked("POST", administrator._url(f"{partner}{decision}"), data=told)


def words_on(page: str) -> list[str]:
    """The words of the fingerprint on a page."""
    return re.findall(r">([a-z]+)<", page.partition('class="fingerprint"')[2].partition("</ol>")[0])


def propose(diplomat: Visitor, partner: str, title: str) -> str:
    """Propose an agreement to the partner of this name; the path of the act's page."""
    page = diplomat.page("/agreements/propose")
    option = re.search(rf'<option value="(\d+)"[^>]*>{re.escape(partner)}', page)
    assert option, page
    told = {"partner": option[1], "title": title, "since": datetime.now(UTC).date().isoformat()}
    return diplomat.submit("/agreements/propose", told, action="").url.path


def soon(what: str, holds: Callable[[], object]) -> None:
    """Wait until it holds."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.2)
