"""A match as it is told: which indicator, in which events, which values show it, and whether it counts."""

from __future__ import annotations

from dataclasses import dataclass, field

from comity.base.verdict import Verdict

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Event:
    """One row of a log; times are microseconds since 1970 in UTC, None where the row says none."""

    source: str
    row: int
    ref: str | None = None  # the log's own name for it
    first: int | None = None
    last: int | None = None

    def __post_init__(self) -> None:
        if self.row < 1:
            raise ValueError(f"{self.source}: rows are counted from 1, not from {self.row}")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that hit, and where in an object it stood: `steps` are names; `*` is any item of a list."""

    object_type: str
    steps: tuple[str, ...]
    value: Scalar
    test: str = field(default="", compare=False)  # the comparison that it passed, as the pattern writes it

    @property
    def place(self) -> str:
        """The place in a few words, as `network-traffic:dst_ref.value`."""
        return f"{self.object_type}:{'.'.join(self.steps)}"


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that was met; the verdict says whether that counts as a hit, and why."""

    indicator: str
    name: str
    giver: str  # the source of the indicator
    pattern: str
    events: tuple[Event, ...]
    shown: tuple[Shown, ...]
    verdict: Verdict

    def __post_init__(self) -> None:
        if not self.events:
            raise ValueError(f"a match of {self.indicator} without an event")

    @property
    def counts(self) -> bool:
        """Whether it is a hit; else it is set aside."""
        return self.verdict.allowed

    @property
    def first(self) -> int | None:
        """When the first of its events began."""
        return min((each.first for each in self.events if each.first is not None), default=None)

    @property
    def last(self) -> int | None:
        """When the last of them ended."""
        ends = (each.first if each.last is None else each.last for each in self.events)
        return max((each for each in ends if each is not None), default=None)
