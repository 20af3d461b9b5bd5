"""Every public feed of the table reads the file of its form whole, and what it makes keeps to STIX 2.1."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.formats.feeds.entries import Doubts, Entry, entries
from comity.formats.feeds.mapping import Form, Mapping
from comity.formats.feeds.objects import Says, object_of
from comity.formats.feeds.ready import ready_feeds
from comity.formats.feeds.unpacking import unpacked
from comity.formats.stix import StixObject
from comity.node.exchange.validity import errors_of

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SAMPLES = Path("tests/vectors/feeds")
COUNTS = {
    "urlhaus-csv": 3, "urlhaus-text": 2, "feodo-csv": 2, "feodo-json": 2, "sslbl": 2, "threatfox-csv": 4,
    "threatfox-json": 2, "spamhaus-drop": 2, "spamhaus-drop-v6": 1, "blocklist-de": 3, "cins": 2,
    "et-compromised": 2, "phishtank": 2, "openphish": 2, "cisa-kev": 2,
}  # fmt: skip  # one table


@pytest.mark.parametrize("name", sorted(ready_feeds()))
def test_a_ready_feed_reads_its_sample_whole(name):
    ready = ready_feeds()[name]
    told = Mapping.decode(dict(ready.settings), Form(ready.kind))
    doubts = Doubts()
    body = unpacked((SAMPLES / ready.sample).read_bytes())
    found = list(entries(body, told, now=NOW, doubts=doubts))
    assert [each for each in found if not isinstance(each, Entry)] == []
    assert (len(found), doubts.told()) == (COUNTS[name], [])
    says = Says(
        author="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001", feed="1", name=ready.title,
        licence=ready.licence, label=ready.label, indicator_types=told.indicator_types,
    )  # fmt: skip  # one value
    for each in found:
        assert isinstance(each, Entry)
        made = StixObject.decode(object_of(each, says, since=NOW, now=NOW, until=None))
        assert errors_of(made) == ()
        if "first_seen" in ready.settings:
            assert made.value["valid_from"] < "2026-11-22"


def test_what_is_known_of_a_value_stays_with_it():
    ready = ready_feeds()["threatfox-csv"]
    told = Mapping.decode(dict(ready.settings), Form.CSV)
    found = list(entries((SAMPLES / ready.sample).read_bytes(), told, now=NOW))
    second = found[1]
    assert isinstance(second, Entry)
    assert (second.value, second.confidence) == ("203.0.113.71:14643", 75)
    assert second.labels == ("botnet_cc", "Remcos", "rat", "c2")
    assert second.description == "Remcos, reported by tester"


def test_terms_that_nobody_confirmed_say_so():
    assert "unconfirmed" in ready_feeds()["cins"].licence


def test_a_label_stands_only_with_terms_that_were_read():
    assert [each.name for each in ready_feeds().values() if each.label and not each.confirmed] == []
