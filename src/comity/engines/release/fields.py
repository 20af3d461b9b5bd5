"""The fields of one JSON object, read strictly: each has a type and a bound, and none is left over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import TypeVar

from comity.base.errors import Malformed, TooLarge

LONGEST_TEXT = 4_000
MOST_ITEMS = 1_000
MOST_DAYS = 36_525  # a hundred years: longer than any retention that is meant

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

E = TypeVar("E", bound=Enum)
T = TypeVar("T")


class Fields:
    """Gives the fields out one by one; `end` refuses what nobody asked for."""

    __slots__ = ("_left", "where")

    def __init__(self, raw: object, where: str) -> None:
        if not isinstance(raw, Mapping):
            raise Malformed(where, "must be an object.")
        self.where = where
        self._left: dict[object, object] = dict(raw)

    def path(self, name: str) -> str:
        """Where the field `name` is, for an error."""
        return f"{self.where}.{name}"

    def take(self, name: str) -> object:
        """The field as it came; it must be there."""
        if name not in self._left:
            raise Malformed(self.path(name), "is missing.")
        return self._left.pop(name)

    def optional(self, read: Callable[[str], T], name: str) -> T | None:
        """What `read` makes of the field, or None where it is absent or null."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return read(name)

    def end(self) -> None:
        """Refuse fields that no reader took: a restriction that is not understood may not be skipped."""
        if self._left:
            raise Malformed(self.path(str(next(iter(self._left)))), "is not a field that is known here.")

    def text(self, name: str) -> str:
        """A text that is not empty."""
        return _text(self.take(name), self.path(name))

    def flag(self, name: str) -> bool:
        """True or false, and nothing that merely counts as such."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise Malformed(self.path(name), "must be true or false.")
        return value

    def days(self, name: str) -> int:
        """A number of days, at least one."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise Malformed(self.path(name), "must be a whole number of days, at least 1.")
        if value > MOST_DAYS:
            raise TooLarge(self.path(name), f"is more than {MOST_DAYS} days.")
        return value

    def day(self, name: str) -> date:
        """A calendar day, `2026-05-03`."""
        value = self.text(name)
        if not _DAY.fullmatch(value):
            raise Malformed(self.path(name), "must be a day such as 2026-05-03.")
        return _parsed(date.fromisoformat, value, self.path(name))

    def moment(self, name: str) -> datetime:
        """A time in UTC, RFC 3339 with `Z`."""
        value = self.text(name)
        if not _MOMENT.fullmatch(value):
            raise Malformed(self.path(name), "must be a time in UTC such as 2026-05-03T12:00:00Z.")
        return _parsed(datetime.fromisoformat, value, self.path(name)).astimezone(UTC)

    def one_of(self, name: str, choices: Mapping[str, T]) -> T:
        """The value that the word in this field stands for."""
        return _chosen(self.take(name), choices, self.path(name))

    def choice(self, name: str, kind: type[E]) -> E:
        """A member of the enum by its value."""
        return self.one_of(name, {str(member.value): member for member in kind})

    def choices(self, name: str, kind: type[E]) -> frozenset[E]:
        """Members of the enum, each at most once."""
        words = {str(member.value): member for member in kind}
        return self.each(name, lambda item, where: _chosen(item, words, where))

    def texts(self, name: str) -> frozenset[str]:
        """Texts, each at most once."""
        return self.each(name, _text)

    def each(self, name: str, read: Callable[[object, str], T]) -> frozenset[T]:
        """What `read` makes of every item of a list; an item that comes twice is an error."""
        value, where = self.take(name), self.path(name)
        if not isinstance(value, list | tuple):
            raise Malformed(where, "must be a list.")
        if len(value) > MOST_ITEMS:
            raise TooLarge(where, f"has more than {MOST_ITEMS} items.")
        items = frozenset(read(item, f"{where}[{index}]") for index, item in enumerate(value))
        if len(items) < len(value):
            raise Malformed(where, "lists an item twice.")
        return items


def written(moment: datetime) -> str:
    """The time as `Fields.moment` reads it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Malformed(where, "must be a text that is not empty.")
    if len(value) > LONGEST_TEXT:
        raise TooLarge(where, f"is longer than {LONGEST_TEXT} characters.")
    return value


def _chosen(value: object, choices: Mapping[str, T], where: str) -> T:
    if not isinstance(value, str) or value not in choices:
        raise Malformed(where, f"must be one of: {', '.join(choices)}.")
    return choices[value]


def _parsed(parse: Callable[[str], T], value: str, where: str) -> T:
    try:
        return parse(value)
    except ValueError as problem:
        raise Malformed(where, f"is not in the calendar: {problem}.") from problem
