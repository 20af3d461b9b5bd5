"""A format of logs as a value: how it is known, how it is divided into rows, and what its columns mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from comity.base.layouts import Layout

PART = re.compile(r"\{([^{}]+)\}")


class Framing(Enum):
    """How rows stand in the bytes."""

    ZEEK = "zeek"  # columns by tabs under Zeek's own header, or lines of JSON with the same names
    JSON = "json"  # an object to a line, or an array of objects; a dot in a name leads into an object
    CSV = "csv"
    LINES = "lines"  # expressions with named groups


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"  # whole
    REAL = "real"
    TRUTH = "truth"
    TEXTS = "texts"  # a list of texts


class TimeForm(Enum):
    """How a moment is written; any other text is a form of strptime."""

    EPOCH = "epoch"  # seconds since 1970, with any fraction
    MILLISECONDS = "milliseconds"
    ISO = "iso"  # RFC 3339, or nearly
    SYSLOG = "syslog"  # RFC 3164: `Oct 11 22:14:15`, of the last twelve months


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to come by a column: a field as it is, or texts put together, and then what is done to it."""

    source: str = ""  # a field, or a column that stands above
    template: str = ""  # `{field}` stands for its value; where one is empty, so is the whole
    part: str = ""  # an expression: the value is its first group
    every: str = ""  # an expression: the values are all that it finds
    split: str = ""
    without: str = ""  # characters that are left out
    lower: bool = False
    words: Mapping[str, str] = field(default_factory=dict)  # what is written: what it means
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # field: one of these
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    time: tuple[TimeForm | str, ...] = ()  # a moment, which becomes a timestamp of STIX

    @property
    def fields(self) -> frozenset[str]:
        """What it is made of."""
        named = PART.findall(self.template)
        return frozenset({self.source, *named, *self.only, *self.unless} - {""})


@dataclass(frozen=True, slots=True)
class Derived:
    """A column made of fields: the first way that gives something."""

    name: str
    kind: Kind
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class When:
    """Where a moment stands, or how many seconds it lies after the other."""

    column: str
    forms: tuple[TimeForm | str, ...]
    seconds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What tells a format from others; all that is said must hold."""

    path: str = ""  # of Zeek
    keys: tuple[str, ...] = ()  # names that a JSON object, a header or a table of columns has
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # key: one of these values
    names: tuple[str, ...] = ()  # of files, as `access.log*`


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format, whole and checked."""

    name: str
    title: str
    told: str  # where its names are explained
    framing: Framing
    marks: Marks
    fields: Mapping[str, Kind]
    layout: Layout
    columns: tuple[Derived, ...] = ()
    time: When | None = None
    last: When | None = None
    separator: str = ","
    comment: str = ""
    given: tuple[str, ...] = ()  # names of the columns, where no header says them
    expressions: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # of fields that the log calls otherwise

    @property
    def is_shown(self) -> bool:
        """Whether it can be recognised; one without marks has to be named."""
        marks = self.marks
        return bool(marks.path or marks.keys or marks.words or marks.names or self.expressions)

    @cached_property
    def moments(self) -> frozenset[str]:
        """The fields that are nothing but moments and lengths of time, and so may be numbers."""
        used = {name for each in self.columns for way in each.ways for name in way.fields}
        told = {each.column for each in (self.time, self.last) if each is not None}
        return frozenset(told & self.fields.keys() - used - set(self.layout.columns))

    @property
    def stored_numbers(self) -> frozenset[str]:
        """The fields that are mostly numbers where the log has any, by the names that it has for them."""
        told = [each for each in (self.time, self.last) if each is not None]
        counted = {each.column for each in told if each.seconds or TimeForm.EPOCH in each.forms[:1]}
        kinds = {name for name, kind in self.fields.items() if kind in {Kind.NUMBER, Kind.REAL}}
        return frozenset(self.names.get(name, name) for name in kinds | (counted & self.moments))

    @property
    def stored(self) -> Mapping[str, Kind]:
        """The fields by the names that the log has for them."""
        return {self.names.get(name, name): kind for name, kind in self.fields.items()}

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kind of each column, read or made."""
        return {**self.fields, **{each.name: each.kind for each in self.columns}}
