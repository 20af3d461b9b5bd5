"""What a step about agreements would change in the systems above, which register here how to tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from comity.node.instruments.plans import Plan
from comity.node.parties.actors import Actor


@dataclass(frozen=True, slots=True)
class Line:
    """One change: how many things it concerns, in which way, and where they are listed."""

    count: int
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step would change in one system; without lines it would change nothing there."""

    title: str
    lines: tuple[Line, ...]
    none: str  # said where there are no lines
    url: str  # the page that tells the whole


Foresee = Callable[[Actor, Plan, datetime], Effect | None]  # None: nothing that this actor may read

_foreseers: dict[str, Foresee] = {}


def offer_foresight(name: str, foresee: Foresee) -> None:
    """Make known how a system tells what a step would change in it; called once, when it is ready."""
    _foreseers[name] = foresee


def effects(actor: Actor, plan: Plan, now: datetime) -> list[Effect]:
    """What the step would change, system by system."""
    told = (_foreseers[name](actor, plan, now) for name in sorted(_foreseers))
    return [each for each in told if each is not None]
