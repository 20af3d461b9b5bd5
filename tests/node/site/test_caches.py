"""Limits hold for a node, not for each of its processes: what they count stands in the database."""

from __future__ import annotations

import pytest
from django.core.cache import caches

from comity.node.site.models import CacheRow, StatusRow

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("name", "rows"), [("default", CacheRow), ("statuses", StatusRow)])
def test_what_one_process_counts_every_process_sees(name, rows):
    caches[name].set("counted", 1)
    assert rows.objects.filter(cache_key__endswith=":counted").exists()
    caches[name].clear()
