"""Our node behind a real server, and the programs of others, run in their own environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from tests.node.conftest import far, node_keys, world  # noqa: F401  fixtures of the node's tests
from tests.node.exchange.conftest import agreed, sides  # noqa: F401  as above
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.instruments.agreeing import Sides
from tests.peers import environment
from tests.peers.servers import Door, Peers

CLIENTS = Path(__file__).with_name("clients")
Client = Callable[..., Any]


@pytest.fixture
def client() -> Client:
    """Runs a program of `clients/` in the environment of the others: what it is told, and what it says."""

    def run(name: str, **told: Any) -> Any:
        done = subprocess.run(
            [str(environment.program("python")), "-W", "ignore", str(CLIENTS / f"{name}.py")],
            input=json.dumps(told), capture_output=True, text=True, check=False, timeout=120,
            env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        )  # fmt: skip  # one clause to a line
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def served(live_server: Any, agreed: Sides, settings: Any) -> Reader:  # noqa: F811  the fixture
    """A collection of ours at a real address, and the account of a partner."""
    settings.CONFIG = replace(configured.CONFIG, address=f"{live_server.url}/")
    return reader_of(agreed, opened(agreed.world, alias="all", may_post=True))


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Peers:
    found = Peers(tmp_path_factory.mktemp("peers"))
    found.prepare()
    return found


@pytest.fixture(params=["medallion", "opentaxii"])
def door(request: pytest.FixtureRequest, peers: Peers) -> Iterator[Door]:
    """Each of the servers of others in turn, empty."""
    running = peers.medallion() if request.param == "medallion" else peers.opentaxii(None)
    with running as found:
        yield found
