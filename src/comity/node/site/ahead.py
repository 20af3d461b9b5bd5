"""Work that needs no database is done beside statements that run: the driver lets other threads go on.

What is made must not ask the database: the thread that makes it has no part in the transaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_MOST_WAITING = 4  # items that are made before the first of them is used
_END = object()

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The same items in their order, made by a thread of their own while those before them are used."""
    source = iter(items)
    with ThreadPoolExecutor(1, "ahead") as thread:
        waiting: deque[Future[object]] = deque(
            thread.submit(next, source, _END) for _ in range(_MOST_WAITING)
        )
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(thread.submit(next, source, _END))
            yield item  # type: ignore[misc]  # it is no end, so it is an item
