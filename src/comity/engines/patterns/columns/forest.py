"""Networks that lie in one another, and where an address or a network stands among them.

Two networks are apart or one lies in the other, so they are trees: the bounds of all cut the addresses into
pieces, each piece has the smallest network around it, and each network the next one around itself. What is
asked for the networks around an address costs as many steps as there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comity.engines.patterns.columns.partly import within_bounds
from comity.engines.patterns.columns.saved import Numbers, ranges

V4, V6 = 4, 6
BITS = {V4: 32, V6: 128}
_LEAST_BITS, _MOST_BITS = 8, 22  # with which addresses of IPv4 begin: a flag for each, at most 4 MB
_FLAGS_EACH = 64  # to a network
_ALL = (1 << 64) - 1

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Lengths = NDArray[np.uint8]


class Networks:
    """Networks of one version as columns: the two halves of the first address, and the prefix's length."""

    def __init__(self, version: int, high: Words, low: Words, lengths: Lengths) -> None:
        self.version, self.high, self.low, self.lengths = version, high, low, lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def at(self, places: Numbers) -> Networks:
        """Those at these places."""
        return Networks(self.version, self.high[places], self.low[places], self.lengths[places])

    @property
    def last(self) -> Networks:
        """The last address of each."""
        high, low = _last_bits(self.version)
        return Networks(
            self.version, self.high | high[self.lengths], self.low | low[self.lengths], self.lengths
        )

    @property
    def keys(self) -> NDArray[np.uint64] | NDArray[np.bytes_]:
        """The first addresses as what NumPy sorts: numbers, or sixteen bytes."""
        if self.version == V4:
            return self.low
        return np.ascontiguousarray(np.stack([self.high, self.low], axis=1).astype(">u8")).view("S16")[:, 0]

    @property
    def order(self) -> Numbers:
        """By the first address, the larger network first."""
        return np.lexsort((self.lengths, self.low, self.high))


class _Gate:
    """A flag for each beginning of an address of IPv4: open where a network has some such address."""

    def __init__(self, trees: Networks) -> None:
        bits = min(max((len(trees) * _FLAGS_EACH).bit_length(), _LEAST_BITS), _MOST_BITS)
        self._shift = np.uint64(BITS[V4] - bits)
        change = np.zeros((1 << bits) + 1, np.int32)
        np.add.at(change, self._flag(trees), 1)
        np.add.at(change, self._flag(trees.last) + 1, -1)
        self._flags = np.cumsum(change[:-1]) > 0

    def open_to(self, values: Networks) -> Flags:
        return self._flags[self._flag(values)]

    def _flag(self, networks: Networks) -> Numbers:
        return (networks.low >> self._shift).view(np.int64)


@dataclass(frozen=True, slots=True)
class Related:
    """Places of values and, for each, of a network; networks that would be told too often, and how often."""

    values: Numbers
    networks: Numbers
    spent: Mapping[int, int]


