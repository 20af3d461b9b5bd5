"""How a sensor fares, by what it told last and when; how soon a source's indicators were met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from comity.node.detect.models import Sensor, Usefulness

PATIENCE = timedelta(minutes=2)  # beyond the time at which it said that it would be heard
_MISSED = 2  # reports in a row
_DAY = 86_400
BEHIND = timedelta(minutes=15)  # of the newest event, while bytes wait to be read


class State(Enum):
    """How a sensor fares; the first that fits. The values are words that `site.states` knows how to show."""

    ENDED = "ended"
    SILENT = "overdue"
    TROUBLED = "failed"
    BEHIND = "waiting"
    WORKING = "active"

    @property
    def words(self) -> str:
        """As people read it."""
        return {State.SILENT: "silent", State.TROUBLED: "has problems"}.get(self, self.name.lower())


@dataclass(frozen=True, slots=True)
class Fare:
    """The state of a sensor, and why."""

    state: State
    why: str


def fare_of(sensor: Sensor, now: datetime) -> Fare:
    """How the sensor fares now; its account is at hand."""
    unread = sum(each["unread"] for each in sensor.logs)
    if sensor.account.revoked_at is not None:
        return Fare(State.ENDED, "Its token is worth nothing any more.")
    if now > silent_from(sensor):
        return Fare(State.SILENT, f"It was to be heard every {_span(sensor.every)}.")
    if sensor.problems:
        return Fare(State.TROUBLED, sensor.problems[0])
    if unread and sensor.newest is not None and now - sensor.newest > BEHIND:
        return Fare(State.BEHIND, f"{unread:,} bytes of its logs wait to be read.")
    return Fare(State.WORKING, "")


def silent_from(sensor: Sensor) -> datetime:
    """When it counts as silent if nothing more is heard."""
    return sensor.heard + _MISSED * timedelta(seconds=sensor.every) + PATIENCE


def _span(seconds: int) -> str:
    return f"{seconds} seconds" if seconds % 60 else f"{seconds // 60} minute{'s' * (seconds != 60)}"  # noqa: PLR2004  a minute's


def wait_words(found: Usefulness) -> str:
    """How soon half of what was met was met, in words; none where nothing was."""
    if found.wait is None:
        return ""
    days, seconds = divmod(found.wait, _DAY)
    if days:
        return f"half of them within {days:,} day{'s' * (days != 1)}"
    return f"half of them within {_span(max(60, seconds // 60 * 60))}"  # to the minute
