"""The words of a pattern: one regular expression, read from left to right, the longest word first.

What is a word, and what lies between words, follows the grammar that OASIS publishes with STIX 2.1
(cti-stix2-json-schemas, pattern_grammar/STIXPattern.g4). Its repetitions are possessive: no text makes it go
back.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import cast

from comity.base.errors import Malformed, TooLarge

LONGEST_PATTERN = 2**20  # characters

SPACE = r"[ \t\r\n\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
STRING = r"'[^'\\]*+(?:\\['\\][^'\\]*+)*+'"
_TIME = (
    r"t'[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?+Z'"
)
_BASE64 = r"b'(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/]=))?+'"


class Word(Enum):
    """What kind of word it is."""

    STRING = auto()
    INTEGER = auto()
    FLOAT = auto()
    HEX = auto()
    BINARY = auto()
    TIMESTAMP = auto()
    KEYWORD = auto()
    NAME = auto()
    SIGN = auto()
    UNKNOWN = auto()
    END = auto()


_JOINING = (
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "START",
    "STOP",
    "SECONDS",
    "WITHIN",
    "REPEATS",
    "TIMES",
    "LAST",
)
_COMPARING = ("LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS", "IN", "true", "false")
KEYWORDS = frozenset({*_JOINING, *_COMPARING})

_SKIP = rf"(?:{SPACE}++|/\*(?s:.*?)\*/|//[^\r\n]*+)*+"
_WORD = re.compile(
    rf"{_SKIP}(?:(?P<STRING>{STRING})"
    r"|(?P<FLOAT>[+-]?[0-9]*+\.[0-9]++)"
    r"|(?P<INTEGER>[+-]?(?:0|[1-9][0-9]*+))"
    r"|(?P<HEX>h'(?:[0-9A-Fa-f]{2})*+')"
    rf"|(?P<BINARY>(?!b''){_BASE64})"
    rf"|(?P<TIMESTAMP>{_TIME})"
    r"|(?P<NAME>[A-Za-z_][A-Za-z0-9_-]*+)"
    r"|(?P<SIGN>==|!=|<>|<=|>=|[=<>:.,()\[\]*])"
    r"|(?P<UNKNOWN>(?s:.))"
    r"|(?P<END>\Z))"
)
_KINDS = {word.name: word for word in Word}
_LONGEST_QUOTE = 40


class Lexer:
    """Stands on one word of a pattern: `kind` and `word` say what it is, `start` where."""

    __slots__ = ("end", "kind", "start", "text", "word")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_PATTERN:
            raise TooLarge(
                "the pattern", f"has {len(text):,} characters; at most {LONGEST_PATTERN:,} are read."
            )
        self.text = text
        self.start = self.end = 0
        self.kind = Word.END
        self.word = ""
        self.move(0)

    def move(self, place: int) -> None:
        """Stand on the word that begins at `place` or after the space and comments there."""
        found = cast("re.Match[str]", _WORD.match(self.text, place))  # one of the words always matches
        kind = str(found.lastgroup)
        self.word, self.start, self.end = found[kind], found.start(kind), found.end()
        self.kind = Word.KEYWORD if kind == "NAME" and self.word in KEYWORDS else _KINDS[kind]

    def next(self) -> str:
        """The word stood on; then stand on the one after it."""
        word = self.word
        self.move(self.end)
        return word

    def fault(self, expected: str) -> Malformed:
        """An error at this word, which says what should have stood there."""
        return Malformed(position(self.text, self.start), f"{expected}; found {self._found()}.")

    def _found(self) -> str:
        if self.kind is Word.END:
            return "the end of the pattern"
        word = self.word if len(self.word) <= _LONGEST_QUOTE else f"{self.word[: _LONGEST_QUOTE - 1]}…"
        if word == "'":
            return "a quote that begins no string (within strings, only \\' and \\\\ are escapes)"
        return f"`{word}`"


def position(text: str, place: int) -> str:
    """Line and column of a place, both counted from one."""
    line = text.count("\n", 0, place) + 1
    before = text.rfind("\n", 0, place)
    return f"line {line}, column {place - before}"
