"""Logs and indicators in, hits out: what is told, what is written, and how the command ends."""

import csv
import io
import json
import os
import pty
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it carries no types
import pytest

from comity.cli.whole import whole
from comity.formats.stix import decode_bundle
from tests.cli.detecting.logs import EVIL, OTHER, bundle, detect, hits, indicator, put, summary, zeek
from tests.cli.run import comity

COMMAND = Path(sys.executable).with_name("comity")


def test_hits_are_told():
    said = detect()
    assert (said.status, said.err) == (3, "")
    assert hits(said) == ["EVIL.example"]
    (match,) = [line["match"] for line in said.lines if "match" in line]
    assert match["indicator"] == EVIL
    assert match["events"] == [
        {
            "source": "dns.log",
            "row": match["events"][0]["row"],
            "ref": "C1",
            "first": "2026-06-01T12:00:01.000000Z",
            "last": match["last"],
        }
    ]
    told = summary(said)
    assert (told["command"], told["hits"], told["rows"], told["complete"]) == ("detect", 1, 3, True)


def test_no_hit():
    put(dns_log=zeek("good.example", "higan", "michigan.example"), list_txt="higan.example\n")
    said = detect("-i", "feed", "-i", "list.txt")
    assert (said.status, hits(said), summary(said)["hits"]) == (0, [], 0)


def test_where_nothing_is_looked_for_there_is_not_no_hit():
    Path("empty").mkdir()
    said = detect("-i", "empty")
    assert (said.status, summary(said)["complete"]) == (1, False)
    assert {"problem": "There is no indicator in what -i names."} in said.lines
    said = comity("detect", "empty", "-i", "feed")
    assert (said.status, summary(said)["complete"]) == (1, False)
    assert {"problem": "There is no log: the folders hold no file."} in said.lines
    Path("empty/dns.log").touch()
    assert comity("detect", "empty", "-i", "feed").status == 0


def test_for_people():
    said = detect("--text")
    assert said.out.splitlines()[0].startswith("2026-06-01T12:00:01.000000Z  dns.log, row ")
    assert "(C1)  EVIL.example  Evil, Inc." in said.out
    assert "1 of 1 indicators of 1 sources are looked for." in said.out
    assert "1 hits of 1 indicators in 3 rows of 1 logs" in said.out
    assert "\x1b" not in said.out


def test_rows_that_cannot_be_read_are_told_and_change_the_status():
    put(dns_log=zeek("evil.example") + "half a line\n")
    said = detect("--text")
    assert said.status == 4
    assert "1 lines could not be read, such as:" in said.out
    assert "half a line" in said.out
    put(dns_log=zeek("good.example") + "half a line\n")
    assert detect().status == 1
    assert summary(detect())["complete"] is False


def test_a_log_of_no_known_format_changes_the_status():
    put(dns_log="nobody knows\nwhat this is\n")
    assert detect().status == 1


def written(*words: str) -> bytes:
    said = detect("-o", "out", *words)
    assert said.status == 3
    assert "match" not in said.out
    content = Path("out").read_bytes()
    assert {each.name for each in Path().iterdir()} <= {"dns.log", "feed", "out", "key", "own"}
    return content


def test_lines():
    (line,) = written().splitlines()
    assert json.loads(line)["hits"][0]["value"] == "EVIL.example"


def test_a_table():
    names, row = csv.reader(io.StringIO(written("--format", "csv").decode()))
    assert dict(zip(names, row, strict=True))["values"] == "EVIL.example"


def test_parquet():
    assert pq.read_table(io.BytesIO(written("--format", "parquet"))).to_pylist()[0]["refs"] == ["C1"]


def test_sightings():
    where = "identity--3f1c2e64-7f0e-4b8e-9d0a-6f5c1b2a3d4e"
    content = written("--format", "stix", "--where", where, "--tlp", "TLP:GREEN")
    (sighting,) = decode_bundle(content)
    assert sighting.value["sighting_of_ref"] == EVIL
    assert sighting.value["where_sighted_refs"] == [where]
    assert b"VIL.example" not in content  # no value goes out unless it is asked for
    assert len(decode_bundle(written("--format", "stix", "--observed", "values"))) == 3


def test_digests():
    Path("key").write_bytes(b"k" * 32)
    content = written("--observed", "hashed", "--key", "key")
    assert b"EVIL" not in content
    assert json.loads(content)["hits"][0]["value"].startswith("hmac-sha256:")


def test_the_name_says_the_kind():
    for name, begin in (
        ("out.csv", b'"outcome"'),
        ("out.parquet", b"PAR1"),
        ("out.stix", b'{"type":"bundle"'),
    ):
        assert detect("-o", name).status == 3
        assert Path(name).read_bytes().startswith(begin)


