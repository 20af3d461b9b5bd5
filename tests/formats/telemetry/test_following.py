"""A growing file is read once, whatever is done to it: renamed, copied and truncated, packed."""

import gzip
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed, Unavailable
from comity.formats.telemetry.following import steps
from comity.formats.telemetry.positions import Position, rotated
from comity.formats.telemetry.zeek import Header
from tests.formats.telemetry.seen import reader

ZEEK = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
FIELDS = "#fields\tts\tid.orig_h\tid.resp_h\tquery\tqtype_name\n"


class Follower:
    """Keeps what was seen and the position, as a sensor would."""

    def __init__(self, path, told="plain-json", column="domain", block=1 << 20):
        self.path, self.column = path, column
        self.reader = reader(told=told, block=block)
        self.position: Position | None = None
        self.seen = []

    def look(self, most=None):
        """Take some steps; the position goes the way that storage takes it."""
        for count, step in enumerate(steps(self.reader, self.path, self.position), 1):
            self.seen += [each for portion in step.portions for each in portion.frame[self.column].to_list()]
            self.position = Position.decode(json.loads(json.dumps(step.position.encode())))
            if count == most:
                break
        return self.seen


def line(n):
    return json.dumps({"time": 1_767_225_600 + n, "domain": f"d{n}", "pad": "x" * (n % 50)}) + "\n"


def append(path, text):
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "a.log"


def test_what_comes_is_read_once_and_a_line_without_end_waits(log):
    follower = Follower(log)
    assert follower.look() == []
    append(log, "")
    assert follower.look() == []
    append(log, line(1) + line(2) + line(3)[:10])
    assert follower.look() == follower.look() == ["d1", "d2"]
    append(log, line(3)[10:])
    assert follower.look() == ["d1", "d2", "d3"]
    position = follower.position
    assert position
    assert (position.line, position.offset) == (4, log.stat().st_size)


def test_a_file_that_is_renamed(log):
    follower = Follower(log)
    append(log, line(1))
    follower.look()
    append(log, line(2))
    old = log.rename(log.with_name("a.log.1"))
    assert follower.look() == ["d1", "d2"]  # there is no new file yet
    append(log, "")
    append(old, line(3))  # whoever writes still has the old one open
    assert follower.look() == ["d1", "d2", "d3"]
    append(old, line(4).strip())  # and ends it within a line
    append(log, line(5))
    assert follower.look() == follower.look() == ["d1", "d2", "d3", "d4", "d5"]
    assert not follower.reader.tally.broken


def test_a_file_that_is_renamed_several_times(log):
    follower = Follower(log)
    append(log, line(1))
    follower.look()
    for n in range(2, 5):
        append(log, line(10 * n))
        for number in range(4, 0, -1):
            if (older := log.with_name(f"a.log.{number}")).exists():
                older.rename(log.with_name(f"a.log.{number + 1}"))
        log.rename(log.with_name("a.log.1"))
        append(log, line(n))
        os.utime(log, ns=(n * 10**12, n * 10**12))
        os.utime(log.with_name("a.log.1"), ns=(n * 10**12 - 1, n * 10**12 - 1))
    assert follower.look(1) == ["d1", "d20"]
    assert follower.look() == ["d1", "d20", "d2", "d30", "d3", "d40", "d4"]


def test_a_file_that_is_copied_and_truncated(log):
    follower = Follower(log)
    append(log, line(1) + line(2))
    follower.look()
    append(log, line(3))
    shutil.copy(log, log.with_name("a.log-20261122"))
    log.write_text("", "utf-8")
    assert follower.look() == ["d1", "d2", "d3"]
    append(log, line(4) + line(5) + line(6) + line(7))  # it is longer now than it was
    assert follower.look() == ["d1", "d2", "d3", "d4", "d5", "d6", "d7"]


