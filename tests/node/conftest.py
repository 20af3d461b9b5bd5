"""What every test of the node needs: the node's keys, a body of ours, and people who act for it."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection

from comity.node.keys import KeyUse, create
from comity.node.site import rates
from tests.node.far import FarNode
from tests.node.world import NOW, World, found_world


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what tests a property that only the other database has: there is nothing to skip."""
    marked = ((item, item.get_closest_marker("only_on")) for item in items)
    other = [item for item, mark in marked if mark and connection.vendor not in mark.args]
    if other:
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]


@pytest.fixture(autouse=True, scope="session")
def node_keys():
    for use in KeyUse:
        if not (settings.CONFIG.keys / f"{use.value}.pem").exists():
            create(settings.CONFIG.keys, use)


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch):
    """Requests are counted in minutes: none ends in the middle of a test."""
    begun = time.time()
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: begun))


@pytest.fixture
def world(db) -> World:
    return found_world(NOW)


@pytest.fixture
def far() -> FarNode:
    return FarNode(name="CERT Freedonia", state="DE", address="http://far.example/")
