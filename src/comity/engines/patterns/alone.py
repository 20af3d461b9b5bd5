"""The values of which each is alone what a pattern looks for, so that a device may act on one of them.

A host of a URL, an address beside a port, half of what has to be seen together: none of these is what the
pattern says, and blocking it would hit others.
"""

from __future__ import annotations

from itertools import islice

from comity.engines.patterns.ast import (
    Comparison,
    ComparisonExpression,
    ComparisonOr,
    Observation,
    ObservationExpression,
    ObservationOr,
    Qualified,
    Within,
)
from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.values import MOST_VALUES, values_of_test

# A digest names one content, whatever else is said of the file; those that measure likeness do not.
IDENTIFYING = frozenset({Kind.MD5, Kind.SHA1, Kind.SHA256, Kind.SHA512, Kind.SHA3_256, Kind.SHA3_512})


def values_alone(pattern: ObservationExpression) -> tuple[Value, ...]:
    """Each value once; none where several things have to be seen, or one of them several times."""
    return tuple(dict.fromkeys(islice(_of_observations(pattern), MOST_VALUES)))


def _of_observations(pattern: ObservationExpression) -> list[Value]:
    match pattern:
        case Observation(test):
            return _of_test(test)
        case ObservationOr(parts):
            return [value for part in parts for value in _of_observations(part)]
        case Qualified(expression, Within()):
            return _of_observations(expression)
        case _:
            return []


def _of_test(test: ComparisonExpression) -> list[Value]:
    match test:
        case Comparison():
            return [values[0] for values in values_of_test(test) if values]
        case ComparisonOr(parts):
            return [value for part in parts for value in _of_test(part)]
        case _:
            return [value for part in test.parts for value in _of_test(part) if value.kind in IDENTIFYING]
