"""Whether a new version may go less far than the one before it, or says less than that one did."""

from __future__ import annotations

from enum import Enum

from comity.engines.release.handling import Handling


class Tightening(Enum):
    """In which way a version is stricter than an earlier one."""

    MARKING = "marking"
    REVOKED = "revoked"
    VALIDITY = "validity"
    VICTIM = "victim"
    RECALLED = "recalled"

    @property
    def words(self) -> str:
        """As people say it."""
        return _WORDS[self]


_WORDS = {
    Tightening.MARKING: "marked more strictly",
    Tightening.REVOKED: "revoked",
    Tightening.VALIDITY: "valid for a shorter time",
    Tightening.VICTIM: "known to name a victim",
    Tightening.RECALLED: "asked back by whoever gave it",
}


def tightened(before: Handling, after: Handling) -> frozenset[Tightening]:
    """The ways in which `after` is stricter; policies cannot be ordered, so each new one counts."""
    found = {
        Tightening.MARKING: _marked_more_strictly(before, after),
        Tightening.REVOKED: after.revoked and not before.revoked,
        Tightening.VALIDITY: _ends_earlier(before, after),
    }
    return frozenset(way for way, so in found.items() if so)


def closed_in_place(before: Handling, after: Handling) -> frozenset[Tightening]:
    """The ways in which one and the same version is stricter than it was, since more became known of it."""
    found = {
        Tightening.VICTIM: after.names_victims and not before.names_victims,
        Tightening.RECALLED: after.recalled and not before.recalled,
    }
    return tightened(before, after) | frozenset(way for way, so in found.items() if so)


def _marked_more_strictly(before: Handling, after: Handling) -> bool:
    return (
        _label_rose(before, after)
        or not after.policies <= before.policies
        or not after.unknown_markings <= before.unknown_markings
        or not before.named <= after.named
    )


def _label_rose(before: Handling, after: Handling) -> bool:
    """Without a label nobody knows how far it may go, which closes it to everybody."""
    if before.label is None or after.label is None:
        return before.label is not None
    return after.label > before.label


def _ends_earlier(before: Handling, after: Handling) -> bool:
    return after.expires is not None and (before.expires is None or after.expires < before.expires)