class Forest:
    """Networks sorted for two questions: which lie around a value, and which inside it."""

    def __init__(self, networks: Networks) -> None:
        order = networks.order
        self._sorted = networks.at(order)
        fresh = _differs(self._sorted)
        self._rows, self._firsts = order, np.flatnonzero(fresh)
        self._counts = np.diff(np.append(self._firsts, len(order)))
        self._trees = self._sorted.at(self._firsts)  # each network once
        self._starts = self._trees.keys
        self._edges, self._smallest, self._around = _cut(self._trees)
        self._levels = _levels(self._around)
        self._gate = _Gate(self._trees) if networks.version == V4 else None

    def around(self, values: Networks) -> Related:
        """The networks that values lie in."""
        at = self._near(values)
        tree = self._smallest[np.searchsorted(self._edges, values.at(at).keys, "right") - 1]
        crowds = np.bincount(tree[tree >= 0], minlength=len(self._trees))
        for level in self._levels:
            np.add.at(crowds, self._around[level], crowds[level])
        told, spent = self._bounded(crowds)
        rows, trees = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        while True:
            held = tree >= 0
            at, tree = at[held], tree[held]
            if not len(at):
                break
            fits = (self._trees.lengths[tree] <= values.lengths[at]) & told[tree]
            rows.append(at[fits])
            trees.append(tree[fits])
            tree = self._around[tree]
        return self._related(np.concatenate(rows), np.concatenate(trees), spent)

    def inside(self, values: Networks) -> Related:
        """The networks that lie in values."""
        at = self._near(values) if (values.lengths == BITS[values.version]).all() else np.arange(len(values))
        some = values.at(at)
        first = np.searchsorted(self._starts, some.keys, "left")
        end = np.searchsorted(self._starts, some.last.keys, "right")
        size = len(self._trees) + 1
        told, spent = self._bounded(
            np.cumsum(np.bincount(first, minlength=size) - np.bincount(end, minlength=size))[:-1]
        )
        before = np.append(0, np.cumsum(told))  # of those that are told, how many stand before each
        counts = before[end] - before[first]
        rows, trees = np.repeat(at, counts), np.flatnonzero(told)[ranges(before[first], counts)]
        fits = self._trees.lengths[trees] >= values.lengths[rows]
        return self._related(rows[fits], trees[fits], spent)

    def _bounded(self, crowds: Numbers) -> tuple[Flags, dict[int, int]]:
        """Which networks are told, if so many values have to do with each; how often the others would be."""
        pairs = crowds * self._counts
        told = within_bounds(pairs)
        return told, {
            entry: int(pairs[tree])
            for tree in np.flatnonzero(~told)
            for entry in self._rows[self._firsts[tree] : self._firsts[tree] + self._counts[tree]].tolist()
        }

    def _near(self, values: Networks) -> Numbers:
        """The values of which the first address may lie in a network."""
        return np.flatnonzero(self._gate.open_to(values)) if self._gate else np.arange(len(values))

    def _related(self, rows: Numbers, trees: Numbers, spent: dict[int, int]) -> Related:
        """The same for all that were told of one network."""
        counts = self._counts[trees]
        return Related(np.repeat(rows, counts), self._rows[ranges(self._firsts[trees], counts)], spent)


def _differs(networks: Networks) -> Flags:
    """Whether a network of a sorted list is another one than that before it."""
    fresh = np.ones(len(networks), np.bool_)
    for column in (networks.high, networks.low, networks.lengths):
        fresh[1:] &= column[1:] == column[:-1]
    fresh[1:] = ~fresh[1:]
    return fresh


def _cut(trees: Networks) -> tuple[NDArray[np.uint64] | NDArray[np.bytes_], Numbers, Numbers]:
    """Where pieces begin, the smallest network around each, and for each network the next one around it."""
    edges, smallest, around = [0], [-1], [-1] * len(trees)
    opened: list[tuple[int, int]] = []  # last address and number of the networks that a place lies in

    def begin(edge: int) -> None:
        if edges[-1] != edge:
            edges.append(edge)
            smallest.append(-1)
        smallest[-1] = opened[-1][1] if opened else -1

    for number, (first, last) in enumerate(zip(_whole(trees), _whole(trees.last), strict=True)):
        while opened and opened[-1][0] < first:
            begin(opened.pop()[0] + 1)
        around[number] = opened[-1][1] if opened else -1
        opened.append((last, number))
        begin(first)
    while opened:
        last, _ = opened.pop()
        if last + 1 < 1 << BITS[trees.version]:
            begin(last + 1)
    return _keys(trees.version, edges), np.array(smallest, np.int64), np.array(around, np.int64)


def _levels(around: Numbers) -> list[Numbers]:
    """The networks that lie in others, those in the most first."""
    depth, outer = np.zeros(len(around), np.int64), around
    while (outer >= 0).any():
        depth += outer >= 0
        outer = np.where(outer >= 0, around[outer], -1)
    return [np.flatnonzero(depth == each) for each in range(int(depth.max(initial=0)), 0, -1)]


def _whole(networks: Networks) -> list[int]:
    return [high << 64 | low for high, low in zip(networks.high.tolist(), networks.low.tolist(), strict=True)]


def _keys(version: int, numbers: list[int]) -> NDArray[np.uint64] | NDArray[np.bytes_]:
    high = np.array([each >> 64 for each in numbers], np.uint64)
    low = np.array([each & _ALL for each in numbers], np.uint64)
    return Networks(version, high, low, np.zeros(len(numbers), np.uint8)).keys


def _last_bits(version: int) -> tuple[Words, Words]:
    """For each length of a prefix the bits behind it, in two halves."""
    masks = [(1 << (BITS[version] - length)) - 1 for length in range(BITS[version] + 1)]
    return np.array([each >> 64 for each in masks], np.uint64), np.array(
        [each & _ALL for each in masks], np.uint64
    )
