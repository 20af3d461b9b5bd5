"""Judging many acts together: what does not differ between them is read from the database once.

Only judgements run inside `together()`. They write nothing, so what was read holds until the block ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

_read: ContextVar[dict[Hashable, object] | None] = ContextVar("read_together", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Within the block, each read that is marked `once_together` is made once for equal arguments."""
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def once_together(read: Callable[P, T]) -> Callable[P, T]:
    """Marks a read whose result nobody changes; outside of `together()` it stays what it is."""

    @wraps(read)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        known = _read.get()
        if known is None:
            return read(*args, **kwargs)
        question = (read, args, tuple(sorted(kwargs.items())))
        if question not in known:
            known[question] = read(*args, **kwargs)
        return cast("T", known[question])

    return asked
