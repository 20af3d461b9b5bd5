"""The set of a sensor: in step with what it keeps, whatever became of its file."""

from __future__ import annotations

import pytest

from comity.detection import patterns
from comity.detection.patterns import Patterns
from comity.detection.pulling import CHANGE, Change
from comity.detection.state import State
from comity.engines.patterns.sets.storing import save
from tests.detection.test_state import kept


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path) as found:
        yield found


def changed(state: State, number: int, *names: str, pattern: str | None = "") -> Change:
    change = Change()
    made = [kept(name, f"2026-11-22T00:00:00.{number:03}Z") for name in names]
    for each in state.keep(made if pattern == "" else [_with(each, pattern) for each in made], number):
        change.note(each.ref, each.pattern)
    state.note(CHANGE, number)
    return change


def _with(each, pattern):
    return type(each)(each.ref, each.version, each.giver, pattern, each.rule, each.wire)


def names_in(found: Patterns) -> set[str]:
    names = found.set.names
    return {names.name(number).removeprefix("indicator--") for number in names.numbers.tolist()}


def test_an_empty_sensor_looks_for_nothing(tmp_path, state):
    assert names_in(Patterns.open(tmp_path, state)) == set()


def test_changes_are_taken_and_found_again_without_the_file(tmp_path, state):
    found = Patterns.open(tmp_path, state)
    found.take(changed(state, 1, "a", "b", "c"))
    found.take(changed(state, 2, "b", pattern=None))
    assert names_in(found) == {"a", "c"}
    assert names_in(Patterns.open(tmp_path, state)) == {"a", "c"}


def test_the_file_is_brought_up_to_date(tmp_path, state, monkeypatch):
    found = Patterns.open(tmp_path, state)
    found.take(changed(state, 1, "a", "b"))
    found.save()
    assert found.to_save() == 0
    changed(state, 2, "c")
    changed(state, 3, "a", pattern=None)
    assert found.to_save() == 2
    monkeypatch.setattr(Patterns, "_make", lambda _: pytest.fail("it was made anew"))
    assert names_in(Patterns.open(tmp_path, state)) == {"b", "c"}


@pytest.mark.parametrize("content", [b"", b"no set", b"comity columns 1" + bytes(500)])
def test_a_broken_file_is_no_harm(tmp_path, state, content):
    found = Patterns.open(tmp_path, state)
    found.take(changed(state, 1, "a"))
    found.save()
    (tmp_path / "patterns").write_bytes(content)
    assert names_in(Patterns.open(tmp_path, state)) == {"a"}


def test_a_crash_between_the_file_and_its_note_changes_nothing(tmp_path, state):
    found = Patterns.open(tmp_path, state)
    found.take(changed(state, 1, "a"))
    found.save()
    found.take(changed(state, 2, "a", "b", pattern="[domain-name:value = 'other']"))
    save(found.set, tmp_path / "patterns")  # and dies
    again = Patterns.open(tmp_path, state)
    assert names_in(again) == {"a", "b"}
    assert len(again.set) == 2


def test_where_much_changed_the_set_is_made_anew(tmp_path, state, monkeypatch):
    found = Patterns.open(tmp_path, state)
    found.save()
    changed(state, 1, "a", "b", "c")
    monkeypatch.setattr(patterns, "_MANY", 2)
    assert names_in(Patterns.open(tmp_path, state)) == {"a", "b", "c"}


def test_numbers_that_are_used_up_are_given_anew(tmp_path, state, monkeypatch):
    monkeypatch.setattr(patterns, "MOST_PATTERNS", 5)
    found = Patterns.open(tmp_path, state)
    for number in range(1, 5):
        found.take(changed(state, number, "a", "b"))
    assert names_in(found) == {"a", "b"}
    assert found.set.following <= 5
