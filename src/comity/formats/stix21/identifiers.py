"""The ids of observables that follow from their content (section 2.9), so that one thing has one id."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha1
from typing import Any
from uuid import UUID

from comity.base.errors import Malformed
from comity.formats.canonical import canonical

NAMESPACE = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_PREFERRED_HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-512")
VERSION = -22  # the place in an id of the digit that is the version of its UUID


def deterministic_id(kind: str, value: dict[str, Any], contributing: Iterable[str]) -> str | None:
    """The UUIDv5 id of an observable, or None where its content has no canonical form or makes no id."""
    content = {name: value[name] for name in contributing if name in value}
    if not content:
        return None
    if "hashes" in content:
        content["hashes"] = _one_hash(content["hashes"])
    try:
        name = canonical(content)
    except Malformed:
        return None
    # As uuid.uuid5 does, without turning the bytes into text and back.
    digest = sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()[:16]
    return f"{kind}--{UUID(bytes=digest, version=5)}"


def _one_hash(hashes: dict[str, Any]) -> dict[str, Any]:
    name = next((name for name in _PREFERRED_HASHES if name in hashes), min(hashes))
    return {name: hashes[name]}
