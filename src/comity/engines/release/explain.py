"""What a partner would see, and why not the rest: judgements of many classes in one picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from comity.base.verdict import Answer, Ground
from comity.engines.release.judge import Release


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground that closed the door, and for how many objects it did."""

    answer: Answer
    ground: Ground
    objects: int

    def as_json(self) -> dict[str, Any]:
        """The reason as the page and the command show it."""
        return {"answer": self.answer.value, "ground": self.ground.as_json(), "objects": self.objects}


@dataclass(frozen=True, slots=True)
class Picture:
    """Counts of objects; one that is refused for several reasons counts under each of them."""

    whole: int
    reduced: int  # visible with something taken out
    refused: int
    undecided: int  # a fact is missing
    reasons: tuple[Reason, ...]  # most objects first

    def as_json(self) -> dict[str, Any]:
        """The picture as the page and the command show it."""
        return {
            "whole": self.whole,
            "reduced": self.reduced,
            "refused": self.refused,
            "undecided": self.undecided,
            "reasons": [reason.as_json() for reason in self.reasons],
        }


def picture(judged: Iterable[tuple[Release, int]]) -> Picture:
    """Count pairs of a class's judgement and how many objects the class has."""
    answers: Counter[Answer] = Counter()
    reasons: Counter[tuple[Answer, Ground]] = Counter()
    reduced = 0
    for release, objects in judged:
        answer = release.verdict.answer
        answers[answer] += objects
        reduced += objects if release.removals else 0
        if not release.verdict.allowed:
            reasons.update({(answer, ground): objects for ground in release.verdict.grounds})
    return Picture(
        whole=answers[Answer.YES] - reduced,
        reduced=reduced,
        refused=answers[Answer.NO],
        undecided=answers[Answer.UNKNOWN],
        reasons=tuple(Reason(answer, ground, count) for (answer, ground), count in reasons.most_common()),
    )
