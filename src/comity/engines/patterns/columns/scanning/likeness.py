"""LIKE: `%` stands for any characters, `_` for one; what the whole text has to look like."""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import is_normalized, normalize

from comity.engines.patterns.matching.expressions import LONGEST_TEXT

_WILDCARDS = re.compile("[%_]")


def has_wildcards(text: str) -> bool:
    """Whether it fits more than one text."""
    return _WILDCARDS.search(text) is not None


def pieces(text: str) -> tuple[str, ...]:
    """What stands between the wildcards, each of which a text must hold."""
    return tuple(each for each in _WILDCARDS.split(normalize("NFC", text)) if each)


def fitting(text: str) -> Callable[[str], bool] | None:
    """Whether a text looks like it, without an automaton; None where `_` asks for one."""
    if "_" in text:
        return None
    first, *between = normalize("NFC", text).split("%")
    last = between.pop() if between else None

    def fits(raw: str) -> bool:
        whole = raw if is_normalized("NFC", raw) else normalize("NFC", raw)
        if last is None:
            return whole == first
        end = len(whole) - len(last)
        if (
            end < len(first)
            or len(raw) > LONGEST_TEXT
            or not whole.startswith(first)
            or not whole.endswith(last)
        ):
            return False
        at = len(first)
        for piece in between:
            found = whole.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return fits
