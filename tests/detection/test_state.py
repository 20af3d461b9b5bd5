"""What a sensor keeps: together or not at all, and in one process at a time."""

from __future__ import annotations

import resource

import pytest

from comity.base.errors import Conflict, Malformed, Unavailable
from comity.detection.state import Kept, State


def kept(name: str, version: str = "2026-11-22T00:00:00.000Z", **more) -> Kept:
    told = {"giver": "identity--1", "pattern": f"[domain-name:value = '{name}']", "rule": "detect.looked-for"}
    return Kept(ref=f"indicator--{name}", version=version, wire=name.encode(), **{**told, **more})


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path / "sensor") as found:
        yield found


def test_a_full_disk_is_not_called_a_broken_state(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            State.open(tmp_path / "sensor")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    State.open(tmp_path / "sensor").__exit__()


def test_what_is_kept_is_there_again(tmp_path):
    with State.open(tmp_path / "sensor") as state:
        state.note("cursor", "x")
        state.move("dns.log", {"offset": 7})
        state.keep([kept("a")], 1)
    with State.open(tmp_path / "sensor") as state:
        assert (state.noted("cursor"), state.position("dns.log")) == ("x", {"offset": 7})
        assert (state.noted("other"), state.position("other")) == (None, None)
        assert state.wires(["indicator--a", "indicator--b"]) == {"indicator--a": b"a"}


def test_one_process_at_a_time(tmp_path, state):
    with pytest.raises(Conflict, match="Another sensor"):
        State.open(tmp_path / "sensor")


def test_all_together_or_nothing(state):
    def broken():
        yield kept("a")
        raise ZeroDivisionError

    def both():
        with state.at_once():
            state.note("cursor", "x")
            state.keep(broken(), 1)

    with pytest.raises(ZeroDivisionError):
        both()
    assert state.noted("cursor") is None


def test_a_full_disk_is_said_and_changes_nothing(state):
    state._line.execute("PRAGMA max_page_count = 1")

    def many():
        with state.at_once():
            state.keep((kept(str(number)) for number in range(10_000)), 1)

    with pytest.raises(Unavailable, match="cannot be written: database or disk is full"):
        many()
    assert dict(state.looked_for()) == {}


def test_a_file_that_is_no_state(tmp_path):
    (tmp_path / "sensor.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(Malformed, match="begins anew"):
        State.open(tmp_path)
    (tmp_path / "sensor.db").unlink()
    State.open(tmp_path).__exit__()


def test_a_state_of_a_later_program(tmp_path):
    with State.open(tmp_path) as state:
        state._line.execute("PRAGMA user_version = 99")
    with pytest.raises(Malformed, match="version 99"):
        State.open(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable, match="cannot be written"):
        State.open(tmp_path / "file" / "sensor")


def test_only_newer_versions_are_kept(state):
    old, new = kept("a"), kept("a", "2026-11-22T00:00:00.001Z", pattern=None)
    assert state.keep([new, kept("b")], 1) == [new, kept("b")]
    assert state.keep([old, new], 2) == []
    assert dict(state.looked_for()) == {"indicator--a": None, "indicator--b": kept("b").pattern}
    assert dict(state.looked_for(since=1)) == {}


def test_what_was_not_heard_of_is_forgotten(state):
    state.keep([kept("a"), kept("b"), kept("c")], 1)
    state.begin_roll()
    state.hear(["indicator--a", "indicator--a", "indicator--z"])
    state.hear(["indicator--c"])
    assert state.end_roll(2) == ["indicator--b"]
    assert dict(state.looked_for(since=1)) == {"indicator--b": None}
    assert state.wires(["indicator--b"]) == {"indicator--b": b""}
    assert state.counts() == [("identity--1", "detect.looked-for", 2)]
    state.begin_roll()
    state.hear(["indicator--a", "indicator--c"])
    assert state.end_roll(3) == []
    assert state.keep([kept("b", "2020-01-01T00:00:00.000Z")], 4)  # it came back


def test_a_quarantine_concerns_all_of_a_giver_and_is_lifted(state):
    state.keep([kept("a"), kept("b", giver="identity--2")], 1)
    assert state.quarantine(["identity--2"], 2)
    assert not state.quarantine(["identity--2"], 3)
    assert dict(state.looked_for(since=1)) == {"indicator--b": None}
    assert state.quarantine([], 4)
    assert dict(state.looked_for(since=3)) == {"indicator--b": kept("b").pattern}


def test_counts_by_giver_and_rule(state):
    state.keep([kept("a"), kept("b"), kept("c", rule="detect.broad", pattern=None)], 1)
    assert state.counts() == [("identity--1", "detect.broad", 1), ("identity--1", "detect.looked-for", 2)]


def test_a_sighting_that_changed_while_it_was_told_is_told_again(state):
    state.note_sightings({"indicator--a": {"count": 1}, "indicator--b": {"count": 1}})
    told = state.untold(10)
    assert set(told) == {"indicator--a", "indicator--b"}
    assert len(state.untold(1)) == 1
    state.note_sightings({"indicator--a": {"count": 2}})
    state.tell(told)
    assert state.untold(10) == {"indicator--a": {"count": 2}}
    assert state.sightings(["indicator--b", "indicator--z"]) == {"indicator--b": {"count": 1}}
