"""The texts under which a value stands in a table, so that equal is what an exact comparison calls equal.

A text stands there as the key of what it means in its place, a number as itself. A constant is met by a value
if they share one of their texts in one reading.
"""

from __future__ import annotations

import math
from typing import Any

from comity.engines.patterns.ast import Binary, Constant, Hex, Integer, Text, Timestamp
from comity.engines.patterns.columns.forms import key_of
from comity.engines.patterns.normal import Form
from comity.engines.patterns.sets.places import Reading

_MANY_BITS = 4_096  # Python writes no longer numbers in decimal digits without being told to

Texts = list[tuple[Reading, str]]


def texts_of(form: Form | None, raw: Any) -> Texts:  # noqa: ANN401  whatever JSON holds
    """What a value in a place of this form is looked up by; nothing for what equals no constant."""
    if isinstance(raw, bytes):
        return [(Reading.KEY, raw.decode("latin-1"))]
    key = key_of(form, raw) if isinstance(raw, str) or type(raw) is int else None
    number = _number(raw)
    return ([] if key is None else [(Reading.KEY, key)]) + (
        [(Reading.NUMBER, number)] if number is not None else []
    )


def is_exact(form: Form | None, constant: Constant) -> bool:
    """Whether values that equal the constant, and no others, share one of its texts."""
    if isinstance(constant, Hex | Binary):
        return form is None  # else a text that is those bytes stands as what it means
    return not isinstance(constant, Timestamp)  # one moment has many spellings


def texts_of_constant(form: Form | None, constant: Constant) -> Texts:
    """What a constant stands in a table by, if it is exact there."""
    if isinstance(constant, Text | Integer):
        return texts_of(form, constant.value)
    return [] if isinstance(constant, Timestamp) else texts_of(None, constant.value)


def _number(raw: Any) -> str | None:  # noqa: ANN401  as above
    """One text for equal numbers: 1 and 1.0 are equal, true is neither."""
    if type(raw) is bool:
        return "true" if raw else "false"
    if type(raw) is int:
        return str(raw) if raw.bit_length() <= _MANY_BITS else hex(raw)
    if type(raw) is not float or math.isnan(raw):
        return None
    return str(int(raw)) if raw.is_integer() else repr(raw)
