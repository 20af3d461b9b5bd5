"""The reason that a person gives for what stays in the record."""

from __future__ import annotations

from comity.base.errors import Malformed

MAX_WHY = 500


def check_why(why: str) -> None:
    """Raise `Malformed` unless there is a reason, of a length that can be kept."""
    if not 1 <= len(why) <= MAX_WHY:
        raise Malformed("why", f"a reason of 1 to {MAX_WHY} characters is kept with the decision")
