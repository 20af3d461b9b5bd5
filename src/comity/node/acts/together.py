"""Judging many acts together: what does not differ between them is read from the database once.

Only judgements run inside `together()`. They write nothing, so what was read holds until the block ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

MOST_AHEAD = 5_000  # refs that are read ahead; more would fill the memory with what is not needed yet


@dataclass(frozen=True, slots=True)
class _Block:
    """What was read in a block, and the refs of the objects that its judgements ask about."""

    read: dict[Hashable, object]
    about: tuple[str, ...]
    among: frozenset[str]


_block: ContextVar[_Block | None] = ContextVar("judged_together", default=None)


@contextmanager
def together(about: Iterable[str] = ()) -> Iterator[None]:
    """Within the block, each read that is marked `once_together` is made once for equal arguments."""
    refs = tuple(dict.fromkeys(about))
    refs = refs if len(refs) <= MOST_AHEAD else ()
    token = _block.set(_Block({}, refs, frozenset(refs)))
    try:
        yield
    finally:
        _block.reset(token)


def all_asked_about(refs: Iterable[str]) -> tuple[str, ...]:
    """What to read at once where these refs are wanted: all of the block if they are among them."""
    wanted, block = tuple(dict.fromkeys(refs)), _block.get()
    return block.about if block is not None and wanted and block.among.issuperset(wanted) else wanted


def once_together(read: Callable[P, T]) -> Callable[P, T]:
    """Marks a read whose result nobody changes; outside of `together()` it stays what it is."""

    @wraps(read)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        block = _block.get()
        if block is None:
            return read(*args, **kwargs)
        known = block.read
        question = (read, args, tuple(sorted(kwargs.items())))
        if question not in known:
            known[question] = read(*args, **kwargs)
        return cast("T", known[question])

    return asked
