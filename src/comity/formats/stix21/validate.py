"""The one entry: the findings of an object, or of a bundle and its objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any

from comity.formats.stix21 import constraints, meta
from comity.formats.stix21.constraints import Constraint, constraints_of
from comity.formats.stix21.cycles import marking_cycles
from comity.formats.stix21.domain import DOMAIN_OBJECTS, RELATION_OBJECTS
from comity.formats.stix21.finding import (
    FINE,
    WARNINGS,
    Finding,
    Level,
    Problem,
    Problems,
    Rule,
    shown,
    under,
)
from comity.formats.stix21.kinds import TYPE_NAME, Check, identifier, text
from comity.formats.stix21.object_type import ObjectType
from comity.formats.stix21.observables import OBSERVABLES
from comity.formats.stix21.structures import MAX_NAME, MISNAMED, PROPERTY_NAME, loose, missing

PatternProblem = Callable[[str], str | None]

_MAX_REF = 300
_TYPE_NAME = re.compile(f"(?=.{{3,250}}\\Z){TYPE_NAME}")
_RESERVED = frozenset({"severity", "action", "username", "phone_numbers"})  # section 3.8
_TOP_LEVEL = "toplevel-property-extension"
_NEW_TYPES = frozenset({"new-sdo", "new-sco", "new-sro"})
_MAX_NAMES = 10  # of properties in one sentence


@dataclass(frozen=True, slots=True)
class _Type:
    """What is asked of an object of one type."""

    section: str
    checks: Mapping[str, Check]
    required: frozenset[str]
    constraints: tuple[Constraint, ...]
    custom: bool = False  # properties that nobody here defined are its own


def findings(value: object, *, pattern_problem: PatternProblem | None = None) -> tuple[Finding, ...]:
    """What is wrong with a STIX 2.1 object, mostly nothing; takes any JSON value and never raises.

    `pattern_problem` says what is wrong with a STIX pattern, or None.
    """
    if not isinstance(value, dict):
        problem = Problem(Rule.OBJECT, f"is {shown(value)}, and must be an object", "3")
        return (Finding("", None, problem),)
    kind = value.get("type")
    if kind == "bundle":
        return tuple(_bundle(value, pattern_problem))
    known = _TYPES.get(kind) if type(kind) is str else None
    problems = _problems(value, known) if known else _of_unknown_type(value, kind)
    if pattern_problem and kind == "indicator":
        problems += _pattern(value, pattern_problem)
    if not problems:
        return ()
    ref = _ref(value)
    return tuple([Finding(ref, kind, each) for each in problems])


def errors(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that break the standard."""
    return tuple(each for each in found if each.level is Level.ERROR)


def _problems(value: dict[str, Any], known: _Type) -> Problems:
    problems: Problems = FINE
    broken: set[str] | None = None
    beyond: list[str] = []
    check_of = known.checks.get
    for name, part in value.items():
        check = check_of(name)
        if check is None:
            beyond.append(name)
        elif check is not text or type(part) is not str:  # texts are half of all properties
            wrong = check(part)
            if wrong:
                problems += under(name, wrong)
                if any(each.rule not in WARNINGS for each in wrong):
                    broken = (broken or set()) | {name}
    if not known.required <= value.keys():
        problems += missing(known.required - value.keys(), known.section)
    for when, test, reads in known.constraints:
        if when in value and (broken is None or broken.isdisjoint(reads)):
            problems += test(value)
    return problems + _beyond(value, beyond, known) if beyond else problems


def _beyond(value: dict[str, Any], names: list[str], known: _Type) -> Problems:
    """Properties that the type does not have: custom ones, those of extensions, and mistakes."""
    expected = known.custom or ("extensions" in value and _TOP_LEVEL in _extension_types(value))
    problems = _by_name(tuple(names), "" if expected else known.section)
    for name in names:
        part = value[name]
        if type(part) is not str and type(part) is not bool and (wrong := loose(part)):
            problems += under(name[:MAX_NAME], wrong)
    return problems


@lru_cache(maxsize=4096)  # objects of one source have the same ones
def _by_name(names: tuple[str, ...], section: str) -> Problems:
    """The problems of properties by their names alone; without a section, they may all be there."""
    problems = tuple(chain.from_iterable(map(_wrong_name, names)))
    return problems + _custom(names, section) if section else problems


def _wrong_name(name: str) -> Problems:
    if name in _RESERVED:
        return (Problem(Rule.RESERVED, "is a name that the standard keeps for itself", "3.8", f"/{name}"),)
    if name == "defanged":
        return (Problem(Rule.DEFANGED, "is only for observables", "3.2", "/defanged"),)
    return FINE if PROPERTY_NAME.fullmatch(name) else under(name[:MAX_NAME], (MISNAMED,))


