"""Canonical JSON (RFC 8785): one value has one sequence of bytes, so that a digest means the value."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, cast

import rfc8785

from comity.base.errors import Malformed


def canonical(value: object) -> bytes:
    """The bytes of RFC 8785; `Malformed` for a value that has none (NaN, huge integers, lone surrogates)."""
    try:
        return rfc8785.dumps(cast("Any", value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Malformed("the value", f"has no canonical form: {error}.") from error


def sha256_hex(content: bytes) -> str:
    """The SHA-256 digest in lower-case hexadecimal."""
    return sha256(content).hexdigest()
