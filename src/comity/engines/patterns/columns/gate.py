"""Flags for hashes: closed for nearly all that are not among those it was made for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from comity.engines.patterns.columns.keys import Hashes

# Flags to a value in each field: of strangers one in nine passes the first, one in eighty both. For a million
# values a field is 1 MB and stays near the processor; a byte to a flag took twice as long.
_FLAGS = 8
_IN_A_BYTE = 3  # bits of a hash that say which flag of a byte
_LEAST_BITS, _MOST_BITS = 8, 27

Flags = NDArray[np.uint8]


class Gate:
    """Two flags for each hash, each in one of two fields of bytes."""

    def __init__(self, outer: Flags, inner: Flags) -> None:
        self._outer, self._inner = outer, inner
        self._shift, self._mask = np.uint64(65 - len(outer).bit_length()), np.uint64(len(inner) - 1)

    @classmethod
    def of(cls, hashes: Hashes) -> Gate:
        """The gate that these open."""
        bits = min(max((len(hashes) * _FLAGS).bit_length() - _IN_A_BYTE, _LEAST_BITS), _MOST_BITS)
        closed = np.zeros(1 << bits, np.uint8)
        return cls(closed, closed).opened_by(hashes)

    def opened_by(self, hashes: Hashes) -> Gate:
        """The same, but open for these as well."""
        outer, inner = self._outer.copy(), self._inner.copy()
        np.bitwise_or.at(outer, self._at_outer(hashes), np.left_shift(1, _outer_flag(hashes), dtype=np.uint8))
        np.bitwise_or.at(inner, self._at_inner(hashes), np.left_shift(1, _inner_flag(hashes), dtype=np.uint8))
        return Gate(outer, inner)

    def open_to(self, hashes: Hashes) -> NDArray[np.int64]:
        """The places of those hashes that pass."""
        near = np.flatnonzero(_set(self._outer[self._at_outer(hashes)], _outer_flag(hashes)))
        left = hashes[near]
        return near[_set(self._inner[self._at_inner(left)], _inner_flag(left))]

    def _at_outer(self, hashes: Hashes) -> NDArray[np.int64]:
        return (hashes >> self._shift).view(np.int64)

    def _at_inner(self, hashes: Hashes) -> NDArray[np.int64]:
        return ((hashes >> np.uint64(16)) & self._mask).view(np.int64)


def _outer_flag(hashes: Hashes) -> Flags:
    return hashes.view(np.uint8)[::8] & np.uint8(7)


def _inner_flag(hashes: Hashes) -> Flags:
    return hashes.view(np.uint8)[1::8] & np.uint8(7)


def _set(octets: Flags, flags: Flags) -> NDArray[np.bool_]:
    """Whether in each byte the flag of this number is set; the bytes are used up."""
    octets >>= flags
    octets &= np.uint8(1)
    return octets.view(np.bool_)
