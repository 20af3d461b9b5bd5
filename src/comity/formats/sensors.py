"""What a sensor tells its node of itself: how far it has read, and what it has met (docs/wire/sensor.md).

All numbers count from `began` on, so that a report that is lost takes nothing with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.lines import line_problem
from comity.base.times import encode_time
from comity.formats.strict_json import Limits, decode

MEDIA_TYPE = "application/json"
MAX_REPORT = 64 * 1024
MAX_LOGS = 50
MAX_PROBLEMS = 20
LONGEST_NAME = 200
LONGEST_PROBLEM = 300
MOST_SECONDS = 86_400  # between two reports
_LIMITS = Limits(depth=4, values=2_000)


@dataclass(frozen=True, slots=True)
class LogRead:
    """One log that is followed: rows and bytes that were read, rows that could not be, and how far."""

    name: str
    rows: int = 0
    bytes: int = 0
    unreadable: int = 0
    newest: datetime | None = None  # the latest event that was read
    unread: int = 0  # bytes that wait

    @classmethod
    def decode(cls, fields: Fields) -> LogRead:
        """One member of `logs`."""
        return cls(
            name=fields.line("name", limit=LONGEST_NAME),
            rows=fields.number("rows"),
            bytes=fields.number("bytes"),
            unreadable=fields.number("unreadable"),
            newest=fields.nullable(fields.time, "newest"),
            unread=fields.number("unread"),
        )

    def as_json(self) -> dict[str, Any]:
        """The member as it is written."""
        told = {"name": self.name, "rows": self.rows, "bytes": self.bytes, "unreadable": self.unreadable}
        return told | {"newest": _written(self.newest), "unread": self.unread}


@dataclass(frozen=True, slots=True)
class SensorReport:
    """One report; `at` is the sensor's clock, `every` the seconds until its next one."""

    at: datetime
    began: datetime
    software: str
    every: int
    indicators: int
    indicators_at: datetime | None = None  # when the newest of them became visible at the node
    logs: tuple[LogRead, ...] = ()
    matches: int = 0
    sightings: int = 0
    last_match: datetime | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def decode(cls, text: bytes) -> SensorReport:
        """The report in a body; raises `Malformed` or `TooLarge`."""
        fields = Fields(decode(text, limits=_LIMITS))
        fields.exactly("v", 1)
        said = cls(
            at=fields.time("at"),
            began=fields.time("began"),
            software=fields.line("software", limit=LONGEST_NAME),
            every=fields.number("every", least=1, most=MOST_SECONDS),
            indicators=fields.number("indicators"),
            indicators_at=fields.nullable(fields.time, "indicators_at"),
            logs=tuple(map(LogRead.decode, fields.objects("logs", most=MAX_LOGS))),
            matches=fields.number("matches"),
            sightings=fields.number("sightings"),
            last_match=fields.nullable(fields.time, "last_match"),
            problems=_lines(fields, "problems"),
        )
        if said.began > said.at:
            raise Malformed("/began", "is after `at`.")
        return said

    @classmethod
    def shortened(cls, report: SensorReport) -> SensorReport:
        """The report as far as a node takes it: the first logs and problems, each in one line."""
        logs = tuple(replace(each, name=_shown(each.name, LONGEST_NAME)) for each in report.logs[:MAX_LOGS])
        problems = tuple(_shown(each, LONGEST_PROBLEM) for each in report.problems[:MAX_PROBLEMS])
        return replace(report, logs=logs, problems=problems)

    def encode(self) -> bytes:
        """The body."""
        told: Mapping[str, Any] = {
            "v": 1,
            "at": encode_time(self.at),
            "began": encode_time(self.began),
            "software": self.software,
            "every": self.every,
            "indicators": self.indicators,
            "indicators_at": _written(self.indicators_at),
            "logs": [each.as_json() for each in self.logs],
            "matches": self.matches,
            "sightings": self.sightings,
            "last_match": _written(self.last_match),
            "problems": list(self.problems),
        }
        return json.dumps(told).encode()


def _lines(fields: Fields, name: str) -> tuple[str, ...]:
    found = fields.texts(name, most=MAX_PROBLEMS, limit=LONGEST_PROBLEM)
    for place, each in enumerate(found):
        if problem := line_problem(each):
            raise Malformed(f"{fields.at(name)}/{place}", problem)
    return found


def _shown(text: str, most: int) -> str:
    """The text in one line, what is not seen as an escape."""
    seen = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    line = " ".join(seen.split())[:most].rstrip()
    return line if line_problem(line) is None else ascii(line)[1:-1][:most].rstrip() or "?"


def _written(moment: datetime | None) -> str | None:
    return encode_time(moment) if moment else None
