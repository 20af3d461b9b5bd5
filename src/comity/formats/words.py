"""Fingerprints to compare on the telephone: twelve words for the first 132 bits of a key's digest."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from comity.formats.jws import thumbprint

COUNT = 12
_BITS = 11  # 2,048 words
_TABLE = "data/words.txt"  # the English list of BIP-39: no two words share their first four letters


def fingerprint(key: Ed25519PublicKey) -> tuple[str, ...]:
    """Twelve words, from the SHA-256 of the key's thumbprint as it is written."""
    number = int.from_bytes(sha256(thumbprint(key).encode("ascii")).digest()) >> (256 - COUNT * _BITS)
    return tuple(_words()[number >> shift & 2**_BITS - 1] for shift in range((COUNT - 1) * _BITS, -1, -_BITS))


@cache
def _words() -> tuple[str, ...]:
    return tuple(files("comity.formats").joinpath(_TABLE).read_text("ascii").split())
