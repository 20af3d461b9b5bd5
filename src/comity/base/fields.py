"""Reading a decoded JSON object member by member: each has its type and bound, and nothing is skipped.

Every document comes in this way, signed or kept, a partner's or our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar

from comity.base.errors import Malformed, TooLarge
from comity.base.lines import line_problem
from comity.base.times import decode_time, encode_time

MAX_TEXT = 1_000
MAX_PROSE = 4_000
MAX_LIST = 10_000
_ABSENT = object()
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

E = TypeVar("E", bound=Enum)
T = TypeVar("T")


class Fields:
    """The members of one JSON object; every reader raises `Malformed` with the JSON pointer of the member."""

    def __init__(self, value: object, where: str = "") -> None:
        if not isinstance(value, dict):
            raise Malformed(where or "the document", "is not a JSON object.")
        self._value: Mapping[str, Any] = value
        self._unread = dict.fromkeys(value)
        self.where = where

    def at(self, name: str) -> str:
        """The JSON pointer of a member."""
        return f"{self.where}/{name}"

    def has(self, name: str) -> bool:
        """Whether the object has this member at all."""
        return name in self._value

    def value(self, name: str) -> object:
        """The member as it is."""
        found = self._value.get(name, _ABSENT)
        if found is _ABSENT:
            raise Malformed(self.at(name), "is missing.")
        self._unread.pop(name, None)
        return found

    def text(self, name: str, *, limit: int = MAX_TEXT, form: re.Pattern[str] | None = None) -> str:
        """A string, of the given form if one is given."""
        return _text(self.value(name), self.at(name), limit, form)

    def optional_text(
        self, name: str, *, limit: int = MAX_TEXT, form: re.Pattern[str] | None = None
    ) -> str | None:
        """A string, or None where the member is absent."""
        return self.text(name, limit=limit, form=form) if self.has(name) else None

    def line(self, name: str, *, limit: int = MAX_TEXT) -> str:
        """A string that people read in one line."""
        text = self.text(name, limit=limit)
        problem = line_problem(text)
        if problem is not None:
            raise Malformed(self.at(name), problem)
        return text

    def prose(self, name: str) -> str:
        """A string that says something."""
        return _prose(self.value(name), self.at(name))

    def nullable(self, read: Callable[[str], T], name: str) -> T | None:
        """What `read` makes of the member, or None where it is absent or null."""
        if self._value.get(name) is not None:
            return read(name)
        self._unread.pop(name, None)
        return None

    def exactly(self, name: str, expected: str | int) -> None:
        """A member that can have one value only."""
        found = self.value(name)
        if type(found) is not type(expected) or found != expected:
            raise Malformed(self.at(name), f"must be {expected!r}.")

    def number(self, name: str, *, least: int = 0, most: int = 2**53 - 1) -> int:
        """A whole number between two bounds."""
        found = self.value(name)
        if type(found) is not int or not least <= found <= most:
            raise Malformed(self.at(name), f"must be a whole number from {least} to {most}.")
        return found

    def truth(self, name: str) -> bool:
        """True or false, and nothing that merely looks like it."""
        found = self.value(name)
        if not isinstance(found, bool):
            raise Malformed(self.at(name), "must be true or false.")
        return found

    def time(self, name: str) -> datetime:
        """A point in time."""
        return decode_time(self.text(name), self.at(name))

    def moment(self, name: str) -> datetime:
        """A point in time in the one spelling we write: reading and writing it again changes no byte."""
        found = self.time(name)
        if self.text(name) != encode_time(found):
            raise Malformed(self.at(name), f"is not written with milliseconds, as {encode_time(found)}.")
        return found

    def optional_moment(self, name: str) -> datetime | None:
        """A moment, or None where the member is absent."""
        return self.moment(name) if self.has(name) else None

    def optional_time(self, name: str) -> datetime | None:
        """A point in time, or None where the member is absent."""
        return self.time(name) if self.has(name) else None

    def day(self, name: str) -> date:
        """A day of the calendar, `2026-05-03`."""
        found = self.text(name)
        try:
            return date.fromisoformat(found if _DAY.fullmatch(found) else "")
        except ValueError as error:
            raise Malformed(self.at(name), f"{found[:60]!r} is not a day such as 2026-05-03.") from error

    def word(self, name: str, words: Mapping[str, T]) -> T:
        """The value that the word in this member stands for."""
        return _meant(self.value(name), self.at(name), words)

    def choice(self, name: str, kind: type[E]) -> E:
        """A member of the enum by its value."""
        return self.word(name, _words(kind))

    def choices(self, name: str, kind: type[E]) -> frozenset[E]:
        """A list of members of the enum, none of them twice."""
        words = _words(kind)
        return self.each(name, lambda found, where: _meant(found, where, words))

    def all_prose(self, name: str) -> frozenset[str]:
        """A list of strings that say something, none of them twice."""
        return self.each(name, _prose)

    def each(self, name: str, read: Callable[[object, str], T]) -> frozenset[T]:
        """What `read` makes of every member of a list, none of them twice."""
        found = self.list(name)
        made = frozenset(read(value, f"{self.at(name)}/{index}") for index, value in enumerate(found))
        if len(made) < len(found):
            raise Malformed(self.at(name), "names something twice.")
        return made

    def list(self, name: str, *, least: int = 0, most: int = MAX_LIST) -> tuple[Any, ...]:
        """A list with a bounded number of members of any kind."""
        found = self.value(name)
        if not isinstance(found, list) or len(found) < least:
            raise Malformed(self.at(name), f"must be a list of at least {least}.")
        if len(found) > most:
            raise TooLarge(self.at(name), f"has {len(found):,} members; at most {most:,} are read.")
        return tuple(found)

    def texts(
        self,
        name: str,
        *,
        least: int = 0,
        most: int = MAX_LIST,
        limit: int = MAX_TEXT,
        form: re.Pattern[str] | None = None,
    ) -> tuple[str, ...]:
        """A list of strings."""
        found = self.list(name, least=least, most=most)
        return tuple(_text(text, f"{self.at(name)}/{index}", limit, form) for index, text in enumerate(found))

    def distinct_texts(
        self, name: str, *, least: int = 0, most: int = MAX_LIST, form: re.Pattern[str] | None = None
    ) -> tuple[str, ...]:
        """A list of strings, none of them twice."""
        found = self.texts(name, least=least, most=most, form=form)
        if len(set(found)) < len(found):
            raise Malformed(self.at(name), "names something twice.")
        return found

    def object(self, name: str) -> Fields:
        """A nested object, to be read in turn."""
        return Fields(self.value(name), self.at(name))

    def objects(self, name: str, *, least: int = 0, most: int = MAX_LIST) -> tuple[Fields, ...]:
        """A list of nested objects, each to be read in turn."""
        found = self.list(name, least=least, most=most)
        return tuple(Fields(value, f"{self.at(name)}/{index}") for index, value in enumerate(found))

    def everything(self) -> dict[str, Any]:
        """All members, where the format of the object is somebody else's."""
        self._unread.clear()
        return dict(self._value)

    def rest(self) -> dict[str, Any]:
        """The members that nobody asked for: unknown to us, and preserved."""
        return {name: self._value[name] for name in self._unread}

    def absent(self, name: str, problem: str) -> None:
        """Refuse a member that must not be there."""
        if self.has(name):
            raise Malformed(self.at(name), problem)

    def nothing_else(self) -> None:
        """Refuse members that nobody asked for, where a format leaves no room for them."""
        for name in self._unread:
            raise Malformed(self.at(name), "is not known here.")


def _text(found: object, where: str, limit: int, form: re.Pattern[str] | None) -> str:
    if not isinstance(found, str):
        raise Malformed(where, "must be a string.")
    if len(found) > limit:
        raise TooLarge(where, f"has {len(found):,} characters; at most {limit:,} are read.")
    if form is not None and not form.fullmatch(found):
        raise Malformed(where, f"{found[:60]!r} has the wrong form.")
    return found


def _prose(found: object, where: str) -> str:
    text = _text(found, where, MAX_PROSE, None)
    if not text.strip():
        raise Malformed(where, "must not be empty.")
    return text


def _words(kind: type[E]) -> dict[str, E]:
    return {str(member.value): member for member in kind}


def _meant(found: object, where: str, words: Mapping[str, T]) -> T:
    if not isinstance(found, str) or found not in words:
        raise Malformed(where, f"must be one of: {', '.join(words)}.")
    return words[found]
