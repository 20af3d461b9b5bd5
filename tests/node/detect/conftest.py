"""What the sensors of a partner with an agreement need."""

from __future__ import annotations

import pytest

from tests.node.detect.telling import Telling
from tests.node.exchange.conftest import agreed, sides
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.instruments.agreeing import Sides

__all__ = ["agreed", "sides"]  # fixtures


@pytest.fixture
def sensor(agreed: Sides) -> Telling:
    return Telling(reader_of(agreed, opened(agreed.world, alias="all", may_post=True)))
