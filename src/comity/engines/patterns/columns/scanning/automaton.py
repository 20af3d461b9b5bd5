"""Expressions that demand nothing rare, all of them in one automaton: Hyperscan's.

It goes through texts without control characters, for which its expressions mean what ours do: those that are
*wide* for all such texts, the others for texts of ASCII. What it finds is a candidate; that it finds all is
what matters.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from typing import cast

import hyperscan
import numpy as np

from comity.engines.patterns.columns import partly
from comity.engines.patterns.columns.saved import Numbers
from comity.engines.patterns.matching.expressions import is_linear

LONGEST = 2_000  # characters of an expression
MOST_REPEATED = 20_000  # repetitions within repetitions, as an automaton has to write them out
MOST = 5_000  # expressions of one automaton
_FLAGS = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
_REPEATED = re.compile(r"\{([0-9]{1,6})(?:,([0-9]{0,6}))?\}")
# Names of characters, classes that Unicode changes; and `\B`, which RE2 finds inside of a character.
_NARROW = re.compile(r"\\[xXpPuUNCQB0-9]")
_ERRORS = (hyperscan.error, hyperscan.HyperscanError)
_SHARE = 8  # of all that is told: more than this part of it is too much for one expression
_TEXTS = 65_536  # after so many it is seen whether some expression fits them all


@dataclass(frozen=True, slots=True)
class Scanned:
    """Texts and expressions by their numbers, and the expressions that fit too many."""

    texts: Numbers
    expressions: Numbers
    spent: frozenset[int]


class Automaton:
    """Expressions by their numbers, from 0."""

    def __init__(self, database: hyperscan.Database | None, size: int, wide: Collection[int]) -> None:
        self._database, self.size = database, size  # no database where it holds none of them
        self.wide = np.isin(np.arange(size), np.array(list(wide), np.int64))

    def scan(self, texts: Sequence[bytes]) -> Scanned:
        """Which texts may fit which expressions, each pair once."""
        if self._database is None:
            return Scanned(np.zeros(0, np.int64), np.zeros(0, np.int64), frozenset())
        scratch = hyperscan.Scratch(self._database)  # one for each caller: two threads must not share it
        at, which = array("q"), array("q")
        spent: set[int] = set()

        def found(expression: int, _from: int, _to: int, _flags: int, text: object) -> None:
            at.append(cast("int", text))
            which.append(expression)

        scan = self._database.scan
        for begin in range(0, len(texts), _TEXTS):
            for place, text in enumerate(texts[begin : begin + _TEXTS], begin):
                scan(text, match_event_handler=found, context=place, scratch=scratch)
            if len(at) > partly.MOST_MET:
                at, which = _without_most(at, which, spent)
        if spent:
            at, which = _without_most(at, which, spent)
        return Scanned(np.array(at, np.int64), np.array(which, np.int64), frozenset(spent))

    def packed(self) -> bytes:
        """The automaton as bytes, which the same version on such a machine reads again."""
        octets: bytes = hyperscan.dumpb(self._database) if self._database else b""
        return octets

    @classmethod
    def unpacked(cls, octets: bytes, size: int, wide: Collection[int]) -> Automaton | None:
        """The automaton again; None where it was made by another version or for another machine."""
        try:
            return cls(hyperscan.loadb(octets, hyperscan.HS_MODE_BLOCK) if octets else None, size, wide)
        except _ERRORS:
            return None


def automaton(expressions: Sequence[str]) -> tuple[Automaton, frozenset[int]]:
    """The automaton of those that can be in one, each by its number, and the numbers of the others."""
    flags = {number: held for number, each in enumerate(expressions) if (held := _flags(each)) is not None}
    database = _compiled([expressions[number] for number in flags], list(flags), list(flags.values()))
    if database is None:  # none of them, or too much as a whole
        return Automaton(None, len(expressions), ()), frozenset(range(len(expressions)))
    wide = [number for number, held in flags.items() if held & hyperscan.HS_FLAG_UTF8]
    return Automaton(database, len(expressions), wide), frozenset(range(len(expressions))) - flags.keys()


def _flags(expression: str) -> int | None:
    """With which flags it can be read: as it is and wide, as it is, or as something that it is part of."""
    repeated = prod(int(most or least) for least, most in _REPEATED.findall(expression))
    if not expression.isascii() or len(expression) > LONGEST or repeated > MOST_REPEATED:
        return None
    choices = [_FLAGS, _FLAGS | hyperscan.HS_FLAG_PREFILTER]
    if is_linear(expression) and not _NARROW.search(expression):
        choices.insert(0, _FLAGS | hyperscan.HS_FLAG_UTF8)
    return next((each for each in choices if _compiled([expression], [0], [each])), None)


def _compiled(
    expressions: Sequence[str], numbers: Sequence[int], flags: Sequence[int]
) -> hyperscan.Database | None:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[each.encode() for each in expressions],
            ids=list(numbers),
            elements=len(expressions),
            flags=list(flags),
        )
    except _ERRORS:
        return None
    return database


def _without_most(at: array[int], which: array[int], spent: set[int]) -> tuple[array[int], array[int]]:
    """What is left without the expressions that fit the most texts, which are spent."""
    texts, expressions = np.array(at, np.int64), np.array(which, np.int64)
    crowds = np.bincount(expressions, minlength=1)
    spent.update(np.flatnonzero(crowds > partly.MOST_MET // _SHARE).tolist())
    if len(expressions) > partly.MOST_MET:
        spent.add(int(crowds.argmax()))
    left = ~np.isin(expressions, list(spent))
    return array("q", texts[left].tobytes()), array("q", expressions[left].tobytes())
