"""How each expression of a table is met: what is rare in it is looked for, or it goes into an automaton."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from unicodedata import normalize

import numpy as np

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, ObjectPath, Operator, Text
from comity.engines.patterns.columns.scanning.automaton import MOST, Automaton, automaton
from comity.engines.patterns.columns.scanning.choosing import MOST_SHARING, Grams, chosen
from comity.engines.patterns.columns.scanning.folding import folded
from comity.engines.patterns.columns.scanning.likeness import has_wildcards, pieces
from comity.engines.patterns.columns.scanning.required import required
from comity.engines.patterns.matching.comparing import Fits, fits, like_expression
from comity.engines.patterns.matching.expressions import is_linear

OPERATORS = (Operator.LIKE, Operator.MATCHES)
MOST_AUTOMATA = 4  # of one building: beyond, expressions are met one by one
_SURELY_READ = 1_000  # characters of a LIKE that stays within all bounds, however it is written
_PROBES = ("a", "Z", "5", "/", " ", "\u00e9", "ab.c-d/e")  # a test that they all fit tells nothing
_PATH = ObjectPath("text", ("value",))  # LIKE and MATCHES mean the same at every path

Test = tuple[Operator, str]


class Way(IntEnum):
    """How an expression is met."""

    WHOLE = 0  # LIKE without wildcards: it is one text
    GRAM = 1  # by some bytes that are rare, and then alone
    AUTOMATON = 2  # by the automaton, and then alone
    ALONE = 3  # at every text
    BROAD = 4  # not at all: it fits everything
    REFUSED = 5  # not at all: it cannot be read


@dataclass(frozen=True, slots=True)
class Met:
    """The way of one expression: in an automaton which and under which number; if it is refused, why."""

    way: Way
    automaton: int = -1
    number: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """The ways of some expressions, the bytes that some are found by, and the automata of others."""

    ways: tuple[Met, ...]
    grams: Grams
    automata: tuple[Automaton, ...]


def exactly(test: Test) -> Fits:
    """The comparison itself."""
    return fits(Comparison(_PATH, test[0], Text(test[1])), usual=True)


def expression(test: Test) -> str:
    """A test as a regular expression."""
    operator, text = test
    return like_expression(text) if operator is Operator.LIKE else normalize("NFC", text)


def sorted_out(tests: Sequence[Test]) -> Sorted:
    """The way of each test."""
    ways = [_plain_way(test) for test in tests]
    open_ = [number for number, each in enumerate(ways) if each is None]
    choice = chosen([_demands(tests[number]) for number in open_])
    sharing = dict(zip(open_, choice.sharing.tolist(), strict=True))
    crowded = [number for number in open_ if not 0 <= sharing[number] <= MOST_SHARING]
    held = {each: way for each in crowded if (way := _way_of_everything(tests[each]))}
    automata, within = _automata(tests, [each for each in crowded if each not in held])
    held |= within
    for number in open_:
        ways[number] = held.get(number) or Met(Way.GRAM if sharing[number] >= 0 else Way.ALONE)
    return Sorted(tuple(each for each in ways if each), _only(choice.grams, open_, ways), automata)


def rebuilt(tests: Sequence[Test]) -> tuple[Automaton, frozenset[int]]:
    """The automaton of some tests, each by its number, and the numbers of those that it cannot hold."""
    return automaton([expression(each) for each in tests])


def _plain_way(test: Test) -> Met | None:
    """The way of what need not be compared with others."""
    operator, text = test
    try:
        text.encode()
        if operator is Operator.MATCHES or len(text) > _SURELY_READ:
            exactly(test)
    except UnicodeEncodeError:
        return Met(Way.REFUSED, reason="holds half of a character, which no text has.")
    except Malformed as error:
        return Met(Way.REFUSED, reason=error.message)
    if operator is Operator.LIKE and not has_wildcards(text):
        return Met(Way.WHOLE)
    return Met(Way.BROAD) if operator is Operator.LIKE and not pieces(text) else None


def _demands(test: Test) -> Iterable[frozenset[str]]:
    operator, text = test
    if operator is Operator.LIKE:
        return [frozenset({folded(each)}) for each in pieces(text)]
    return required(normalize("NFC", text)) or ()


def _way_of_everything(test: Test) -> Met | None:
    return Met(Way.BROAD) if all(map(exactly(test), _PROBES)) else None


def _automata(tests: Sequence[Test], numbers: Sequence[int]) -> tuple[tuple[Automaton, ...], dict[int, Met]]:
    """Automata of as many of these as can be in one."""
    read = [each for each in numbers if _means_the_same(expression(tests[each]))]
    built: list[Automaton] = []
    within: dict[int, Met] = {}
    for begin in range(0, min(len(read), MOST * MOST_AUTOMATA), MOST):
        some = read[begin : begin + MOST]
        one, apart = rebuilt([tests[each] for each in some])
        within |= {
            each: Met(Way.AUTOMATON, len(built), number)
            for number, each in enumerate(some)
            if number not in apart
        }
        built.append(one)
    return tuple(built), within


def _means_the_same(expression: str) -> bool:
    """Whether the automaton reads it as it is meant: what only one other reader reads has to be plain."""
    return expression.isascii() and (is_linear(expression) or required(expression) is not None)


def _only(grams: Grams, tests: Sequence[int], ways: Sequence[Met | None]) -> Grams:
    """The bytes of those that are met by them."""
    numbers = np.array(tests, np.int64)[grams.tests]
    held = np.array([(way := ways[each]) is not None and way.way is Way.GRAM for each in numbers], np.bool_)
    return Grams(grams.words[held], grams.sizes[held], numbers[held])
