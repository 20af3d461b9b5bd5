"""What a pattern looks for, and the values by which patterns and objects are searched and correlated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from types import MappingProxyType

from comity.base.errors import Malformed
from comity.engines.patterns import normal
from comity.engines.patterns.ast import (
    Comparison,
    ComparisonExpression,
    Constant,
    Integer,
    Observation,
    ObservationExpression,
    Operator,
    Qualified,
    Step,
    Text,
)
from comity.engines.patterns.kinds import Value
from comity.engines.patterns.parser import parse
from comity.engines.patterns.properties import FORMS, HASHES, form_at, read

MOST_VALUES = 20_000  # of one object

_EQUAL = Operator.EQUAL
_SEVERAL = 2
_POSITIVE = frozenset({Operator.EQUAL, Operator.IN, Operator.LIKE, Operator.ISSUBSET})
_WILDCARDS = frozenset("%_")  # of LIKE


@dataclass(frozen=True, slots=True)
class Sought:
    """One comparison of a pattern: a set has one for each of its constants, EXISTS has no value."""

    object_type: str
    path: tuple[Step, ...]
    operator: Operator
    value: Constant | None
    negated: bool


def sought(pattern: ObservationExpression) -> Iterator[Sought]:
    """All comparisons of a pattern, from left to right, whatever joins them."""
    waiting: list[ObservationExpression | ComparisonExpression] = [pattern]
    while waiting:
        node = waiting.pop()
        match node:
            case Comparison(path, operator, value, negated):
                for each in value if isinstance(value, tuple) else (value,):
                    yield Sought(path.object_type, path.steps, operator, each, negated)
            case Observation(test):
                waiting.append(test)
            case Qualified(expression):
                waiting.append(expression)
            case _:
                waiting.extend(reversed(node.parts))


def values_of_pattern(pattern: ObservationExpression) -> tuple[Value, ...]:
    """The values that a match would show, each once: what is to be equal, listed, or inside a network."""
    if type(pattern) is Observation and type(pattern.test) is Comparison:  # by far the most
        test = pattern.test
        if test.operator is _EQUAL and type(test.value) is Text and not test.negated:
            return _each_once(_values_at(test.path.object_type, test.path.steps, test.value.value))
    return _each_once(chain.from_iterable(map(_values_sought, sought(pattern))))


def values_of_test(test: Comparison) -> Iterator[tuple[Value, ...]]:
    """For each constant of one comparison its values; that of a URL comes before its host."""
    return (_values_sought(each) for each in sought(Observation(test)))


def values_of_object(stix: Mapping[str, object]) -> tuple[Value, ...]:
    """The values of an object, each once: an observable's own, those of a pattern, names of CVEs."""
    object_type = stix.get("type")
    if not isinstance(object_type, str):
        return ()
    more = _MORE.get(object_type)
    values = more(stix) if more else _of_observable(object_type, stix)
    return _each_once(chain(values, _referred_cves(stix)) if "external_references" in stix else values)


def _each_once(values: Iterable[Value]) -> tuple[Value, ...]:
    """Each of the first values once; where there is one, nothing is compared."""
    found = tuple(islice(values, MOST_VALUES))
    return found if len(found) < _SEVERAL else tuple(dict.fromkeys(found))


def _values_at(object_type: str, path: tuple[Step, ...], raw: str | int) -> tuple[Value, ...]:
    form = form_at(object_type, path)
    return read(form, raw) if form else ()


def _values_sought(each: Sought) -> tuple[Value, ...]:
    value = each.value
    if each.negated or each.operator not in _POSITIVE or not isinstance(value, Text | Integer):
        return ()
    if each.operator is Operator.LIKE and isinstance(value, Text) and _WILDCARDS.intersection(value.value):
        return ()
    return _values_at(each.object_type, each.path, value.value)


def _of_observable(object_type: str, stix: Mapping[str, object]) -> Iterator[Value]:
    for path, form in FORMS.get(object_type, {}).items():
        for raw in _reach(stix, path):
            yield from read(form, raw)
    for path in HASHES.get(object_type, ()):
        for hashes in _reach(stix, path):
            for algorithm, raw in _items(hashes):
                yield from read(partial(normal.digest, algorithm), raw)


def _of_indicator(stix: Mapping[str, object]) -> Iterable[Value]:
    pattern = stix.get("pattern")
    if not isinstance(pattern, str) or stix.get("pattern_type", "stix") != "stix":
        return ()
    try:
        return values_of_pattern(parse(pattern))
    except Malformed:  # whoever checks the object tells its source; here it has nothing to look up
        return ()


def _of_vulnerability(stix: Mapping[str, object]) -> Iterable[Value]:
    name = stix.get("name")
    return normal.cve(name) if isinstance(name, str) else ()


def _of_observed_data(stix: Mapping[str, object]) -> Iterator[Value]:
    """The observables that STIX 2.0 wrote into the object itself."""
    for _, inner in _items(stix.get("objects")):
        if isinstance(inner, Mapping) and isinstance(inner.get("type"), str):
            yield from _of_observable(inner["type"], inner)


def _referred_cves(stix: Mapping[str, object]) -> Iterator[Value]:
    for name in _reach(stix, ("external_references", "external_id")):
        if isinstance(name, str):
            yield from normal.cve(name)


_MORE: Mapping[str, Callable[[Mapping[str, object]], Iterable[Value]]] = MappingProxyType({
    "indicator": _of_indicator,
    "observed-data": _of_observed_data,
    "vulnerability": _of_vulnerability,
})  # fmt: skip  # one type to a line


def _reach(stix: Mapping[str, object], path: tuple[str, ...]) -> Iterable[object]:
    """What stands at the end of a path, any item of the lists on the way."""
    first = stix.get(path[0])
    if first is None:
        return ()
    found = _each(first)
    for key in path[1:]:
        found = [
            inner
            for each in found
            for name, raw in _items(each)
            if name.lower() == key
            for inner in _each(raw)
        ]
    return found


def _each(raw: object) -> Iterable[object]:
    return raw if isinstance(raw, list | tuple) else (raw,)


def _items(raw: object) -> Iterator[tuple[str, object]]:
    if isinstance(raw, Mapping):
        yield from ((name, value) for name, value in raw.items() if isinstance(name, str))
