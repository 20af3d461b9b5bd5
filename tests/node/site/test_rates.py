"""Limits of a minute hold, and cost few writes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comity.node.site import rates

pytestmark = pytest.mark.django_db


def at(monkeypatch, second: int) -> None:
    """Set the clock of the limits, and not that of the cache."""
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: float(second)))


@pytest.fixture(autouse=True)
def one_minute(monkeypatch):
    """All requests come in one minute, and nothing is in hand."""
    at(monkeypatch, 1_795_316_400)
    monkeypatch.setattr(rates, "_in_hand", {})
    cache.clear()


@pytest.mark.parametrize("most", [1, 2, 7, 60, 61, 600])
def test_no_more_than_the_limit(most):
    assert [rates.within("a", most) for _ in range(most + 5)] == [True] * most + [False] * 5
    assert rates.within("b", most)


def test_another_process_counts_the_same(monkeypatch):
    allowed = 0
    for _ in range(50):
        monkeypatch.setattr(rates, "_in_hand", {})  # what the other process has in hand is not ours
        allowed += rates.within("a", 600)
    assert allowed == 30  # each took twenty


def test_the_next_minute_begins_anew(monkeypatch):
    assert [rates.within("a", 2) for _ in range(3)] == [True, True, False]
    at(monkeypatch, 1_795_316_460)
    assert rates.within("a", 2)


def test_counting_writes_seldom():
    with CaptureQueriesContext(connection) as asked:
        assert all(rates.within("a", 600) for _ in range(200))
    writes = [each for each in asked.captured_queries if "UPDATE" in each["sql"] or "INSERT" in each["sql"]]
    assert len(writes) == 10


def test_many_keys_are_forgotten(monkeypatch):
    monkeypatch.setattr(rates, "_MOST_KEYS", 3)
    assert all(rates.within(f"key-{n}", 600) for n in range(10))
    assert len(rates._in_hand) <= 3
