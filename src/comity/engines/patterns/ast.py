"""The tree of a pattern (STIX 2.1, section 9): constants, paths, comparisons, observations, qualifiers.

Chains of one operator are flat; a nested chain was written with parentheses. Constants are wrapped, because
Python holds 1, 1.0 and True for equal and a pattern does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """A string constant, its escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number."""

    value: int


@dataclass(frozen=True, slots=True)
class Float:
    """A number with a decimal point."""

    value: float


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Hex:
    """Bytes written as `h'ffd8'`."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes written as `b'/9g='`."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time in UTC, as it was written, with all its digits."""

    value: str

    @property
    def moment(self) -> datetime:
        """The time to the microsecond; a leap second is the first one of the next minute."""
        whole, _, fraction = self.value.removesuffix("Z").partition(".")
        minute, second = datetime.fromisoformat(f"{whole[:16]}+00:00"), int(whole[17:])
        return minute + timedelta(seconds=second, microseconds=int(f"{fraction:0<6}"[:6]))


Constant = Text | Integer | Float | Boolean | Hex | Binary | Timestamp


class Star(Enum):
    """The step `[*]`: any item of a list."""

    ANY = "*"


ANY: Final = Star.ANY
Step = str | int | Star  # a property or key, the index of an item, any item


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """Where in an object to look: `network-traffic:dst_ref.value`; `_ref` steps lead to another object."""

    object_type: str
    steps: tuple[Step, ...]


class Operator(Enum):
    """How the value at a path is compared with the constant."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    GREATER = ">"
    AT_MOST = "<="
    AT_LEAST = ">="
    IN = "IN"
    LIKE = "LIKE"
    MATCHES = "MATCHES"
    ISSUBSET = "ISSUBSET"
    ISSUPERSET = "ISSUPERSET"
    EXISTS = "EXISTS"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of one object; `value` is a tuple for IN, None for EXISTS, one constant for the rest."""

    path: ObjectPath
    operator: Operator
    value: Constant | tuple[Constant, ...] | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ComparisonAnd:
    """All hold of the same object."""

    parts: tuple[ComparisonExpression, ...]


@dataclass(frozen=True, slots=True)
class ComparisonOr:
    """At least one holds."""

    parts: tuple[ComparisonExpression, ...]


ComparisonExpression = Comparison | ComparisonAnd | ComparisonOr


@dataclass(frozen=True, slots=True)
class Observation:
    """What stands in square brackets: one observation matches it."""

    test: ComparisonExpression


@dataclass(frozen=True, slots=True)
class ObservationAnd:
    """All match, on different observations, in any order."""

    parts: tuple[ObservationExpression, ...]


@dataclass(frozen=True, slots=True)
class ObservationOr:
    """At least one matches."""

    parts: tuple[ObservationExpression, ...]


@dataclass(frozen=True, slots=True)
class FollowedBy:
    """All match, each at the same time as the one before it or later."""

    parts: tuple[ObservationExpression, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """All that matches lies within so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Repeats:
    """It matches so many times, on different observations."""

    times: int


@dataclass(frozen=True, slots=True)
class StartStop:
    """All that matches was observed at `start` or later, and before `stop`."""

    start: Timestamp
    stop: Timestamp


Qualifier = Within | Repeats | StartStop


@dataclass(frozen=True, slots=True)
class Qualified:
    """An expression under one qualifier; several qualifiers are nested, the first one innermost."""

    expression: ObservationExpression
    qualifier: Qualifier


ObservationExpression = Observation | ObservationAnd | ObservationOr | FollowedBy | Qualified
