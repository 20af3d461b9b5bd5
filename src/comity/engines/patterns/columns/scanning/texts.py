"""The texts of a column as one row of bytes, in which grams are looked for without leaving it."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comity.engines.patterns.columns.saved import Numbers, ranges
from comity.engines.patterns.columns.scanning.choosing import SIZES, Grams, Words, mask
from comity.engines.patterns.columns.scanning.folding import folded
from comity.engines.patterns.columns.table import ValueTable
from comity.engines.patterns.matching.expressions import LONGEST_TEXT

_SAMPLE, _FEW_DISTINCT = 10_000, 0.7  # rows; where less is distinct, finding what is costs less than it saves
_PORTION = 1 << 15  # bytes: what is worked on stays near the processor
_OUTER, _INNER = 8, 64  # flags to a gram: the outer gate is small, so that it stays near the processor
_LEAST_BITS, _MOST_BITS = 10, 23
_OUTER_BY, _INNER_BY = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # odd, their bits mixed

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a column, of many equal ones perhaps only one, and in which rows each stands."""

    each: pl.Series
    rows: Numbers | None  # of each text; None where equal ones are one
    column: pl.Series

    def rows_of(self, places: Numbers) -> tuple[Numbers, Numbers]:
        """Rows that hold some of the texts, and which: the place of its place among those asked for."""
        if self.rows is not None:
            return self.rows[places], np.arange(len(places))
        table = ValueTable.of(self.each.gather(places), [0] * len(places), range(len(places)))
        met = table.meet(self.column, [0])
        return met.rows, met.owners.astype(np.int64)


def texts_of(column: pl.Series) -> Texts:
    """The texts of a column; equal ones as one if a sample says that there are many."""
    sample = column.head(_SAMPLE)
    if column.dtype == pl.String and sample.n_unique() < len(sample) * _FEW_DISTINCT:
        return Texts(_short(column.unique().drop_nulls()), None, column)
    rows = np.flatnonzero(_short_rows(column).to_numpy())
    return Texts(column.gather(rows), rows, column)


def _short(texts: pl.Series) -> pl.Series:
    return texts.filter(_short_rows(texts))


def _short_rows(texts: pl.Series) -> pl.Series:
    """What there is and is compared at all."""
    if texts.dtype == pl.Binary:
        return texts.is_not_null()
    sizes = texts.str.len_bytes()
    longest = sizes.max()
    if not isinstance(longest, int) or longest <= LONGEST_TEXT:
        return texts.is_not_null()
    return (texts.str.len_chars() <= LONGEST_TEXT).fill_null(False)  # noqa: FBT003  a value


def composed(texts: pl.Series) -> pl.Series:
    """The texts in Unicode's NFC."""
    odd = texts.str.len_bytes() != texts.str.len_chars()
    return (
        texts.clone().scatter(odd.arg_true(), [normalize("NFC", each) for each in texts.filter(odd)])
        if odd.any()
        else texts
    )


def are_clean(texts: pl.Series) -> Flags:
    """Which texts, in NFC, an automaton can go through; the letters are those that fold into ASCII."""
    found: Flags = texts.str.contains("^[^\\x00-\\x1f\\x7f\u017f\u0130\u0131\u212a]+$").to_numpy()
    return found


def are_ascii(texts: pl.Series) -> Flags:
    """Which texts have one byte for each character."""
    found: Flags = (texts.str.len_bytes() == texts.str.len_chars()).to_numpy()
    return found


@dataclass(frozen=True, slots=True)
class Bytes:
    """All texts behind one another; `ends` has where each ends, and 0 before them all."""

    whole: NDArray[np.uint8]
    ends: Numbers

    def text_at(self, places: Numbers) -> Numbers:
        """In which text each byte stands."""
        return np.searchsorted(self.ends, places, "right") - 1


