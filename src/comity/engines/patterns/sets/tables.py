"""The tables of a set: each kind of comparison has one in which whole columns are met at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import polars as pl

from comity.engines.patterns.ast import Comparison, Constant, Float, Integer, Operator, Text, Timestamp
from comity.engines.patterns.columns.forms import key_of, keys_of
from comity.engines.patterns.columns.networks import NetworkTable
from comity.engines.patterns.columns.numbers import NumberTable
from comity.engines.patterns.columns.scan import ScanTable
from comity.engines.patterns.columns.table import ValueTable
from comity.engines.patterns.normal import Form
from comity.engines.patterns.sets.loose import Loose, LooseTests
from comity.engines.patterns.sets.places import BYTES, last_name

_INSIDE = frozenset({Operator.ISSUBSET, Operator.ISSUPERSET})
_ORDERS = frozenset({Operator.LESS, Operator.GREATER, Operator.AT_MOST, Operator.AT_LEAST})
_LIKENESSES = frozenset({Operator.LIKE, Operator.MATCHES})
Compared = NetworkTable | NumberTable | ScanTable  # tables that are met by values as they are


@dataclass(slots=True)
class Rows:
    """Tests as they are collected, with their places and owners."""

    tests: list[tuple[Operator, Constant]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def add(self, operator: Operator, constant: Constant, place: int, owner: int) -> None:
        """One more."""
        self.tests.append((operator, constant))
        self.places.append(place)
        self.owners.append(owner)


@dataclass(slots=True)
class Values:
    """Texts that are looked for, as they are collected, with their places and owners."""

    texts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def add(self, text: str, place: int, owner: int) -> None:
        """One more."""
        self.texts.append(text)
        self.places.append(place)
        self.owners.append(owner)

    def keys(self, form: Form | None) -> Iterable[str]:
        """The keys of the texts."""
        try:
            return keys_of(form, pl.Series(self.texts, dtype=pl.String)).whole()
        except UnicodeEncodeError:  # half a character, which JSON can write and no column holds
            return [str(key_of(form, text)) for text in self.texts]


@dataclass(slots=True)
class Draft:
    """Tables before they are built."""

    values: dict[Form | None, Values] = field(default_factory=dict)
    networks: Rows = field(default_factory=Rows)
    numbers: Rows = field(default_factory=Rows)
    scans: Rows = field(default_factory=Rows)
    loose: list[Loose] = field(default_factory=list)

    def add_value(self, form: Form | None, text: str, place: int, owner: int) -> None:
        """A text by what it means in a place of this form; without one it is its own key."""
        values = self.values.get(form)
        if values is None:
            values = self.values[form] = Values()
        values.add(text, place, owner)

    def add(self, test: Comparison, place: int, owner: int) -> None:
        """A comparison, in the table that knows its kind or else by itself."""
        rows = self._rows(test)
        if rows is None or test.value is None or isinstance(test.value, tuple):
            self.loose.append(Loose(place, owner, test))
        else:
            rows.add(test.operator, test.value, place, owner)

    def _rows(self, test: Comparison) -> Rows | None:
        if test.operator in _INSIDE and isinstance(test.value, Text):
            return self.networks
        if test.operator in _LIKENESSES and not last_name(test.path).endswith(BYTES):
            return self.scans
        of_numbers = isinstance(test.value, Integer | Float | Timestamp)
        return self.numbers if of_numbers and test.operator in {*_ORDERS, Operator.EQUAL} else None

    def tables(self) -> Tables:
        """The tables."""
        networks, numbers, scans = self.networks, self.numbers, self.scans
        return Tables(
            self._values(),
            NetworkTable.of(networks.tests, networks.places, networks.owners),
            NumberTable.of(numbers.tests, numbers.places, numbers.owners),  # type: ignore[arg-type]  # as sorted out
            ScanTable.of(scans.tests, scans.places, scans.owners),
            LooseTests(self.loose),
        )

    def everywhere(self, tables: Tables) -> Iterator[tuple[int, int]]:
        """Places and owners of what its table does not meet, because it fits everything or is too much."""
        owners = tables.scans.broad | tables.scans.refused.keys()
        rows = zip(self.scans.places, self.scans.owners, strict=True) if owners else ()
        return ((place, owner) for place, owner in rows if owner in owners)

    def _values(self) -> ValueTable:
        groups = list(self.values.values())
        keys = [values.keys(form) for form, values in self.values.items()]
        whole = [each for each in keys if isinstance(each, pl.Series)]
        return ValueTable.of(
            pl.concat(whole) if keys and len(whole) == len(keys) else list(chain.from_iterable(keys)),
            chain.from_iterable(group.places for group in groups),
            chain.from_iterable(group.owners for group in groups),
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """One table to a kind of comparison; `values` is met by keys, the others by values as they are."""

    values: ValueTable
    networks: NetworkTable
    numbers: NumberTable
    scans: ScanTable
    loose: LooseTests

    @property
    def compared(self) -> tuple[Compared, ...]:
        """Those that are met by values as they are, if there is anything in them."""
        return tuple(each for each in (self.networks, self.numbers, self.scans) if len(each))

    def without(self, owners: Iterable[int]) -> Tables:
        """The same without what these own."""
        gone = list(owners)
        return Tables(
            self.values.without(gone),
            self.networks.without(gone) if len(self.networks) else self.networks,
            self.numbers.without(gone) if len(self.numbers) else self.numbers,
            self.scans.without(gone) if len(self.scans) else self.scans,
            self.loose.without(gone) if len(self.loose) else self.loose,
        )

    def with_those_of(self, other: Tables) -> Tables:
        """Both as one."""
        return Tables(
            self.values.with_those_of(other.values),
            self.networks.with_those_of(other.networks) if len(other.networks) else self.networks,
            self.numbers.with_those_of(other.numbers) if len(other.numbers) else self.numbers,
            self.scans.with_those_of(other.scans) if len(other.scans) else self.scans,
            self.loose.with_those_of(other.loose) if len(other.loose) else self.loose,
        )
