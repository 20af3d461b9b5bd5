"""The values at an object path: lists are walked, and references followed within the observation."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from comity.engines.patterns.ast import Star, Step
from comity.engines.patterns.matching.observed import Objects
from comity.engines.patterns.normal import algorithm_name

_REFERENCES = ("_ref", "_refs")
HASHES = "hashes"
_LONGEST_NAME = 40  # characters: beyond it no name of an algorithm is kept


def values_at(root: Mapping[str, Any], steps: Sequence[Step], objects: Objects) -> list[Any]:
    """What the path leads to, in order; nothing where it cannot be walked.

    Properties that hold bytes as hexadecimal digits or base64 give the bytes.
    """
    name, found = _walked(root, steps, objects)
    return [decoded(name, each) for each in found]


def raw_values_at(root: Mapping[str, Any], steps: Sequence[Step], objects: Objects) -> list[Any]:
    """The same as it is written."""
    return list(_walked(root, steps, objects)[1])


def _walked(root: Mapping[str, Any], steps: Sequence[Step], objects: Objects) -> tuple[str, Iterable[Any]]:
    found: Iterable[Any] = (root,)
    name = ""
    for step in steps:
        if isinstance(step, str):
            found = list(_under(found, step, name, objects))
            name = step
        else:
            found = list(_items(found, step))
    return name, found


def _under(found: Iterable[Any], key: str, name: str, objects: Objects) -> Iterator[Any]:
    """What stands under a key; behind the name of a reference, under that of the object it leads to."""
    for each in found:
        held = objects.get(each) if isinstance(each, str) and name.endswith(_REFERENCES) else each
        if not isinstance(held, Mapping):
            continue
        if name == HASHES:
            yield from (value for other, value in held.items() if hash_key(other) == hash_key(key))
        elif key in held:
            yield held[key]


def hash_key(key: str) -> str:
    """The key of a hash by its algorithm: the standards write `SHA-256` and `sha256`, and sources both."""
    return (_known_algorithm(key) if len(key) <= _LONGEST_NAME else algorithm_name(key)) or key


@lru_cache(maxsize=1_024)  # there are few
def _known_algorithm(key: str) -> str:
    return algorithm_name(key)


def _items(found: Iterable[Any], step: int | Star) -> Iterator[Any]:
    for each in found:
        if not isinstance(each, list | tuple):
            continue
        if isinstance(step, Star):
            yield from each
        elif 0 <= step < len(each):
            yield each[step]


def decoded(name: str, value: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """The value of the property of this name: bytes, if it says that it is written as such."""
    if not isinstance(value, str) or not name.endswith(("_hex", "_bin")):
        return value
    try:
        return bytes.fromhex(value) if name.endswith("_hex") else b64decode(value, validate=True)
    except (ValueError, Error):
        return value  # not what its name says: a text, which equals no bytes but its own
