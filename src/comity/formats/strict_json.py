"""Bytes to JSON values, strictly: what two readers could understand differently is refused.

RFC 8259 lets a reader choose what duplicate keys or huge integers mean. A signature over such a text would
mean different things to different readers, so this decoder takes only I-JSON (RFC 7493), within bounds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from comity.base.errors import Malformed, TooLarge

ROOT = "the document"
SAFE_INTEGER = 2**53 - 1  # RFC 7493, section 2.2: beyond it a double no longer tells neighbours apart
_PLAIN_NOTATION = (
    1e21  # RFC 8785 writes whole numbers below it without an exponent, so they read back as integers
)

_decode = msgspec.json.Decoder().decode
_NO_SIGN = bytes(set(range(256)) - set(b'",:[]{}'))
_BYTE = re.compile(r"\(byte (\d+)\)")

Path = tuple["Path", str | int] | tuple[()]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a text may ask of its reader: bytes, nesting, number of values, characters of one string."""

    size: int = 16 * 2**20
    depth: int = 64
    values: int = 2_000_000
    string: int = 2**20


STANDARD = Limits()


def decode(text: bytes, *, limits: Limits = STANDARD) -> object:
    """The value that the bytes stand for.

    Raises `TooLarge` beyond `limits`, and `Malformed` for anything that is not I-JSON.
    """
    if len(text) > limits.size:
        raise TooLarge(ROOT, f"{len(text):,} bytes; at most {limits.size:,} are read.")
    outside = outside_strings(text)
    # Every value but the root stands after a comma or first in its container: an upper bound,
    # taken before memory is spent.
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") >= limits.values:
        raise TooLarge(ROOT, f"more than {limits.values:,} values.")
    value = _parse(text, limits)
    if _members(value, limits) != outside.count(b":"):
        raise Malformed(_duplicate(text), "a key occurs twice in one object.")
    if rb"\u0000" in text:  # the only spelling of NUL that JSON allows; most texts have none
        _without_nul(value)
    return value


def pointer(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a path, for messages."""
    steps: list[str] = []
    while path:
        path, step = path
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in reversed(steps)) or ROOT


def outside_strings(text: bytes) -> bytes:
    """The commas, colons and brackets of a well-formed text that are not inside its strings."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    signs = text.translate(None, _NO_SIGN).replace(b'""', b"")  # most strings hold no sign: they go at once
    return b"".join(signs.split(b'"')[::2])


def _parse(text: bytes, limits: Limits) -> object:
    try:
        return _decode(text)
    except UnicodeDecodeError as error:
        raise Malformed(ROOT, f"not UTF-8: {error.reason}.") from error
    except RecursionError as error:
        raise TooLarge(ROOT, f"nested deeper than {limits.depth} levels.") from error
    except msgspec.DecodeError as error:
        found = _BYTE.search(str(error))
        where = f"byte {found[1]}" if found else ROOT
        raise Malformed(where, f"not JSON: {error}.") from error


def _members(root: object, limits: Limits) -> int:
    """The number of object members in a value, all of whose parts are within bounds."""
    members = 0
    waiting: list[tuple[Any, int, Path]] = [([root], 0, ())]
    while waiting:
        container, depth, path = waiting.pop()
        if depth > limits.depth:
            raise TooLarge(pointer(path), f"nested deeper than {limits.depth} levels.")
        if isinstance(container, dict):
            members += len(container)
            _bounded_keys(container, path, limits)
        for step, child in container.items() if isinstance(container, dict) else enumerate(container):
            kind = type(child)
            if kind is dict or kind is list:
                waiting.append((child, depth + 1, (path, step) if depth else ()))
            elif kind is str:
                if len(child) > limits.string:
                    raise TooLarge(
                        pointer((path, step)), f"a string longer than {limits.string:,} characters."
                    )
            elif (kind is int or kind is float) and not -SAFE_INTEGER <= child <= SAFE_INTEGER:
                _allow_number(child, (path, step) if depth else ())
    return members


def _without_nul(root: object) -> None:
    """A reader written in C ends a text at NUL, and PostgreSQL keeps none: both would know another text."""
    waiting: list[Any] = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if "\0" in each:
                raise Malformed(ROOT, "a text holds the character NUL (U+0000).")
        elif isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each


def _bounded_keys(members: dict[str, Any], path: Path, limits: Limits) -> None:
    for key in members:
        if len(key) > limits.string:
            raise TooLarge(pointer(path), f"a key longer than {limits.string:,} characters.")


def _allow_number(number: float, path: Path) -> None:
    if isinstance(number, int) or abs(number) < _PLAIN_NOTATION:
        raise Malformed(
            pointer(path), "a whole number beyond ±(2^53-1) is not exact everywhere; write it as a string."
        )


def _duplicate(text: bytes) -> str:
    """The pointer's last step is all that is known of a duplicate: the slow reader names the key."""
    found: list[str] = []

    def notice(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        found.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]

    json.loads(text, object_pairs_hook=notice)
    return f"…{pointer(((), found[0]))}"
