"""What must be seen in a row before a pattern is tried on it: of each test the comparison that few rows pass.

A test that has to pass as a whole has one such comparison, of tests of which any may pass each has its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network

from comity.engines.patterns.ast import (
    Comparison,
    ComparisonAnd,
    ComparisonExpression,
    ComparisonOr,
    Constant,
    Observation,
    ObservationExpression,
    ObservationOr,
    Operator,
    Text,
)
from comity.engines.patterns.properties import form_at
from comity.engines.patterns.sets.places import is_told, is_whole
from comity.engines.patterns.sets.readings import is_exact

# How many rows pass, about: the fewer, the lower.
_ONE_VALUE, _ONE_TEXT, _SOME_TEXTS, _NETWORK, _NUMBER, _MANY, _MOST, _ALL = range(8)
_SPECIFIC = 4  # characters that a text or the bare part of an expression has at least
_WIDE = 16  # bits of a network that holds so many that a likeness may be rarer
_MORE = 0.001  # what each further comparison adds where any may pass
_COMMON = frozenset({"type", "protocols"})  # which hold few different texts

_SIGNS = re.compile(r"[%_\\^$.|?*+()\[\]{}]")

_EQUALITIES = frozenset({Operator.EQUAL, Operator.IN})
_PRESENCE = frozenset({Operator.UNEQUAL, Operator.EXISTS})
_ORDERS = frozenset({Operator.LESS, Operator.GREATER, Operator.AT_MOST, Operator.AT_LEAST})


@dataclass(frozen=True, slots=True)
class Anchors:
    """Comparisons of which at least one has to be met, and about how many rows meet them."""

    comparisons: tuple[Comparison, ...]
    rank: float


def simple(pattern: ObservationExpression) -> list[Comparison] | None:
    """The equalities of a pattern of which each alone is a match; None where more has to be looked at."""
    found: list[Comparison] = []
    waiting: list[ObservationExpression | ComparisonExpression] = [pattern]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Comparison):
            if not _is_sure(node):
                return None
            found.append(node)
        elif isinstance(node, Observation):
            waiting.append(node.test)
        elif isinstance(node, ComparisonOr | ObservationOr):
            waiting.extend(reversed(node.parts))
        else:
            return None
    return found


def anchors(test: ComparisonExpression) -> Anchors:
    """The anchors of one observation's test."""
    if isinstance(test, Comparison):
        return Anchors((test,), _rank(test))
    parts = [anchors(part) for part in test.parts]
    if isinstance(test, ComparisonAnd):
        return min(parts, key=lambda part: part.rank)
    together = tuple(dict.fromkeys(each for part in parts for each in part.comparisons))
    return Anchors(together, max(part.rank for part in parts) + _MORE * len(together))


def constants_of(test: Comparison) -> tuple[Constant, ...]:
    """The constants of which any may be met."""
    return test.value if isinstance(test.value, tuple) else () if test.value is None else (test.value,)


def in_table(test: Comparison) -> bool:
    """Whether what meets the comparison is found in a table of values."""
    form = form_at(test.path.object_type, test.path.steps)
    return (
        test.operator in _EQUALITIES
        and not test.negated
        and is_told(test.path)
        and all(is_exact(form, each) for each in constants_of(test))
    )


def _is_sure(test: Comparison) -> bool:
    return is_whole(test.path) and in_table(test)


def needs_presence(test: Comparison) -> bool:
    """Whether all that can be said before a row is looked at is that something has to be there."""
    return test.negated or test.operator in _PRESENCE or not is_told(test.path)


def _rank(test: Comparison) -> float:
    if needs_presence(test):
        return _ALL if test.negated and test.operator is Operator.EXISTS else _MOST
    if test.operator in _EQUALITIES:
        ranks = [_rank_of(test, each) for each in constants_of(test)]
        return max(ranks, default=0) + _MORE * len(ranks)
    if test.operator in _ORDERS:
        return _MANY
    text = test.value.value if isinstance(test.value, Text) else ""
    if test.operator in {Operator.ISSUBSET, Operator.ISSUPERSET}:
        return _NETWORK if _bits(text) > _WIDE else _MANY
    return _SOME_TEXTS if _literal(text) >= _SPECIFIC else _MANY


def _rank_of(test: Comparison, constant: Constant) -> float:
    if not isinstance(constant, Text):
        return _NUMBER
    if _COMMON.intersection(test.path.steps) or len(constant.value) < _SPECIFIC:
        return _NUMBER
    return _ONE_VALUE if form_at(test.path.object_type, test.path.steps) else _ONE_TEXT


def _bits(text: str) -> int:
    try:
        return ip_network(text.strip(), strict=False).prefixlen
    except ValueError:
        return 0


def _literal(text: str) -> int:
    """The length of the longest part of an expression that stands for itself, about."""
    return max(map(len, _SIGNS.split(text)))
