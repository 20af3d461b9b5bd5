"""Keep what a sensor tells of itself: its state, and what it did since it was heard last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F

from comity.formats.sensors import SensorReport
from comity.node.detect.models import COUNTED, Sensor, SensorDay
from comity.node.exchange.models import TaxiiAccount
from comity.node.parties.models import Party

DAYS_KEPT = 400
TWO = "Two sensors tell with one token: what the one that began first tells is not counted."


@transaction.atomic
def hear(*, holder: Party, account: int, report: SensorReport, now: datetime) -> Sensor:
    """Note the report of the sensor with this account; the first one makes it known."""
    owner = TaxiiAccount.objects.select_for_update(no_key=True).get(pk=account)
    counted = counts_of(report)
    found = Sensor.objects.filter(account=owner).first()
    if found is not None and _is_another(found, report, now):
        found.problems = [TWO]
        found.save(update_fields=["problems"])
        return found
    more = _since(found, counted, report)
    sensor = found or Sensor(account=owner, first_heard=now)
    sensor.holder, sensor.heard = holder, now
    _tell(sensor, report, counted)
    sensor.save()
    _add(sensor, more, now)
    return sensor


def counts_of(report: SensorReport) -> dict[str, int]:
    """The numbers of a report, those of its logs together."""
    logs = {
        name: sum(getattr(each, name) for each in report.logs) for name in ("rows", "bytes", "unreadable")
    }
    return logs | {"matches": report.matches, "sightings": report.sightings}


def _is_another(known: Sensor, report: SensorReport, now: datetime) -> bool:
    """Whether one that began later is at work: each of two would make the other's numbers count anew."""
    return report.began < known.began and now - known.heard < timedelta(seconds=3 * known.every)


def _since(known: Sensor | None, counted: Mapping[str, int], report: SensorReport) -> dict[str, int]:
    """What was added since the last report; one that counts from another moment has lost what it knew."""
    before = known if known is not None and known.began == report.began else None
    return {name: counted[name] - getattr(before, name, 0) for name in COUNTED}


def _tell(sensor: Sensor, report: SensorReport, counted: Mapping[str, int]) -> None:
    for name, count in counted.items():
        setattr(sensor, name, count)
    for name in ("every", "began", "software", "indicators", "indicators_at", "last_match"):
        setattr(sensor, name, getattr(report, name))
    sensor.newest = min((each.newest for each in report.logs if each.newest and each.unread), default=None)
    sensor.logs = [each.as_json() for each in report.logs]
    sensor.problems = list(report.problems)


def _add(sensor: Sensor, more: Mapping[str, int], now: datetime) -> None:
    """To the day's numbers; a log that a sensor does not follow any more takes nothing away."""
    day, _ = SensorDay.objects.get_or_create(sensor=sensor, day=now.astimezone(UTC).date())
    added = {name: F(name) + count for name, count in more.items() if count > 0}
    if added:
        SensorDay.objects.filter(pk=day.pk).update(**added)
