"""How much a pattern must say at the least: what is broader matches everybody, and is not looked for.

Of alternatives the broad ones are left out and the others stay: one careless value among fifty does not cost
the rest. Of things that must hold together one that says enough is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from comity.engines.patterns.ast import (
    Comparison,
    ComparisonExpression,
    ComparisonOr,
    Observation,
    ObservationExpression,
    ObservationOr,
    Operator,
    Qualified,
)
from comity.engines.patterns.judging.worth import too_little
from comity.engines.patterns.text import comparison_text

_LONGEST = 120  # characters of a comparison that are shown

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Broad:
    """A comparison that says too little, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What of a pattern says enough to be looked for; None if nothing does."""

    pattern: ObservationExpression | None
    broad: tuple[Broad, ...]


def narrowed(pattern: ObservationExpression) -> Narrowed:
    """The pattern without its broad alternatives; raises `Malformed` for an expression nobody can read."""
    found: list[Broad] = []
    left = _observations(pattern, found)
    return Narrowed(left, tuple(dict.fromkeys(found)))


def _observations(node: ObservationExpression, found: list[Broad]) -> ObservationExpression | None:
    match node:
        case Observation(test):
            left = _tests(test, found)
            return None if left is None else node if left is test else Observation(left)
        case Qualified(inner):
            rest = _observations(inner, found)
            return None if rest is None else node if rest is inner else replace(node, expression=rest)
        case ObservationOr(parts):
            some = _alternatives(parts, _observations, found)
            return _joined(node, some, ObservationOr)
        case _:
            together = _together(node.parts, _observations, found)
            return (
                None
                if together is None
                else node
                if together == node.parts
                else replace(node, parts=together)
            )


def _tests(node: ComparisonExpression, found: list[Broad]) -> ComparisonExpression | None:
    match node:
        case Comparison():
            return _comparison(node, found)
        case ComparisonOr(parts):
            return _joined(node, _alternatives(parts, _tests, found), ComparisonOr)
        case _:
            together = _together(node.parts, _tests, found)
            return (
                None
                if together is None
                else node
                if together == node.parts
                else replace(node, parts=together)
            )


def _comparison(test: Comparison, found: list[Broad]) -> Comparison | None:
    if test.operator is Operator.IN and isinstance(test.value, tuple) and not test.negated:
        kept = []
        for each in test.value:
            alone = replace(test, operator=Operator.EQUAL, value=each)
            if _says_enough(alone, found):
                kept.append(each)
        return (
            None if not kept else test if len(kept) == len(test.value) else replace(test, value=tuple(kept))
        )
    return test if _says_enough(test, found) else None


def _says_enough(test: Comparison, found: list[Broad]) -> bool:
    why = too_little(test)
    if why:
        text = comparison_text(test)
        shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        found.append(Broad(shown, why))
    return not why


def _alternatives(
    parts: Sequence[Node], left_of: Callable[[Node, list[Broad]], Node | None], found: list[Broad]
) -> tuple[Node, ...]:
    return tuple(left for part in parts if (left := left_of(part, found)) is not None)


def _joined(node: Node, some: tuple[Node, ...], join: Callable[[tuple[Node, ...]], Node]) -> Node | None:
    """The alternatives that are left, as one."""
    if len(some) < 2:  # noqa: PLR2004  one needs no join
        return some[0] if some else None
    made = join(some)
    return node if made == node else made


def _together(
    parts: tuple[Node, ...], left_of: Callable[[Node, list[Broad]], Node | None], found: list[Broad]
) -> tuple[Node, ...] | None:
    """All parts, of which one says enough: whole, or without its broad alternatives."""
    asides: list[list[Broad]] = []
    lefts: list[Node | None] = []
    for part in parts:
        asides.append([])
        lefts.append(left_of(part, asides[-1]))
        if lefts[-1] is part:
            return parts
    for place, left in enumerate(lefts):
        if left is not None:
            found += asides[place]
            return (*parts[:place], left, *parts[place + 1 :])
    for aside in asides:
        found += aside
    return None
