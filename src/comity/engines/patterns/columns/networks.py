"""A table of networks that patterns look for: ISSUBSET and ISSUPERSET against columns of addresses.

What a text names is what its usual reading says: IPv4 inside IPv6 is IPv4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from ipaddress import IPv6Address
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Constant, Operator, Text
from comity.engines.patterns.columns.forest import BITS, V4, V6, Forest, Networks, Related
from comity.engines.patterns.columns.partly import PartlyMet, too_many
from comity.engines.patterns.columns.quads import numbers
from comity.engines.patterns.columns.saved import Numbers, packed, read, unpacked, write
from comity.engines.patterns.matching.networks import Network, network_in

_KIND = "networks"
_OPERATORS = (Operator.ISSUBSET, Operator.ISSUPERSET)
_NOTHING = 0  # the version of what is no network: it meets nothing
_COLUMNS = MappingProxyType({
    "operator": pl.UInt8,
    "version": pl.UInt8,
    "high": pl.UInt64,
    "low": pl.UInt64,
    "length": pl.UInt8,
    "place": pl.UInt16,
    "owner": pl.UInt32,
})  # fmt: skip  # one column to a line
_LOW = (1 << 64) - 1
_MORE_THAN_ADDRESS = frozenset("/%")
_MAPPED = 0xFFFF  # RFC 4291, section 2.5.5.2: what stands before an address of IPv4 inside IPv6

Test = tuple[Operator, Constant]
_Row = tuple[int, int, int, int]  # version, the halves of the first address, length of the prefix


class NetworkTable:
    """Networks and addresses, each with the operator that it is compared by, its place and its owner."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        self._owners = rows["owner"].to_numpy()
        self._places = rows["place"].to_numpy()

    @classmethod
    def of(cls, tests: Iterable[Test], places: Iterable[int], owners: Iterable[int]) -> NetworkTable:
        """The table of these comparisons, which stand beside each other."""
        rows = [
            (_OPERATORS.index(operator), *_row(constant), place, owner)
            for (operator, constant), place, owner in zip(tests, places, owners, strict=True)
        ]
        return cls(pl.DataFrame(rows, schema=dict(_COLUMNS), orient="row"))

    def __len__(self) -> int:
        return len(self._rows)

    def meet(self, column: pl.Series, places: Sequence[int]) -> PartlyMet:
        """Which rows of a column of texts are in such a relation to a network looked for in these places."""
        wanted = np.isin(self._places, np.asarray(places, np.uint16))
        rows, found = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        given_up: dict[int, str] = {}
        for where, entries, related in self._related(column) if wanted.any() else ():
            rows.append(where[related.values])
            found.append(entries[related.networks])
            given_up |= {
                int(self._owners[entries[each]]): too_many(count) for each, count in related.spent.items()
            }
        at, which = np.concatenate(rows), np.concatenate(found)
        kept = wanted[which]
        return PartlyMet(at[kept], self._owners[which[kept]], self._places[which[kept]], given_up)

    def _related(self, column: pl.Series) -> Iterator[tuple[Numbers, Numbers, Related]]:
        """Rows, places in the table, and what of the one has to do with what of the other."""
        if column.dtype != pl.String:
            return
        for rows, values in _values(column, all_versions=self._knows_v6):
            for operator in _OPERATORS:
                entries, forest = self._forests[operator, values.version]
                if len(entries):
                    is_subset = operator is Operator.ISSUBSET
                    yield rows, entries, forest.around(values) if is_subset else forest.inside(values)

    def without(self, owners: Iterable[int]) -> NetworkTable:
        """The same table without the networks of these owners."""
        gone = pl.Series(list(owners), dtype=pl.UInt32)
        return NetworkTable(self._rows.filter(~pl.col("owner").is_in(gone.implode())))

    def with_those_of(self, other: NetworkTable) -> NetworkTable:
        """Both tables as one."""
        return NetworkTable(pl.concat([self._rows, other._rows]))

    def packed(self) -> bytes:
        """The table as bytes."""
        return packed(_KIND, self._rows)

    @classmethod
    def unpacked(cls, octets: bytes, where: str) -> NetworkTable:
        """The table again; `where` says in errors whence it comes."""
        rows = unpacked(_KIND, _COLUMNS, octets, where)
        longest = pl.col("version").replace_strict({_NOTHING: 0, **BITS}, default=-1, return_dtype=pl.Int32)
        if not rows.select(
            (pl.col("length") <= longest).all() & (pl.col("operator") < len(_OPERATORS)).all()
        ).item():
            raise Malformed(where, "holds networks that are none.")
        return cls(rows)

    def save(self, path: Path) -> None:
        """Write it as one file."""
        write(path, self.packed())

    @classmethod
    def load(cls, path: Path) -> NetworkTable:
        """Read what was saved."""
        return cls.unpacked(read(path), str(path))

    @cached_property
    def _knows_v6(self) -> bool:
        return bool((self._rows["version"] == V6).any())

    @cached_property
    def _forests(self) -> dict[tuple[Operator, int], tuple[Numbers, Forest]]:
        """For each operator and version the places in the table, and the networks as trees."""
        columns = {name: self._rows[name].to_numpy() for name in _COLUMNS}
        found = {}
        for number, operator in enumerate(_OPERATORS):
            for version in BITS:
                here = np.flatnonzero((columns["operator"] == number) & (columns["version"] == version))
                halves = Networks(version, columns["high"], columns["low"], columns["length"])
                found[operator, version] = here, Forest(halves.at(here))
        return found


