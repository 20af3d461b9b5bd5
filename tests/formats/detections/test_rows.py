"""Lines of JSON, CSV and Parquet: the same matches, whole and harmless, and no value that may not be told."""

import csv
import io
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it carries no types
import pytest

from comity.base.matches import Event, Shown
from comity.formats.detections import columns
from comity.formats.detections.columns import SCHEMA, Columns
from comity.formats.detections.lines import Lines
from comity.formats.detections.rows import COLUMNS, MOST_EVENTS, moment
from comity.formats.detections.table import Table
from comity.formats.detections.telling import Key, Telling
from tests.formats.detections.matches import ASIDE, HASHED, INDICATOR, NAME, NOON, NOTHING, VALUES, match

MATCHES = (
    match(),
    match(
        NAME,
        Shown("network-traffic", ("dst_port",), 443),
        Shown("x", ("deep", "*"), True),
        events=(Event("a.log", 1, None, NOON), Event("b.log", 2), Event("c.log", 3, "r", NOON - 5)),
        verdict=ASIDE,
    ),
    match(events=(Event("late.log", 1, "", 2**63 - 1),), name='=HYPERLINK("x")'),
)


def written(writer: type, telling: Telling = VALUES, matches=MATCHES) -> bytes:
    sink = io.BytesIO()
    found = writer(sink, telling)
    for each in matches:
        found.add(each)
    found.end()
    return sink.getvalue()


def test_lines():
    first, second, third = map(json.loads, written(Lines).splitlines())
    assert first == {
        "outcome": "hit",
        "indicator": INDICATOR,
        "name": "Evil, Inc.",
        "giver": "feed.json",
        "pattern": "[domain-name:value = 'evil.example']",
        "first": "2026-06-01T12:00:00.123456Z",
        "last": "2026-06-01T12:00:02.000000Z",
        "event_count": 1,
        "events": [
            {
                "source": "dns.log",
                "row": 7,
                "ref": "CeX1",
                "first": "2026-06-01T12:00:00.123456Z",
                "last": "2026-06-01T12:00:02.000000Z",
            }
        ],
        "hits": [{"place": "domain-name:value", "value": "evil.example"}],
        "grounds": [
            {
                "rule": "detect.hit",
                "source": "STIX 2.1, section 9",
                "text": "evil.example is what the indicator looks for.",
            }
        ],
    }
    assert (second["outcome"], second["event_count"]) == ("aside", 3)
    assert (second["first"], second["last"]) == ("2026-06-01T11:59:59.999995Z", "2026-06-01T12:00:00.000000Z")
    assert [each["value"] for each in second["hits"]] == ["evil.example", 443, True]
    assert third["first"] is None  # no calendar has it


def test_the_table():
    names, first, second, third = csv.reader(io.StringIO(written(Table).decode()))
    assert tuple(names) == COLUMNS
    assert dict(zip(names, first, strict=True)) == {
        "outcome": "hit",
        "indicator": INDICATOR,
        "name": "Evil, Inc.",
        "giver": "feed.json",
        "pattern": "[domain-name:value = 'evil.example']",
        "first": "2026-06-01T12:00:00.123456Z",
        "last": "2026-06-01T12:00:02.000000Z",
        "events": "1",
        "sources": "dns.log",
        "rows": "7",
        "refs": "CeX1",
        "places": "domain-name:value",
        "values": "evil.example",
        "rule": "detect.hit",
        "why": "evil.example is what the indicator looks for.",
    }
    told = dict(zip(names, second, strict=True))
    assert (told["sources"], told["rows"], told["refs"]) == ("a.log | b.log | c.log", "1 | 2 | 3", "r")
    assert told["values"] == "evil.example | 443 | true"
    assert dict(zip(names, third, strict=True))["name"] == '\'=HYPERLINK("x")'  # no formula
    assert dict(zip(names, third, strict=True))["first"] == ""


def test_parquet():
    found = pq.read_table(io.BytesIO(written(Columns)))
    assert found.schema.equals(SCHEMA)
    assert tuple(found.column_names) == COLUMNS
    first, second, _ = found.to_pylist()
    assert first["first"] == datetime(2026, 6, 1, 12, 0, 0, 123_456, UTC)
    assert (first["rows"], second["rows"]) == ([7], [1, 2, 3])
    assert second["values"] == ["evil.example", "443", "true"]


def test_parquet_is_written_in_portions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "PORTION", 2)
    found = pq.ParquetFile(io.BytesIO(written(Columns)))
    assert (found.num_row_groups, found.metadata.num_rows) == (2, 3)


@pytest.mark.parametrize("writer", [Lines, Table, Columns])
def test_no_match_is_a_file_too(writer: type):
    content = written(writer, matches=())
    assert (content == b"") == (writer is Lines)
    if writer is Columns:
        assert pq.read_table(io.BytesIO(content)).num_rows == 0


@pytest.mark.parametrize("telling", [NOTHING, HASHED])
@pytest.mark.parametrize("writer", [Lines, Table])
def test_what_may_not_be_told_is_nowhere(writer: type, telling: Telling):
    secret = Shown("domain-name", ("value",), "secret.example")
    verdict = type(ASIDE).no(type(ASIDE.grounds[0])("detect.hit", "a list", "secret.example is what hit."))
    content = written(writer, telling, [match(secret, verdict=verdict)])
    assert b"secret.example" not in content
    assert b"domain-name:value" in content
    assert b"a list" in content
    assert (b"hmac-sha256:" in content) == (telling is HASHED)


def test_digests_tell_values_only_to_who_has_the_key():
    def digest(shown: Shown = NAME, indicator: str = INDICATOR, telling: Telling = HASHED) -> object:
        return telling.value(indicator, shown)

    other_key = Telling(HASHED.observed, Key(b"x" * 32))
    other_place = Shown("domain-name", ("x",), NAME.value)
    others = [
        digest(indicator="i"),
        digest(telling=other_key),
        digest(other_place),
        digest(Shown("x", (), 1)),
    ]
    assert digest() == digest()
    assert len({digest(), *others}) == 5
    assert HASHED.key is not None
    assert "kkk" not in repr(HASHED.key)


def test_half_characters_of_strangers_stop_nothing():
    odd = match(Shown("file", ("name",), "\ud800x"), name="\udfff")
    assert len(pq.read_table(io.BytesIO(written(Columns, matches=[odd]))).to_pylist()) == 1
    assert written(Table, matches=[odd]).count(b"\r\n") == 2
    assert json.loads(written(Lines, matches=[odd]))["name"] == "?"
    assert written(Lines, HASHED, [odd])


def test_the_events_that_are_told_have_a_bound():
    many = match(events=tuple(Event("a.log", row) for row in range(1, MOST_EVENTS + 50)))
    (told,) = map(json.loads, written(Lines, matches=[many]).splitlines())
    assert (told["event_count"], len(told["events"])) == (MOST_EVENTS + 49, MOST_EVENTS)


def test_times():
    assert moment(None) is None
    assert moment(-(2**63)) is None
