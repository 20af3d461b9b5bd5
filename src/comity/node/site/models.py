"""The table behind the cache, so that `migrate` alone prepares a node."""

from __future__ import annotations

from django.db import models


class CacheRow(models.Model):
    """A row of Django's database cache, which reads and writes it by itself; names and types are Django's."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "site_cache"

    def __str__(self) -> str:
        return self.cache_key
