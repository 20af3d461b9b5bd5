"""Operations about sensors, how each fares, and about how useful each source has been."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone
from ninja import Field, Query, Router

from comity.node.detect import queries
from comity.node.detect.hearing import State, fare_of
from comity.node.detect.models import COUNTED, Counts, Sensor, Usefulness
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import Named, Page, Time, Told, Window, named, needs, page_of
from comity.node.parties.roles import Power


class Counted(Told):
    """What a sensor counted."""

    rows: int
    bytes: int
    unreadable: int = Field(description="rows that could not be read")
    matches: int
    sightings: int = Field(description="that were sent")


class SensorRow(Counted):
    """A sensor, by its last report; its numbers count since it `began`."""

    number: int
    name: str
    party: Named
    state: State = Field(description="overdue: not heard in time; waiting: behind with its logs")
    why: str
    heard: Time
    began: Time
    software: str
    indicators: int
    indicators_at: Time | None = Field(description="when the newest of them was given")
    last_match: Time | None


class SensorDayRow(Counted):
    """A day in UTC."""

    day: date
    heard: bool


class SensorWhole(SensorRow):
    """A sensor with its logs, what it finds wrong, and the last days."""

    logs: list[dict[str, Any]] = Field(description="as reported: docs/wire/sensor.md")
    problems: list[str]
    days: list[SensorDayRow]


class UsefulnessRow(Told):
    """What became of the indicators of one source."""

    party: Named | None = Field(description="None where no party gave them")
    source: str
    indicators: int = Field(description="held now")
    met: int = Field(description="of which a sighting by another than the giver is held")
    wrong: int = Field(description="that another called a false positive")
    wait: int | None = Field(description="median seconds until the first sighting")
    counted_at: Time


router = Router()


@router.get("/sensors", response=Page[SensorRow])
@needs(*queries.LOOKING)
def list_sensors(request: ActorRequest, wanted: Query[Window]) -> Page[SensorRow]:
    """The sensors that tell this body of themselves."""
    now = timezone.now()
    return page_of(queries.sensors_for(request.actor), wanted, lambda row: SensorRow(**_told(row, now)))


@router.get("/sensors/{int:number}", response=SensorWhole)
@needs(*queries.LOOKING)
def read_sensor(request: ActorRequest, number: int) -> SensorWhole:
    """One sensor: how it fares, what it follows, and what it did on the last days."""
    row, now = queries.sensor_for(request.actor, number), timezone.now()
    days = [
        SensorDayRow(day=each.day, heard=each.pk is not None, **_counts(each))
        for each in queries.days_of(row, now.date())
    ]
    return SensorWhole(**_told(row, now), logs=row.logs, problems=row.problems, days=days)


@router.get("/usefulness", response=Page[UsefulnessRow])
@needs(Power.READ_CONTENT)
def list_usefulness(request: ActorRequest, wanted: Query[Window]) -> Page[UsefulnessRow]:
    """How useful each source has been, as it was counted in the last hour."""
    return page_of(queries.usefulness_for(request.actor), wanted, _useful)


def _useful(row: Usefulness) -> UsefulnessRow:
    same = {name: getattr(row, name) for name in ("source", "indicators", "met", "wrong", "wait")}
    return UsefulnessRow(party=named(row.party) if row.party else None, counted_at=row.at, **same)


def _told(row: Sensor, now: datetime) -> dict[str, Any]:
    fare = fare_of(row, now)
    names = ("heard", "began", "software", "indicators", "indicators_at", "last_match")
    same = {name: getattr(row, name) for name in names}
    who = {"number": row.pk, "name": row.account.name, "party": named(row.account.party)}
    return who | {"state": fare.state, "why": fare.why} | same | _counts(row)


def _counts(row: Counts) -> dict[str, int]:
    return {name: getattr(row, name) for name in COUNTED}
