"""Secrets that are shown once: 256 random bits, of which only the digest is kept."""

from __future__ import annotations

import hashlib
import secrets

LENGTH = 43  # characters: 32 bytes in base64url


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token. A plain hash is enough: nobody searches 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
