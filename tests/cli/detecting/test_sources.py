"""Indicators from everywhere: STIX, MISP, tables, lists, packed or in folders, and from a collection."""

import gzip
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.cli.detecting import summary as telling
from comity.cli.detecting.progress import State
from comity.cli.detecting.summary import Outcome, Run
from comity.cli.output import Manner, Output
from comity.detection import plain, sources
from comity.detection.gathering import Indicators
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.loading import Report
from comity.engines.patterns.judging.own import Own
from comity.engines.patterns.sets.compiling import Refused
from comity.engines.patterns.sets.watching import Open
from comity.formats.taxii import MEDIA_TYPE
from comity.formats.telemetry.tally import Tally
from tests.cli.detecting.logs import EVIL, OTHER, bundle, detect, hits, indicator, put, summary, zeek

MISP = Path(__file__).parents[2] / "vectors/formats/misp/xorist.json"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = indicator("[domain-name:value = 'good.example']", id=OTHER)
BOTH = ["good.example", "EVIL.example"]


@pytest.mark.parametrize(
    "content",
    [
        bundle(indicator(), SECOND, {"type": "relationship", "target_ref": EVIL}, {"type": "note"}),
        json.dumps({"objects": [indicator(), SECOND]}),
        json.dumps({"more": False, "objects": [indicator(), SECOND]}),
        f"{json.dumps(indicator())}\n\n{json.dumps(SECOND)}\n",
        "evil.example\ngood.example\n",
        "# a list\nhxxp://evil.example/x\nevil[.]example # a remark\ngood.example",
        "name,indicator,confidence\nx,evil.example,80\ny,good.example,\n",
        "# of a feed\nindicator;valid_until\nevil.example;2040-01-01\ngood.example;2040-01-01\n",
        'kind,value,confidence\n"domain","evil.example",""\n"domain","good.example",""\n',
    ],
)
def test_a_file_of_any_kind(content: str):
    put(feed=content)
    assert hits(detect()) == BOTH
    Path("feed.gz").write_bytes(gzip.compress(content.encode()))
    assert hits(detect("-i", "feed.gz")) == BOTH


def test_lists_of_any_length(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plain, "PORTION", 3)
    for head in ("", "# a table\nvalue\n"):
        names = [f"n{number}.example" for number in range(10)]
        put(feed=head + "\n".join([*names, "no value", "evil.example"]), dns_log=zeek(*names))
        assert hits(detect()) == names
        told = detect("--text").out
        assert f"after line {9 if not head else 11}, entry 2: no value" in told


def test_lines_of_any_length(monkeypatch: pytest.MonkeyPatch):
    put(feed="x" * 200_000 + "\nevil.example\n")
    assert hits(detect()) == ["EVIL.example"]
    assert "line 1: is longer than 65,536 bytes." in detect("--text").out
    monkeypatch.setattr(sources, "MAX_OBJECT", 1_000)
    put(feed=f"{json.dumps(indicator())}\n{json.dumps(indicator(description='x' * 1_000))}\n")
    said = detect("--text")
    assert (said.status, "feed, at a line: has more than the 1,000 bytes" in said.out) == (4, True)


def test_files_that_are_too_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sources, "MAX_SIZE", 10)
    Path("feed.gz").write_bytes(gzip.compress(b"evil.example"))
    said = detect("-i", "feed.gz", "--text")
    assert (said.status, "has more than the 10 bytes" in said.out) == (1, True)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n \n", b"#\n" * 1_000, b"\xff\xfe\0\n" * 50, b"{", b"[1]", b"\x1f\x8b", b"value,\rx\ny\n"],
)
def test_what_holds_no_indicator(content: bytes):
    Path("feed").write_bytes(content)
    assert detect().status in (0, 1)
    assert summary(detect())["indicators"] == 0


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"{", b'{"type":"bundle",', b'{"Event":', b"value,x\n", b"\x1f\x8b"]),
)
def test_whatever_stands_in_a_file_is_an_indicator_or_told(content: bytes, begin: bytes):
    Path("feed").write_bytes(begin + content)
    found = Indicators()
    found.take(sources.sources(["feed"], NOW, None), KnownGood(), Own(), NOW)
    (report,) = found.reports
    assert report.read == report.looked_for + sum(report.reasons.values()) - report.reasons["detect.narrowed"]


def test_an_event_of_misp():
    values = {"evil.example", "good.example"}
    event = {
        "Event": {
            "uuid": "57c4445b-c548-4654-af0b-4be3950d210f",
            "info": "x",
            "date": "2026-06-01",
            "timestamp": "1780315200",
            "Orgc": {"name": "x", "uuid": "57c4445b-c548-4654-af0b-4be3950d2100"},
            "Attribute": [
                {
                    "uuid": f"57c4445b-c548-4654-af0b-4be3950d210{n}",
                    "type": "domain",
                    "category": "Network activity",
                    "to_ids": value in values,
                    "timestamp": "1780315200",
                    "value": value,
                }
                for n, value in enumerate(["evil.example", "good.example", "michigan.example"])
            ],
        }
    }
    put(feed=json.dumps(event))
    assert hits(detect()) == BOTH
    said = detect("-i", str(MISP))
    assert said.status == 0
    assert summary(said)["indicators"] > 0


