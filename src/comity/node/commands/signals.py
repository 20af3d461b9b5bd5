"""Signals as something to wait for, and the line by which a child notices that its supervisor is gone."""

from __future__ import annotations

import argparse
import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
WOKEN = 0  # no signal has this number
_WATCHED = (*STOPPING, signal.SIGCHLD)


class Signals:
    """While entered, what stops and SIGCHLD interrupt nothing: they are read with `wait`.

    A flag set inside a signal handler can deadlock with the wait that it should end; bytes in a pipe cannot.
    """

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = {each: signal.signal(each, _ignored) for each in _watched()}
        self._fd_before = signal.set_wakeup_fd(self._write)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for each, handler in self._before.items():
            signal.signal(each, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float | None) -> frozenset[int]:
        """The signals that came within this time; None waits for the first. A `wake` reads as `WOKEN`."""
        ready, _, _ = select.select([self._read], [], [], seconds)
        return frozenset(os.read(self._read, 1024)) if ready else frozenset()

    def wake(self) -> None:
        """End the present or next `wait`, from any thread."""
        os.write(self._write, bytes([WOKEN]))


@contextmanager
def interrupted_by_all() -> Iterator[None]:
    """While entered, every signal that stops acts as Ctrl-C, so that what was begun is cleared away."""
    before = {
        each: signal.signal(each, signal.default_int_handler) for each in _watched() if each in STOPPING
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _watched() -> tuple[signal.Signals, ...]:
    """`nohup` has SIGHUP ignored: whoever said so is to go on when the terminal is closed."""
    stays = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(each for each in _WATCHED if not (stays and each is signal.SIGHUP))


def lifeline_option(parser: argparse.ArgumentParser) -> None:
    """The option by which a supervisor says that standard input is the lifeline."""
    parser.add_argument(
        "--until-stdin-ends",
        action="store_true",
        help="stop when standard input ends: whoever started it is gone",
    )


def stop_when_ended(descriptor: int) -> None:
    """Send this process SIGTERM as soon as whoever holds the other end of the pipe is gone."""
    threading.Thread(target=_watch, args=(descriptor,), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _ignored(number: int, frame: FrameType | None) -> None:
    """The wakeup descriptor has told it already."""
