"""Bodies that come slowly take all threads of a process but one, so that the last answers everybody else.

A thread that reads a body waits for whoever sends it, and the server sets no limit to that. A request with a
body takes a turn for as long as it has not been read; where all turns are taken, it is refused after a moment
(`errors.check_length` answers). What has no body needs no turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

PATIENCE = 1.0  # seconds in which a turn must come; what a proxy has buffered is read in less
NO_TURN = "comity.no_turn"  # in the environment of a request that is to be refused
_INPUT, _LENGTH = "wsgi.input", "CONTENT_LENGTH"
Environment = dict[str, Any]
Application = Callable[[Environment, Any], Iterable[bytes]]


@dataclass(slots=True)
class _Body:
    """The body of a request; its turn ends with its last byte, or with the request."""

    source: Any
    left: int
    turns: BoundedSemaphore
    turn: bool = True

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._noted(self.source.read(size))

    def readline(self, size: int = -1) -> bytes:
        """The next line."""
        return self._noted(self.source.readline(size))

    def _noted(self, piece: bytes) -> bytes:
        self.left -= len(piece)
        if self.left <= 0 or not piece:
            self.end()
        return piece

    def end(self) -> None:
        """Leave the turn to another."""
        if self.turn:
            self.turn = False
            self.turns.release()


def in_turn(application: Application, threads: int) -> Application:
    """The application, with bodies read by all of so many threads but one."""
    turns = BoundedSemaphore(max(1, threads - 1))

    def served(environment: Environment, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401  of the server
        length = str(environment.get(_LENGTH) or "0")
        if not (length.isdecimal() and int(length[:20])):
            return application(environment, start_response)
        if not turns.acquire(timeout=PATIENCE):
            return application(environment | {NO_TURN: True}, start_response)
        body = _Body(environment[_INPUT], int(length[:20]), turns)
        try:
            return application(environment | {_INPUT: body}, start_response)
        finally:
            body.end()

    return served
