"""The files of a MISP feed: manifest, events, hashes; PyMISP is the oracle of what it reads and writes."""

import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.formats.misp.decode import decode_misp
from comity.formats.misp.encode import encode_misp
from comity.formats.misp.feed import (
    HASHES,
    MANIFEST,
    Entry,
    Manifest,
    decode_hashes,
    encode_hashes,
    event_hashes,
    feed_files,
)
from tests.formats.misp.events import NAMES, UUID, event_in, real

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymisp import MISPEvent

A, B, C = (UUID.format(number) for number in (1, 2, 3))
OLD, NEW = "2024-01-01T00:00:00.000Z", "2024-02-01T00:00:00.000Z"
ENTRY = {
    "Orgc": {"id": "2", "name": "CIRCL", "uuid": C},
    "Tag": [{"colour": "#fff", "name": "tlp:clear"}],
    "info": "What happened",
    "date": "2024-01-01",
    "analysis": "2",
    "threat_level_id": "3",
    "timestamp": "1704067200",
}


def test_a_manifest_is_read_and_written():
    found = Manifest.decode(json.dumps({A: ENTRY}).encode())
    assert found == Manifest(
        (Entry(A, OLD, "What happened", "2024-01-01", (C, "CIRCL"), ("tlp:clear",), "2", "3"),)
    )
    assert Manifest.decode(found.encode()) == found
    assert found.entries[0].file == f"{A}.json"
    assert Manifest.decode(json.dumps({A: 1704067200}).encode()).entries == (Entry(A, OLD),)


def test_entries_that_cannot_be_read_are_listed():
    found = Manifest.decode(json.dumps({"../x": ENTRY, A: {}, B: ENTRY | {"Orgc": 5}}).encode())
    assert [each.uuid for each in found.entries] == [B]
    assert [each.uuid for each in found.unreadable] == ["../x", A]
    assert "'../x' is not a uuid" in found.unreadable[0].reason


@pytest.mark.parametrize("text", [b"[]", b"<html>", b'{"a": 1, "a": 1}'])
def test_what_is_no_manifest(text):
    with pytest.raises(Malformed):
        Manifest.decode(text)


def test_what_is_new_and_what_is_gone():
    seen = Manifest((Entry(A, OLD), Entry(B, OLD)))
    here = Manifest((Entry(C, NEW), Entry(B, NEW), Entry(A, OLD)))
    assert [each.uuid for each in here.news_since(seen)] == [B, C]
    assert here.gone_since(seen) == ()
    assert [each.uuid for each in seen.gone_since(here)] == [C]
    assert here.news_since(Manifest())[0].uuid == A


ENTRIES = st.builds(
    Entry,
    st.sampled_from([A, B, C]),
    st.sampled_from([OLD, NEW]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
)


@given(st.lists(ENTRIES, unique_by=lambda each: each.uuid))
def test_there_and_back(entries):
    written = Manifest(tuple(sorted(entries, key=lambda each: each.uuid)))
    assert Manifest.decode(written.encode()) == written
    assert written.news_since(written) == ()


@pytest.mark.parametrize("name", ["xorist.json", "mozi__mozi.misp-event.json.gz"])
def test_hashes_and_manifest_are_those_of_pymisp(name):
    read = MISPEvent()
    read.from_dict(**event_in(real(name)))
    assert set(event_hashes(event_in(real(name)))) == set(read.attributes_hashes("md5"))
    text = json.dumps(read.manifest, default=str).encode()
    theirs = Manifest.decode(text)
    (ours,) = Manifest.decode(
        dict(feed_files([json.dumps({"Event": event_in(real(name))}).encode()]))[MANIFEST]
    ).entries
    assert theirs.entries == (ours,)


def test_a_feed_of_what_we_export():
    events = [encode_misp(decode_misp(real(name)).objects).text for name in NAMES[:3]]
    names, files = zip(*feed_files(events), strict=True)
    manifest = Manifest.decode(files[-1])
    assert names[-2:] == (HASHES, MANIFEST)
    assert set(names[:-2]) == {each.file for each in manifest.entries}
    assert {uuid for _, uuid in decode_hashes(files[-2])} == {each.uuid for each in manifest.entries}
    for name, text in zip(names[:-2], files, strict=False):
        assert decode_misp(text).objects
        assert f"{event_in(text)['uuid']}.json" == name


def test_an_event_that_is_none_is_not_published():
    with pytest.raises(Malformed, match="/Event: is missing"):
        list(feed_files([b"[]"]))


def test_hashes_are_read_line_by_line():
    lines = [("a" * 32, A), ("b" * 32, B)]
    assert list(decode_hashes(encode_hashes(lines))) == lines
    assert list(decode_hashes(b"\n" + encode_hashes(lines[:1]))) == lines[:1]


@pytest.mark.parametrize(
    "line", [b"abc,x", b"g" * 32 + b"," + A.encode(), b"a" * 32 + b",x", b"a" * 32, b"\xff,"]
)
def test_a_line_that_is_none(line):
    with pytest.raises(Malformed, match=r"hashes.csv, line 1"):
        list(decode_hashes(line))


def test_bounds(monkeypatch):
    monkeypatch.setattr("comity.formats.misp.feed.MAX_EVENTS", 1)
    with pytest.raises(TooLarge, match="2 events; at most 1 are read"):
        Manifest.decode(json.dumps({A: ENTRY, B: ENTRY}).encode())
    monkeypatch.setattr("comity.formats.misp.feed.MAX_HASHES", 1)
    with pytest.raises(TooLarge, match="more than 1 lines"):
        list(decode_hashes(encode_hashes([("a" * 32, A)] * 2)))