def test_what_was_set_aside_is_written_with_its_reason():
    put(own="allow: [{value: evil.example, reason: our own test}]")
    said = detect("-o", "out", "--own", "own")
    assert (said.status, summary(said)["set_aside"]) == (0, {"detect.allowed": 1})
    told = json.loads(Path("out").read_bytes())
    assert told["outcome"] == "aside"
    assert told["grounds"][0]["text"] == "evil.example may occur: our own test"
    assert detect("-o", "out", "--own", "own", "--hits-only").status == 0
    assert Path("out").read_bytes() == b""
    assert "detect.allowed\t1" in detect("--own", "own", "--text").out
    assert hits(detect("--own", "own")) == []


def test_patterns_of_several_events():
    pattern = (
        "[domain-name:value = 'a1.example'] FOLLOWEDBY [domain-name:value = 'b2.example'] WITHIN 9 SECONDS"
    )
    put(feed=bundle(indicator(pattern)), dns_log=zeek("x.example", "a1.example", "y.example", "b2.example"))
    said = detect()
    assert hits(said) == ["a1.example", "b2.example"]
    assert ", and 1 more  a1.example, b2.example" in detect("--text").out


def test_a_pattern_that_asks_for_too_much_is_told():
    pattern = " AND ".join(f"[domain-name:value = 'a{n}.example']" for n in range(300))
    put(feed=bundle(indicator(pattern), indicator(id=OTHER)))
    said = detect("--text")
    assert said.status == 4
    assert f"! {EVIL} was not tried: " in said.out


def test_times():
    put(dns_log=zeek(*["evil.example"] * 10))
    since, until = "2026-06-01T12:00:03Z", "2026-06-01T12:00:05Z"
    assert len(hits(detect("--since", since))) == 7
    assert len(hits(detect("--until", until))) == 5
    assert len(hits(detect("--since", since, "--until", until))) == 2
    assert (
        "8 rows lie outside --since and --until." in detect("--since", since, "--until", until, "--text").out
    )


def test_validity_and_age():
    put(feed=bundle(indicator(valid_from="2026-10-01T00:00:00Z")))
    assert summary(detect())["set_aside"] == {"detect.too-early": 1}
    assert detect("--early", "365").status == 3
    put(feed=bundle(indicator(valid_from="2025-01-01T00:00:00Z", valid_until="2026-06-01T00:00:00Z")))
    assert summary(detect())["set_aside"] == {"detect.expired": 1}
    old = "2025-01-01T00:00:00.000Z"
    put(feed=bundle(indicator(created=old, modified=old, valid_from=old)))
    assert summary(detect())["set_aside"] == {"detect.faded": 1}
    assert detect("--least-score", "0").status == 3


def test_confidence_and_parameters():
    put(feed=bundle(indicator(confidence=40)))
    assert detect("--least-score", "30").status == 3
    assert detect("--least-score", "31").status == 0
    scores = Path(__file__).parents[3] / "src/comity/engines/scoring/parameters.yaml"
    put(scores=scores.read_text().replace("giver: other, weight: 75", "giver: other, weight: 100"))
    assert detect("--least-score", "40", "--scores", "scores").status == 3


def test_a_pattern_of_no_known_kind_has_a_worth():
    put(feed=bundle(indicator("[domain-name:value LIKE 'evil%.example' AND domain-name:value != 'x']")))
    put(dns_log=zeek("evil7.example"))
    assert detect("--least-score", "45").status == 3


def test_known_good_lists():
    a_list = {"name": "Ours", "type": "hostname", "version": 1, "list": ["evil.example"]}
    Path("lists/ours").mkdir(parents=True)
    Path("lists/ours/list.json").write_text(json.dumps(a_list))
    said = detect("--known-good", "lists")
    assert (said.status, summary(said)["indicators"]) == (0, 0)
    assert "evil.example is known to be good" in detect("--known-good", "lists/ours/list.json", "--text").out
    put(feed=bundle(indicator("[domain-name:value = 'www.google.com']")), dns_log=zeek("www.google.com"))
    assert detect().status == 0
    assert detect("--no-shipped-lists").status == 3


def test_a_poisoned_feed_is_left_out_and_the_others_go_on():
    broad = (
        indicator("[domain-name:value = 'com']", id=f"indicator--{n:08x}{OTHER[19:]}") for n in range(100)
    )
    put(poison=bundle(*broad, indicator(id=OTHER)))
    said = detect("-i", "poison", "-i", "feed", "--text")
    assert said.status == 3
    assert "poison is quarantined: 100 of its 101 indicators match everybody" in said.out
    assert "1 of 102 indicators of 2 sources are looked for." in said.out
    assert summary(detect("-i", "poison", "-i", "feed"))["quarantined"] == ["poison"]
    assert summary(detect("-i", "poison"))["indicators"] == 0


def test_the_newest_version_counts_wherever_it_stands():
    newer = "2026-06-02T00:00:00.000Z"
    put(later=bundle(indicator("[domain-name:value = 'good.example']", modified=newer)))
    for order in (
        ("-i", "feed", "-i", "later"),
        ("-i", "later", "-i", "feed"),
        ("-i", "feed", "-i", "later", "-i", "later"),
    ):
        assert hits(detect(*order)) == ["good.example"]
    put(later=bundle(indicator(modified=newer, revoked=True)))
    assert hits(detect("-i", "feed", "-i", "later")) == []
    assert "detect.older 1" in detect("-i", "feed", "-i", "later", "--text").out


