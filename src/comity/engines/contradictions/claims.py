"""What somebody says of a thing, as far as somebody else may contradict it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from comity.base.tlp import Tlp


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement: whose, in which object, since when; what it does not speak of stays empty."""

    who: str
    ref: str
    at: datetime
    stands: bool = False  # it states the thing itself, and is no remark about it
    types: frozenset[str] = frozenset()  # of an indicator
    confidence: int | None = None
    tlp: Tlp | None = None
    ends: datetime | None = None
    revoked: bool = False
    leaning: int = 0  # of an opinion: from -2, strong disagreement, to 2
    false_positive: bool = False
    seen: bool = False
    attributed: str = ""  # ref of an intrusion set or a threat actor

    def over(self, now: datetime) -> bool:
        """Whether its maker calls it over."""
        return self.revoked or (self.ends is not None and self.ends <= now)
