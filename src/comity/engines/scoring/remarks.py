"""What others say of an object: that they saw it, that it is wrong or over, how far they agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Kind(Enum):
    """What is said; the first three are MISP's sightings of type 0, 1 and 2."""

    SEEN = "seen"
    FALSE_POSITIVE = "false-positive"
    EXPIRED = "expired"
    OPINION = "opinion"


class Standing(Enum):
    """Who says it, as far as it matters: our own body, whoever gave us the object, or somebody else."""

    OWN = "own"
    GIVER = "giver"
    OTHER = "other"


class Opinion(Enum):
    """The opinions of STIX 2.1 (the enumeration of its opinion objects), from disagreement to agreement."""

    STRONGLY_DISAGREE = "strongly-disagree"
    DISAGREE = "disagree"
    NEUTRAL = "neutral"
    AGREE = "agree"
    STRONGLY_AGREE = "strongly-agree"

    @property
    def number(self) -> int:
        """1 for strong disagreement to 5 for strong agreement."""
        return _NUMBERS[self]

    @property
    def leaning(self) -> int:
        """How far it is from neutral: -2 to 2."""
        return self.number - _NUMBERS[Opinion.NEUTRAL]


_NUMBERS = {opinion: number for number, opinion in enumerate(Opinion, 1)}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing said by one body; `by` is whoever told us, since nobody can be asked for a claimed author.

    `at` is never after we learnt of it: nobody keeps an object young by a sighting in the future.
    """

    kind: Kind
    by: str
    at: datetime
    standing: Standing = Standing.OTHER
    count: int = 1  # times seen
    opinion: Opinion | None = None
    state: str = ""

    @property
    def decisive(self) -> bool:
        """Whether it decides alone: we know our own, and a giver its own."""
        return self.standing is not Standing.OTHER
