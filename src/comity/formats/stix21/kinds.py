"""The kinds of single values (section 2): each is a check that gives the problems of a value, mostly none.

Every check takes any JSON value. The plain case comes first and allocates nothing.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Collection
from datetime import datetime
from functools import lru_cache

from comity.formats.stix21.finding import FINE, Problem, Problems, Rule, shown, unlike

Check = Callable[[object], Problems]

UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
TYPE_NAME = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_TIME = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"

_IDENTIFIER = re.compile(f"({TYPE_NAME})--{UUID}")
_TIMESTAMP = re.compile(rf"{_TIME}(?:\.\d+)?Z", re.ASCII)
_MILLISECONDS = re.compile(rf"{_TIME}\.\d{{3,}}Z", re.ASCII)
_SECONDS = re.compile(rf"{_TIME}Z", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*|[xXiI](?:-[A-Za-z0-9]{1,8})+")
_MAX_REFERENCE = 300
_USUAL_LENGTH = len("2026-11-22T03:00:00.000Z")


def text(found: object) -> Problems:
    """Any string."""
    return FINE if type(found) is str else unlike(found, "a string", "2.14")


def boolean(found: object) -> Problems:
    """True or false."""
    return FINE if found is True or found is False else unlike(found, "true or false", "2.2")


def integer(least: int | None = None, most: int | None = None) -> Check:
    """A whole number between two bounds."""
    low, high = least if least is not None else -(2**53) + 1, most if most is not None else 2**53 - 1

    def check(found: object) -> Problems:
        if type(found) is not int:
            return unlike(found, "a whole number", "2.10")
        if low <= found <= high:
            return FINE
        return (Problem(Rule.RANGE, f"is {shown(found)}, and must be from {low} to {high}", "2.10"),)

    return check


def number(least: float | None = None, most: float | None = None) -> Check:
    """Any number between two bounds."""
    low, high = least if least is not None else float("-inf"), most if most is not None else float("inf")

    def check(found: object) -> Problems:
        if type(found) is not float and type(found) is not int:
            return unlike(found, "a number", "2.6")
        if low <= found <= high:
            return FINE
        return (Problem(Rule.RANGE, f"is {shown(found)}, and must be from {low} to {high}", "2.6"),)

    return check


def formed(form: re.Pattern[str], rule: Rule, expected: str, section: str) -> Check:
    """A string of a form."""
    matches = form.fullmatch

    def check(found: object) -> Problems:
        if type(found) is not str:
            return unlike(found, "a string", "2.14")
        if matches(found):
            return FINE
        return (Problem(rule, f"is {shown(found)}, and must be {expected}", section),)

    return check


def exactly(expected: str, rule: Rule, section: str) -> Check:
    """The one string it can be."""

    def check(found: object) -> Problems:
        if found == expected:
            return FINE
        return (Problem(rule, f"is {shown(found)}, and must be {expected!r}", section),)

    return check


def vocabulary(name: str, terms: Collection[str]) -> Check:
    """A string that should come from an open vocabulary."""
    known = frozenset(terms)

    def check(found: object) -> Problems:
        if type(found) is not str:
            return unlike(found, "a string", "2.13")
        if found in known:
            return FINE
        return (Problem(Rule.VOCABULARY, f"is {shown(found)}, which {name} does not list", "10"),)

    return check


def enumeration(name: str, terms: Collection[str]) -> Check:
    """A string that must come from a closed vocabulary."""
    known = frozenset(terms)

    def check(found: object) -> Problems:
        if type(found) is not str:
            return unlike(found, "a string", "2.4")
        if found in known:
            return FINE
        return (Problem(Rule.ENUMERATION, f"is {shown(found)}, which {name} does not allow", "10"),)

    return check


def _timestamp(form: re.Pattern[str], rule: Rule, expected: str, *, usual: int = _USUAL_LENGTH) -> Check:
    def check(found: object) -> Problems:
        if type(found) is not str:
            return unlike(found, "a timestamp", "2.15")
        # With milliseconds, as nearly all are: a third of the time that the expression takes. What is refused
        # here is asked again there, which knows the year 0.
        if len(found) == usual and found[4:20:3] == "--T::." and found[-1] == "Z":
            try:
                datetime.fromisoformat(found)
            except ValueError:
                pass
            else:
                return FINE
        proper = _TIMESTAMP.fullmatch(found) and _is_day(found)
        if proper and (form is _TIMESTAMP or form.fullmatch(found)):
            return FINE
        wrong = rule if proper else Rule.TIMESTAMP
        return (Problem(wrong, f"is {shown(found)}, and must be {expected}", "2.15"),)

    return check


def _is_day(moment: str) -> bool:
    """Whether a month has so many days."""
    year, month, day = int(moment[:4]), int(moment[5:7]), int(moment[8:10])
    return day <= monthrange(year or 4, month)[1]  # the year 0, of RFC 3339, was a leap year as 4 was


timestamp = _timestamp(_TIMESTAMP, Rule.TIMESTAMP, "a time like 2026-11-22T03:00:00Z (RFC 3339, in UTC)")
timestamp_milliseconds = _timestamp(
    _MILLISECONDS, Rule.PRECISION, "a time like 2026-11-22T03:00:00.000Z, precise to the millisecond"
)
timestamp_seconds = _timestamp(
    _SECONDS, Rule.PRECISION, "a time like 2026-11-22T03:00:00Z, precise to the second", usual=0
)


def instant(moment: str) -> str:
    """A text that sorts like the time which a timestamp names."""
    return moment[:-1].rstrip("0").rstrip(".") if "." in moment else moment[:-1]


def identifier(kind: str) -> Check:
    """The id of an object of this type."""
    return formed(
        re.compile(f"{re.escape(kind)}--{UUID}"), Rule.ID, f"{kind}-- and a UUID of RFC 4122", "2.9"
    )


@lru_cache(maxsize=8192)  # authors and markings are the same ones again and again
def kind_of(ref: str) -> str:
    """The type of the object with this id; empty where the text is no id."""
    parts = _IDENTIFIER.fullmatch(ref) if len(ref) <= _MAX_REFERENCE else None
    return parts[1] if parts else ""


def reference(
    *, only: Collection[str] = (), never: Collection[str] = (), expected: str = "", section: str
) -> Check:
    """The id of another object, whose type is one of `only`, or none of `never`."""
    wanted = expected or (f"of the types {', '.join(sorted(only))}" if only else "of another type")
    allowed, refused = frozenset(only), frozenset(never)

    def check(found: object) -> Problems:
        if type(found) is not str:
            return unlike(found, "an identifier", "2.9")
        kind = kind_of(found)
        if not kind:
            return (Problem(Rule.REFERENCE, f"is {shown(found)}, and not the id of an object", "2.9"),)
        if kind in allowed or (not allowed and kind not in refused):
            return FINE
        return (Problem(Rule.REFERENCE_TYPE, f"is {shown(found)}, and must be {wanted}", section),)

    return check


language = formed(_LANGUAGE, Rule.LANGUAGE, "a language code of RFC 5646", "3.2")
hexadecimal = formed(re.compile("(?:[0-9a-f]{2})+"), Rule.HEX, "an even number of digits 0-9 and a-f", "2.8")
binary = formed(
    re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"), Rule.BINARY, "base64", "2.1"
)