def test_a_file_that_is_packed_when_it_is_renamed(log):
    follower = Follower(log)
    append(log, line(1))
    follower.look()
    append(log, line(2))
    log.with_name("a.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.with_name("a.log.2.gz").write_bytes(gzip.compress(b"x")[:-9])
    log.unlink()
    append(log, line(3))
    os.utime(log.with_name("a.log.2.gz"), ns=(0, 0))
    assert follower.look() == ["d1", "d2", "d3"]


def test_a_name_of_a_rotated_file_that_leads_nowhere(log):
    follower = Follower(log)
    append(log, line(1))
    follower.look()
    gone = log.with_name("a.log.2")
    log.rename(log.with_name("a.log.1"))
    append(log, line(2))
    os.link(log, gone)  # the current file itself, by another name
    os.utime(log, ns=(10**20 // 10, 10**20 // 10))
    assert follower.look() == ["d1", "d2"]


def test_what_is_lost_is_told(log):
    follower = Follower(log)
    append(log, line(1))
    follower.look()
    log.unlink()
    assert follower.look() == ["d1"]
    append(log, line(2))
    assert follower.look() == ["d1", "d2"]
    assert "nowhere beside it" in follower.reader.tally.breaks[0].why


def test_a_position_before_anything_was_read(log):
    append(log, "\n")
    follower = Follower(log)
    follower.look()
    found = log.stat()
    follower.position = Position(found.st_dev, found.st_ino, 0, 1, "")
    append(log, line(1))
    assert follower.look() == ["d1"]


def test_a_zeek_header_is_remembered(log):
    follower = Follower(log, told="", column="query")
    append(log, ZEEK)
    append(log, FIELDS + "1.5\t192.0.2.1\t192.0.2.2\ta.example\tA\n")
    assert follower.look() == ["a.example"]
    append(log, FIELDS.replace("id.orig_h\tid.resp_h\tquery", "query\tid.orig_h\tid.resp_h"))
    append(log, "2.5\tb.example\t192.0.2.1\t192.0.2.2\tA\n")
    follower.look()
    append(log, "3.5\tc.example\t192.0.2.1\t192.0.2.2\tA\n#close\t2026\n")
    assert follower.look() == ["a.example", "b.example", "c.example"]


def test_headers_as_text():
    header = Header.of(ZEEK.replace("#set_separator\t,", "#set_separator\t|") + FIELDS)
    assert Header.of(header.text) == header
    assert Header().text == ""
    assert Header.of("#separator \\x2c\n#path,dns\n#fields,a,b\n").fields == ("a", "b")


@pytest.mark.parametrize("body", ["[\n{}\n]\n", "PAR1\n"])
def test_what_cannot_be_followed(log, body):
    append(log, body)
    with pytest.raises(Malformed, match="cannot be followed"):
        Follower(log).look()


def test_a_format_that_is_not_known(log):
    append(log, "hello\n")
    with pytest.raises(Malformed, match="of no known format"):
        Follower(log, told="").look()


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(Unavailable, match="cannot be opened: Is a directory"):
        Follower(tmp_path).look()


@pytest.mark.parametrize(
    "value", [{}, None, {"device": -1, "inode": 1, "offset": 0, "line": 1, "digest": ""}]
)
def test_what_is_no_position(value):
    with pytest.raises(Malformed):
        Position.decode(value)


def test_names_of_rotated_files(tmp_path):
    ours = [
        "conn.log.1",
        "conn.log.2.gz",
        "conn.2026-11-22-10-00-00.log",
        "conn.log-20261122",
        "conn.log.old",
    ]
    others = ["conn.log", "connections.log.1", "conn-summary.log", "conn.log.1.gz", "conn.log.txt", "a.log.1"]
    for name in ours + others:
        (tmp_path / name).touch()
    assert {each.name for each in rotated(tmp_path / "conn.log")} == set(ours)


DONE = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 5)),
    st.tuples(st.just("half"), st.just(0)),
    st.tuples(st.sampled_from(["rename", "reopen", "copy", "look", "step"]), st.just(0)),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(DONE, max_size=25))
def test_every_line_once_and_in_order(done):
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "a.log"
        follower, writer, clock = Follower(log, block=64), log, 10**15
        append(log, line(0))
        follower.look()
        written, files, half = 1, 0, ""
        for what, count in done:
            clock += 10**9
            if what == "write":
                append(writer, half + "".join(line(written + n) for n in range(count)))
                written, half = written + count, ""
            elif what == "half" and not half:
                text = line(written)
                append(writer, text[:9])
                half, written = text[9:], written + 1
            elif what == "rename" and writer == log and log.stat().st_size:
                files += 1
                writer = log.rename(log.with_name(f"a.log.{files}"))
            elif what == "reopen" and writer != log:
                append(writer, half)
                half, writer = "", log
                log.touch()
            elif what == "copy" and writer == log and not half:
                files += 1
                shutil.copy(log, log.with_name(f"a.log.{files}"))
                os.utime(log.with_name(f"a.log.{files}"), ns=(clock, clock))
                log.write_bytes(b"")
                follower.look()  # what is truncated twice between two looks cannot be told apart
            elif what in {"look", "step"}:
                follower.look(1 if what == "step" else None)
            if writer.exists():
                os.utime(writer, ns=(clock, clock))
        append(writer, half)
        for _ in range(2):
            follower.look()
        append(log, line(written))
        assert follower.look() == [f"d{n}" for n in range(written + 1)], done
