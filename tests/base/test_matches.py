"""A match has an event, an event has a row, and times are those of all its events."""

import pytest

from comity.base.matches import Event, Match, Shown
from comity.base.verdict import Ground, Verdict

VERDICT = Verdict.yes(Ground("detect.hit", "a test", "It hit."))


def match(*events: Event) -> Match:
    return Match("indicator--1", "", "", "", events, (), VERDICT)


def test_what_cannot_be():
    with pytest.raises(ValueError, match="without an event"):
        match()
    with pytest.raises(ValueError, match="counted from 1"):
        Event("a.log", 0)


def test_times():
    found = match(Event("a", 1, None, 5, 9), Event("a", 2), Event("a", 3, None, 7))
    assert (found.first, found.last, found.counts) == (5, 9, True)
    assert (match(Event("a", 1)).first, match(Event("a", 1)).last) == (None, None)


def test_places():
    assert Shown("network-traffic", ("dst_ref", "value"), 1).place == "network-traffic:dst_ref.value"
