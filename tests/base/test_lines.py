from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.lines import as_line, line_problem, read_line

GOOD = [
    "Command servers seen this week",
    "شکریہ",
    "می\u200cخواهم",  # noqa: RUF001  a Persian word with its joiner
    "क्\u200dष",
    "👩\u200d💻 on duty",
    "Égalité",
    "日本語",
    "葛\U000e0100城",  # with the selector of a variant, as names need it
    "1",
    "?!",
    "\u0378",  # not assigned: a later Unicode may have a letter there
]
HIDDEN = [
    "\u200b",
    "\u202eevil\u2066 \n title",
    "a\u200db",
    "\u200cسلام",  # noqa: RUF001  a Persian word
    "س\u200c\u200cم",
    "tab\there",
    "line\u2028next",
    "\ufeffx",
    "x\u00ad",
    "\u3164",
    "\u2800\u2800",
    "tag\U000e0041",
    "next\U000e0fff",
    "\ue000",
    "\ud800",
    "nul\0",
    "del\x7f",
]
UNSPACED = [" x", "x ", "two  words", "no\u00a0break", "wide\u3000space"]
EMPTY = ["", "   ", "\u0301"]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_seen_stands_as_it_is(text):
    assert line_problem(text) is None
    assert read_line(text, "name", most=40) == as_line(text) == text


@pytest.mark.parametrize("text", HIDDEN)
def test_what_is_not_seen_is_named(text):
    assert "U+" in (line_problem(text) or "")


@pytest.mark.parametrize("text", ["\u200b", "\u202eevil", "\u3164", "", "   "])
def test_it_is_refused_with_its_place(text):
    with pytest.raises(Malformed) as refused:
        read_line(text, "name", most=40)
    assert refused.value.where == "name"


@pytest.mark.parametrize("text", UNSPACED)
def test_spaces_are_plain(text):
    assert "space" in (line_problem(text) or "")
    assert line_problem(read_line(text, "name", most=40)) is None


@pytest.mark.parametrize("text", EMPTY)
def test_something_is_seen(text):
    assert "nothing" in (line_problem(text) or "")


def test_it_has_a_bound():
    assert read_line("x" * 40, "name", most=40) == "x" * 40
    with pytest.raises(TooLarge):
        read_line("x" * 41, "name", most=40)


def test_a_strangers_text_is_shown_without_what_hides():
    assert as_line("\u202eevil\u2066 \n title") == "evil title"
    assert as_line("\u200b \u3164") == ""
    assert as_line("a\u202e\u200d") == "a"  # a joiner has nothing to shape when its neighbour goes


@given(st.text())
def test_what_is_shown_of_any_text_is_a_line_or_nothing_seen(text):
    assert line_problem(as_line(text)) in (None, "shows nothing; write something.")
