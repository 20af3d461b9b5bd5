"""Two nodes of two states that are partners, and what must hold of them at every moment and in the end."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import httpx

from comity.cli.program import main as comity
from comity.node.faults import Step
from tests.journeys.mortal import Mortal
from tests.nodes import make_node

NAMES = (("CERT of Pakistan", "PK"), ("CERT of Uruguay", "UY"))
Facts = dict[str, Any]
_OF_THE_PATH = ("act-sent", "act-received", "receipt-received")


class Way(Enum):
    """How acts travel: how the sender reaches the receiver, and whether the receiver looks for itself."""

    PUSHED = ("push", False)
    FETCHED = ("fetch", True)
    BOTH = ("push", True)


@dataclass
class Pair:
    """The two, and the acts whose composers were told that they are composed."""

    a: Mortal
    b: Mortal
    folder: Path
    confirmed: set[str] = field(default_factory=set)
    copies: Iterator[int] = field(default_factory=itertools.count)

    def go(self, way: Way) -> None:
        """Both send and fetch in this way from now on."""
        for node in (self.a, self.b):
            node.do("go", reach=way.value[0], fetches=way.value[1])

    def propose(self, by: Mortal, count: int = 1, fault: Step | None = None) -> list[str]:
        """Acts that were composed, each confirmed to the person; raises `Killed` if nobody was told."""
        refs: list[str] = by.do("propose", count=count, fault=fault)
        self.confirmed |= set(refs)
        return refs

    def settle(self) -> None:
        """Exchange until nothing is under way; a few times must do."""
        for _ in range(4):
            troubles = [*self.a.do("exchange"), *self.b.do("exchange")]
            assert troubles == []
            if not self.under_way():
                return
        raise AssertionError(f"still under way: {self.under_way()}")

    def under_way(self) -> list[str]:
        """The acts whose way is not at its end."""
        return [*_under_way(self.a.do("facts")), *_under_way(self.b.do("facts"))]

    def nothing_wrong(self) -> tuple[Facts, Facts]:
        """What holds at every moment, whatever was killed: nothing lost, invented, or done twice."""
        one, other = self.a.do("facts"), self.b.do("facts")
        assert self.confirmed <= one["acts"].keys() | other["acts"].keys()
        _check_logged(one)
        _check_logged(other)
        _check_arrived(one, other)
        _check_arrived(other, one)
        return one, other

    def all_complete(self) -> None:
        """What holds when nothing is under way: every act on both sides, with one receipt."""
        one, other = self.nothing_wrong()
        assert one["acts"].keys() == other["acts"].keys()
        proposals = [ref for ref, act in one["acts"].items() if act["kind"] == "propose-agreement"]
        assert one["agreements"] == other["agreements"] == sorted(proposals)
        for ref, act in one["acts"].items():
            there = other["acts"][ref]
            assert act["deliveries"] + there["deliveries"] == ["receipted"], ref
            assert len(act["receipts"]) == 1, ref
            assert act["receipts"] == there["receipts"], ref
        self.logs_hold()

    def logs_hold(self) -> None:
        """A stranger with copies of both logs finds them whole and unaltered."""
        for node in (self.a, self.b):
            folder = self.folder / f"log-{next(self.copies)}"
            node.do("copy_log", folder=str(folder))
            told = httpx.get(f"{node.node.address}.well-known/comity.json", timeout=10).content
            descriptor = folder.with_suffix(".json")
            descriptor.write_bytes(told)
            assert comity(["verify", "log", str(folder), "--descriptor", str(descriptor)]) == 0


@contextmanager
def partners(folder: Path) -> Iterator[Pair]:
    """Two nodes that have accepted each other; no process of theirs is left afterwards."""
    with ExitStack() as stack:
        nodes = []
        for name, state in NAMES:
            node = make_node(folder, name, state)
            stack.callback(node.close)
            nodes.append(stack.enter_context(closing(Mortal.bring_up(node))))
        a, b = nodes
        assert a.do("befriend", address=b.node.address) != b.do("befriend", address=a.node.address)
        yield Pair(a, b, folder)


def _under_way(facts: Facts) -> list[str]:
    waiting = {"waiting", "handed-over"}
    return [
        ref for ref, act in facts["acts"].items() if act["unreturned"] or waiting & set(act["deliveries"])
    ]


def _check_logged(facts: Facts) -> None:
    """Every act, and every receipt for an act of ours, has one entry; every entry has its act."""
    events = Counter(map(tuple, facts["entries"]))
    acts = facts["acts"]
    sent = {("act-sent", ref) for ref, act in acts.items() if act["ours"]}
    received = {("act-received", ref) for ref, act in acts.items() if not act["ours"]}
    receipted = {("receipt-received", ref) for ref, act in acts.items() if act["ours"] and act["receipts"]}
    told = {event: count for event, count in events.items() if event[0] in _OF_THE_PATH}
    assert told == dict.fromkeys(sent | received | receipted, 1)
    assert all(act["receipts"] for act in acts.values() if not act["ours"])


def _check_arrived(author: Facts, receiver: Facts) -> None:
    """What arrived is what was sent, byte for byte; a receipt that came back was issued."""
    for ref, act in receiver["acts"].items():
        if not act["ours"]:
            assert author["acts"][ref]["sha256"] == act["sha256"]
            assert set(author["acts"][ref]["receipts"]) <= set(act["receipts"])
