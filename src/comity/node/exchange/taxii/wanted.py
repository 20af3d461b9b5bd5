"""What a request asks for: the filters of TAXII 2.1 (section 3.4), each of a bounded form, and no others."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.formats.stix import ID, TYPE, version_key
from comity.node.exchange.taxii.order import NEWEST, Choice, Versions
from comity.node.exchange.taxii.standing import micros

LONGEST_PAGE = 1_000
MOST_VALUES = 500  # in one filter
PAGED = frozenset({"added_after", "limit", "next"})
OF_ONE = frozenset({"match[version]", "match[spec_version]"})
OF_MANY = OF_ONE | {"match[id]", "match[type]"}
_NUMBER = re.compile("[0-9]{1,17}")
_SPEC = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")
_OURS = "2.1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page: of what, after which instant, and how much."""

    choice: Choice
    after: int = -1
    limit: int = LONGEST_PAGE


def read(request: HttpRequest, known: Collection[str], *, ref: str | None = None) -> Wanted:
    """What a request asks for; raises `Malformed` for a parameter that is wrong, unknown, or there twice."""
    given = request.GET
    for name in given:
        if name not in known:
            raise Malformed(name, f"is no parameter here; known are {', '.join(sorted(known)) or 'none'}.")
        if len(given.getlist(name)) > 1:
            raise Malformed(name, "stands twice in the query; separate values by commas.")
    return Wanted(_choice(given, ref), _after(given), _limit(given))


def _choice(given: QueryDict, ref: str | None) -> Choice:
    types = _values(given, "match[type]")
    refs = _values(given, "match[id]")
    specs = _values(given, "match[spec_version]")
    if any(not _SPEC.fullmatch(each) for each in specs or ()):
        raise Malformed("match[spec_version]", "expected versions such as 2.1")
    return Choice(
        types=None if types is None else frozenset(each for each in types if TYPE.fullmatch(each)),
        refs=(ref,) if ref else None if refs is None else tuple(each for each in refs if ID.fullmatch(each)),
        versions=_versions(_values(given, "match[version]")),
        nothing=specs is not None and _OURS not in specs,
    )


def _versions(words: tuple[str, ...] | None) -> Versions:
    """Of several words each adds what it means; none means the last."""
    if words is None:
        return NEWEST
    times = tuple(each for each in words if each not in {"last", "first", "all"})
    return Versions(
        last="last" in words,
        first="first" in words,
        every="all" in words,
        exactly=tuple(_key(each) for each in times),
    )


def _key(text: str) -> str:
    decode_time(text, "match[version]")
    return version_key(text)


def _values(given: QueryDict, name: str) -> tuple[str, ...] | None:
    text = given.get(name)
    if text is None:
        return None
    values = tuple(dict.fromkeys(text.split(",")))
    if len(values) > MOST_VALUES or "" in values:
        raise Malformed(name, f"expected 1 to {MOST_VALUES} values, separated by commas")
    return values


def _after(given: QueryDict) -> int:
    """The instant behind which to begin: a cursor tells the last that was given."""
    since, cursor = given.get("added_after"), given.get("next")
    if cursor is not None and not _NUMBER.fullmatch(cursor):
        raise Malformed("next", "expected a cursor that this server gave")
    return max(
        -1 if since is None else micros(decode_time(since, "added_after")),
        -1 if cursor is None else int(cursor),
    )


def _limit(given: QueryDict) -> int:
    text = given.get("limit", str(LONGEST_PAGE))
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise Malformed("limit", "expected a whole number from 1")
    return min(int(text), LONGEST_PAGE)
