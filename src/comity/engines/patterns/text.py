"""A tree of a pattern as text, in the one canonical spelling: single spaces, `=` and `!=`, least quotes."""

from __future__ import annotations

import re
from base64 import b64encode
from decimal import Decimal

from comity.engines.patterns.ast import (
    Binary,
    Boolean,
    Comparison,
    ComparisonAnd,
    ComparisonExpression,
    ComparisonOr,
    Constant,
    Float,
    FollowedBy,
    Hex,
    Integer,
    ObjectPath,
    Observation,
    ObservationAnd,
    ObservationExpression,
    ObservationOr,
    Operator,
    Qualified,
    Qualifier,
    Repeats,
    Step,
    Text,
    Within,
)
from comity.engines.patterns.lexer import KEYWORDS

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch


def pattern_text(pattern: ObservationExpression) -> str:
    """The pattern as text; parsing it gives the same tree."""
    if isinstance(pattern, Observation):
        return f"[{comparison_text(pattern.test)}]"
    if isinstance(pattern, Qualified):
        return _qualified(pattern)
    return f" {_JOINS[type(pattern)]} ".join(_within(pattern, part) for part in pattern.parts)


def comparison_text(test: ComparisonExpression) -> str:
    """What stands between the brackets."""
    if isinstance(test, Comparison):
        return _comparison(test)
    word = _JOINS[type(test)]
    return f" {word} ".join(
        f"({comparison_text(part)})" if _binds_less(part, test) else comparison_text(part)
        for part in test.parts
    )


def path_text(path: ObjectPath) -> str:
    """The path as a pattern writes it."""
    return f"{path.object_type}:{''.join(map(_step, path.steps)).removeprefix('.')}"


def constant_text(constant: Constant) -> str:  # noqa: PLR0911  one return to a kind of constant
    """The constant as a pattern writes it."""
    match constant:
        case Text(value):
            return _quoted(value)
        case Integer(number):
            return str(number)
        case Float(fraction):
            return _decimal(fraction, always=True)
        case Boolean(truth):
            return "true" if truth else "false"
        case Hex(octets):
            return f"h'{octets.hex()}'"
        case Binary(octets):
            return f"b'{b64encode(octets).decode()}'"
        case _:
            return f"t'{constant.value}'"


# Each join binds closer than those after it; one inside itself was written with parentheses.
_JOINS: dict[type, str] = {
    ComparisonAnd: "AND",
    ComparisonOr: "OR",
    ObservationAnd: "AND",
    ObservationOr: "OR",
    FollowedBy: "FOLLOWEDBY",
}
_LOOSENESS = {kind: place for place, kind in enumerate(_JOINS, 1)}


def _binds_less(inner: object, outer: object) -> bool:
    return _LOOSENESS.get(type(inner), 0) >= _LOOSENESS[type(outer)]


def _within(outer: ObservationExpression, inner: ObservationExpression) -> str:
    text = pattern_text(inner)
    return f"({text})" if _binds_less(inner, outer) else text


def _qualified(pattern: Qualified) -> str:
    qualifiers: list[Qualifier] = []
    inner: ObservationExpression = pattern
    while isinstance(inner, Qualified):
        qualifiers.insert(0, inner.qualifier)
        inner = inner.expression
    bare = isinstance(inner, Observation) and len(set(map(type, qualifiers))) == len(qualifiers)
    text = pattern_text(inner)
    return " ".join([text if bare else f"({text})", *map(_qualifier, qualifiers)])


def _qualifier(qualifier: Qualifier) -> str:
    if isinstance(qualifier, Within):
        return f"WITHIN {_decimal(qualifier.seconds)} SECONDS"
    if isinstance(qualifier, Repeats):
        return f"REPEATS {qualifier.times} TIMES"
    return f"START {constant_text(qualifier.start)} STOP {constant_text(qualifier.stop)}"


def _comparison(test: Comparison) -> str:
    negation = "NOT " if test.negated else ""
    if test.value is None:
        return f"{negation}{Operator.EXISTS.value} {path_text(test.path)}"
    if isinstance(test.value, tuple):
        right = f"({', '.join(map(constant_text, test.value))})"
    else:
        right = constant_text(test.value)
    return f"{path_text(test.path)} {negation}{test.operator.value} {right}"


def _step(step: Step) -> str:
    if isinstance(step, str):
        return f".{step}" if _BARE(step) and step not in KEYWORDS else f".{_quoted(step)}"
    return f"[{step}]" if isinstance(step, int) else "[*]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _decimal(number: float, *, always: bool = False) -> str:
    """The shortest digits that stand for the number; the language has no exponents."""
    digits = f"{Decimal(repr(number)):f}"
    if always:
        return digits if "." in digits else f"{digits}.0"
    return digits.removesuffix(".0")
