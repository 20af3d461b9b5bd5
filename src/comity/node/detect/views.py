"""The fleet: which sensors there are, how each fares, and one of them at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comity.base.fields import Fields
from comity.formats.sensors import LogRead
from comity.node.detect import queries
from comity.node.detect.hearing import Fare, fare_of
from comity.node.detect.models import Sensor
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power

ROWS = 50


@require_safe
@needs(*queries.LOOKING)
def listing(request: ActorRequest) -> HttpResponse:
    """All sensors of our body."""
    page = Paginator(queries.sensors_for(request.actor), ROWS).get_page(request.GET.get("page"))
    shown = {"page": page, "rows": _fares(page.object_list, timezone.now())}
    return render(request, "detect/sensors.html", shown | {"may_give": _may_give(request)})


@require_safe
@needs(*queries.LOOKING)
def detail(request: ActorRequest, key: int) -> HttpResponse:
    """One sensor: how it fares, what it follows, and what it did on the last days."""
    row, now = queries.sensor_for(request.actor, key), timezone.now()
    fare = fare_of(row, now)
    facts = [
        ("Party", row.account.party.name),
        ("Heard last", row.heard),
        ("Known since", row.first_heard),
        ("Software", row.software),
        ("Indicators", f"{row.indicators:,}"),
        ("Newest of them given", row.indicators_at),
        ("Matches since it began to count", f"{row.matches:,}"),
        ("Sightings sent", f"{row.sightings:,}"),
        ("Last match", row.last_match),
        ("Counts since", row.began),
    ]
    days = queries.days_of(row, now.astimezone(UTC).date())
    shown = {"row": row, "fare": fare, "facts": facts, "days": days, "logs": _logs(row)}
    return render(request, "detect/sensor.html", shown | {"may_give": _may_give(request)})


def _fares(rows: Iterable[Sensor], now: datetime) -> list[tuple[Sensor, Fare]]:
    return [(each, fare_of(each, now)) for each in rows]


def _logs(row: Sensor) -> list[LogRead]:
    return [LogRead.decode(Fields(each)) for each in row.logs]


def _may_give(request: ActorRequest) -> bool:
    return request.actor.may(Power.MANAGE_PARTNERS).allowed
