"""What an operator says in a small file."""

from datetime import date

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.engines.patterns.judging import own
from comity.engines.patterns.judging.own import Own, Side
from comity.engines.patterns.properties import FORMS, read

FILE = """
allow:
  - {value: Scanner.example.org, reason: our own scanner}
  - {value: "*.lab.example", reason: the laboratory, until: 2026-06-30}
  - {network: 192.0.2.0/24, reason: guests}
  - {indicator: indicator--1, reason: wrong since May}
  - {value: Setup Tool.EXE, reason: ours}
deny:
  - {value: "evil[.]lab[.]example", reason: taken over}
  - {network: 192.0.2.7, reason: taken over}
"""
DAY = date(2026, 6, 30)


def said(form: str, raw: str, day: date = DAY, indicator: str = "indicator--0") -> str | None:
    found = Own.read(FILE).on(indicator, read(FORMS[form]["name" if form == "file" else "value",], raw), day)
    return None if found is None else f"{found.side.value}: {found.reason}"


@pytest.mark.parametrize(
    ("form", "raw", "expected"),
    [
        ("domain-name", "scanner.example.ORG", "allow: our own scanner"),
        ("domain-name", "a.scanner.example.org", None),
        ("domain-name", "a.lab.example", "allow: the laboratory"),
        ("domain-name", "lab.example", "allow: the laboratory"),
        ("domain-name", "evil.lab.example", "deny: taken over"),  # although the laboratory may occur
        ("ipv4-addr", "192.0.2.8", "allow: guests"),
        ("ipv4-addr", "192.0.2.0/25", "allow: guests"),
        ("ipv4-addr", "192.0.2.7", "deny: taken over"),
        ("ipv4-addr", "192.0.0.0/16", None),
        ("file", "setup tool.exe", "allow: ours"),
        ("url", "http://scanner.example.org/x", "allow: our own scanner"),
    ],
)
def test_what_is_said_of_a_value(form: str, raw: str, expected: str | None):
    assert said(form, raw) == expected


def test_a_word_ends_with_its_last_day():
    assert said("domain-name", "a.lab.example", date(2026, 7, 1)) is None


def test_what_is_said_of_an_indicator():
    assert said("domain-name", "any.example", indicator="indicator--1") == "allow: wrong since May"


def test_the_grounds_name_reason_and_day():
    found = {each.subject: each.ground() for each in Own.read(FILE).words}
    assert found["*.lab.example"].text == "*.lab.example may occur until 2026-06-30: the laboratory"
    assert found["192.0.2.7"].text == "192.0.2.7 counts: taken over"
    assert {each.rule for each in found.values()} == {"detect.allowed", "detect.denied"}
    assert {each.side for each in Own.read(FILE).words} == set(Side)


@pytest.mark.parametrize("text", ["", "{}", "# nothing yet"])
def test_an_empty_file_says_nothing(text: str):
    assert Own.read(text).words == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "is not YAML"),
        ("[" * 5_000, "is not YAML"),
        ("- x", "is not a JSON object"),
        ("maybe: []", "/maybe: is not known here"),
        ("allow: {}", "/allow: must be a list"),
        ("allow: [{value: x}]", "/reason: is missing"),
        ("allow: [{reason: x}]", "names one of"),
        ("allow: [{value: x, network: 10.0.0.0/8, reason: x}]", "names one of"),
        ("allow: [{network: x, reason: x}]", "'x' is neither an address nor a network"),
        ("allow: [{value: x, reason: x, until: soon}]", "'soon' is not a day"),
        ("allow: [{value: x, reason: x, unless: y}]", "/unless: is not known here"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, problem: str):
    with pytest.raises(Malformed, match=problem.replace("[", r"\[")):
        Own.read(text, "own.yaml")


def test_a_file_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(own, "LARGEST", 10)
    with pytest.raises(TooLarge):
        Own.read("#" * 11)
