"""Addresses of IPv4 as numbers, by whole columns: `198.51.100.7` is 3325256711.

A text is two words of eight characters, on which each step works for all rows of a portion at once: the low
halves of the sixteen characters make one word, four of which a table reads as a number and the dot after it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
from numpy.typing import NDArray

_PORTION = 1 << 14  # rows: what is worked on stays near the processor
_SHORTEST, _LONGEST = 7, 15  # characters of an address
_INLINE = 12  # characters that stand in the column itself, not in a buffer beside it (Arrow, Utf8View)
_WRONG = np.uint16(1 << 15)

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]


def numbers(column: pl.Series) -> tuple[Words, Flags]:
    """The number of each text that is an address of IPv4, and which are; all else has the number 0."""
    held = column.rechunk().to_arrow(compat_level=pl.CompatLevel.newest()).cast(pa.string_view())
    _, views, *beside = held.buffers()
    if views is None or not len(column):
        return np.zeros(len(column), np.uint64), np.zeros(len(column), np.bool_)
    words = np.frombuffer(views, np.uint64).reshape(-1, 2)[held.offset : held.offset + len(column)]
    if column.null_count():
        words = np.where(column.is_null().to_numpy()[:, None], np.uint64(0), words)
    texts = [np.frombuffer(each, np.uint8) for each in beside]
    found = np.empty(len(column), np.uint64)
    good = np.empty(len(column), np.bool_)
    for begin in range(0, len(column), _PORTION):
        part = slice(begin, begin + _PORTION)
        found[part], good[part] = _read(*_characters(words[part], texts))
    found[~good] = 0
    return found, good


def _characters(views: Words, texts: list[NDArray[np.uint8]]) -> tuple[Words, Words, NDArray[np.uint8]]:
    """The first eight characters, the next eight, and the length; 0 for what is too short or too long."""
    sizes = (views[:, 0] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    low = (views[:, 0] >> np.uint64(32)) | (views[:, 1] << np.uint64(32))
    high = views[:, 1] >> np.uint64(32)
    far = np.flatnonzero((sizes > _INLINE) & (sizes <= _LONGEST))
    if len(far):
        number = (views[far, 1] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        place = (views[far, 1] >> np.uint64(32)).astype(np.int64)
        lowest, highest = int(number.min()), int(number.max())
        for each in [lowest] if lowest == highest else np.unique(number).tolist():
            rows, at = far[number == each], place[number == each]
            eights = np.ndarray((len(texts[each]) - 7,), np.uint64, texts[each], strides=(1,))
            low[rows] = eights[at]
            left = (16 - sizes[rows]).astype(np.uint64) << np.uint64(3)
            high[rows] = eights[at + sizes[rows] - 8] >> left
    sizes[(sizes < _SHORTEST) | (sizes > _LONGEST)] = 0
    return low, high, sizes.astype(np.uint8)


def _read(low: Words, high: Words, sizes: NDArray[np.uint8]) -> tuple[Words, Flags]:
    """The numbers; what follows a text counts as dots."""
    ends = _ends()
    low, high = low | ends[0][sizes], high | ends[1][sizes]
    good = _are_digits_and_dots(low) & _are_digits_and_dots(high) & (sizes > 0)
    left = _halves(low) | (_halves(high) << np.uint64(32))
    octets = _octets()
    found = np.zeros(len(low), np.uint64)
    taken = np.zeros(len(low), np.uint64)
    for _ in range(4):
        entry = octets[(left & np.uint64(0xFFFF)).view(np.int64)]
        good &= entry < _WRONG
        step = ((entry >> np.uint16(8)) & np.uint16(0x7F)).astype(np.uint64)
        found = (found << np.uint64(8)) | (entry & np.uint16(0xFF)).astype(np.uint64)
        taken += step
        left >>= step
    return found, good & (taken == ((sizes.astype(np.uint64) + np.uint64(1)) << np.uint64(2)))


def _are_digits_and_dots(word: Words) -> Flags:
    """Whether all eight are; of the low halves that the table knows only the dot's has both high bits."""
    word = word ^ np.uint64(0x3030303030303030)
    dots = (word >> np.uint64(3)) & (word >> np.uint64(2)) & np.uint64(0x0101010101010101)
    return (word & np.uint64(0xF0F0F0F0F0F0F0F0)) == (dots << np.uint64(4))  # type: ignore[no-any-return]  # an array


def _halves(word: Words) -> Words:
    """The low halves of eight characters, side by side."""
    word = word & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = (word | (word >> np.uint64(4))) & np.uint64(0x00FF00FF00FF00FF)
    word = (word | (word >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    return (word | (word >> np.uint64(16))) & np.uint64(0xFFFFFFFF)


@cache
def _ends() -> tuple[Words, Words]:
    """For each length the dots behind it; 16 of them where there is no text to be read."""
    dots = [b"\0" * size + b"." * (16 - size) for size in range(_LONGEST + 1)]
    both = np.frombuffer(b"".join(dots), np.uint64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


@cache
def _octets() -> NDArray[np.uint16]:
    """For four halves: the number they begin with, and how many bits it takes with its dot."""
    found = np.full(1 << 16, _WRONG, np.uint16)
    fours = np.arange(1 << 16)
    halves = [(fours >> shift) & 0xF for shift in (0, 4, 8, 12)]
    for number in range(256):
        here = np.ones(1 << 16, np.bool_)
        digits = str(number)
        for place, digit in enumerate(digits):
            here &= halves[place] == int(digit)
        found[here & (halves[len(digits)] == ord(".") & 0xF)] = number | (4 * (len(digits) + 1)) << 8
    return found