def _custom(names: tuple[str, ...], section: str) -> Problems:
    """One warning for all custom properties, and one for all that have no x_ before them."""
    custom = [name for name in names if name.startswith("x_")]
    unknown = [name for name in names if name[:2] != "x_" and name not in _RESERVED and name != "defanged"]
    problems: Problems = FINE
    if custom:
        problems += (Problem(Rule.CUSTOM_PROPERTY, f"has custom properties: {_listed(custom)}", "11.1"),)
    if unknown:
        text = f"has properties that its type does not know: {_listed(unknown)}"
        problems += (Problem(Rule.UNKNOWN_PROPERTY, text, section),)
    return problems


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(name[:60] for name in names[:_MAX_NAMES]) + more


def _extension_types(value: dict[str, Any]) -> set[str]:
    found = value.get("extensions")
    if type(found) is not dict:
        return set()
    types = (part.get("extension_type") for part in found.values() if type(part) is dict)
    return {each for each in types if type(each) is str}


def _of_unknown_type(value: dict[str, Any], kind: object) -> Problems:
    """An object of a type that the standard does not define: what all objects share holds for it too."""
    if "type" not in value:
        return missing(("type",), "3.2")
    if type(kind) is not str or not _TYPE_NAME.fullmatch(kind):
        text = f"is {shown(kind)}, and must be a name of 3 to 250 letters a-z, digits and -"
        return (Problem(Rule.TYPE, text, "3.1", "/type"),)
    if kind in _RESERVED:
        return (Problem(Rule.RESERVED, "is a name that the standard keeps for itself", "3.8", "/type"),)
    new = _extension_types(value) & _NEW_TYPES
    versioned = new & {"new-sdo", "new-sro"} or not {"created", "modified"}.isdisjoint(value)
    problems = _problems(value, _custom_type(kind, versioned=bool(versioned)))
    if new:
        return problems
    return (*problems, Problem(Rule.CUSTOM_TYPE, "is not a type of the standard", "11.2", "/type"))


@lru_cache(maxsize=1024)
def _custom_type(kind: str, *, versioned: bool) -> _Type:
    sort = _CUSTOM_VERSIONED if versioned else _CUSTOM_OBSERVABLE
    return replace(sort, checks={**sort.checks, "id": identifier(kind)})


def _pattern(value: dict[str, Any], pattern_problem: PatternProblem) -> Problems:
    pattern = value.get("pattern")
    if value.get("pattern_type") != "stix" or type(pattern) is not str:
        return FINE
    found = pattern_problem(pattern)
    return (Problem(Rule.PATTERN, found, "9", "/pattern"),) if found else FINE


def _bundle(value: dict[str, Any], pattern_problem: PatternProblem | None) -> Iterator[Finding]:
    """The findings of a bundle and of the objects in it, whose places begin with /objects."""
    ref = _ref(value)
    for problem in _problems(value, _BUNDLE):
        yield Finding(ref, "bundle", problem)
    objects = value.get("objects")
    members = objects if type(objects) is list else []
    for index, each in enumerate(members):
        if isinstance(each, dict) and each.get("type") == "bundle":
            wrong = Problem(Rule.TYPE, "is a bundle, and a bundle holds objects", "8", f"/objects/{index}")
            yield Finding(ref, "bundle", wrong)
            continue
        for found in findings(each, pattern_problem=pattern_problem):
            where = f"/objects/{index}{found.where}"
            yield Finding(found.ref, found.kind, replace(found.problem, where=where))
    for definition in marking_cycles(members):
        cycle = Problem(Rule.MARKING_CYCLE, "is marked by definitions that it marks itself", "7.2.1")
        yield Finding(definition, "marking-definition", cycle)


def _ref(value: dict[str, Any]) -> str:
    found = value.get("id")
    return found[:_MAX_REF] if type(found) is str else ""


def _compiled(
    kind: str, known: ObjectType, common: Mapping[str, Check], shared: tuple[Constraint, ...] = ()
) -> _Type:
    checks = {**common, **known.properties, "type": text, "id": identifier(kind)}
    return _Type(known.section, checks, known.required | {"type", "id"}, constraints_of(kind) + shared)


def _versioned(kind: str, known: ObjectType) -> _Type:
    needed = replace(known, required=known.required | _VERSIONED_NEED)
    return _compiled(kind, needed, meta.VERSIONED, constraints.VERSIONED)


_VERSIONED_NEED = frozenset({"spec_version", "created", "modified"})
_TYPES: Mapping[str, _Type] = {
    **{
        kind: _versioned(kind, each)
        for kind, each in (DOMAIN_OBJECTS | RELATION_OBJECTS | meta.META_OBJECTS).items()
    },
    **{kind: _compiled(kind, each, meta.OBSERVABLE) for kind, each in OBSERVABLES.items()},
    "marking-definition": _compiled("marking-definition", meta.MARKING_DEFINITION, {}),
}
_BUNDLE = _compiled("bundle", meta.BUNDLE, {})
_CUSTOM_VERSIONED = _Type(
    "3.2",
    {**meta.VERSIONED, "type": text},
    _VERSIONED_NEED | {"type", "id"},
    constraints.VERSIONED,
    custom=True,
)
_CUSTOM_OBSERVABLE = _Type(
    "3.2", {**meta.ANYTHING, "type": text}, frozenset({"type", "id"}), constraints.ALWAYS, custom=True
)
