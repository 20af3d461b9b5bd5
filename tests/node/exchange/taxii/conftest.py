"""A collection of all that our body holds, and whoever reads it."""

from __future__ import annotations

import pytest

from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.instruments.agreeing import Sides


@pytest.fixture
def reader(agreed: Sides) -> Reader:
    """The partner with an agreement up to TLP:AMBER, by the token of an account."""
    return reader_of(agreed, opened(agreed.world, alias="all", may_post=True))