def test_a_folder_and_what_is_no_feed_in_it():
    Path("feeds/deep").mkdir(parents=True)
    Path("feeds/deep/a.json").write_text(bundle(indicator()))
    Path("feeds/b.txt").write_text("good.example")
    Path("feeds/LICENSE").write_text("Permission is granted to look for michigan.example")
    assert hits(detect("-i", "feeds")) == BOTH


def test_nothing_is_left_out_silently():
    put(
        feed=bundle(indicator(), indicator(id=OTHER, confidence=500)),
        list_txt="good.example\nnot a value\nCVE-2026-12345\n",
    )
    said = detect("-i", "feed", "-i", "list.txt", "--text")
    assert "feed\t2\t1\tdetect.unreadable 1" in said.out
    assert "list.txt\t3\t1\tdetect.unreadable 2" in said.out
    assert "confidence" in said.out
    assert "2 of 5 indicators of 2 sources are looked for." in said.out


@pytest.mark.parametrize("ref", ["indicator--1", "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "x" * 500])
def test_what_no_sighting_could_name_is_not_looked_for(ref: str):
    put(feed=bundle(indicator(id=ref), SECOND))
    assert hits(detect()) == ["good.example"]
    assert "is no id of an indicator" in detect("--text").out


def test_a_source_that_breaks_off_does_not_stop_the_others():
    put(broken=bundle(indicator())[:-5], page="<!doctype html><html>Log in</html>")
    said = detect("-i", "broken", "-i", "page", "-i", "feed", "--text")
    assert said.status == 4
    assert "broken, at " in said.out
    assert "page, at the feed: is a web page" in said.out


def test_a_file_that_breaks_off_while_it_is_read():
    said = detect("-i", "/proc/self/mem", "-i", "feed", "--text")
    assert said.status == 4
    assert "! /proc/self/mem: Input/output error" in said.out


def test_a_pipe():
    reading, writing = os.pipe()
    os.write(writing, b"good.example\nevil.example\n")
    os.close(writing)
    assert hits(detect("-i", f"/dev/fd/{reading}")) == BOTH
    os.close(reading)


def test_links_that_lead_nowhere():
    Path("loop").symlink_to("loop")
    assert detect("-i", "loop").err.startswith("unreadable: loop: ")
    Path("feeds").mkdir()
    Path("feeds/loop.txt").symlink_to("loop.txt")
    assert detect("-i", "feeds").status == 1


def test_a_folder_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch):
    as_ever = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path.name == "feeds":
            raise PermissionError(13, "Permission denied")
        return as_ever(path)

    Path("feeds").mkdir()
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert detect("-i", "feeds").err.startswith("unavailable: feeds: Permission denied")


class Server(BaseHTTPRequestHandler):
    """A collection of two pages, for whoever shows the token."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if self.headers["Authorization"] != "Bearer secret":
            self.send_error(401)
            return
        assert urlsplit(self.path).path == "/root/collections/1/objects/"
        assert asked["match[type]"] == ["indicator"]
        second = "next" in asked
        page = {"objects": [SECOND if second else indicator()]} | (
            {} if second else {"more": True, "next": "2"}
        )
        content = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: a test is quiet."""


@contextmanager
def served() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/root/collections/1"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("end", ["", "/", "/objects/"])
def test_a_collection(end: str):
    put(token="secret\n")
    with served() as url:
        assert hits(detect("-i", url + end, "--token", "token")) == BOTH


def test_a_collection_that_is_not_for_us():
    with served() as url:
        said = detect("-i", url, "-i", "feed")
    assert said.status == 4
    assert "it does not know who asks" in "".join(str(line.get("problem", "")) for line in said.lines)


def test_what_was_not_looked_at_is_told(capsys: pytest.CaptureFixture[str]):
    tally = Tally(strange=1, unfit=2, timeless=3, zoneless=4)
    aside = Open((Refused(EVIL, "took too long"),), 0, 5, 6)
    refused = tuple(Refused(f"indicator {n}", "asks for too much") for n in range(22))
    run = Run(Indicators(), Outcome(), tally, aside, refused, 7, 0.0)
    assert telling.tell(run, Output(Manner.TEXT)) == telling.INCOMPLETE
    said = capsys.readouterr().out
    assert f"! {EVIL} was tried no more: took too long" in said
    assert "! indicator 19 was not tried: asks for too much" in said
    assert "! … and 2 more patterns." in said
    for number in range(1, 8):
        assert f"! {number:,} " in said


def test_only_some_sources_are_listed(capsys: pytest.CaptureFixture[str]):
    found = Indicators(reports=[Report(f"feed {n}", read=2) for n in range(30)])
    telling.tell(Run(found, Outcome(), Tally(), Open((), 0, 0, 0), (), 0, 1.0), Output(Manner.TEXT))
    assert "feed 19" in (said := capsys.readouterr().out)
    assert "feed 20" not in said
    assert "and 10 more" in said


def test_how_fast_it_goes():
    assert State("x", 1, 2_000, 3, 0.5).words == "2,000 rows, 4,000 a second; 3 hits"
    assert State("x").words == "0 rows; 0 hits"


def test_a_row_without_a_time_is_of_any_time():
    put(dns_log=zeek("evil.example").replace("1780315200.000000", "-"))
    words = ("--since", "2026-06-01T00:00:00Z", "--until", "2026-06-02T00:00:00Z", "--least-score", "0")
    assert hits(detect(*words)) == ["evil.example"]
    assert "at an unknown time  dns.log, row" in detect("--least-score", "0", "--text").out
