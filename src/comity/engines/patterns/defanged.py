"""Spellings that keep a value from being clicked: hxxp, [.], (dot), {at}; and the value behind them."""

from __future__ import annotations

import re

_DOT = re.compile(r"[\[({]\s?(?:\.|dot)\s?[\])}]|\\\.", re.IGNORECASE)
_AT = re.compile(r"[\[({]\s?(?:@|at)\s?[\])}]", re.IGNORECASE)
_COLON = re.compile(r"[\[({](:(?://)?)[\])}]")
_SCHEME = re.compile(r"(?:h(?:xx|\*\*|XX)p|meow)(s?)(?=:)", re.IGNORECASE)
SCHEMES = frozenset({"hxxp", "hxxps", "fxp", "fxps", "meow", "meows"})  # which no program opens
_FTP = re.compile(r"fxp(s?)(?=:)", re.IGNORECASE)


def refanged(text: str) -> str:
    """The text with its dots, signs and scheme as they were."""
    text = _COLON.sub(r"\1", _AT.sub("@", _DOT.sub(".", text)))
    return _FTP.sub(r"ftp\1", _SCHEME.sub(r"http\1", text, count=1), count=1)
