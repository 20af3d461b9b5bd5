"""Bodies that come slowly take all threads of a process but one, so that the last answers everybody else.

A thread that reads a body waits for whoever sends it, and the server sets no limit to that. A request with a
body takes a turn for as long as it has not been read; where all turns are taken, it is refused after a moment
(`errors.check_length` answers). What has no body needs no turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

PATIENCE = 1.0  # seconds; what a proxy has buffered is read in less
MUCH = 2**14  # bytes at once that nobody sends who sends slowly
NO_TURN = "comity.no_turn"  # in the environment of a request that is to be refused
_INPUT, _LENGTH = "wsgi.input", "CONTENT_LENGTH"
Environment = dict[str, Any]
Application = Callable[[Environment, Any], Iterable[bytes]]


class _Turns:
    """The turns of a process. Whoever waits goes when nothing has moved for a moment: all are stuck."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)
        self._moved = 0.0

    def take(self) -> bool:
        """Whether there was a turn in time."""
        patience = max(0.0, self._moved + PATIENCE - time.monotonic())
        taken = self._free.acquire(timeout=patience)
        if taken:
            self.move()
        return taken

    def move(self) -> None:
        """Note that somebody came on."""
        self._moved = time.monotonic()

    def leave(self) -> None:
        """Give a turn to another."""
        self.move()
        self._free.release()


@dataclass(slots=True)
class _Body:
    """The body of a request; its turn ends with its last byte, or with the request."""

    source: Any
    left: int
    turns: _Turns
    turn: bool = True

    def read(self, size: int = -1) -> bytes:
        """The next bytes; raises `OSError` where it ends before the length that was said (RFC 9112, 8)."""
        return self._noted(self.source.read(size), size)

    def readline(self, size: int = -1) -> bytes:
        """The next line; the same."""
        return self._noted(self.source.readline(size), size)

    def _noted(self, piece: bytes, size: int) -> bytes:
        self.left -= len(piece)
        if self.left > 0 and not piece and size:
            raise ConnectionResetError("the body ended before its length")
        if self.left <= 0:
            self.end()
        elif len(piece) >= MUCH:
            self.turns.move()
        return piece

    def end(self) -> None:
        """Leave the turn to another."""
        if self.turn:
            self.turn = False
            self.turns.leave()


def in_turn(application: Application, threads: int) -> Application:
    """The application, with bodies read by all of so many threads but one."""
    turns = _Turns(max(1, threads - 1))

    def served(environment: Environment, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401  of the server
        length = str(environment.get(_LENGTH) or "0")
        if not (length.isdecimal() and int(length[:20])):
            return application(environment, start_response)
        if not turns.take():
            return application(environment | {NO_TURN: True}, start_response)
        body = _Body(environment[_INPUT], int(length[:20]), turns)
        try:
            return application(environment | {_INPUT: body}, start_response)
        finally:
            body.end()

    return served
