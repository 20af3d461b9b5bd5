"""How the states of acts, deliveries and agreements look: a tone and a picture for each word.

The words themselves belong to the systems; a word that is not listed here is shown plainly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Tone(Enum):
    """How much a state asks of the reader; always shown with a picture and a word as well."""

    QUIET = "quiet"  # nothing happens, nothing is asked
    WAITING = "waiting"  # somebody must do something, or time must pass
    MOVING = "moving"  # on its way by itself
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown."""

    tone: Tone
    icon: str


_PLAIN = Look(Tone.QUIET, "dot")
_LOOKS = {
    Look(Tone.QUIET, "pen"): ("draft", "composed"),
    Look(Tone.QUIET, "stop"): (
        "withdrawn",
        "cancelled",
        "superseded",
        "terminated",
        "ended",
        "expired",
        "closed",
    ),
    Look(Tone.WAITING, "people"): (
        "awaiting-approval",
        "to-approve",
        "awaiting",
        "proposed",
        "awaiting-answer",
        "introduced",
    ),
    Look(Tone.WAITING, "clock"): (
        "waiting",
        "pending",
        "queued",
        "retrying",
        "scheduled",
        "leaving",
        "asked",
    ),
    Look(Tone.WAITING, "pause"): ("suspended", "paused", "held"),
    Look(Tone.MOVING, "seal"): ("signed", "recorded", "approved", "judged"),
    Look(Tone.MOVING, "send"): ("sent", "sending", "handed-over", "delivering"),
    Look(Tone.MOVING, "receive"): ("received", "receiving"),
    Look(Tone.GOOD, "check"): (
        *(
            "delivered",
            "receipted",
            "answered",
            "accepted",
            "in-force",
            "active",
            "done",
            "yes",
            "ok",
            "verified",
        ),
        *("consistent", "complete", "released", "taken"),
    ),
    Look(Tone.BAD, "cross"): (
        "refused",
        "rejected",
        "declined",
        "withheld",
        "failed",
        "no",
        "revoked",
        "denied",
    ),
    Look(Tone.BAD, "warning"): ("undeliverable", "alarm", "inconsistent", "overdue"),
    Look(Tone.WAITING, "question"): ("unknown",),
}
_BY_WORD = {word: look for look, words in _LOOKS.items() for word in words}


def look_of(state: str) -> Look:
    """How the state is shown."""
    return _BY_WORD.get(state, _PLAIN)


class StepState(Enum):
    """Where a step of a timeline stands."""

    DONE = "done"
    CURRENT = "current"
    WAITING = "waiting"
    FAILED = "failed"


STEP_ICONS = {
    StepState.DONE: "check",
    StepState.CURRENT: "arrow",
    StepState.WAITING: "clock",
    StepState.FAILED: "cross",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a timeline; `text` says what happened, or what is being waited for."""

    state: StepState
    title: str
    text: str = ""
    at: datetime | None = None
