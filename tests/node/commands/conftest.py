"""One node for all tests of commands: making it takes seconds, so tests put back what they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import Node, make_node


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that was made and does not run."""
    node = make_node(tmp_path_factory.mktemp("nodes"), "CERT of Pakistan", "PK")
    yield node
    node.close()


@pytest.fixture(scope="session")
def backup(made: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of that node, which reads a collection of somebody else's with a password."""
    secret = tmp_path_factory.mktemp("secrets") / "password"
    secret.write_text("s3cret")
    words = ["--root", "https://taxii.example/api/", "--collection", "all", "--source", "a public server"]
    made.command("taxii", "open", "shelf", *words, "--user", "poller", "--secret-file", str(secret))
    file = tmp_path_factory.mktemp("backups") / "node.tar"
    made.command("backup", str(file))
    return file
