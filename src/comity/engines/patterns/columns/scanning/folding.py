"""Letters without their case, for texts and for what expressions demand of them alike.

Only the letters of ASCII are folded, with those four that an expression without regard to case takes for one
of them. What differs in other letters alone stays apart: an expression that disregards their case demands
nothing of them.
"""

from __future__ import annotations

from unicodedata import normalize

_LETTERS = str.maketrans(
    {chr(upper): chr(upper + 32) for upper in range(ord("A"), ord("Z") + 1)}
    | {"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}
)


def folded(text: str) -> str:
    """The text in Unicode's NFC and without the case of its letters."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", text).translate(_LETTERS)
