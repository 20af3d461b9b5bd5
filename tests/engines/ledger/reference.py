"""The definitions of RFC 9162, section 2.1, as slow and plain as they stand: the oracle of the tests."""

from __future__ import annotations

from functools import cache
from hashlib import sha256


def entry(index: int) -> bytes:
    """The entry that every test log has at `index`."""
    return sha256(b"entry %d" % index).digest()


def split(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


@cache
def mth(start: int, end: int) -> bytes:
    """MTH over the test entries from `start` to before `end`."""
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return sha256(b"\x00" + entry(start)).digest()
    middle = start + split(end - start)
    return sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()


def path(index: int, start: int, end: int) -> tuple[bytes, ...]:
    """PATH of 2.1.3.1; `index` counts from `start`."""
    if end - start == 1:
        return ()
    half = split(end - start)
    if index < half:
        return (*path(index, start, start + half), mth(start + half, end))
    return (*path(index - half, start + half, end), mth(start, start + half))


def proof(old: int, new: int) -> tuple[bytes, ...]:
    """PROOF of 2.1.4.1."""
    return subproof(old, 0, new, known=True)


def subproof(old: int, start: int, end: int, *, known: bool) -> tuple[bytes, ...]:
    size = end - start
    if old == size:
        return () if known else (mth(start, end),)
    half = split(size)
    if old <= half:
        return (*subproof(old, start, start + half, known=known), mth(start + half, end))
    return (*subproof(old - half, start + half, end, known=False), mth(start, start + half))
