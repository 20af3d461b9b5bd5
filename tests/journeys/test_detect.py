"""An operator takes the indicators of a running node by TAXII 2.1, and looks for them in logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.detecting.logs import hits, summary, zeek
from tests.cli.run import comity
from tests.journeys.mortal import Mortal
from tests.nodes import make_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNT = 30


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Mortal]:
    made = make_node(tmp_path, "CERT of Pakistan", "PK")
    try:
        with closing(Mortal.bring_up(made)) as mortal:
            yield mortal
    finally:
        made.close()


def test_indicators_of_a_node(node: Mortal, tmp_path: Path) -> None:
    door = node.do("opened")
    assert node.do("bring", count=COUNT)["new"] == COUNT
    node.serve()
    address = f"{node.node.address}{door['path']}"
    log, token = tmp_path / "dns.log", tmp_path / "token"
    log.write_text(zeek("n3.example", "www.example", "N29.Example.", at=1_795_000_000.0))
    token.write_text(door["token"])
    said = comity("detect", str(log), "-i", address, "--token", str(token))
    assert (said.status, hits(said)) == (3, ["n3.example", "N29.Example."])
    assert summary(said)["indicators"] == COUNT
    assert comity("detect", str(log), "-i", address).status == 1  # nobody said who asks
