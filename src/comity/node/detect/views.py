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
from comity.formats.exports.table import csv_record
from comity.formats.sensors import LogRead
from comity.node.detect import queries
from comity.node.detect.hearing import Fare, fare_of, wait_words
from comity.node.detect.models import Sensor, Usefulness
from comity.node.parties.access import ActorRequest, needs
from comity.node.parties.roles import Power

ROWS = 50


@require_safe
@needs(*queries.LOOKING)
def listing(request: ActorRequest) -> HttpResponse:
    """All sensors of our body."""
    page = Paginator(queries.sensors_for(request.actor), ROWS).get_page(request.GET.get("page"))
    shown = {"page": page, "rows": _fares(page.object_list, timezone.now())}
    may_read = request.actor.may(Power.READ_CONTENT).allowed
    return render(
        request, "detect/sensors.html", shown | {"may_give": _may_give(request), "may_read": may_read}
    )


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


@require_safe
@needs(Power.READ_CONTENT)
def usefulness(request: ActorRequest) -> HttpResponse:
    """What became of the indicators of each source; `?as=csv` gives the table as a file."""
    rows = queries.usefulness_for(request.actor)
    if request.GET.get("as") == "csv":
        return _as_csv(rows)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    shown = [(each, wait_words(each)) for each in page.object_list]
    return render(request, "detect/usefulness.html", {"page": page, "rows": shown})


def _as_csv(rows: Iterable[Usefulness]) -> HttpResponse:
    head = ("source", "indicators", "met", "false positives", "median seconds to the first", "counted at")
    cells = ((each.source, each.indicators, each.met, each.wrong, each.wait, each.at) for each in rows)
    table = b"".join(csv_record("" if cell is None else str(cell) for cell in row) for row in (head, *cells))
    response = HttpResponse(table, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="usefulness.csv"'
    return response


def _fares(rows: Iterable[Sensor], now: datetime) -> list[tuple[Sensor, Fare]]:
    return [(each, fare_of(each, now)) for each in rows]


def _logs(row: Sensor) -> list[LogRead]:
    return [LogRead.decode(Fields(each)) for each in row.logs]


def _may_give(request: ActorRequest) -> bool:
    return request.actor.may(Power.MANAGE_PARTNERS).allowed
