"""What systems do regularly: registered as data when they are ready, done by the worker beneath them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Routine:
    """Work that is due at the start of each worker, and again when its time has passed.

    Several workers may do it at once, and one may be cut short: it has to be right all the same.
    """

    name: str
    every: timedelta
    work: Callable[[datetime], object]


_routines: dict[str, Routine] = {}


def offer_routine(routine: Routine) -> None:
    """Make a routine known to this node; called once, when a system is ready."""
    _routines[routine.name] = routine


def routines() -> Iterable[Routine]:
    """All routines of this node, by name."""
    return (_routines[name] for name in sorted(_routines))
