"""How long expressions become when they are written out: never counted shorter than they are."""

from __future__ import annotations

import pytest

from comity.engines.patterns.matching.growth import written_out


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("abc", 3),
        ("a{1000}", 1000),
        ("(a{10}){10}", 110),
        ("(?:a{10}|b){3,5}c", 3 * 15 + 1),
        ("a{0,100000}", 1),  # what may be left out is not written out
        ("a{,9}", 5),
        (r"\({20}", 20),
        ("[(]{20}", 20),
        ("[])]{20}", 20),
        (r"[\](]{20}", 20),
        ("a{0020}", 20),
        ("a{b}", 4),
        ("(a))", 3),
        ("((a{5}", 7),
        ("", 0),
    ],
)
def test_repetitions_are_written_out(expression: str, parts: int):
    assert written_out(expression) == parts


@pytest.mark.parametrize(
    "expression",
    [
        "a{100000000}",
        "a{" + "9" * 5000 + "}",
        "(((a{100}){100}){100}){2}",
        "(?x)(?: a{1000} # ) (\n){1000}",
        "(?:a{1000}(?#()){1000}",
        "(?V1)(?:a{1000}[[b])][[b](]){1000}",
        "(?:a{1000}[[:alpha:])]){1000}",
    ],
)
def test_what_is_written_so_that_it_looks_short_is_long(expression: str):
    assert written_out(expression) >= 1_000_000


def test_usual_expressions_are_short():
    name = r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){2,10}[a-z]{2,63}"
    number = "(?i)(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    assert max(map(written_out, (name, number))) < 200
