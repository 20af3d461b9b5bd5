"""The kinds that are made of others (section 2): lists, dictionaries, objects inside objects, hashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from comity.formats.stix21.finding import FINE, Problem, Problems, Rule, shown, under, unlike
from comity.formats.stix21.kinds import Check, text
from comity.formats.stix21.vocabularies import HASH_ALGORITHMS

_MAX_PROBLEMS = 20  # of one value: the hundredth bad member of a list says nothing new
_DICTIONARY_KEY = re.compile("[a-zA-Z0-9_-]{1,250}")
_HASH_KEY = re.compile("[a-zA-Z0-9_-]{3,250}")
PROPERTY_NAME = re.compile("[a-z][a-z0-9_]{2,249}")
MAX_NAME = 250  # of a name in a pointer: longer ones are wrong anyway
MISNAMED = Problem(Rule.PROPERTY_NAME, "is not a name of 3 to 250 letters a-z, digits and _", "3.1")

_HASH_FORMS: Mapping[str, re.Pattern[str]] = {
    "MD5": re.compile("[0-9a-fA-F]{32}"),
    "SHA-1": re.compile("[0-9a-fA-F]{40}"),
    "SHA-256": re.compile("[0-9a-fA-F]{64}"),
    "SHA-512": re.compile("[0-9a-fA-F]{128}"),
    "SHA3-256": re.compile("[0-9a-fA-F]{64}"),
    "SHA3-512": re.compile("[0-9a-fA-F]{128}"),
    "SSDEEP": re.compile(r"[0-9]{1,10}:[A-Za-z0-9+/]{0,64}:[A-Za-z0-9+/]{0,64}"),
    "TLSH": re.compile("(?:T1)?[0-9a-fA-F]{70}"),
}


def listed(item: Check) -> Check:
    """A list that is not empty, of members of one kind."""
    plain = item is text

    def check(found: object) -> Problems:
        if type(found) is not list:
            return unlike(found, "a list", "2.12")
        if not found:
            return (Problem(Rule.EMPTY, "is an empty list; leave the property out instead", "2.12"),)
        for each in found:
            if (type(each) is not str) if plain else item(each):
                break
        else:
            return FINE
        problems: Problems = FINE
        for index, each in enumerate(found):
            wrong = item(each)
            if wrong:
                problems += under(index, wrong)
                if len(problems) >= _MAX_PROBLEMS:
                    break
        return problems

    return check


def dictionary(value: Check, *, key: Check | None = None) -> Check:
    """A dictionary that is not empty; `key` checks more than the letters of the keys."""

    def check(found: object) -> Problems:
        if type(found) is not dict:
            return unlike(found, "a dictionary", "2.3")
        if not found:
            return (Problem(Rule.EMPTY, "is an empty dictionary; leave the property out instead", "2.3"),)
        problems: Problems = FINE
        for name, each in found.items():
            wrong = value(each)
            if not _DICTIONARY_KEY.fullmatch(name):
                wrong += (Problem(Rule.KEY, "is not a key of at most 250 letters, digits, - and _", "2.3"),)
            elif key:
                wrong += key(name)
            if wrong:
                problems += under(name[:MAX_NAME], wrong)
                if len(problems) >= _MAX_PROBLEMS:
                    break
        return problems

    return check


def hashes(*, strict: bool = False) -> Check:
    """A dictionary of hashes; strict, where the names must come from the vocabulary."""

    def check(found: object) -> Problems:
        if type(found) is not dict:
            return unlike(found, "a dictionary of hashes", "2.7")
        if not found:
            return (Problem(Rule.EMPTY, "is an empty dictionary; leave the property out instead", "2.7"),)
        problems: Problems = FINE
        for name, digest in found.items():
            form = _HASH_FORMS.get(name)
            if form is not None and type(digest) is str and form.fullmatch(digest):
                continue
            problems += under(name[:MAX_NAME], _hash(name, digest, form, strict=strict))
        return problems[:_MAX_PROBLEMS]

    return check


def _hash(name: str, digest: object, form: re.Pattern[str] | None, *, strict: bool) -> Problems:
    problems = text(digest)
    if form is not None:
        return problems or (Problem(Rule.HASH, f"is {shown(digest)}, which is not a hash by {name}", "2.7"),)
    if not _HASH_KEY.fullmatch(name):
        return (*problems, Problem(Rule.KEY, "is not a key of 3 to 250 letters, digits, - and _", "2.7"))
    rule = Rule.ENUMERATION if strict else Rule.HASH_NAME
    known = ", ".join(sorted(HASH_ALGORITHMS))
    return (*problems, Problem(rule, f"names no algorithm of hash-algorithm-ov ({known})", "2.7"))


def structure(
    section: str,
    properties: Mapping[str, Check],
    *,
    required: Collection[str] = (),
    one_of: Collection[str] = (),
    constraint: Callable[[dict[str, Any]], Problems] | None = None,
) -> Check:
    """An object inside an object: its properties, those that must be there, and one of which some must be."""
    needed, choice, test_of = frozenset(required), frozenset(one_of), properties.get

    def check(found: object) -> Problems:
        if type(found) is not dict:
            return unlike(found, "an object", section)
        problems: Problems = FINE
        for name, part in found.items():
            test = test_of(name)
            if test is text and type(part) is str:
                continue
            wrong = test(part) if test else _beyond(name, part, section)
            if wrong:
                problems += under(name[:MAX_NAME], wrong)
        if not needed <= found.keys():
            problems += missing(needed - found.keys(), section)
        if choice and choice.isdisjoint(found):
            problems += (none_of(choice, section),)
        if constraint and not problems:
            problems = constraint(found)
        return problems[:_MAX_PROBLEMS]

    return check


def missing(names: Collection[str], section: str) -> Problems:
    """The problems of an object that lacks properties."""
    return tuple(Problem(Rule.REQUIRED, "is missing", section, f"/{name}") for name in sorted(names))


def none_of(names: Collection[str], section: str) -> Problem:
    """The problem of an object that has none of some properties."""
    return Problem(Rule.REQUIRED_ONE, f"has none of {', '.join(sorted(names))}; one must be there", section)


def loose(found: object) -> Problems:
    """What even a property that nobody defined must keep: no null, no empty list."""
    if found is None:
        return (Problem(Rule.NULL, "is null; leave the property out instead", "2"),)
    if found == []:
        return (Problem(Rule.EMPTY, "is an empty list; leave the property out instead", "2.12"),)
    return FINE


def contained(found: object) -> Problems:
    """An observable inside observed-data, as version 2.0 had them: deprecated, so only its shape counts."""
    if type(found) is not dict:
        return unlike(found, "an object", "4.14")
    return missing({"type"} - found.keys(), "4.14")


def either(first: Check, second: Check) -> Check:
    """A value of one of two kinds."""

    def check(found: object) -> Problems:
        return first(found) and second(found)

    return check


def _beyond(name: str, part: object, section: str) -> Problems:
    """A property that the standard does not know in an object inside an object."""
    if not PROPERTY_NAME.fullmatch(name):
        return (MISNAMED,)
    return (*loose(part), Problem(Rule.UNKNOWN_PROPERTY, "is not a property of this type", section))


def strings(names: str) -> dict[str, Check]:
    """Properties that are plain strings."""
    return dict.fromkeys(names.split(), text)
