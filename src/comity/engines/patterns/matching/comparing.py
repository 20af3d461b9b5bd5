"""One comparison of a pattern as a function: whether a value fits, by the types of both (section 9.6.1).

What cannot be compared is unequal, and in no order. `usual` compares what both sides mean where the kind of
value is known: `EXAMPLE.com.` is `example.com`, and a hash is the same in capitals.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any
from unicodedata import normalize

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.engines.patterns.ast import (
    Binary,
    Boolean,
    Comparison,
    Constant,
    Float,
    Hex,
    Integer,
    Operator,
    Text,
    Timestamp,
)
from comity.engines.patterns.matching.expressions import searching
from comity.engines.patterns.matching.networks import inside, network_in
from comity.engines.patterns.properties import form_at, meant

Fits = Callable[[Any], bool]

_ORDERS = MappingProxyType({
    Operator.LESS: operator.lt,
    Operator.GREATER: operator.gt,
    Operator.AT_MOST: operator.le,
    Operator.AT_LEAST: operator.ge,
})  # fmt: skip  # one operator to a line
_LARGEST_BYTE = "\xff"


def fits(test: Comparison, *, usual: bool) -> Fits:
    """Whether a value at the path of the comparison fits it; EXISTS fits whatever is there."""
    found = _fits(test, usual=usual)
    if not test.negated:
        return found
    if test.operator in _ORDERS:
        comparable = _comparable(test.value)
        return lambda raw: comparable(raw) and not found(raw)
    return lambda raw: not found(raw)


def _fits(test: Comparison, *, usual: bool) -> Fits:
    value = test.value
    if value is None:
        return lambda _: True
    if isinstance(value, tuple):
        each = [_equal(one, test, usual=usual) for one in value]
        return lambda raw: any(one(raw) for one in each)
    return _fits_one(test, value, usual=usual)


def _fits_one(test: Comparison, value: Constant, *, usual: bool) -> Fits:  # noqa: PLR0911  one to an operator
    match test.operator:
        case Operator.EQUAL:
            return _equal(value, test, usual=usual)
        case Operator.UNEQUAL:
            equal = _equal(value, test, usual=usual)
            return lambda raw: not equal(raw)
        case Operator.LIKE:
            return searching(like_expression(value.value)) if isinstance(value, Text) else _never
        case Operator.MATCHES:
            return searching(value.value) if isinstance(value, Text) else _never
        case Operator.ISSUBSET:
            return _within(value, usual=usual)
        case Operator.ISSUPERSET:
            return _around(value, usual=usual)
        case _:
            return _ordered(value, _ORDERS[test.operator])


def _never(_: Any) -> bool:  # noqa: ANN401  whatever JSON holds
    return False


def _equal(constant: Constant, test: Comparison, *, usual: bool) -> Fits:
    """Equality by the types of both, or by what both mean."""
    sides = _sides(constant)

    def exactly(raw: Any) -> bool:  # noqa: ANN401  whatever JSON holds
        pair = sides(raw)
        return pair is not None and pair[0] == pair[1]

    form = form_at(test.path.object_type, test.path.steps) if usual else None
    sought = meant(form, constant.value) if form and isinstance(constant, Text | Integer) else None
    if not form or not sought:
        return exactly
    return lambda raw: exactly(raw) or meant(form, raw) == sought


def _ordered(constant: Constant, order: Callable[[Any, Any], bool]) -> Fits:
    sides = _sides(constant)

    def found(raw: Any) -> bool:  # noqa: ANN401  whatever JSON holds
        pair = sides(raw)
        return pair is not None and order(*pair)

    return found


def _comparable(constant: Constant | tuple[Constant, ...] | None) -> Fits:
    sides = _sides(constant) if constant is not None and not isinstance(constant, tuple) else lambda _: None
    return lambda raw: sides(raw) is not None


def _sides(constant: Constant) -> Callable[[Any], tuple[Any, Any] | None]:
    """What is compared with what, for a value of any type; None if the two cannot be compared."""
    match constant:
        case Text(text):
            octets = text.encode("latin-1") if _is_octets(text) else None
            return lambda raw: _text_sides(raw, text, octets)
        case Integer(number) | Float(number):
            return lambda raw: (raw, number) if type(raw) in (int, float) else None
        case Boolean(truth):
            return lambda raw: (raw, truth) if type(raw) is bool else None
        case Hex(octets) | Binary(octets):
            return lambda raw: _octet_sides(raw, octets)
        case Timestamp():
            moment = constant.moment
            return lambda raw: _time_sides(raw, moment)


def _text_sides(raw: Any, text: str, octets: bytes | None) -> tuple[Any, Any] | None:  # noqa: ANN401  as above
    if isinstance(raw, str):
        return raw, text
    return (raw, octets) if isinstance(raw, bytes) and octets is not None else None


def _octet_sides(raw: Any, octets: bytes) -> tuple[Any, Any] | None:  # noqa: ANN401  as above
    if isinstance(raw, bytes):
        return raw, octets
    return (raw.encode("latin-1"), octets) if isinstance(raw, str) and _is_octets(raw) else None


def _time_sides(raw: Any, moment: Any) -> tuple[Any, Any] | None:  # noqa: ANN401  as above
    if not isinstance(raw, str):
        return None
    try:
        return decode_time(raw, "value"), moment
    except Malformed:
        return None


def _is_octets(text: str) -> bool:
    """Whether each character stands for a byte, so that the text may be compared with bytes."""
    return not text or max(text) <= _LARGEST_BYTE


def like_expression(text: str) -> str:
    """LIKE as a regular expression: `%` stands for any characters, `_` for one; the whole text has to fit."""
    parts = re.split("([%_])", normalize("NFC", text))
    words = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts)
    return rf"(?s)\A{words}\z"


def _within(constant: Constant, *, usual: bool) -> Fits:
    """ISSUBSET: the value is an address or a network inside the constant."""
    outer = network_in(constant.value, usual=usual) if isinstance(constant, Text) else None
    return lambda raw: (
        outer is not None and isinstance(raw, str) and inside(network_in(raw, usual=usual), outer)
    )


def _around(constant: Constant, *, usual: bool) -> Fits:
    """ISSUPERSET: the value is a network around the constant."""
    inner = network_in(constant.value, usual=usual) if isinstance(constant, Text) else None
    return lambda raw: (
        inner is not None and isinstance(raw, str) and inside(inner, network_in(raw, usual=usual))
    )
