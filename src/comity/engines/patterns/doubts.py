"""What the standard forbids, or what can never match, in a pattern that its grammar allows.

Such a pattern is read all the same: a partner's indicator with one mistyped hash among fifty is worth having.
Whoever takes it in tells its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from comity.engines.patterns import normal
from comity.engines.patterns.ast import (
    Comparison,
    ComparisonAnd,
    ComparisonExpression,
    ComparisonOr,
    Float,
    Integer,
    Observation,
    ObservationExpression,
    Operator,
    Qualified,
    StartStop,
    Text,
)
from comity.engines.patterns.text import constant_text, path_text

_NETWORKS = frozenset({Operator.ISSUBSET, Operator.ISSUPERSET})
_EQUALITIES = frozenset({Operator.EQUAL, Operator.IN})
# The algorithms whose hashes have one form; names are compared by their letters and digits.
_KNOWN = frozenset({"md5", "sha1", "sha256", "sha512", "sha3256", "sha3512", "ssdeep", "tlsh"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """`where` is the part of the pattern, as text; `problem` says what is wrong with it."""

    where: str
    problem: str


def doubts(pattern: ObservationExpression) -> tuple[Doubt, ...]:
    """All that is doubtful in a pattern, from left to right."""
    return tuple(_of_observations(pattern))


def _of_observations(pattern: ObservationExpression) -> Iterator[Doubt]:
    match pattern:
        case Observation(test):
            yield from _of_tests(test)
        case Qualified(expression, qualifier):
            yield from _of_observations(expression)
            if isinstance(qualifier, StartStop) and qualifier.stop.moment <= qualifier.start.moment:
                yield Doubt(f"STOP {constant_text(qualifier.stop)}", "is not after START: nothing can match.")
        case _:
            for part in pattern.parts:
                yield from _of_observations(part)


def _of_tests(test: ComparisonExpression) -> Iterator[Doubt]:
    if isinstance(test, Comparison):
        yield from _of_comparison(test)
        return
    for part in test.parts:
        yield from _of_tests(part)
    types = [_types(part) for part in test.parts] if isinstance(test, ComparisonAnd) else []
    if (
        types and all(types) and not frozenset.intersection(*types)
    ):  # a part without types has its doubt already
        yield Doubt(
            ", ".join(sorted(frozenset.union(*types))),
            "are joined by AND, but one object has one type: nothing can match.",
        )


def _types(test: ComparisonExpression) -> frozenset[str]:
    """The types of the objects that can match."""
    if isinstance(test, Comparison):
        return frozenset({test.path.object_type})
    parts = map(_types, test.parts)
    return frozenset.union(*parts) if isinstance(test, ComparisonOr) else frozenset.intersection(*parts)


def _of_comparison(test: Comparison) -> Iterator[Doubt]:
    constants = test.value if isinstance(test.value, tuple) else (test.value,)
    if len({Float if isinstance(each, Integer) else type(each) for each in constants}) > 1:
        yield Doubt(path_text(test.path), "is compared with constants of different types.")
    algorithm = _algorithm(test)
    for each in constants:
        if not isinstance(each, Text):
            continue
        if test.operator in _NETWORKS and not normal.address(each.value):
            yield Doubt(path_text(test.path), f"{constant_text(each)} is neither an address nor a network.")
        if algorithm and test.operator in _EQUALITIES and not normal.digest(algorithm, each.value):
            yield Doubt(path_text(test.path), f"{constant_text(each)} is not a hash of this kind.")


def _algorithm(test: Comparison) -> str | None:
    """The algorithm whose hashes the path holds, if its hashes have one form."""
    *_, inner, last = ("", *test.path.steps)
    return (
        last
        if inner == "hashes" and isinstance(last, str) and normal.algorithm_name(last) in _KNOWN
        else None
    )
