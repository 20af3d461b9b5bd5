"""Bytes to a value and its canonical form at once, for texts as nearly all are written.

Short, not deep, and without numbers that are not whole: one decoder that takes nothing else checks all of
this while it reads. Whatever it refuses is left to `strict_json` and `canonical`, which say what is wrong.
"""

from __future__ import annotations

from types import GenericAlias
from typing import Annotated, Any

import msgspec

from comity.formats.canonical import canonical
from comity.formats.strict_json import SAFE_INTEGER, outside_strings

LONGEST = 2**20  # bytes: no string and no number of values in it is beyond the limits of the strict decoder
DEEPEST = 6  # containers in the root

_WHOLE = Annotated[int, msgspec.Meta(ge=-SAFE_INTEGER, le=SAFE_INTEGER)]


def _part(depth: int) -> Any:  # noqa: ANN401  a type, built for the decoder
    """What may stand in a container that holds no more than so many levels."""
    simple: Any = str | bool | None | _WHOLE
    if not depth:
        return simple
    inner = _part(depth - 1)
    return simple | GenericAlias(list, (inner,)) | GenericAlias(dict, (str, inner))


_decode = msgspec.json.Decoder(GenericAlias(dict, (str, _part(DEEPEST)))).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def read_plain(text: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The object in the text and its canonical form; None if only the careful way can tell."""
    if len(text) > LONGEST or rb"\u0000" in text:
        return None
    try:
        value: dict[str, Any] = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    written = _encode(value)
    form = written if written.isascii() else canonical(value)  # the order of other keys is another
    return (value, form) if _each_key_once(text, form) else None


def _each_key_once(text: bytes, form: bytes) -> bool:
    """Whether no member of an object was lost: nothing is written shorter than in the canonical form."""
    return len(text) == len(form) or outside_strings(text).count(b":") == outside_strings(form).count(b":")
