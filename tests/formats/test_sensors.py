"""What a sensor tells: read strictly, written so that it is read again."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from comity.base.errors import Malformed, TooLarge
from comity.formats.sensors import MAX_LOGS, MAX_PROBLEMS, LogRead, SensorReport

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
REPORT = SensorReport(
    at=AT,
    began=AT - timedelta(days=2),
    software="comity 0.1.0",
    every=60,
    indicators=1_000_000,
    indicators_at=AT - timedelta(minutes=1),
    logs=(LogRead("zeek/dns.log", 5_000, 900_000, 2, AT, 120), LogRead("eve.json")),
    matches=7,
    sightings=3,
    last_match=AT - timedelta(hours=1),
    problems=("eve.json: no such file",),
)


def altered(**members: object) -> bytes:
    return json.dumps(json.loads(REPORT.encode()) | members).encode()


def test_what_is_written_is_read_again():
    assert SensorReport.decode(REPORT.encode()) == REPORT


def test_what_is_not_known_yet_is_null():
    early = dataclasses.replace(REPORT, indicators_at=None, last_match=None)
    assert SensorReport.decode(early.encode()) == early


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"v": 2}, "/v"),
        ({"every": 0}, "/every"),
        ({"began": "2026-11-22T03:00:01.000Z"}, "/began"),
        ({"matches": -1}, "/matches"),
        ({"software": "a\nb"}, "/software"),
        ({"problems": ["fine", "a\u0007b"]}, "/problems/1"),
        ({"logs": [{"name": "x", "rows": 1.5}]}, "/logs/0/rows"),
        ({"logs": [{}] * (MAX_LOGS + 1)}, "/logs"),
    ],
)
def test_what_is_wrong_is_named(members, where):
    with pytest.raises(Malformed) as caught:
        SensorReport.decode(altered(**members))
    assert caught.value.where == where


def test_depth_is_bounded():
    with pytest.raises(TooLarge):
        SensorReport.decode(altered(more=[[[[[1]]]]]))


@given(some.lists(some.text(max_size=400), max_size=60), some.lists(some.text(max_size=400), max_size=30))
def test_whatever_a_sensor_meets_can_be_told(names, problems):
    told = dataclasses.replace(REPORT, logs=tuple(map(LogRead, names)), problems=tuple(problems))
    short = SensorReport.shortened(told)
    assert SensorReport.decode(short.encode()) == short
    assert len(short.logs) == min(len(names), MAX_LOGS)
    assert len(short.problems) == min(len(problems), MAX_PROBLEMS)
