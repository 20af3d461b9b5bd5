"""Regular expressions of strangers: searched in time that grows with the text and in no other way.

RE2 reads all but look-around and references back; what needs these is searched with a limit of time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from unicodedata import is_normalized, normalize

import re2  # type: ignore[import-untyped]  # it carries no types
import regex  # type: ignore[import-untyped]  # likewise

from comity.base.errors import Malformed, TooLarge
from comity.engines.patterns.matching.growth import written_out

LONGEST = 10_000  # characters of an expression
LONGEST_TEXT = 1_000_000  # characters of a value
SECONDS = 0.05  # for one value, where RE2 does not read the expression
MOST_PARTS = 100_000  # of an expression that RE2 does not read, repetitions written out: some 30 MB
_MEMORY = 8 * 2**20

Found = Callable[[Any], bool]


def searching(expression: str) -> Found:
    """Whether the expression is found somewhere in a text, in Unicode's NFC, or among bytes."""
    if len(expression) > LONGEST:
        raise TooLarge("an expression", f"has {len(expression):,} characters; at most {LONGEST:,} are read.")
    among_text, among_bytes = _compiled(normalize("NFC", expression))
    ends = "$" in expression

    def found(raw: Any) -> bool:  # noqa: ANN401  whatever JSON holds
        if not isinstance(raw, str | bytes) or len(raw) > LONGEST_TEXT:
            return False
        if isinstance(raw, bytes):
            return among_bytes is not None and among_bytes(raw)
        text = raw if is_normalized("NFC", raw) else normalize("NFC", raw)
        # To Perl, `$` stands before a line's end that ends the text as well.
        return among_text(text) or (ends and text.endswith("\n") and among_text(text[:-1]))

    return found


def is_linear(expression: str) -> bool:
    """Whether the expression is searched in time that grows with the text alone."""
    try:
        _linear(normalize("NFC", expression), "UTF8")
    except re2.error:
        return False
    return True


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> tuple[Found, Found | None]:
    octets = expression.encode("latin-1") if max(expression, default="") <= "\xff" else None
    try:
        return _linear(expression, "UTF8"), _linear(octets, "LATIN1") if octets is not None else None
    except re2.error:
        _bound(expression)
        return _limited(expression), _limited(octets) if octets is not None else None


def _bound(expression: str) -> None:
    """Refuse what has few characters and takes gigabytes."""
    if written_out(expression) > MOST_PARTS:
        text = f"has more than {MOST_PARTS:,} parts when its repetitions are written out."
        raise TooLarge("an expression", text)


def _linear(expression: str | bytes, encoding: str) -> Found:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.encoding = getattr(re2.Options.Encoding, encoding)
    search = re2.compile(expression, options).search
    return lambda raw: search(raw) is not None


def _limited(expression: str | bytes) -> Found:
    try:
        search = regex.compile(expression).search
    except (regex.error, RecursionError, OverflowError) as error:
        raise Malformed("MATCHES", f"is no regular expression that is read here: {error}.") from error

    def found(raw: Any) -> bool:  # noqa: ANN401  whatever JSON holds
        try:
            return search(raw, timeout=SECONDS) is not None
        except TimeoutError as error:
            text = (
                f"took more than {SECONDS:g} seconds with one value: it tries the same text in too many ways."
            )
            raise TooLarge("an expression", text) from error

    return found
