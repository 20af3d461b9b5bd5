"""A partner with whom an agreement up to TLP:AMBER is in force, which removes victims."""

from __future__ import annotations

import pytest

from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, sides_of
from tests.node.world import World


@pytest.fixture
def sides(world: World, far: FarNode) -> Sides:
    return sides_of(world, far)


@pytest.fixture
def agreed(sides: Sides) -> Sides:
    sides.conclude()
    return sides
