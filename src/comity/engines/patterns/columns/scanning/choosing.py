"""By which few characters each of many expressions is found: those that the fewest others share.

Expressions of one feed look alike: thousands end in `.example-cdn.com`. What all share says nothing, and a
scanner that looks for it asks each expression at each value; so the part that is rare is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from comity.engines.patterns.columns.saved import Numbers, ranges
from comity.engines.patterns.columns.scanning.folding import folded

SIZES = (8, 6, 4)  # bytes that are looked for together, of a text that has so many
MOST_SHARING = 32  # expressions found by the same bytes, before an automaton is better at telling them apart
# What stands in so many values that it finds nothing.
_COMMON = (
    "http://www.",
    "https://www.",
    ".com/",
    ".org/",
    ".net/",
    "application/",
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/safari/537.36",
    "c:\\windows\\system32\\",
    "c:\\program files\\",
    "c:\\users\\",
    "\\appdata\\local\\temp\\",
    "\\appdata\\roaming\\microsoft\\windows\\",
    "hkey_local_machine\\software\\microsoft\\windows\\currentversion\\",
    "hkey_current_user\\software\\microsoft\\windows\\currentversion\\",
    ".amazonaws.com",
    ".cloudfront.net",
    "powershell.exe",
)
_CROWD = 1_000_000  # the score of what is common: more than any number of expressions
_PLAIN = b"etaoinshrdlcum./:-_\\ "  # bytes that tell less than others
_LIGHT = 16  # what a score is multiplied with, so that the bytes themselves decide among equals

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Grams:
    """Bytes to look for, how many they are, and the expression that each finds."""

    words: Words
    sizes: NDArray[np.uint8]
    tests: Numbers


@dataclass(frozen=True, slots=True)
class Chosen:
    """The bytes chosen, and for each expression how many others share them; -1 where none were found."""

    grams: Grams
    sharing: Numbers


def chosen(demands: Sequence[Iterable[frozenset[str]]]) -> Chosen:
    """For each expression one of its demands: of the texts of which one has to be there."""
    texts, of_demand, tests = _flat(demands)
    if not texts:
        nothing = Grams(np.zeros(0, np.uint64), np.zeros(0, np.uint8), np.zeros(0, np.int64))
        return Chosen(nothing, np.full(len(demands), -1, np.int64))
    words, sizes, scores = _best(texts)
    worst = np.zeros(len(tests), np.int64)
    np.maximum.at(worst, of_demand, scores)
    order = np.lexsort((worst, tests))
    first = order[np.append(True, np.diff(tests[order]) > 0)]
    sharing = np.full(len(demands), -1, np.int64)
    sharing[tests[first]] = worst[first] // _LIGHT
    held = np.isin(of_demand, first)
    return Chosen(Grams(words[held], sizes[held], tests[of_demand[held]]), sharing)


def _flat(demands: Sequence[Iterable[frozenset[str]]]) -> tuple[list[bytes], Numbers, Numbers]:
    """All texts, the number of the demand of each, and the expression of each demand."""
    texts: list[bytes] = []
    of_demand: list[int] = []
    tests: list[int] = []
    for test, each in enumerate(demands):
        for ways in each:
            held = [way.encode() for way in sorted(ways)]
            if min(map(len, held)) >= SIZES[-1]:
                texts += held
                of_demand += [len(tests)] * len(held)
                tests.append(test)
    return texts, np.array(of_demand, np.int64), np.array(tests, np.int64)


def _best(texts: list[bytes]) -> tuple[Words, NDArray[np.uint8], Numbers]:
    """For each text the bytes in it that are rarest, how many they are, and how bad they are."""
    lengths = np.array([len(each) for each in texts], np.int64)
    begins = np.cumsum(lengths) - lengths
    whole = np.frombuffer(b"".join(texts) + bytes(SIZES[0]), np.uint8)
    eights = np.ndarray((len(whole) - SIZES[0],), np.uint64, whole, strides=(1,))
    weights = np.append(0, np.cumsum(~np.isin(whole, np.frombuffer(_PLAIN, np.uint8))))
    words, sizes = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint8)
    scores = np.zeros(len(texts), np.int64)
    for place, size in enumerate(SIZES):
        here = np.flatnonzero((lengths >= size) & (sizes == 0))
        if not len(here):
            continue
        counts = lengths[here] - size + 1
        at = ranges(begins[here], counts)
        held = eights[at] & mask(size)
        _, which, crowd = np.unique(held, return_inverse=True, return_counts=True)
        score = (crowd[which] + _CROWD * np.isin(held, _common(size))) * _LIGHT
        score += place + _LIGHT - 1 - np.minimum(weights[at + size] - weights[at], _LIGHT // 2)
        order = np.lexsort((score, np.repeat(np.arange(len(here)), counts)))
        first = order[np.cumsum(counts) - counts]
        words[here], sizes[here], scores[here] = held[first], size, score[first]
    return words, sizes, scores


def mask(size: int) -> np.uint64:
    """The first bytes of a word of eight."""
    return np.uint64((1 << 8 * size) - 1)


@cache
def _common(size: int) -> Words:
    held = {
        each[at : at + size]
        for text in _COMMON
        for each in (folded(text).encode(),)
        for at in range(len(each))
    }
    return np.array([int.from_bytes(each, "little") for each in held if len(each) == size], np.uint64)