def _row(constant: Constant) -> _Row:
    network = network_in(constant.value, usual=True) if isinstance(constant, Text) else None
    return _halves(network)


def _halves(network: Network | None) -> _Row:
    if network is None:
        return _NOTHING, 0, 0, 0
    first = int(network.network_address)
    return network.version, first >> 64, first & _LOW, network.prefixlen


def _values(column: pl.Series, *, all_versions: bool) -> Iterator[tuple[Numbers, Networks]]:
    """Rows and what they hold, those of one version at a time; of IPv6 perhaps only what may be IPv4."""
    number, plain = numbers(column)
    rows = np.flatnonzero(plain)
    if len(rows):
        low = number if len(rows) == len(column) else number[rows]
        yield rows, Networks(V4, np.zeros_like(low), low, np.full(len(rows), BITS[V4], np.uint8))
    left = column.is_not_null() if all_versions else ~_is_surely_v6(column)
    odd = np.flatnonzero(~plain & left.fill_null(False).to_numpy())  # noqa: FBT003  a value
    if len(odd):
        yield from _odd_values(odd, column.gather(odd))


def _odd_values(rows: Numbers, column: pl.Series) -> Iterator[tuple[Numbers, Networks]]:
    """The same for what is not simply an address of IPv4, each text read once."""
    texts = column.unique()
    read_as = pl.DataFrame(
        [_odd(text) for text in texts],
        schema={name: _COLUMNS[name] for name in ("version", "high", "low", "length")},
        orient="row",
    ).with_columns(text=texts)
    values = column.rename("text").to_frame().join(read_as, on="text", how="left", maintain_order="left")
    versions = values["version"].to_numpy()
    for version in BITS:
        here = np.flatnonzero(versions == version)
        if len(here):
            high, low, length = (values[name].to_numpy()[here] for name in ("high", "low", "length"))
            yield rows[here], Networks(version, high, low, length)


def _is_surely_v6(column: pl.Series) -> pl.Series:
    """What holds a colon is no address of IPv4, unless it is one inside IPv6, which has a group `ffff`."""
    return column.str.contains(":", literal=True) & ~column.str.contains("(?i)ffff")


def _odd(text: str) -> _Row:
    """What the usual reading says; a plain address of IPv6 goes past the general reader, which takes long."""
    if ":" in text and not _MORE_THAN_ADDRESS.intersection(text):
        try:
            number = int(IPv6Address(text))
        except ValueError:
            return _halves(network_in(text, usual=True))
        if number >> 32 != _MAPPED:
            return V6, number >> 64, number & _LOW, BITS[V6]
    return _halves(network_in(text, usual=True))