def bytes_of(texts: pl.Series) -> Bytes:
    """The bytes of texts, of which none is null."""
    odd = texts.str.len_bytes() != texts.str.len_chars()
    if odd.any():
        plain = [folded(each) for each in texts.filter(odd)]
        texts = texts.clone().scatter(odd.arg_true(), plain)
    held = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, ends, octets = held.buffers()
    offsets = np.frombuffer(ends, np.int64)[held.offset : held.offset + len(texts) + 1]
    whole = np.frombuffer(octets, np.uint8)[offsets[0] : offsets[-1]]
    return Bytes(whole, offsets - offsets[0])


class _Gate:
    """A flag for some bits of a product of what is looked for."""

    def __init__(self, words: Words, flags_each: int, by: np.uint64) -> None:
        bits = min(max((len(words) * flags_each).bit_length(), _LEAST_BITS), _MOST_BITS)
        self._by, self._shift = by, np.uint64(64 - bits)
        self._flags = np.zeros(1 << bits, np.bool_)
        self._flags[self._flag(words)] = True

    def open_to(self, words: Words) -> Flags:
        return self._flags[self._flag(words)]

    def _flag(self, words: Words) -> Numbers:
        return ((words * self._by) >> self._shift).view(np.int64)


class GramTable:
    """Grams of which each finds some expressions."""

    def __init__(self, grams: Grams) -> None:
        self._parts = [
            _OfSize(size, grams.words[here], grams.tests[here])
            for size in SIZES
            if len(here := np.flatnonzero(grams.sizes == size))
        ]

    def near(self, texts: Bytes) -> tuple[Numbers, Numbers]:
        """Texts and expressions that may be found in them, each pair once."""
        found: list[tuple[Numbers, Numbers]] = []
        for begin in range(0, len(texts.whole) if self._parts else 0, _PORTION):
            portion = _folded(texts.whole[begin : begin + _PORTION + SIZES[0] - 1])
            eights = np.ndarray((len(portion) - SIZES[0] + 1,), np.uint64, portion, strides=(1,))[
                :_PORTION
            ].copy()
            for part in self._parts:
                at, words = part.places(eights)
                if len(at):
                    found.append(self._pairs(part, at + begin, words, texts))
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        pairs = np.unique(np.stack([np.concatenate(each) for each in zip(*found, strict=True)]), axis=1)
        return pairs[0], pairs[1]

    @staticmethod
    def _pairs(part: _OfSize, at: Numbers, words: Numbers, texts: Bytes) -> tuple[Numbers, Numbers]:
        text = texts.text_at(at)
        inside = at + part.size <= texts.ends[text + 1]
        text, words = text[inside], words[inside]
        counts = part.counts[words]
        return np.repeat(text, counts), part.tests[ranges(part.firsts[words], counts)]


class _OfSize:
    """The grams of one size."""

    def __init__(self, size: int, words: Words, tests: Numbers) -> None:
        order = np.argsort(words, kind="stable")
        self.size, self.tests, self._mask = size, tests[order], mask(size)
        self._words, self.firsts, self.counts = np.unique(words[order], return_index=True, return_counts=True)
        self._outer = _Gate(self._words, _OUTER, _OUTER_BY)
        self._inner = _Gate(self._words, _INNER, _INNER_BY)

    def places(self, eights: Words) -> tuple[Numbers, Numbers]:
        """Where one of the grams begins, and which."""
        held = eights if self.size == SIZES[0] else eights & self._mask
        at = np.flatnonzero(self._outer.open_to(held))
        at = at[self._inner.open_to(held[at])]
        words = held[at]
        place = np.minimum(np.searchsorted(self._words, words), len(self._words) - 1)
        same = self._words[place] == words
        return at[same], place[same]


def _folded(octets: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """In small letters, with zeros behind for the last words of eight."""
    found = np.zeros(len(octets) + SIZES[0], np.uint8)
    found[: len(octets)] = octets
    found += ((found - np.uint8(ord("A"))) < 26).view(np.uint8) << np.uint8(5)  # noqa: PLR2004  letters
    return found
