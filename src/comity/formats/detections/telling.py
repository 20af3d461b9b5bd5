"""How much of the values that hit is told: nothing, a keyed digest that only its maker can read, or all.

A digest is HMAC-SHA-256 (RFC 2104) with the operator's key over a salt, the place and the value. The salt
follows from the key and the indicator, and stands beside the digest: whoever has the key can tell whether a
value is the one that hit; nobody else can try values, or see that two indicators met the same one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import Enum

from comity.base.errors import Malformed
from comity.base.matches import Scalar, Shown

LEAST_KEY, MOST_KEY = 32, 4_096  # bytes
_SALT = 16  # bytes
_FOR_SALT = b"salt of observed values\0"


class Observed(Enum):
    """What of the values leaves the house."""

    NOTHING = "nothing"
    HASHED = "hashed"
    VALUES = "values"


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """The operator's key, which is never shown."""

    octets: bytes

    @classmethod
    def read(cls, content: bytes) -> Key:
        """The key in a file: whatever bytes stand there."""
        if not LEAST_KEY <= len(content) <= MOST_KEY:
            raise Malformed(
                "the key", f"has {len(content):,} bytes; from {LEAST_KEY} to {MOST_KEY:,} are taken."
            )
        return cls(content)

    def salt(self, indicator: str) -> bytes:
        """The salt of all digests under one indicator."""
        return hmac.digest(self.octets, _FOR_SALT + indicator.encode("utf-8", "surrogatepass"), "sha256")[
            :_SALT
        ]

    def digest(self, indicator: str, shown: Shown) -> str:
        """The digest of one value, as hexadecimal digits."""
        said = "\0".join(("", shown.place, written(shown.value))).encode("utf-8", "surrogatepass")
        return hmac.digest(self.octets, self.salt(indicator) + said, "sha256").hex()


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of values; the key is there where they are hashed, and only there."""

    observed: Observed
    key: Key | None = None

    def __post_init__(self) -> None:
        if (self.key is not None) != (self.observed is Observed.HASHED):
            raise ValueError("a key is needed to hash values, and for nothing else")

    def value(self, indicator: str, shown: Shown) -> Scalar | None:
        """What stands for the value; None where nothing is told."""
        if self.key is not None:
            return f"hmac-sha256:{self.key.salt(indicator).hex()}:{self.key.digest(indicator, shown)}"
        return shown.value if self.observed is Observed.VALUES else None


def written(value: Scalar) -> str:
    """A value as text: whole numbers in digits, truths in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
