"""The tests of one observation: whether one of its objects passes, and the values that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comity.engines.patterns.ast import (
    Comparison,
    ComparisonAnd,
    ComparisonExpression,
    ObjectPath,
    Operator,
)
from comity.engines.patterns.matching.comparing import fits
from comity.engines.patterns.matching.observed import Objects
from comity.engines.patterns.matching.places import values_at

_SHOWN = 5  # values at one place


@dataclass(frozen=True, slots=True)
class Hit:
    """A value that passed a comparison, at its place in the object `root`."""

    root: str
    test: Comparison
    value: Any

    @property
    def path(self) -> ObjectPath:
        """The place."""
        return self.test.path


Hits = tuple[Hit, ...]
_Test = Callable[[str, Mapping[str, Any], Objects], Hits | None]  # the id of an object, and the object


@dataclass(frozen=True, slots=True)
class ObjectTest:
    """What stands in one pair of square brackets."""

    types: frozenset[str]
    passed: _Test

    def hits(self, objects: Objects) -> Hits | None:
        """What shows that an object passes; None if none does. A test that nothing shows gives no values."""
        for root, each in objects.items():
            if each.get("type") in self.types:
                found = self.passed(root, each, objects)
                if found is not None:
                    return found
        return None


def object_test(test: ComparisonExpression, *, usual: bool) -> ObjectTest:
    """The test as a function of an object."""
    return ObjectTest(frozenset(_types(test)), _compiled(test, usual=usual))


def _types(test: ComparisonExpression) -> Iterator[str]:
    if isinstance(test, Comparison):
        yield test.path.object_type
        return
    for part in test.parts:
        yield from _types(part)


def _compiled(test: ComparisonExpression, *, usual: bool) -> _Test:
    if isinstance(test, Comparison):
        return _missing(test) if _is_absence(test) else _comparison(test, usual=usual)
    parts = [_compiled(part, usual=usual) for part in test.parts]
    return _all(parts) if isinstance(test, ComparisonAnd) else _some(parts)


def _is_absence(test: Comparison) -> bool:
    return test.operator is Operator.EXISTS and test.negated


def _comparison(test: Comparison, *, usual: bool) -> _Test:
    path, fitting = test.path, fits(test, usual=usual)

    def passed(root: str, each: Mapping[str, Any], objects: Objects) -> Hits | None:
        if each.get("type") != path.object_type:
            return None
        found = [value for value in values_at(each, path.steps, objects) if fitting(value)]
        return tuple(Hit(root, test, value) for value in found[:_SHOWN]) or None

    return passed


def _missing(test: Comparison) -> _Test:
    """NOT EXISTS: an object of the type that has nothing at the path."""
    path = test.path

    def passed(_: str, each: Mapping[str, Any], objects: Objects) -> Hits | None:
        return (
            () if each.get("type") == path.object_type and not values_at(each, path.steps, objects) else None
        )

    return passed


def _all(parts: list[_Test]) -> _Test:
    def passed(root: str, each: Mapping[str, Any], objects: Objects) -> Hits | None:
        found: list[Hit] = []
        for part in parts:
            hits = part(root, each, objects)
            if hits is None:
                return None
            found += hits
        return tuple(found)

    return passed


def _some(parts: list[_Test]) -> _Test:
    def passed(root: str, each: Mapping[str, Any], objects: Objects) -> Hits | None:
        found = (part(root, each, objects) for part in parts)
        return next((hits for hits in found if hits is not None), None)

    return passed
