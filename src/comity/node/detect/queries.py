"""Every read of the detect system; each takes the actor."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.db.models import F, QuerySet

from comity.base.errors import NotFound
from comity.node.detect.hearing import State, fare_of
from comity.node.detect.models import Sensor, SensorDay, Usefulness
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

LOOKING = (Power.READ_CONTENT, Power.MANAGE_PARTNERS)  # one of them is enough
DAYS_SHOWN = 14


def sensors_for(actor: Actor) -> QuerySet[Sensor]:
    """The sensors that tell the actor's body of themselves; those whose account ended are last."""
    if not any(actor.may(power).allowed for power in LOOKING):
        return Sensor.objects.none()
    rows = Sensor.objects.filter(holder=actor.body).select_related("account__party")
    return rows.order_by(F("account__revoked_at").asc(nulls_first=True), "account__name", "pk")


def sensor_for(actor: Actor, key: int) -> Sensor:
    """One of them; raises `NotFound`."""
    found = sensors_for(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("sensor")
    return found


def days_of(sensor: Sensor, today: date) -> list[SensorDay]:
    """What it did on each of the last days since it is known, the newest first, days of silence too."""
    back = min(DAYS_SHOWN, (today - sensor.first_heard.astimezone(UTC).date()).days + 1)
    days = [today - timedelta(days=each) for each in range(back)]
    known = {each.day: each for each in sensor.days.filter(day__in=days)}
    return [known.get(day) or SensorDay(sensor=sensor, day=day) for day in days]


def silent(actor: Actor, now: datetime) -> int:
    """How many have not been heard in time."""
    return sum(fare_of(each, now).state is State.SILENT for each in sensors_for(actor).iterator())


def usefulness_for(actor: Actor) -> QuerySet[Usefulness]:
    """How useful each source of the actor's body has been, those that were met most first."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Usefulness.objects.none()
    return Usefulness.objects.filter(holder=actor.body).select_related("party")
