"""The caches: what partners post may fill one of them, and no limit is forgotten for it."""

from __future__ import annotations

import pytest
from django.core.cache import cache, caches

from comity.node.site.models import CacheRow, StatusRow

pytestmark = pytest.mark.django_db


def test_statuses_do_not_push_out_what_limits_count() -> None:
    statuses = caches["statuses"]
    cache.set("failed-log-ins", 3)
    before, statuses._max_entries = statuses._max_entries, 20
    try:
        for number in range(60):
            statuses.set(f"status:{number}", "told")
    finally:
        statuses._max_entries = before
    assert StatusRow.objects.count() <= 20
    assert cache.get("failed-log-ins") == 3
    assert CacheRow.objects.count() == 1


def test_a_stranger_cannot_push_out_a_limit_by_trying_names() -> None:
    cache.set("failed-log-ins", 3)
    for number in range(400):  # more than Django keeps by default
        cache.set(f"name:{number}", 1)
    assert cache.get("failed-log-ins") == 3
