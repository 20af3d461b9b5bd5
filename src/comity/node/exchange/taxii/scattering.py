"""A place for every key, which no one can know who does not have the seed: a keyed permutation.

It is a Feistel network whose round functions are tables of random numbers. Each key has a place of its own
and each place a key, both found without looking at any other. So what stands between two objects that a
reader sees tells nothing of how many keys lie between theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256
from struct import unpack
from typing import Any

SEED = 16  # bytes
_ROUNDS = 8
_LEAST = 8  # bits of a half: 65,536 places
_KEPT = 32  # seeds whose tables are kept
_WORD = 4  # bytes of a number in a table

_Tables = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Gives the keys from `low` on their places; half a place has `half` bits."""

    low: int
    half: int
    seed: str

    @classmethod
    def over(cls, low: int, high: int, seed: bytes) -> Scatter:
        """For these keys: the number of places tells theirs only to a factor of four."""
        half = _LEAST
        while (high - low) >> (2 * half):
            half += 1
        return cls(low, half, seed.hex())

    @classmethod
    def from_json(cls, kept: list[Any]) -> Scatter:
        """As it was kept."""
        return cls(*kept)

    def as_json(self) -> list[Any]:
        """As it is kept."""
        return [self.low, self.half, self.seed]

    @property
    def length(self) -> int:
        """How many places there are."""
        return 1 << (2 * self.half)

    def place(self, key: int) -> int:
        """Where this key stands."""
        left, right = divmod(key - self.low, 1 << self.half)
        for table in _tables(self.seed, self.half):
            left, right = right, left ^ table[right]
        return left << self.half | right

    def key(self, place: int) -> int:
        """Which key stands here, if there is such a key."""
        left, right = divmod(place, 1 << self.half)
        for table in reversed(_tables(self.seed, self.half)):
            left, right = right ^ table[left], left
        return self.low + (left << self.half | right)


@lru_cache(maxsize=_KEPT)
def _tables(seed: str, half: int) -> _Tables:
    size = 1 << half
    stream = shake_256(bytes.fromhex(seed)).digest(_ROUNDS * size * _WORD)
    words = [word & (size - 1) for word in unpack(f"<{_ROUNDS * size}I", stream)]
    return tuple(tuple(words[start : start + size]) for start in range(0, len(words), size))
