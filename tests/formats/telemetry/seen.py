"""What a row says by its layout, as texts a person can check: `{"source.value": "192.0.2.1"}`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from comity.base.layouts import LAST, ROW, TIME, Column, Seen
from comity.formats.telemetry.known import Formats, shipped
from comity.formats.telemetry.portions import Portion
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.times import Clock

CLOCK = Clock(datetime(2026, 11, 22, 12, tzinfo=UTC))


def reader(
    *, known: Formats | None = None, told: str = "", zone: str = "UTC", block: int = 1 << 20
) -> Reader:
    return Reader(clock=Clock(CLOCK.now, zone), known=known or shipped(), format=told, block=block)


def seen(portion: Portion) -> list[dict[str, Any]]:
    return [
        {"row": row[ROW], "time": moment(row[TIME]), "last": moment(row[LAST])}
        | {name: value for each in portion.layout.objects for name, value in held_by(each, row).items()}
        for row in portion.frame.to_dicts()
    ]


def held_by(each: Seen, row: dict[str, Any]) -> dict[str, Any]:
    found = {
        f"{each.name}.{'/'.join(path)}": values
        for path, held in each.properties.items()
        if (values := value(held, row)) not in (None, [])
    }
    return found if any(row[name] not in (None, []) for name in each.columns) else {}


def value(held, row):
    if isinstance(held, tuple):
        parts = [value(one, row) for one in held]
        return [
            one for part in parts for one in (part if isinstance(part, list) else [part]) if one is not None
        ]
    return row[held.name] if isinstance(held, Column) else held.value


def moment(micro):
    if micro is None:
        return None
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
    return at.isoformat().replace("+00:00", "Z")
