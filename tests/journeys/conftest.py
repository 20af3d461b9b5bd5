"""Nodes for journeys; however a test ends, no process of theirs is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.node.conftest import far, node_keys, world  # noqa: F401  fixtures of the node's tests
from tests.nodes import Node, make_node

StartNode = Callable[..., Node]


@pytest.fixture
def new_node(tmp_path: Path) -> Iterator[StartNode]:
    """Makes and starts nodes: `new_node("CERT of Pakistan", "PK", pull_interval="0.2")`."""
    with ExitStack() as nodes:

        def start(name: str, state: str, **settings: str) -> Node:
            node = make_node(tmp_path, name, state, **settings)
            nodes.callback(node.close)
            node.start()
            return node

        yield start


@pytest.fixture
def node(new_node: StartNode) -> Node:
    """One node that runs."""
    return new_node("CERT of Pakistan", "PK")


@pytest.fixture
def two_nodes(new_node: StartNode) -> tuple[Node, Node]:
    """Two nodes of two states that do not know each other yet."""
    return new_node("CERT of Pakistan", "PK"), new_node("CERT of Uruguay", "UY")
