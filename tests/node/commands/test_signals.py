"""Signals: what stops a node, and what does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from comity.node.commands.signals import STOPPING, Signals, interrupted_by_all


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", sorted(STOPPING))
def test_what_stops_is_read_as_a_signal(number: signal.Signals) -> None:
    with Signals() as signals:
        os.kill(os.getpid(), number)
        assert signals.wait(10) & STOPPING == {number}


@pytest.mark.parametrize("number", sorted(STOPPING))
def test_what_stops_interrupts_as_the_keyboard_does(number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interrupted_by_all(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert signal.getsignal(signal.SIGTERM) is before


def test_under_nohup_the_end_of_the_terminal_stops_nothing() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interrupted_by_all(), Signals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(0.2) == frozenset()
