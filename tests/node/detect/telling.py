"""A sensor of the partner, which tells its node of itself."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from comity.formats.sensors import LogRead, SensorReport
from tests.node.exchange.taxii.asking import Reader

SAID = SensorReport(
    at=datetime(2026, 11, 22, 3, tzinfo=UTC),
    began=datetime(2026, 11, 20, tzinfo=UTC),
    software="comity 0.1.0",
    every=60,
    indicators=12_345,
    logs=(LogRead("dns.log", rows=1_000, bytes=90_000, unreadable=2),),
    matches=5,
    sightings=4,
)


@dataclass
class Telling:
    """Whoever sends reports with the token of an account."""

    reader: Reader

    @property
    def address(self) -> str:
        return f"/sensors/{self.reader.collection.holder.ref.partition('--')[2]}/report"

    def tell(self, **said: Any) -> Any:
        body = dataclasses.replace(SAID, **said).encode()
        return self.reader.ask(self.address, "POST", body, Content_Type="application/json")

    def told(self, **said: Any) -> None:
        reply = self.tell(**said)
        assert reply.status_code == 204, reply.content


def log(rows: int, *, behind: timedelta | None = None, now: datetime | None = None) -> LogRead:
    newest = now - behind if now and behind else None
    return LogRead("dns.log", rows=rows, bytes=rows * 90, newest=newest, unread=500 if newest else 0)
