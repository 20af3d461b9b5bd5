"""The process of which `sensors` tells the figures: a sensor and its collection in memory.

python sensor_process.py STATE LOG ROWS
"""

# ruff: noqa: E402  the checkout goes on the path before its modules are imported

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path[0] = str(Path(__file__).parents[2])

from comity.detection.node import Place
from comity.detection.patterns import Patterns
from comity.detection.pulling import Judged, Puller
from comity.detection.sensor import Sensor, Wishes
from comity.detection.state import State
from comity.detection.thrift import keep_little
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.hits import Rules
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import judge
from comity.engines.patterns.judging.own import Own
from comity.formats.conversation import Ask, Reply
from comity.formats.detections.sightings import Sighter
from comity.formats.detections.telling import Observed, Telling
from comity.formats.taxii import MEDIA_TYPE, Status, envelope_of
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.times import Clock
from comity.formats.warninglists.reading import shipped

RULES = Rules(known=KnownGood.of(shipped()))
PLACE = Place.read("http://node.example/taxii2/3f1c6a1e-0000-4000-8000-000000000001/collections/all/")


class Shelf:
    """A collection: what was put there since it was asked last is given once."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.asked = 0

    def __call__(self, ask: Ask) -> Reply:
        """An answer as a node gives it."""
        if ask.url == PLACE.reports:
            return Reply(204)
        headers = {"content-type": MEDIA_TYPE}
        if ask.method == "POST":
            return Reply(202, headers, Status(str(uuid4()), complete=True).encode())
        self.asked += 1
        given, self.waiting = self.waiting, []
        if given:
            headers["x-taxii-date-added-last"] = _text(datetime.now(UTC))
        return Reply(200, headers, envelope_of(given, following=None))


def main() -> None:
    """Start, read, take in one indicator, a thousand, and read on."""
    folder, log, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    keep_little()
    shelf = Shelf()
    held("before it starts")
    begun = time.perf_counter()
    with State.open(folder) as state:
        patterns = Patterns.open(folder, state)
        sensor = Sensor(
            _wishes(log), state, patterns, Puller(PLACE.address, shelf, state, _judged), _reader()
        )
        tell(
            "start", f"{time.perf_counter() - begun:.2f} s until it looks for {len(patterns.set):,}", "< 1 s"
        )
        held("after its start", "< 300 MB")
        write(log, rows)
        begun, cpu = time.perf_counter(), time.process_time()
        sensor.round(clock)
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        tell("a log of Suricata", f"{rows / wall:,.0f} rows/s, {cpu / rows * 1e6:.2f} CPU s a million rows")
        held("after a log", "< 300 MB")
        for count, target in ((1, "< 1 s"), (1_000, "< 1 s")):
            shelf.waiting = [_indicator(f"new-{count}-{number}.example") for number in range(count)]
            write(log, 1, f"new-{count}-0.example")
            time.sleep(0.6)
            before, begun = sensor.report(clock()).matches, time.perf_counter()
            while sensor.report(clock()).matches == before:
                sensor.round(clock)
            seconds = time.perf_counter() - begun
            tell(
                f"from {count:,} new at the node to the first hit",
                f"{seconds:.3f} s after it was asked for",
                target,
            )
        held("in the end", "< 300 MB")


def _wishes(log: Path) -> Wishes:
    sighter = Sighter(Telling(Observed.NOTHING), clock())
    return Wishes(logs=(log,), rules=RULES, sighter=sighter, indicators=PLACE, sightings=PLACE)


def _reader() -> Reader:
    return Reader(clock=Clock(clock()))


def _judged(each: Indicator) -> Judged:
    pattern, verdict = judge(each, RULES.known, Own(), clock())
    return pattern, verdict.grounds[0]


def write(log: Path, rows: int, name: str = "") -> None:
    """So many lines of DNS."""
    with log.open("a") as file:
        for number in range(rows):
            file.write(
                f'{{"timestamp":"2026-11-22T03:00:00.{number % 1_000_000:06}+0000","flow_id":{number},'
                f'"event_type":"dns","src_ip":"10.1.{number // 256 % 256}.{number % 256}","src_port":53211,'
                f'"dest_ip":"10.9.9.9","dest_port":53,"proto":"UDP","dns":{{"type":"query","id":7,'
                f'"rrname":"{name or f"host-{number * 37}.example.net"}","rrtype":"A"}}}}\n'
            )


def _indicator(name: str) -> bytes:
    at = _text(datetime.now(UTC))
    value: dict[str, Any] = {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid4()}", "created": at,
        "modified": at, "pattern": f"[domain-name:value = '{name}']", "pattern_type": "stix",
        "valid_from": "2026-11-01T00:00:00Z",
    }  # fmt: skip  # one object
    return json.dumps(value).encode()


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def clock() -> datetime:
    """The time."""
    return datetime.now(UTC)


def held(what: str, target: str = "") -> None:
    """The memory that the process holds."""
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, whole = (int(rows[name].split()[0]) / 1024 for name in ("RssAnon", "VmRSS"))
    tell(f"memory {what}", f"{whole:.0f} MB resident, {own:.0f} of them its own", target)


def tell(what: str, figure: str, target: str = "") -> None:
    """One figure for whoever started the process."""
    print(json.dumps({"what": what, "figure": figure, "target": target}), flush=True)


if __name__ == "__main__":
    main()
