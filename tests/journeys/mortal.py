"""The test's side of a node whose deeds are processes that may be killed; see `deeds`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comity.node.faults import Step
from tests.nodes import Node, environment


class Killed(Exception):
    """The process that did it was killed."""


@dataclass
class Mortal:
    """A node at work: `node` is its home and address."""

    node: Node
    process: subprocess.Popen[str]

    @classmethod
    def bring_up(cls, node: Node) -> Mortal:
        """Begin to take orders, with a web server that answers."""
        mortal = cls.beside(node)
        mortal.serve()
        return mortal

    @classmethod
    def beside(cls, node: Node) -> Mortal:
        """Begin to take orders for a node that may run by itself."""
        log = node.log.open("a")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.deeds", str(node.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        log.close()
        return cls(node, process)

    def do(self, deed: str, *, fault: Step | None = None, **told: Any) -> Any:
        """What the deed gave; raises `Killed` if its process was killed."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(
            json.dumps({"do": deed, "fault": fault.value if fault else "", **told}) + "\n"
        )
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "killed" in answer:
            raise Killed(answer["killed"])
        if "error" in answer:
            raise RuntimeError(answer["trace"])
        return answer["value"]

    def serve(self, fault: Step | None = None) -> None:
        """A new web server, that dies when it reaches this step; the one before it is killed."""
        self.do("serve", fault=fault)

    def hide(self) -> None:
        """No web server: nobody reaches this node."""
        self.do("hide")

    def web_ended(self, *, wait: bool = False) -> bool:
        """Whether the web server was killed."""
        return bool(self.do("web-ended", wait=wait))

    def close(self) -> None:
        """No process is left."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()
