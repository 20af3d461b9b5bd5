"""Hits as sightings of STIX 2.1: valid, added up, the same again, and no more than may be told."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import stix2  # type: ignore[import-untyped]  # it carries no types

from comity.base.matches import Event, Shown
from comity.base.tlp import Tlp
from comity.engines.patterns.parser import parse
from comity.engines.patterns.values import sought
from comity.formats.detections import sightings
from comity.formats.detections.observables import observable
from comity.formats.detections.sightings import EXTENSION, Sighter, Sightings
from comity.formats.detections.telling import Telling
from comity.formats.stix import decode_bundle
from comity.formats.stix21.finding import Level, Rule
from comity.formats.stix21.validate import findings
from tests.formats.detections.matches import (
    ASIDE,
    HASHED,
    INDICATOR,
    NAME,
    NOON,
    NOTHING,
    OTHER,
    VALUES,
    match,
)

NOW = datetime(2026, 6, 2, tzinfo=UTC)
WHERE = "identity--3f1c2e64-7f0e-4b8e-9d0a-6f5c1b2a3d4e"
SIGHTER = Sighter(VALUES, NOW, WHERE, Tlp.AMBER)
LATER = Event("dns.log", 9, None, NOON + 60_000_000)


def written(*matches, sighter: Sighter = SIGHTER) -> bytes:
    sink = io.BytesIO()
    writer = Sightings(sink, sighter)
    for each in matches:
        writer.add(each)
    writer.end()
    return sink.getvalue()


def told(*matches, sighter: Sighter = SIGHTER) -> dict[str, list[dict[str, Any]]]:
    content = written(*matches, sighter=sighter)
    decode_bundle(content)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(content).get("objects", []):
        wrong = [one.text for one in findings(each) if one.level is Level.ERROR]
        assert wrong == []
        assert {one.rule for one in findings(each)} <= {Rule.ID_VERSION}
        stix2.parse(each, allow_custom=False)
        found.setdefault(each["type"], []).append(each)
    return found


def test_a_sighting_and_what_was_seen():
    found = told(match(), match(events=(LATER,)))
    (sighting,) = found["sighting"]
    (data,) = found["observed-data"]
    (name,) = found["domain-name"]
    assert sighting["sighting_of_ref"] == INDICATOR
    assert sighting["where_sighted_refs"] == [WHERE]
    assert sighting["created_by_ref"] == WHERE
    assert (sighting["first_seen"], sighting["last_seen"]) == (
        "2026-06-01T12:00:00.123Z",
        "2026-06-01T12:01:00.000Z",
    )
    assert (sighting["created"], sighting["modified"]) == (sighting["first_seen"], "2026-06-02T00:00:00.000Z")
    assert sighting["count"] == 2
    assert sighting["observed_data_refs"] == [data["id"]]
    assert data["object_refs"] == [name["id"]]
    assert data["number_observed"] == 2
    assert name["value"] == "evil.example"
    assert all(each["object_marking_refs"] for some in found.values() for each in some)


def test_the_same_look_is_the_same_and_a_longer_one_a_newer_version():
    assert written(match()) == written(match())
    later = replace(SIGHTER, now=datetime(2026, 6, 3, tzinfo=UTC))
    (first,), (second,) = (
        told(match())["sighting"],
        told(match(), match(events=(LATER,)), sighter=later)["sighting"],
    )
    assert (first["id"], first["created"]) == (second["id"], second["created"])
    assert first["modified"] < second["modified"]


def test_others_and_other_times_are_other_sightings():
    other = replace(SIGHTER, where="identity--0f1c2e64-7f0e-4b8e-9d0a-6f5c1b2a3d4e")
    nobody = replace(SIGHTER, where=None)
    ids = {
        told(match())["sighting"][0]["id"],
        told(match(), sighter=other)["sighting"][0]["id"],
        told(match(), sighter=nobody)["sighting"][0]["id"],
        told(match(events=(LATER,)), sighter=nobody)["sighting"][0]["id"],
        told(match(events=(LATER,)))["sighting"][0]["id"],
    }
    assert len(ids) == 5


def test_one_for_each_indicator_and_a_value_once():
    found = told(match(), match(indicator=OTHER))
    assert [each["sighting_of_ref"] for each in found["sighting"]] == [INDICATOR, OTHER]
    assert len(found["domain-name"]) == 1


def test_what_was_set_aside_is_no_sighting():
    assert told(match(verdict=ASIDE)) == {}
    assert told(match(), match(verdict=ASIDE))["sighting"][0]["count"] == 1


def test_nothing():
    content = written(match(), sighter=replace(SIGHTER, telling=NOTHING, where=None, label=None))
    assert b"evil.example" not in content
    found = told(match(), sighter=replace(SIGHTER, telling=NOTHING, where=None, label=None))
    assert set(found) == {"sighting"}
    assert not {"observed_data_refs", "where_sighted_refs", "created_by_ref", "object_marking_refs"} & set(
        found["sighting"][0]
    )


def test_digests():
    hashed = replace(SIGHTER, telling=HASHED)
    assert b"evil.example" not in written(match(), sighter=hashed)
    found = told(match(), sighter=hashed)
    assert set(found) == {"extension-definition", "sighting"}
    extension = found["sighting"][0]["extensions"][EXTENSION]
    assert found["extension-definition"][0]["id"] == EXTENSION
    assert HASHED.key is not None
    assert extension["salt"] == HASHED.key.salt(INDICATOR).hex()
    assert extension["digests"] == [
        {"place": "domain-name:value", "hmac_sha256": HASHED.key.digest(INDICATOR, NAME)}
    ]


def test_a_pattern_that_nothing_shows_has_no_digests():
    bare = replace(match(), shown=())
    assert "extensions" not in told(bare, sighter=replace(SIGHTER, telling=HASHED))["sighting"][0]
    assert set(told(bare)) == {"sighting"}


@pytest.mark.parametrize("telling", [VALUES, NOTHING])
def test_events_without_a_time(telling: Telling):
    found = told(match(events=(Event("a.csv", 1),)), sighter=replace(SIGHTER, telling=telling))
    (sighting,) = found["sighting"]
    assert "first_seen" not in sighting
    assert sighting["created"] == "2026-06-02T00:00:00.000Z"
    mixed = told(match(events=(Event("a.csv", 1),)), match(events=(LATER,)))["sighting"][0]
    assert mixed["first_seen"] == "2026-06-01T12:01:00.000Z"


def test_a_log_that_is_ahead_of_the_clock():
    ahead = told(match(events=(Event("a.log", 1, None, NOON * 2),)))["sighting"][0]
    assert ahead["created"] == ahead["modified"]


def test_the_values_of_one_sighting_have_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sightings, "MOST_VALUES", 3)
    many = [match(Shown("domain-name", ("value",), f"a{n}.example")) for n in range(5)]
    found = told(*many)
    assert len(found["domain-name"]) == 3
    assert found["sighting"][0]["count"] == 5


@pytest.mark.parametrize(
    ("pattern_place", "value", "expected"),
    [
        ("ipv4-addr:value", "192.0.2.7", {"type": "ipv4-addr", "value": "192.0.2.7"}),
        ("ipv4-addr:value", "2001:db8::1", {"type": "ipv6-addr", "value": "2001:db8::1"}),
        ("url:value", "http://evil.example/", {"type": "url", "value": "http://evil.example/"}),
        ("network-traffic:dst_ref.value", "192.0.2.7", {"type": "ipv4-addr", "value": "192.0.2.7"}),
        ("network-traffic:dst_ref.value", "evil.example", {"type": "domain-name", "value": "evil.example"}),
        ("email-message:from_ref.value", "a@evil.example", {"type": "email-addr", "value": "a@evil.example"}),
        ("domain-name:resolves_to_refs[*].value", "192.0.2.7", {"type": "ipv4-addr", "value": "192.0.2.7"}),
        ("x:mac_ref.value", "00:11:22:33:44:55", {"type": "mac-addr", "value": "00:11:22:33:44:55"}),
        ("file:hashes.MD5", "f" * 32, {"type": "file", "hashes": {"MD5": "f" * 32}}),
        ("file:hashes.sha256", "a" * 64, {"type": "file", "hashes": {"SHA-256": "a" * 64}}),
        ("file:name", "evil.js", {"type": "file", "name": "evil.js"}),
        ("mutex:name", "evil", {"type": "mutex", "name": "evil"}),
        ("x:src_ref.value", "two words", None),
        ("url:value", "no url", None),
        ("file:hashes.MD5", "short", None),
        ("file:size", 5, None),
        ("process:command_line", "evil.exe -x", None),  # nothing in it makes an id
        ("network-traffic:dst_port", 443, None),
        ("x-own:name", "evil", None),
        ("file:extensions.'windows-pebinary-ext'.imphash", "abc", None),
    ],
)  # fmt: skip  # one value to a line
def test_observables(pattern_place: str, value: str | int, expected: dict[str, Any] | None):
    (test,) = sought(parse(f"[{pattern_place} = 'x']"))
    steps = tuple(each if isinstance(each, str) else "*" for each in test.path)
    found = observable(Shown(test.object_type, steps, value))
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert {name: found[name] for name in found if name not in {"id", "spec_version"}} == expected
        assert findings(found) == ()
