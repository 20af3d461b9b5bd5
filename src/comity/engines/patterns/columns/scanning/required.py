"""What a regular expression demands: texts of which one stands in every text that it is found in.

It is read as far as it is plain: characters, classes, groups, alternatives, repetitions, `(?i)`. Of anything
else nothing is known, and nothing is demanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from comity.engines.patterns.columns.scanning.folding import folded

_MOST_WAYS = 16  # alternatives that are kept apart
_LONGEST = 64  # characters of one text that is demanded
_DEEPEST = 50  # groups in one another
_REPETITION = re.compile(r"\{([0-9]{1,4})(,[0-9]{0,4})?\}")
_NAMED = re.compile(r"\?P?<[A-Za-z_][A-Za-z0-9_]*>")
_FLAGS = re.compile(r"\?([ims]+)([:)])")
_LOOKING = re.compile(r"\?<?[=!]")
# Most of what is written: characters that stand for themselves, the last of them not repeated.
_PLAIN = re.compile(r"(?:[A-Za-z0-9 _/:;,=~!@#%&<>\"'-]|\\[./:_-])+(?![*+?{])").match
_CLASSES, _PLACES = frozenset("dDwWsStnrfv"), frozenset("bBAzZ")

Ways = frozenset[str]


class _Unread(Exception):
    """Something that is not plain."""


@dataclass(frozen=True, slots=True)
class _Part:
    """`exact`: it is one of these texts; otherwise it holds one of each of `held`."""

    exact: Ways | None
    held: tuple[Ways, ...] = ()

    @property
    def demanded(self) -> tuple[Ways, ...]:
        return self.held if self.exact is None else _useful(self.exact)


_NOTHING, _ANYTHING = _Part(frozenset({""})), _Part(None)
_SIMPLE = MappingProxyType({"^": _NOTHING, "$": _NOTHING, ".": _ANYTHING})


def required(expression: str) -> tuple[Ways, ...] | None:
    """For each demand the texts of which one has to be there, folded; None where it is not plain."""
    try:
        reader = _Reader(expression)
        found = reader.alternatives(0)
    except _Unread:
        return None
    return found.demanded if reader.at == len(expression) else None


def _useful(ways: Ways) -> tuple[Ways, ...]:
    return () if "" in ways else (ways,)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self.at, self._folds = text, 0, False
        found = _FLAGS.match(text, 1) if text.startswith("(?") else None
        if found and found[2] == ")":
            self._folds, self.at = "i" in found[1], found.end()

    def alternatives(self, depth: int) -> _Part:
        """What stands up to the end of a group."""
        if depth > _DEEPEST:
            raise _Unread
        parts = [self._sequence(depth)]
        while self._next() == "|":
            self.at += 1
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else _one_of(parts)

    def _next(self) -> str:
        return self._text[self.at : self.at + 1]

    def _sequence(self, depth: int) -> _Part:
        run, held, broken = frozenset({""}), list[Ways](), False
        while self._next() not in {"", "|", ")"}:
            part = self._item(depth)
            least, most = self._repetition()
            longer = _beside(run, part.exact) if part.exact is not None and least else None
            if longer is not None and most == 1:
                run = longer
                continue
            held += [*_useful(longer or run), *(part.held if least else ())]
            run = part.exact if part.exact is not None and least else frozenset({""})
            broken = True
        return _Part(None, (*held, *_useful(run))) if broken else _Part(run)

    def _item(self, depth: int) -> _Part:
        if found := _PLAIN(self._text, self.at):
            self.at = found.end()
            return _Part(frozenset({folded(found[0].replace("\\", ""))}))
        sign = self._next()
        self.at += 1
        if sign in _SIMPLE:
            return _SIMPLE[sign]
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._escaped()
        if sign in "*+?{":
            raise _Unread
        return self._character(sign)

    def _character(self, sign: str) -> _Part:
        return _ANYTHING if self._folds and not sign.isascii() else _Part(frozenset({folded(sign)}))

    def _escaped(self) -> _Part:
        sign = self._next()
        self.at += 1
        if sign in _PLACES:
            return _NOTHING
        if sign in _CLASSES:
            return _ANYTHING
        if not sign or sign.isalnum() or not sign.isascii():
            raise _Unread
        return self._character(sign)

    def _class(self) -> _Part:
        end = self._text.find("]", self.at + (2 if self._text.startswith("^", self.at) else 1))
        while end > 0 and (len(self._text[self.at : end]) - len(self._text[self.at : end].rstrip("\\"))) % 2:
            end = self._text.find("]", end + 1)
        inner = self._text[self.at : end]
        if end < 0 or "[" in inner:
            raise _Unread
        self.at = end + 1
        if len(inner) == 1 and inner not in "^\\":
            return self._character(inner)
        is_sign = len(inner) == 2 and inner[0] == "\\" and inner[1].isascii() and not inner[1].isalnum()  # noqa: PLR2004  a sign and what stands before it
        return self._character(inner[1]) if is_sign else _ANYTHING

    def _group(self, depth: int) -> _Part:
        outside, looks = self._folds, False
        if self._next() == "?":
            looks = _LOOKING.match(self._text, self.at) is not None
            self._begin_group()
        found = self.alternatives(depth + 1)
        if self._next() != ")":
            raise _Unread
        self.at += 1
        self._folds = outside
        return _NOTHING if looks else found

    def _begin_group(self) -> None:
        if self._text.startswith(("?:", "?>"), self.at):
            self.at += 2
        elif found := _LOOKING.match(self._text, self.at) or _NAMED.match(self._text, self.at):
            self.at = found.end()
        elif (found := _FLAGS.match(self._text, self.at)) and found[2] == ":":
            self._folds |= "i" in found[1]
            self.at = found.end()
        else:
            raise _Unread

    def _repetition(self) -> tuple[int, int]:
        """How often at least and at most; at most 2 stands for more than once."""
        sign = self._next()
        if sign == "{":
            found = _REPETITION.match(self._text, self.at)
            if not found:
                raise _Unread
            self.at = found.end()
            bounds = (int(found[1]), 1 if found[1] == "1" and not found[2] else 2)
        elif sign and sign in "*+?":
            self.at += 1
            bounds = (1 if sign == "+" else 0, 2)
        else:
            return 1, 1
        if self._next() in {"?", "+"}:
            self.at += 1
        if self._next() and self._next() in "*+?{":
            raise _Unread
        return bounds


def _beside(left: Ways, right: Ways) -> Ways | None:
    """Each with each; None if these become too many or too long."""
    if len(left) * len(right) > _MOST_WAYS:
        return None
    both = frozenset(one + other for one, other in product(left, right))
    return both if max(map(len, both)) <= _LONGEST else None


def _one_of(parts: Iterable[_Part]) -> _Part:
    """One of several: exact if all are, or else the longest that each demands."""
    held = list(parts)
    exact = [part.exact for part in held if part.exact is not None]
    if len(exact) == len(held) and sum(map(len, exact)) <= _MOST_WAYS:
        return _Part(frozenset().union(*exact))
    best = [max(part.demanded, key=_shortest, default=None) for part in held]
    sure = [each for each in best if each is not None]
    if len(sure) < len(held) or sum(map(len, sure)) > _MOST_WAYS:
        return _ANYTHING
    return _Part(None, (frozenset().union(*sure),))


def _shortest(ways: Ways) -> int:
    return min(map(len, ways))
