"""Two nodes as they are run: web servers, workers and supervisors, and people before their pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from comity.cli.program import main as comity
from comity.node.commands.demo.people import Visitor
from tests.journeys import people
from tests.journeys.mortal import Mortal
from tests.journeys.pairs import NAMES, Pair
from tests.nodes import Node, start_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Side:
    """A node, and who works there."""

    node: Node
    diplomat: Visitor


@dataclass
class Two:
    """Both sides, and the same two as their records tell of them."""

    here: Side
    there: Side
    pair: Pair


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two nodes whose administrators compared the words of each other's pages, and accepted."""
    folder = tmp_path_factory.mktemp("two")
    with ExitStack() as stack:
        nodes: list[Node] = []
        for name, state in NAMES:
            nodes.append(start_node(folder, name, state))
            stack.callback(nodes[-1].close)
        administrators = [
            stack.enter_context(closing(Visitor(node.address, node.admin_link))) for node in nodes
        ]
        for us, them, other in zip(administrators, reversed(administrators), reversed(nodes), strict=True):
            partner, words = people.introduce(us, other.address)
            assert words == people.words_on(them.page("/partners/this-node"))
            assert len(words) == 12
            people.accept(us, partner)
        here, there = (
            Side(node, stack.enter_context(closing(people.somebody(node, "diplomat")))) for node in nodes
        )
        a, b = (stack.enter_context(closing(Mortal.beside(node))) for node in nodes)
        yield Two(here, there, Pair(a, b, folder))


def test_an_agreement_is_concluded_and_every_act_receipted(two: Two, tmp_path: Path) -> None:
    here, there = two.here, two.there
    title = f"Memorandum {uuid4()}"
    proposal = people.propose(here.diplomat, there.node.name, title)
    agreement = agreement_on(here.diplomat.page(proposal))
    people.soon("the proposal arrives", lambda: title in there.diplomat.page("/agreements/"))
    answer = there.diplomat.submit(
        f"{agreement}answer", {"decision": "accept", "understood": "on"}, action=""
    ).url.path
    for side in (here, there):
        people.soon("it is in force", partial(in_force, side.diplomat, agreement))
    for sender, receiver, act in ((here, there, proposal), (there, here, answer)):
        people.soon("its receipt comes", partial(receipted, sender.diplomat, act))
        assert receipt_holds(sender, receiver, act, tmp_path)
    two.pair.nothing_wrong()


def test_while_the_partner_is_away_the_page_says_so_and_then_it_arrives(two: Two) -> None:
    here, there = two.here, two.there
    assert there.node.stop() == 0
    try:
        act = people.propose(here.diplomat, there.node.name, f"While you were away {uuid4()}")
        people.soon("the page says why", lambda: "cannot be reached" in here.diplomat.page(act))
        page = here.diplomat.page(act)
        assert f"Waiting to be sent: {there.node.name}" in page
        assert "Next try" in page
    finally:
        there.node.start()
    people.soon("it arrives", partial(receipted, here.diplomat, act))
    assert agreement_on(here.diplomat.page(act)) in there.diplomat.page("/agreements/")
    two.pair.nothing_wrong()


def stopped(node: Node) -> None:
    """SIGTERM, as at every update: it ends by itself, and in time."""
    assert node.stop() == 0
    node.start()


def web_killed(node: Node) -> None:
    node.kill("web")


def worker_killed(node: Node) -> None:
    node.kill("worker")


@pytest.mark.parametrize("disturb", [stopped, web_killed, worker_killed])
def test_a_stream_of_acts_survives(two: Two, disturb: Callable[[Node], None]) -> None:
    pair, over = two.pair, Event()

    def stream(author: Mortal) -> None:
        while not over.is_set():
            pair.propose(author, 3)

    with ThreadPoolExecutor(2) as threads:
        streams = [threads.submit(stream, author) for author in (pair.a, pair.b)]
        try:
            for node in (two.here.node, two.there.node):
                enough = len(pair.confirmed) + 20
                people.soon("acts flow", partial(flowing, pair, enough))
                disturb(node)
        finally:
            over.set()
        for each in streams:
            each.result()
    for node in (two.here.node, two.there.node):
        people.soon("it answers", node.answers)
    people.soon(
        "all are receipted", lambda: (pair.a.do("hurry"), pair.b.do("hurry"), not pair.under_way())[2]
    )
    pair.nothing_wrong()
    pair.logs_hold()


def flowing(pair: Pair, enough: int) -> bool:
    return len(pair.confirmed) > enough


def hurried(pair: Pair) -> bool:
    """Whether nothing is under way any more; what rests need not rest longer."""
    for mortal in (pair.a, pair.b):
        mortal.do("hurry")
    return not pair.under_way()


def agreement_on(page: str) -> str:
    """The path of the agreement that an act's page tells of."""
    found = re.search(r"agreement--[0-9a-f-]{36}", page)
    assert found, page
    return f"/agreements/{found[0]}/"


def in_force(diplomat: Visitor, agreement: str) -> bool:
    return bool(diplomat.api(agreement.strip("/"))["state"] == "in-force")


def receipted(diplomat: Visitor, act: str) -> bool:
    return "Receipted" in diplomat.page(act)


def receipt_holds(sender: Side, receiver: Side, act: str, folder: Path) -> bool:
    """A stranger with the files that the page offers verifies the receipt."""
    link = re.search(r'href="([^"]+/receipts/\d+\.json)"', sender.diplomat.page(act))
    assert link
    files = {
        "receipt": sender.diplomat.file(link[1]),
        "act": sender.diplomat.file(f"{act}wire.json"),
        "receiver": sender.diplomat.file(f"{receiver.node.address}.well-known/comity.json"),
        "sender": sender.diplomat.file(f"{sender.node.address}.well-known/comity.json"),
    }
    paths = {name: folder / f"{name}.json" for name in files}
    for name, content in files.items():
        paths[name].write_bytes(content)
    words = [paths["receipt"], "--act", paths["act"], "--descriptor", paths["receiver"]]
    return comity(["verify", "receipt", *map(str, words), "--sender-descriptor", str(paths["sender"])]) == 0
