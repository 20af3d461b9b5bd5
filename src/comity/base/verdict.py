"""Verdicts: an answer with its grounds, in place of a bare bool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from comity.base.errors import ComityError


class Answer(Enum):
    """The three answers a judgement can give."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # a fact is missing: the door stays closed, and the ground says which fact opens it


@dataclass(frozen=True, slots=True)
class Ground:
    """Why: the rule that spoke, where the rule comes from, and one sentence for people."""

    rule: str
    source: str
    text: str

    def as_json(self) -> dict[str, str]:
        """The ground as it is kept with an act and shown by the API."""
        return {"rule": self.rule, "source": self.source, "text": self.text}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, and why."""

    answer: Answer
    grounds: tuple[Ground, ...]

    def __post_init__(self) -> None:
        if not self.grounds:
            raise ValueError("a verdict needs at least one ground")

    def __bool__(self) -> bool:
        raise TypeError("use verdict.allowed: a bare truth test drops the grounds")

    @classmethod
    def yes(cls, *grounds: Ground) -> Self:
        """Allowed, on these grounds."""
        return cls(Answer.YES, grounds)

    @classmethod
    def no(cls, *grounds: Ground) -> Self:
        """Refused, on these grounds."""
        return cls(Answer.NO, grounds)

    @classmethod
    def unknown(cls, *grounds: Ground) -> Self:
        """Not decidable: each ground names a fact that is missing."""
        return cls(Answer.UNKNOWN, grounds)

    @property
    def allowed(self) -> bool:
        """True for yes alone: unknown closes the door like no."""
        return self.answer is Answer.YES

    def require(self) -> None:
        """Raise `Refused` unless the answer is yes."""
        if not self.allowed:
            raise Refused(self)

    def as_json(self) -> dict[str, Any]:
        """The verdict as it is kept with an act and shown by the API."""
        return {"answer": self.answer.value, "grounds": [ground.as_json() for ground in self.grounds]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The verdict that `as_json` wrote."""
        return cls(Answer(kept["answer"]), tuple(Ground(**ground) for ground in kept["grounds"]))


class Refused(ComityError):
    """A judgement said no, or could not say yes; `verdict` says why."""

    code = "refused"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(" ".join(ground.text for ground in verdict.grounds))
        self.verdict = verdict


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Yes only if every verdict is yes; a no outweighs an unknown; only the grounds that decided are kept.

    Raises `ValueError` for no verdicts at all: nothing judged is not a yes.
    """
    judged = tuple(verdicts)
    answers = {verdict.answer for verdict in judged}
    decided = next((answer for answer in (Answer.NO, Answer.UNKNOWN) if answer in answers), Answer.YES)
    return Verdict(decided, tuple(ground for v in judged if v.answer is decided for ground in v.grounds))
