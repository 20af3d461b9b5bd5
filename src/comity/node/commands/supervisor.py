"""Keeps child processes running: starts them again with back-off when they die, stops them together.

Knows nothing of Django, so that the process that only waits stays small.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from comity.node.commands.output import Output
from comity.node.commands.signals import STOPPING, Signals

FIRST_PAUSE = 0.5  # seconds before the first new start; doubles with each
LONGEST_PAUSE = 30.0
SETTLED = 60.0  # a child that lived this long starts afresh with the shortest pause
GRACE = 8.0  # seconds that children have to finish what they are doing
_GLANCE = 0.1  # seconds between two looks whether the web server answers


class Child:
    """A process that is to run; it stops by itself when its standard input ends, that is, when we die."""

    def __init__(self, name: str, words: Sequence[str]) -> None:
        self.name = name
        self.due = 0.0
        self._words = list(words)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE

    @property
    def running(self) -> bool:
        """Whether the process is there, as far as was last seen."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The number of the process; 0 while there is none."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the process, in a process group of its own."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(self._words, stdin=subprocess.PIPE, process_group=0)

    def death(self) -> str | None:
        """How the process ended, once, if it has; what it left behind is removed."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        self._clear_away()
        lived = time.monotonic() - self._started
        self._pause = FIRST_PAUSE if lived > SETTLED else self._pause
        self.due = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask_to_stop(self) -> None:
        """Let the process finish its step and go."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def see_off(self, until: float) -> bool:
        """Wait for the end until this moment, then kill; whether it went by itself."""
        if not self._process:
            return True
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        else:
            return True
        finally:
            self._clear_away()

    def _clear_away(self) -> None:
        """Kill what is left of the group: a web server that was killed leaves its workers at the port."""
        if not self._process:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None


def supervise(children: Sequence[Child], *, ready: Callable[[], bool], started: str, output: Output) -> int:
    """Run the children until told to stop; say `started` once `ready`; 1 if one had to be killed."""
    with Signals() as signals:
        try:
            announced = False
            for child in children:
                child.start()
            while not signals.wait(_next_look(children, announced=announced)) & STOPPING:
                for child in children:
                    _look_after(child, output)
                if not announced and ready():
                    pids = {child.name: child.pid for child in children}
                    output.give({"event": "started", "pids": pids}, started)
                    announced = True
        finally:
            stopped = _stop(children)
    output.give({"event": "stopped"}, "Stopped." if stopped else "Stopped; what would not end was killed.")
    return 0 if stopped else 1


def _look_after(child: Child, output: Output) -> None:
    death = child.death()
    if death:
        pause = child.due - time.monotonic()
        line = f"The {child.name} ended ({death}); it starts again in {pause:.1f} s."
        output.give({"event": "died", "child": child.name, "how": death}, line)
    elif not child.running and child.due <= time.monotonic():
        child.start()
        output.give({"event": "restarted", "child": child.name}, f"The {child.name} runs again.")


def _next_look(children: Sequence[Child], *, announced: bool) -> float | None:
    waits = [max(0.0, child.due - time.monotonic()) for child in children if not child.running]
    return min([*waits, *([] if announced else [_GLANCE])], default=None)


def _stop(children: Sequence[Child]) -> bool:
    until = time.monotonic() + GRACE
    for child in children:
        child.ask_to_stop()
    seen_off = [child.see_off(until) for child in children]
    return all(seen_off)
