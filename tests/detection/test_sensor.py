"""A sensor at work: indicators come, logs grow, the node is told, and nothing is missed or told twice."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.base.errors import Unavailable
from comity.base.tlp import Tlp
from comity.detection.node import Place
from comity.detection.patterns import Patterns
from comity.detection.pulling import Puller
from comity.detection.sensor import Sensor, Wishes
from comity.detection.state import State
from comity.engines.patterns.judging.hits import Rules
from comity.formats.conversation import Ask, PartnerUnavailable, Reply
from comity.formats.detections.sightings import Sighter
from comity.formats.detections.telling import Observed, Telling
from comity.formats.sensors import SensorReport
from comity.formats.strict_json import decode
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.times import Clock
from tests.detection.test_pulling import judged, made
from tests.node.exchange.taxii.shelf import COLLECTION, Shelf

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
HOST = "https://taxii.example"
BODY = "3f1c6a1e-0000-4000-8000-000000000001"
WHERE = "identity--5d3b8f0e-6a43-4c57-9e4f-6b0f6a3c9d21"
PLACE = Place.read(f"{HOST}/taxii2/{BODY}/collections/{COLLECTION}/")


@dataclass
class Node:
    """A node: a shelf for its collection, and the reports of sensors."""

    shelf: Shelf = field(default_factory=lambda: Shelf(most=100))
    reports: list[SensorReport] = field(default_factory=list)
    away: bool = False

    def __call__(self, ask: Ask) -> Reply:
        if self.away:
            raise PartnerUnavailable("The line is gone.")
        if ask.url == f"{HOST}/sensors/{BODY}/report":
            self.reports.append(SensorReport.decode(ask.body or b""))
            return Reply(204)
        there = f"{HOST}/taxii2/{BODY}/"
        assert ask.url.startswith(there)
        return self.shelf(dataclasses.replace(ask, url=f"{HOST}/api/{ask.url.removeprefix(there)}"))

    @property
    def sightings(self) -> dict[str, dict[str, Any]]:
        stored: list[Any] = [decode(wire) for _, wire in self.shelf.stored.values()]
        return {each["sighting_of_ref"]: each for each in stored if each["type"] == "sighting"}


@dataclass
class Rig:
    """A sensor that can be stopped and started, and its clock."""

    folder: Path
    node: Node
    now: datetime = NOW
    observed: Observed = Observed.NOTHING
    state: Any = None
    sensor: Any = None

    @property
    def log(self) -> Path:
        return self.folder / "queries.json"

    def write(self, *names: str, at: datetime | None = None) -> None:
        moment = (at or self.now).isoformat()
        with self.log.open("a") as file:
            file.writelines(
                f'{{"timestamp": "{moment}", "event_type": "dns", "flow_id": 7, "src_ip": "10.1.2.3",'
                f' "dns": {{"type": "query", "rrname": "{name}"}}}}\n'
                for name in names
            )

    def start(self, **wishes: Any) -> None:
        self.state = State.open(self.folder / "state")
        sighter = Sighter(Telling(self.observed), self.now, WHERE, Tlp.AMBER)
        told: dict[str, Any] = {
            "logs": (self.log,),
            "rules": Rules(),
            "sighter": sighter,
            "indicators": PLACE,
        }
        asked = Wishes(**{**told, "sightings": PLACE, **wishes})
        puller = Puller(PLACE.address, self.node, self.state, judged)
        reader = Reader(clock=Clock(self.now), block=1 << 16)
        self.sensor = Sensor(
            asked, self.state, Patterns.open(self.folder / "state", self.state), puller, reader
        )

    def stop(self) -> None:
        self.state.__exit__()

    def round(self, *, after: timedelta = timedelta(minutes=2)) -> bool:
        self.now += after
        return bool(self.sensor.round(lambda: self.now))


@pytest.fixture
def rig(tmp_path):
    found = Rig(tmp_path, Node())
    found.start()
    yield found
    found.stop()


def count_of(rig: Rig, name: str) -> int:
    found = rig.node.sightings.get(made(name)["id"])
    return found["count"] if found else 0


def test_what_was_met_reaches_the_node(rig):
    rig.node.shelf.put(made("evil"))
    rig.write("good.example", "evil.example", "evil.example")
    assert rig.round()
    sighting = rig.node.sightings[made("evil")["id"]]
    assert (sighting["count"], sighting["where_sighted_refs"]) == (2, [WHERE])
    assert sighting["first_seen"] == NOW.isoformat().replace("+00:00", ".000Z")
    (said,) = rig.node.reports
    assert (said.indicators, said.matches, said.sightings, said.last_match) == (1, 2, 1, NOW)
    assert (said.logs[0].rows, said.logs[0].unread, said.problems) == (3, 0, ())


def test_a_later_hit_is_a_newer_version_of_the_same_sighting(rig):
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    before = rig.node.sightings[made("evil")["id"]]
    rig.write("evil.example", at=NOW - timedelta(days=1))  # an older event, read later
    rig.round()
    after = rig.node.sightings[made("evil")["id"]]
    assert (after["id"], after["created"]) == (before["id"], before["created"])
    assert (after["count"], after["modified"] > before["modified"]) == (2, True)
    assert after["first_seen"] < before["first_seen"]


def test_an_indicator_is_looked_for_in_the_lines_after_it(rig):
    rig.write("evil.example")
    rig.round()
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round(after=timedelta(seconds=1))
    rig.round()
    assert count_of(rig, "evil") == 1


def test_a_revoked_one_is_looked_for_no_more(rig):
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    rig.node.shelf.put(made("evil", modified="2026-11-22T01:00:00.000Z", revoked=True))
    rig.write("evil.example")
    rig.round()
    assert count_of(rig, "evil") == 1


def test_a_stopped_sensor_goes_on_where_it_was(rig):
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    rig.stop()
    rig.write("evil.example")
    rig.start()
    rig.round()
    assert count_of(rig, "evil") == 2
    assert rig.node.reports[-1].logs[0].rows == 2
    assert rig.node.reports[-1].began == rig.node.reports[0].began


@pytest.mark.parametrize("place", ["note_sightings", "move", "note"])
def test_a_death_while_it_keeps_misses_nothing_and_doubles_nothing(rig, monkeypatch, place):
    rig.node.shelf.put(made("evil"))
    rig.round()
    rig.write("evil.example", "evil.example")

    def dies(*_):
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(State, place, dies)
        with pytest.raises(Unavailable):
            rig.round()
    rig.stop()
    rig.start()
    rig.round()
    assert count_of(rig, "evil") == 2
    assert rig.node.reports[-1].matches == 2


def test_a_node_that_is_away_is_told_later_and_once(rig):
    rig.node.shelf.put(made("evil"))
    rig.round()
    rig.node.away = True
    rig.write("evil.example")
    for _ in range(3):
        rig.round()
    assert any("cannot be told" in each for each in rig.sensor.problems)
    rig.node.away = False
    rig.round(after=timedelta(minutes=10))
    assert count_of(rig, "evil") == 1
    assert rig.sensor.problems == ()
    assert rig.node.reports[-1].sightings == 1


def test_it_waits_longer_and_longer_for_a_node_that_is_away(rig):
    rig.node.away = True
    tried = []
    for _ in range(100):
        before = len(rig.node.shelf.asked)
        rig.round(after=timedelta(seconds=1))
        tried.append(len(rig.node.shelf.asked) - before)
    assert rig.node.shelf.asked == []
    assert rig.sensor._pull.failures < 10


def test_what_the_node_refuses_is_a_problem_in_its_words(rig):
    rig.node.shelf.put(made("evil"))
    rig.node.shelf.refuse = lambda each: "No agreement covers it." if each["type"] == "sighting" else ""
    rig.write("evil.example")
    rig.round()
    assert rig.sensor.problems == ("The node refused sightings: No agreement covers it.",)
    assert rig.node.reports[0].sightings == 0
    rig.node.shelf.refuse = lambda _: ""
    rig.write("evil.example")
    rig.round()
    assert count_of(rig, "evil") == 2
    assert rig.sensor.problems == ()


def test_nothing_is_told_where_the_operator_wants_that(rig):
    rig.stop()
    rig.start(sightings=None)
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    assert rig.node.sightings == {}
    assert rig.node.reports[-1].matches == 1


def test_values_go_along_only_where_they_may(rig):
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    assert b"evil.example" not in b"".join(
        wire for _, wire in rig.node.shelf.stored.values() if b'"sighting"' in wire or b"observed" in wire
    )
    rig.stop()
    rig.observed = Observed.VALUES
    rig.start()
    rig.write("evil.example")
    rig.round()
    kinds = {ref.partition("--")[0] for ref in rig.node.shelf.stored}
    assert kinds == {"indicator", "sighting", "observed-data", "domain-name"}


def test_a_log_that_is_not_there_yet_is_looked_for(rig):
    rig.round()
    assert "there is no such file" in rig.sensor.problems[0]
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    assert (count_of(rig, "evil"), rig.sensor.problems) == (1, ())


def test_a_log_of_no_known_format_is_a_problem_and_stops_no_other(rig):
    other = rig.folder / "noise.txt"
    other.write_text("what is this\nnobody knows\n")
    rig.stop()
    rig.start(logs=(other, rig.log))
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    assert count_of(rig, "evil") == 1
    assert any("noise.txt" in each for each in rig.sensor.problems)


def test_a_log_that_is_renamed_loses_no_line(rig):
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.round()
    rig.write("evil.example")
    rig.log.rename(rig.folder / "queries.json.1")
    rig.write("evil.example")
    rig.round()
    assert count_of(rig, "evil") == 3


def test_a_folder_is_its_logs_and_not_their_older_parts(rig):
    rig.stop()
    folder = rig.folder / "logs"
    folder.mkdir()
    rig.start(logs=(folder,))
    rig.node.shelf.put(made("evil"))
    rig.write("evil.example")
    rig.log.rename(folder / "queries.json")
    (folder / "queries.json.1").write_bytes((folder / "queries.json").read_bytes())
    rig.round()
    assert count_of(rig, "evil") == 1


def test_what_is_gone_at_the_node_is_forgotten_within_a_day(rig):
    rig.node.shelf.put(made("evil"))
    rig.round()
    rig.node.shelf.stored.clear()
    rig.write("evil.example")
    rig.round(after=timedelta(days=1))
    rig.write("evil.example")
    rig.round()
    assert len(rig.sensor._patterns.set) == 0
    assert count_of(rig, "evil") == 0


def test_its_end_tells_the_node_and_saves_the_patterns(rig):
    rig.node.shelf.put(made("evil"))
    rig.round()
    rig.write("evil.example")
    rig.round(after=timedelta(seconds=1))
    assert count_of(rig, "evil") == 0
    rig.sensor.end(rig.now)
    assert count_of(rig, "evil") == 1
    assert rig.sensor._patterns.to_save() == 0


FIRST, SECOND = (f"[domain-name:value = '{name}.example']" for name in ("first", "second"))
BOTH = f"{FIRST} FOLLOWEDBY {SECOND} WITHIN 600 SECONDS"


def test_what_waits_for_the_rest_of_a_pattern_waits_beyond_the_end(rig):
    rig.node.shelf.put(made("evil", pattern=BOTH))
    rig.write("first.example")
    rig.round()
    rig.stop()
    rig.start()
    rig.write("second.example")
    rig.round()
    assert count_of(rig, "evil") == 1
    rig.stop()
    rig.start()
    rig.write("second.example")
    rig.round()
    assert count_of(rig, "evil") == 1  # the first event was part of one match already


def test_a_row_of_a_step_that_was_not_kept_waits_once(rig, monkeypatch):
    rig.node.shelf.put(made("evil", pattern=f"({FIRST} FOLLOWEDBY {SECOND}) REPEATS 2 TIMES"))
    rig.write("first.example")
    with monkeypatch.context() as patch:
        patch.setattr(State, "move", lambda *_: (_ for _ in ()).throw(Unavailable("The disk is full.")))
        with pytest.raises(Unavailable):
            rig.round()
    rig.stop()
    rig.start()
    rig.write("second.example", "second.example")
    rig.round()
    assert count_of(rig, "evil") == 0  # two first ones are needed, and one was seen
    assert len(list(rig.state.waiting())) == 3


def test_a_pattern_that_went_lets_its_rows_go(rig):
    rig.node.shelf.put(made("evil", pattern=BOTH))
    rig.write("first.example")
    rig.round()
    assert len(list(rig.state.waiting())) == 1
    rig.node.shelf.put(made("evil", modified="2026-11-22T01:00:00.000Z", revoked=True))
    rig.write("good.example")
    rig.round()
    assert list(rig.state.waiting()) == []


def test_rows_that_wait_for_nothing_any_more_go_at_the_start(rig):
    rig.node.shelf.put(made("evil", pattern=BOTH))
    rig.write("first.example")
    rig.round()
    rig.state.wait([(7, "indicator--unknown", [["a", 1, None, 0, 0], {}])], [])
    rig.stop()
    rig.start()
    assert [ref for _, ref, _ in rig.state.waiting()] == [made("evil")["id"]]
