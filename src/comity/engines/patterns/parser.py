"""The text of a pattern to its tree, in one pass from left to right.

The most common pattern, one property equal to one text, is read by one regular expression; all others, and
whatever that expression is unsure of, by the grammar.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar

from comity.base.errors import Malformed, TooLarge
from comity.engines.patterns.ast import (
    ANY,
    Binary,
    Boolean,
    Comparison,
    ComparisonAnd,
    ComparisonExpression,
    ComparisonOr,
    Constant,
    Float,
    FollowedBy,
    Hex,
    Integer,
    ObjectPath,
    Observation,
    ObservationAnd,
    ObservationExpression,
    ObservationOr,
    Operator,
    Qualified,
    Qualifier,
    Repeats,
    StartStop,
    Step,
    Text,
    Timestamp,
    Within,
)
from comity.engines.patterns.lexer import KEYWORDS, LONGEST_PATTERN, SPACE, STRING, Lexer, Word, position

DEEPEST = 50  # parentheses within parentheses
MOST_COMPARISONS = 20_000  # each constant in a set counts as one
MOST_STEPS = 50  # of one object path
MOST_QUALIFIERS = 8  # of one expression
LONGEST_NUMBER = 64  # characters
_REMEMBERED = 200  # characters of a pattern

T = TypeVar("T")

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}+"
_KEY = rf"(?:{_NAME}|'[^'\\]{{0,63}}+')"
_INDEX = r"\[(?:0|[1-9][0-9]{0,8}|\*)\]"
_PATH = rf"[A-Za-z_][A-Za-z0-9_-]{{0,63}}+:{_KEY}(?:\.{_KEY}|{_INDEX}){{0,10}}+"
_EQUALITY = rf"({_PATH}){SPACE}*+==?+{SPACE}*+({STRING})"
_ONE_EQUALITY = re.compile(rf"{SPACE}*+\[{SPACE}*+{_EQUALITY}{SPACE}*+\]{SPACE}*+\Z").match
_AN_EQUALITY = re.compile(_EQUALITY).match
_STEP = re.compile(rf"({_NAME})|'([^']*)'|\[([0-9]+)\]|\*")
_ESCAPE = re.compile(r"\\(.)")

_OPERATORS = MappingProxyType(
    {each.value: each for each in Operator} | {"==": Operator.EQUAL, "<>": Operator.UNEQUAL}
)
_EQUAL: Final = Operator.EQUAL
_ORDERS = frozenset({Operator.LESS, Operator.GREATER, Operator.AT_MOST, Operator.AT_LEAST})
_OF_TEXTS = frozenset({Operator.LIKE, Operator.MATCHES, Operator.ISSUBSET, Operator.ISSUPERSET})
_PREFIXED = MappingProxyType({
    "h": "between the quotes of h'…' stand pairs of hexadecimal digits",
    "b": "between the quotes of b'…' stands base64 with its padding",
    "t": "a time is written as t'2026-05-03T12:00:00Z'",
})  # fmt: skip  # one prefix to a line


def parse(text: str) -> ObservationExpression:
    """The tree of a pattern; `Malformed` says line and column, and what should have stood there."""
    if len(text) <= _REMEMBERED:
        plain = _remembered(text)
    else:
        plain = _one_equality(text) if len(text) <= LONGEST_PATTERN else None
    return plain or parse_by_grammar(text)


def parse_by_grammar(text: str) -> ObservationExpression:
    """The same without the short cut for the most common form."""
    return _Parser(text).pattern()


def _one_equality(text: str) -> Observation | None:
    found = _ONE_EQUALITY(text)
    plain = _equality(found) if found else None
    return Observation(plain) if plain else None


# An object's pattern is read when it is checked, and again for its values: those of one post are known then.
_remembered = lru_cache(maxsize=2048)(_one_equality)


def _equality(found: re.Match[str]) -> Comparison | None:
    path, value = found.groups()
    where = _plain_path(path)
    return Comparison(where, _EQUAL, Text(_unquoted(value))) if where else None


@lru_cache(maxsize=4096)  # patterns name few paths, and the short cut reads short ones only
def _plain_path(text: str) -> ObjectPath | None:
    """The path that a short form stands for; None if one of its names is a word of the language."""
    object_type, _, rest = text.partition(":")
    found = [match.groups() for match in _STEP.finditer(rest)]
    if object_type in KEYWORDS or any(name in KEYWORDS for name, _, _ in found):
        return None
    return ObjectPath(object_type, tuple(_plain_step(*groups) for groups in found))


def _plain_step(name: str | None, key: str | None, index: str | None) -> Step:
    if index is not None:
        return int(index)
    if name is not None:
        return name
    return ANY if key is None else key


def _unquoted(word: str) -> str:
    text = word[1:-1]
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


class _Parser:
    """One method to a rule of the grammar; AND binds closer than OR, and OR closer than FOLLOWEDBY."""

    __slots__ = ("comparisons", "depth", "lexer")

    def __init__(self, text: str) -> None:
        self.lexer = Lexer(text)
        self.comparisons = 0
        self.depth = 0

    def pattern(self) -> ObservationExpression:
        expression = self.followed()
        if self.lexer.kind is not Word.END:
            raise self.lexer.fault("AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end is expected")
        return expression

    def followed(self) -> ObservationExpression:
        return self.chain("FOLLOWEDBY", self.either, FollowedBy)

    def either(self) -> ObservationExpression:
        return self.chain("OR", self.together, ObservationOr)

    def together(self) -> ObservationExpression:
        return self.chain("AND", self.qualified, ObservationAnd)

    def chain(self, keyword: str, read: Callable[[], T], join: Callable[[tuple[T, ...]], T]) -> T:
        first, lexer = read(), self.lexer
        if lexer.word != keyword:
            return first
        parts = [first]
        while lexer.word == keyword:
            lexer.next()
            parts.append(read())
        return join(tuple(parts))

    def qualified(self) -> ObservationExpression:
        bracketed = self.lexer.word == "["
        expression = self.observation() if bracketed else self.group(self.followed, "an observation in [ ]")
        seen: list[type] = []
        while self.lexer.word in {"WITHIN", "REPEATS", "START"}:
            start = self.lexer.start
            if len(seen) == MOST_QUALIFIERS:
                raise self.too_much(f"more than {MOST_QUALIFIERS} qualifiers of one expression.")
            qualifier = self.qualifier()
            if bracketed and type(qualifier) in seen:
                where = position(self.lexer.text, start)
                raise Malformed(where, "the observation has a qualifier of this kind already.")
            seen.append(type(qualifier))
            expression = Qualified(expression, qualifier)
        return expression

    def observation(self) -> Observation:
        self.lexer.next()
        test = self.any_of()
        self.expect("]", "AND, OR or `]` is expected")
        return Observation(test)

    def group(self, read: Callable[[], T], what: str) -> T:
        """What stands in parentheses."""
        if self.lexer.word != "(":
            raise self.lexer.fault(f"{what} or `(` is expected")
        if self.depth == DEEPEST:
            raise self.too_much(f"parentheses nested deeper than {DEEPEST} levels.")
        self.depth += 1
        self.lexer.next()
        inner = read()
        self.expect(")", "`)` is expected")
        self.depth -= 1
        return inner

    def qualifier(self) -> Qualifier:
        keyword = self.lexer.next()
        if keyword == "START":
            start = self.time()
            self.expect("STOP", "STOP and a time are expected")
            return StartStop(start, self.time())
        if keyword == "REPEATS":
            times = int(self.positive(Word.INTEGER, "a positive whole number is expected"))
            self.expect("TIMES", "TIMES is expected")
            return Repeats(times)
        seconds = float(self.positive(Word.FLOAT, "a positive number of seconds is expected"))
        self.expect("SECONDS", "SECONDS is expected")
        return Within(seconds)

    def time(self) -> Timestamp:
        if self.lexer.kind is not Word.TIMESTAMP:
            raise self.lexer.fault("a time such as t'2026-05-03T12:00:00Z' is expected")
        return self.timestamp()

    def positive(self, kind: Word, expected: str) -> str:
        if self.lexer.kind not in {Word.INTEGER, kind} or float(self.lexer.word) <= 0:
            raise self.lexer.fault(expected)
        return self.number()

    def any_of(self) -> ComparisonExpression:
        return self.chain("OR", self.all_of, ComparisonOr)

    def all_of(self) -> ComparisonExpression:
        return self.chain("AND", self.test, ComparisonAnd)

    def test(self) -> ComparisonExpression:
        lexer = self.lexer
        if lexer.word == "(":
            return self.group(self.any_of, "a comparison")
        self.count()
        if (found := _AN_EQUALITY(lexer.text, lexer.start)) and (plain := _equality(found)):
            lexer.move(found.end())
            return plain
        return self.comparison()

    def count(self) -> None:
        self.comparisons += 1
        if self.comparisons > MOST_COMPARISONS:
            raise self.too_much(f"more than {MOST_COMPARISONS:,} comparisons.")

    def comparison(self) -> Comparison:
        if self.lexer.word in {"NOT", "EXISTS"}:
            negated = self.skip("NOT")
            self.expect("EXISTS", "EXISTS and an object path are expected")
            return Comparison(self.path(), Operator.EXISTS, None, negated)
        path = self.path()
        negated = self.skip("NOT")
        operator = _OPERATORS.get(self.lexer.word)
        if operator is None or operator is Operator.EXISTS:
            raise self.lexer.fault("an operator such as =, IN or LIKE is expected")
        self.lexer.next()
        return Comparison(path, operator, self.right_side(operator), negated)

    def right_side(self, operator: Operator) -> Constant | tuple[Constant, ...]:
        if operator is Operator.IN:
            return self.constants()
        if operator in _OF_TEXTS and self.lexer.kind is not Word.STRING:
            raise self.lexer.fault("a text in quotes is expected")
        if operator in _ORDERS and self.lexer.word in {"true", "false"}:
            raise self.lexer.fault("a constant that has an order is expected")
        return self.constant()

    def constants(self) -> tuple[Constant, ...]:
        self.expect("(", "a set such as ('a', 'b') is expected")
        if self.skip(")"):
            return ()
        found = [self.constant()]
        while self.skip(","):
            self.count()
            found.append(self.constant())
        self.expect(")", "`,` or `)` is expected")
        return tuple(found)

    def constant(self) -> Constant:
        read = _CONSTANTS.get(self.lexer.kind)
        if read is not None:
            return read(self)
        if self.lexer.word in {"true", "false"}:
            return Boolean(self.lexer.next() == "true")
        if self.lexer.text.startswith("'", self.lexer.end) and self.lexer.word in _PREFIXED:
            raise self.lexer.fault(_PREFIXED[self.lexer.word])
        raise self.lexer.fault("a constant such as 'text', 12, true or t'2026-05-03T12:00:00Z' is expected")

    def timestamp(self) -> Timestamp:
        found = Timestamp(self.lexer.word[2:-1])
        try:
            found.moment  # noqa: B018  asked for its error
        except (ValueError, OverflowError) as error:
            raise self.lexer.fault("a day that is in the calendar is expected") from error
        self.lexer.next()
        return found

    def number(self) -> str:
        if len(self.lexer.word) > LONGEST_NUMBER:
            raise self.too_much(f"a number longer than {LONGEST_NUMBER} characters.")
        return self.lexer.next()

    def path(self) -> ObjectPath:
        if self.lexer.kind is not Word.NAME:
            raise self.lexer.fault("an object type such as `file`, or `(`, is expected")
        object_type = self.lexer.next()
        self.expect(":", "`:` and a property are expected")
        steps: list[Step] = [self.key()]
        while self.lexer.word in {".", "["}:
            if len(steps) == MOST_STEPS:
                raise self.too_much(f"a path of more than {MOST_STEPS} steps.")
            steps.append(self.key() if self.lexer.next() == "." else self.index())
        return ObjectPath(object_type, tuple(steps))

    def key(self) -> str:
        lexer = self.lexer
        if lexer.kind is Word.STRING:
            return _unquoted(lexer.next())
        if lexer.kind is not Word.NAME or "-" in lexer.word:
            quoted = "one with a hyphen, and a word of the language, stand in quotes"
            raise lexer.fault(f"the name of a property is expected ({quoted})")
        return lexer.next()

    def index(self) -> Step:
        step: Step = ANY
        if not self.skip("*"):
            if self.lexer.kind is not Word.INTEGER:
                raise self.lexer.fault("the index of an item, or *, is expected")
            step = int(self.number())
        self.expect("]", "`]` is expected")
        return step

    def skip(self, word: str) -> bool:
        if self.lexer.word != word:
            return False
        self.lexer.next()
        return True

    def too_much(self, problem: str) -> TooLarge:
        return TooLarge(position(self.lexer.text, self.lexer.start), problem)

    def expect(self, word: str, expected: str) -> None:
        if not self.skip(word):
            raise self.lexer.fault(expected)


_CONSTANTS: MappingProxyType[Word, Callable[[_Parser], Constant]] = MappingProxyType({
    Word.STRING: lambda parser: Text(_unquoted(parser.lexer.next())),
    Word.INTEGER: lambda parser: Integer(int(parser.number())),
    Word.FLOAT: lambda parser: Float(float(parser.number())),
    Word.HEX: lambda parser: Hex(bytes.fromhex(parser.lexer.next()[2:-1])),
    Word.BINARY: lambda parser: Binary(b64decode(parser.lexer.next()[2:-1], validate=True)),
    Word.TIMESTAMP: _Parser.timestamp,
})  # fmt: skip  # one kind of word to a line
