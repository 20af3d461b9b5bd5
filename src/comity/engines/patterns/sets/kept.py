"""A pattern that has to be tried: compiled when it is first needed, with what is known of it before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from comity.engines.patterns.ast import (
    Observation,
    ObservationExpression,
    ObservationOr,
    Qualified,
    Repeats,
    StartStop,
    Within,
)
from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.matching.observed import Objects, Observed
from comity.engines.patterns.matching.tests import Hit
from comity.engines.patterns.parser import parse

MOST_COMPILED = 5_000  # patterns, some kilobytes each

Passed = Mapping[Observation, tuple[Hit, ...]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A pattern and its matcher."""

    matcher: Matcher
    joins: bool  # whether it asks for several observations
    dated: bool  # whether it asks when

    @classmethod
    def of(cls, text: str) -> Kept:
        """The pattern with this text, which was read before."""
        pattern = parse(text)
        joins = is_joined(pattern)
        return cls(Matcher(pattern), joins, joins or _is_dated(pattern))

    def passed(self, objects: Objects) -> Passed:
        """Which of its tests the objects of an observation pass, and what shows it."""
        found = {key: test.hits(objects) for key, test in self.matcher.tests.items()}
        return {key: hits for key, hits in found.items() if hits is not None}

    def matches_alone(self, observed: Observed, passed: Passed) -> bool:
        """Whether one observation is a match of a pattern that joins none."""
        candidates = {key: [0] if key in passed else [] for key in self.matcher.tests}
        return next(self.matcher.among([observed], candidates), None) is not None


@lru_cache(maxsize=MOST_COMPILED)
def kept_pattern(text: str) -> Kept:
    """The same, made once for as long as not too many others are asked for."""
    return Kept.of(text)


def is_joined(node: ObservationExpression) -> bool:
    """Whether several observations have to be seen."""
    match node:
        case Observation():
            return False
        case ObservationOr(parts):
            return any(map(is_joined, parts))
        case Qualified(inner, qualifier):
            return is_joined(inner) or (isinstance(qualifier, Repeats) and qualifier.times > 1)
        case _:
            return True


def _is_dated(node: ObservationExpression) -> bool:
    match node:
        case Observation():
            return False
        case Qualified(inner, qualifier):
            return isinstance(qualifier, StartStop) or _is_dated(inner)
        case _:
            return any(map(_is_dated, node.parts))


def reach(node: ObservationExpression) -> float:
    """The seconds that all of a match lies within; infinite where nothing says so."""
    match node:
        case Observation():
            return 0.0
        case Qualified(inner, Within(seconds)):
            return min(seconds, reach(inner))
        case Qualified(inner, Repeats(times)):
            return reach(inner) if times == 1 else float("inf")
        case Qualified(inner):
            return reach(inner)
        case ObservationOr(parts):
            return max(map(reach, parts))
        case _:
            return float("inf")


def possible(node: ObservationExpression, counts: Mapping[Observation, float]) -> bool:
    """Whether each part is fitted at all: for most rows the answer is no, and found in no time."""
    match node:
        case Observation():
            return counts.get(node, 0) > 0
        case Qualified(Observation() as inner, Repeats(times)):
            return counts.get(inner, 0) >= times
        case Qualified(inner):
            return possible(inner, counts)
        case ObservationOr(parts):
            return any(possible(part, counts) for part in parts)
        case _:
            return all(possible(part, counts) for part in node.parts)
