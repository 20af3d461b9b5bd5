"""The tables behind the caches, so that `migrate` alone prepares a node."""

from __future__ import annotations

from django.db import models


class _Row(models.Model):
    """A row of Django's database cache, which reads and writes it by itself; names and types are Django's."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.cache_key


class CacheRow(_Row):
    """What limits are counted in: attempts to log in, requests of programs."""

    class Meta:
        db_table = "site_cache"


class StatusRow(_Row):
    """What became of a partner's post, kept apart so that no partner crowds out limits."""

    class Meta:
        db_table = "site_statuses"
