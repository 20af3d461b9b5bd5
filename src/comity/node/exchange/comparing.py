"""What differs between two STIX objects, property by property, and word by word within a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any

MOST_WORDS = 3_000  # of both texts; longer ones stand side by side as they are
LONGEST = 20_000  # letters of one side that are shown
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


class How(Enum):
    """What became of a property, or of a part of a text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: in both, or in one of the two."""

    how: How
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One property that is not the same in both; each side as pieces, empty where it is absent."""

    name: str
    how: How
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every property in which the two differ, by name."""
    names = sorted({*before, *after})
    return tuple(_difference(name, before, after) for name in names if _differs(name, before, after))


def alike_count(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """How many properties are the same in both."""
    return sum(not _differs(name, before, after) for name in {*before, *after})


def _differs(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return (name in before) != (name in after) or _told(before[name]) != _told(after[name])


def _difference(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    if name not in before:
        return Difference(name, How.ADDED, (), (Piece(How.ADDED, _shown(after[name])),))
    if name not in after:
        return Difference(name, How.REMOVED, (Piece(How.REMOVED, _shown(before[name])),), ())
    return Difference(name, How.CHANGED, *_sides(_shown(before[name]), _shown(after[name])))


def _sides(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces, the words that differ marked."""
    one, other = _WORD.findall(before), _WORD.findall(after)
    if len(one) + len(other) > MOST_WORDS:
        return (Piece(How.REMOVED, before),), (Piece(How.ADDED, after),)
    steps = SequenceMatcher(None, one, other).get_opcodes()
    left = tuple(_pieces(How.REMOVED, ((tag, one[a:b]) for tag, a, b, _, _ in steps)))
    right = tuple(_pieces(How.ADDED, ((tag, other[a:b]) for tag, _, _, a, b in steps)))
    return left, right


def _pieces(how: How, steps: Iterator[tuple[str, list[str]]]) -> Iterator[Piece]:
    for tag, words in steps:
        if words:
            yield Piece(How.SAME if tag == "equal" else how, "".join(words))


def _told(member: object) -> str:
    """A text that is the same for equal members alone: 1 is not true, and 1.0 is not 1 here."""
    return json.dumps(member, sort_keys=True, ensure_ascii=False)


def _shown(member: object) -> str:
    text = member if isinstance(member, str) else json.dumps(member, indent=1, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
