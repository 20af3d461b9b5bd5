"""Thirty-two bytes on the command line: a salt, or a commitment."""

from __future__ import annotations

import re

from comity.base.errors import Malformed
from comity.engines.ledger.lines import decode_base64
from comity.engines.ledger.tiles import HASH_SIZE

_HEX = re.compile(rf"[0-9a-fA-F]{{{2 * HASH_SIZE}}}")


def hash_bytes(option: str, text: str) -> bytes:
    """The bytes of a hash in hexadecimal, as pages show it, or in base64, as proofs carry it."""
    content = bytes.fromhex(text) if _HEX.fullmatch(text) else decode_base64(option, text)
    if len(content) != HASH_SIZE:
        raise Malformed(option, f"has {len(content)} bytes; {HASH_SIZE} are wanted.")
    return content
