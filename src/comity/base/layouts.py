"""How a row of telemetry stands for STIX objects: which column is which property of which object.

A reader of logs gives tables with such a layout; an engine that matches patterns asks both. What a column is
called is the log's business, what it means is STIX's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Columns that every table of telemetry has, beside those of its log.
ROW = "@row"  # UInt64: the number of the line or row in its source, from 1
TIME = "@time"  # Int64: microseconds since 1970 in UTC, when it began; null where the row says none
LAST = "@last"  # Int64, likewise: when it ended; null where it is the same moment

Path = tuple[
    str, ...
]  # properties and keys beneath them: ("extensions", "http-request-ext", "request_value")


@dataclass(frozen=True, slots=True)
class Column:
    """The value is what the row holds in this column; a column of lists gives each of its items."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The value is the same in every row."""

    value: str | int | bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One object of each row, or one for each item of a column of lists (`each`).

    Of several `types` the object has the first whose `value` reads what the row holds: an address is an
    `ipv4-addr` or an `ipv6-addr`; what none reads is of the last. A row in which all its columns are null, or
    lists of nothing, has no such object.
    """

    name: str
    types: tuple[str, ...]
    properties: Mapping[Path, Column | Constant | tuple[Column | Constant, ...]]
    refs: Mapping[str, tuple[str, ...]]  # `src_ref` and the name of another object; `_refs` may name several
    each: str | None = None  # the column of lists, which is then one of its columns

    def __post_init__(self) -> None:
        if not self.types:
            raise ValueError(f"{self.name} has no type")
        if self.each is not None and self.each not in self.columns:
            raise ValueError(f"{self.name}: {self.each} is none of its columns")
        for path in self.properties:
            if any(path[:length] in self.properties for length in range(1, len(path))):
                raise ValueError(f"{self.name}: {'.'.join(path)} lies beneath another property")
        for ref, names in self.refs.items():
            if not ref.endswith("_refs") and (not ref.endswith("_ref") or len(names) != 1):
                raise ValueError(f"{self.name}: {ref} is no reference to {len(names)} objects")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is made of, in order."""
        held = (each if isinstance(each, tuple) else (each,) for each in self.properties.values())
        return tuple(dict.fromkeys(one.name for some in held for one in some if isinstance(one, Column)))


@dataclass(frozen=True, slots=True)
class Layout:
    """The objects of each row of one kind of log, as `zeek-dns`."""

    name: str
    objects: tuple[Seen, ...]
    ref: str | None = None  # the column by which the log itself names the event, as Zeek's `uid`

    def __post_init__(self) -> None:
        names = [each.name for each in self.objects]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name}: two objects have one name")
        for each in self.objects:
            for ref, others in each.refs.items():
                if unknown := set(others) - set(names):
                    raise ValueError(
                        f"{self.name}: {each.name}.{ref} leads to {sorted(unknown)}, which is nothing"
                    )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the log that mean something, in order; not those that every table has."""
        own = dict.fromkeys(column for each in self.objects for column in each.columns)
        return tuple(own | ({self.ref: None} if self.ref else {}))
