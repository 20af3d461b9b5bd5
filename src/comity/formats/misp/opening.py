"""A large MISP document, opened without its attributes and objects: each is decoded when its turn comes.

What comes out has the form of the decoded document, in which these lists give their members one after the
other. What the strict decoder refuses is refused, though at the latest when the last was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from comity.base.errors import Malformed
from comity.formats.strict_json import Limits, decode, outside_strings

LARGE = 4 * 2**20  # bytes from which it is worth the trouble
_ROOT = re.compile(rb"[ \t\r\n]*([{\[])")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_OPENED = ("", "response", "Event")
_LATER = ("Attribute", "Object")


@dataclass(frozen=True, slots=True)
class Parts:
    """The members of a list, each decoded as it is reached."""

    texts: list[msgspec.Raw]
    limits: Limits

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[object]:
        return (decode(bytes(text), limits=self.limits) for text in self.texts)


def opened(text: bytes, limits: Limits) -> object:
    """The document; one that is small, or in any way odd, is decoded at once."""
    root = _ROOT.match(text)
    if len(text) < LARGE or len(text) > limits.size or root is None:
        return decode(text, limits=limits)
    try:
        value, colons = _opened(text, root[1] == b"[", "", limits)
    except (msgspec.DecodeError, UnicodeError, RecursionError, Malformed):
        return decode(text, limits=limits)
    outside = outside_strings(text)
    values = outside.count(b",") + outside.count(b"[") + outside.count(b"{")
    if values >= limits.values or colons != outside.count(b":"):  # a key that stands twice is lost in between
        return decode(text, limits=limits)
    return value


def _opened(text: bytes | msgspec.Raw, listed: bool, name: str, limits: Limits) -> tuple[object, int]:  # noqa: FBT001  what the first sign says
    """The value, and how many colons stand between its parts."""
    inner = replace(limits, depth=limits.depth - 1)
    if listed and name in _LATER:
        return Parts(_list(text), inner), outside_strings(bytes(text)).count(b":")
    if listed and name in _OPENED[:2]:
        found = [_part(each, "", inner) for each in _list(text)]
        return [value for value, _ in found], sum(colons for _, colons in found)
    if not listed and name in _OPENED:
        parts = {key: _part(each, key, inner) for key, each in _members(text).items()}
        return {key: value for key, (value, _) in parts.items()}, sum(n for _, n in parts.values()) + len(
            parts
        )
    content = bytes(text)
    return decode(content, limits=limits), outside_strings(content).count(b":")


def _part(text: msgspec.Raw, name: str, limits: Limits) -> tuple[object, int]:
    return _opened(text, bytes(memoryview(text)[:1]) == b"[", name, limits)