def test_standard_input():
    done = subprocess.run(
        [str(COMMAND), "detect", "-", "-i", "feed"],
        input=zeek("evil.example"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert json.loads(done.stdout.splitlines()[0])["match"]["events"][0]["source"] == "standard input"


def test_a_pipe_gets_no_colours_and_nothing_on_stderr():
    done = subprocess.run([str(COMMAND), "detect", "dns.log", "-i", "feed"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (3, b"")
    assert b"\x1b" not in done.stdout


def test_a_terminal_gets_progress_and_tables():
    ours, theirs = pty.openpty()
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(
        [str(COMMAND), "detect", "dns.log", "-i", "feed"], stdout=theirs, stderr=theirs, env=environ
    ) as running:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
        assert running.wait() == 3
    os.close(ours)
    assert b"reading" in shown
    assert "Evil, Inc." in shown.decode()
    assert re.search(rb"\x1b\[1;31m1 hits", shown)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # as Linux says that the other end is closed
        return b""


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """To the kernel this is nearly as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_what_was_there():
    put(out="as before", dns_log=zeek(*["evil.example"] * 2_000))
    for kind in ("json", "csv", "parquet", "stix"):
        with files_no_longer_than(100):
            said = detect("-o", "out", "--format", kind)
        assert (said.status, said.err) == (
            2, "unwritable: out: File too large. No file was left there; make room, or write elsewhere.\n"
        )  # fmt: skip
        assert Path("out").read_text() == "as before"
        assert {each.name for each in Path().iterdir()} == {"dns.log", "feed", "out"}


def test_a_process_that_may_make_no_long_files_reads_all_the_same():
    line = {
        "timestamp": "2026-06-01T12:00:00Z",
        "event_type": "dns",
        "flow_id": 1,
        "dns": {"rrname": "evil.example"},
    }
    put(dns_log=f"{json.dumps(line)}\n" * 2_000)
    with files_no_longer_than(10_000):
        said = detect()
    assert (said.status, said.err, summary(said)["hits"]) == (3, "", 2_000)


def test_a_device_is_written_directly():
    assert detect("-o", "/dev/null").status == 3
    said = detect("-o", "/dev/full", "--format", "stix")
    assert said.status == 2
    assert said.err.startswith("unwritable: /dev/full: No space left")


@pytest.mark.parametrize("path", ["missing/out", "dns.log/out"])
def test_where_no_file_can_be(path: str):
    assert detect("-o", path).err.startswith(f"unwritable: {path}: ")


def test_a_file_is_there_when_it_is_whole():
    def interrupted() -> None:
        with whole("out") as sink:
            sink.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not Path("out").exists()
    with whole("out") as sink:
        sink.write(b"all")
        assert not Path("out").exists()
    assert Path("out").read_bytes() == b"all"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--format", "csv"), "bad-usage: --format needs -o"),
        (("--observed", "hashed"), "bad-usage: --observed hashed and --key go together"),
        (("--key", "dns.log"), "bad-usage: --observed hashed and --key go together"),
        (("--where", "us"), "bad-usage: --where 'us' is no id of a STIX identity"),
        (("--tlp", "white"), "bad-usage: --tlp 'white' is none of clear, green"),
        (("--early", "-1"), "bad-usage: "),
        (("--early", "1.5"), "bad-usage: --early takes a whole number from 0 to 36,500"),
        (("--least-score", "101"), "bad-usage: --least-score takes a whole number from 0 to 100"),
        (("--since", "yesterday"), "malformed: --since: "),
        (("--zone", "Mars"), "malformed: zone: "),
        (("--log-format", "none"), "malformed: format: "),
        (("--own", "missing"), "unreadable: missing: "),
        (("--known-good", "dns.log"), "malformed: dns.log, at "),
        (("-i", "missing"), "unreadable: missing: "),
    ],
)
def test_what_cannot_be_understood(words: tuple[str, ...], problem: str):
    said = detect("-i", "feed", *words) if "-i" not in words else detect(*words)
    assert said.status == 2
    assert said.err.startswith(problem)


def test_a_log_that_is_not_there():
    assert comity("detect", "dns.log", "missing.log", "-i", "feed").err.startswith(
        "unreadable: missing.log: "
    )


def test_a_file_that_is_no_text():
    Path("own").write_bytes(b"\xff")
    assert detect("--own", "own").err == "malformed: own, at byte 0: is not UTF-8.\n"


def test_without_the_extras(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "comity.cli.detecting.command", None)
    said = comity("detect", "dns.log", "-i", "feed")
    assert said.status == 2
    assert said.err.startswith("not-installed: comity.cli.detecting.command is missing: install Comity")
