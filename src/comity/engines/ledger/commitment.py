"""Leaves that reveal nothing: a salted commitment stands in the tree, salt and entry are kept apart.

When the law orders an entry to be erased, salt and entry go; the commitment stays, says nothing any more,
and every proof still holds. Whoever is given salt and entry can check that they are what was recorded.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Self

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict

SALT_SIZE = (
    32  # as long as the hash: guessing the entry without the salt is hopeless, however short the entry
)

_SOURCE = "Comity log format, entries"


def commit(salt: bytes, entry: bytes) -> bytes:
    """The 32 bytes that stand for `entry` in the log; the salt is random and used once."""
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    return hmac.digest(salt, entry, "sha256")


def opens(commitment: bytes, salt: bytes, entry: bytes) -> Verdict:
    """Whether salt and entry are those that `commitment` was made from."""
    if len(salt) != SALT_SIZE:
        # HMAC pads short keys with zeroes: two salts of different length could open the same commitment.
        return Verdict.no(
            Ground("commitment.salt", _SOURCE, f"A salt has {SALT_SIZE} bytes; this has {len(salt)}.")
        )
    if not hmac.compare_digest(commit(salt, entry), commitment):
        text = "This is not the entry that was recorded: entry, salt or commitment was altered."
        return Verdict.no(Ground("commitment.other", _SOURCE, text))
    return Verdict.yes(Ground("commitment.opened", _SOURCE, "This is the entry that was recorded."))


@dataclass(frozen=True, slots=True)
class Opening:
    """What shows an entry to somebody: whoever has it can make the commitment and look it up in the log."""

    salt: bytes
    entry: bytes

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_SIZE:
            raise Malformed("opening", f"an opening begins with a salt of {SALT_SIZE} bytes")

    @property
    def commitment(self) -> bytes:
        """The leaf that this opening belongs to."""
        return commit(self.salt, self.entry)

    def encode(self) -> bytes:
        """The opening as it travels: salt, then entry."""
        return self.salt + self.entry

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The opening in `content`."""
        return cls(content[:SALT_SIZE], content[SALT_SIZE:])
