"""A match as one row of named columns, the same in every kind of file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from comity.base.matches import Match
from comity.formats.detections.telling import Observed, Telling, written

MOST_EVENTS = 100  # of a match that joins several, told one by one; their number is told as well
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one match; lists stand in step: the places, and what is told of the value at each."""

    outcome: str  # `hit`, or `aside`
    indicator: str
    name: str
    giver: str
    pattern: str
    first: datetime | None
    last: datetime | None
    events: int
    sources: tuple[str, ...]  # of the first events, as are the next two
    rows: tuple[int, ...]
    refs: tuple[str, ...]  # the log's own names of the events, as far as it has them
    places: tuple[str, ...]
    values: tuple[str, ...]
    rule: str
    why: str


COLUMNS = tuple(each.name for each in fields(Row))
cells_of: Callable[[Row], tuple[object, ...]] = attrgetter(
    *COLUMNS
)  # dataclasses.astuple copies all it gives


def row_of(match: Match, telling: Telling) -> Row:
    """The row of a match."""
    told = [(each.place, telling.value(match.indicator, each)) for each in match.shown]
    shown, ground = match.events[:MOST_EVENTS], match.verdict.grounds[0]
    return Row(
        outcome="hit" if match.counts else "aside",
        indicator=match.indicator,
        name=match.name,
        giver=match.giver,
        pattern=match.pattern,
        first=moment(match.first),
        last=moment(match.last),
        events=len(match.events),
        sources=tuple(each.source for each in shown),
        rows=tuple(each.row for each in shown),
        refs=tuple(each.ref for each in shown if each.ref is not None),
        places=tuple(place for place, _ in told),
        values=tuple(written(value) for _, value in told if value is not None),
        rule=ground.rule,
        why=_why(match, telling),
    )


def moment(microseconds: int | None) -> datetime | None:
    """A time that a calendar has; None for others."""
    try:
        return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def time_text(found: datetime | None) -> str | None:
    """The time with all its digits, in UTC."""
    return None if found is None else found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _why(match: Match, telling: Telling) -> str:
    """The grounds in words; where values are not told only who says so, since the words name them."""
    told = telling.observed is Observed.VALUES
    return " ".join(each.text if told else each.source for each in match.verdict.grounds)
