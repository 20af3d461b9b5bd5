"""Signals as something to wait for, and the line by which a child notices that its supervisor is gone."""

from __future__ import annotations

import argparse
import os
import select
import signal
import threading
from types import FrameType, TracebackType
from typing import Self

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
WOKEN = 0  # no signal has this number
_WATCHED = (*STOPPING, signal.SIGCHLD)


class Signals:
    """While entered, SIGTERM, SIGINT and SIGCHLD interrupt nothing: they are read with `wait`.

    A flag set inside a signal handler can deadlock with the wait that it should end; bytes in a pipe cannot.
    """

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = {each: signal.signal(each, _ignored) for each in _WATCHED}
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


def lifeline_option(parser: argparse.ArgumentParser) -> None:
    """The option by which a supervisor says that standard input is the lifeline."""
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="stop when standard input ends, as `run` asks"
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
