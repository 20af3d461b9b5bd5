"""Texts that people read in one line, such as names and titles: what is written is what is seen.

A character that is not seen, or that turns the direction of what stands around it, lets a text pass for
another. The two joiners stay where they shape letters: Persian, Urdu and Indic scripts are written with them.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from comity.base.errors import Malformed, TooLarge

_JOINERS = "\u200c\u200d"
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks without ink
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# For what is not seen; the variation selectors between the last two shape what they follow.
_RESERVED = (
    range(0x2065, 0x2066),
    range(0xFFF0, 0xFFF9),
    range(0xE0000, 0xE0100),
    range(0xE01F0, 0xE1000),
)


def line_problem(text: str) -> str | None:
    """Why the text cannot stand in one line as it is; None if it can."""
    hidden = next((each for before, each in pairwise(" " + text) if _is_hidden(each, before)), None)
    if hidden is not None:
        return f"holds U+{ord(hidden):04X}, a character that is not seen."
    if not any(_is_seen(each) for each in text):
        return "shows nothing; write something."
    if text != _spaced(text):
        return "has a space at its start or end, several in a row, or one that is not the plain space."
    return None


def read_line(text: str, where: str, *, most: int) -> str:
    """The text with plain spaces, one between two words; raises `Malformed` for what nobody could see."""
    line = _spaced(text)
    if len(line) > most:
        raise TooLarge(where, f"has {len(line):,} characters; at most {most:,} are read.")
    problem = line_problem(line)
    if problem is not None:
        raise Malformed(where, problem)
    return line


def as_line(text: str) -> str:
    """What is left to be shown of a stranger's text, which cannot be refused for it; perhaps nothing."""
    spaced = _spaced(text)
    if spaced.isascii() and spaced.isprintable():
        return spaced
    seen = [" "]
    for each in spaced:
        if not _is_hidden(each, seen[-1]):
            seen.append(each)
    return _spaced("".join(seen))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _is_hidden(each: str, before: str) -> bool:
    if each.isascii():
        return not each.isprintable()
    if each in _JOINERS:
        return before.isascii() or before in _JOINERS
    if each in _BLANK or unicodedata.category(each) in _HIDDEN:
        return True
    return any(ord(each) in reserved for reserved in _RESERVED)


def _is_seen(each: str) -> bool:
    return each not in _JOINERS and unicodedata.category(each)[0] in "LNPSC"
