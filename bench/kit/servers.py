"""A database server as a national node has it: with everything synced to the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tests import postgres


@contextmanager
def durable_server() -> Iterator[str]:
    """The private server of the tests, without what makes them fast at the price of a crash."""
    durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    with patch.dict(postgres._FAST, durable), postgres.server() as url:  # noqa: SLF001  its options are one table
        yield url
