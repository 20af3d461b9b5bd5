"""Parameters are read strictly: each problem with its line, all of them at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.scoring.parameters import LARGEST, read_parameters, shipped

GOOD = """\
decay:
  - {kinds: [ipv4], lifetime: 120, speed: 2, base: 80, source: a paper, since: 2026-01-01}
trust:
  - {giver: other, weight: 50, source: a choice, since: 2026-01-01}
weights:
  - {body: 5, most_bodies: 20, opinion: 5, most_opinions: 20, false_positive: 30, expired: 20,
     source: a choice, since: 2026-01-01}
"""


def problems(text: str) -> str:
    with pytest.raises(Malformed) as refused:
        read_parameters(text, "here.yaml")
    assert refused.value.message.startswith("here.yaml")
    return refused.value.message


def test_the_shipped_parameters_name_their_sources():
    found = shipped()
    assert all(step.source.strip() for step in (*found.decays, *found.trusts, *found.weights))
    assert found.on(date(2026, 11, 22)).decays["ipv4"].lifetime == 120


def test_a_later_line_replaces_an_earlier_one_from_its_day():
    later = GOOD.replace(
        "trust:",
        "  - {kinds: [ipv4], lifetime: 60, speed: 2, base: 80, source: a paper, since: 2026-06-01}\ntrust:",
    ).replace("weights:", "  - {giver: other, weight: 60, source: a choice, since: 2026-06-01}\nweights:") + (
        "  - {body: 6, most_bodies: 20, opinion: 5, most_opinions: 20, false_positive: 30, expired: 20,\n"
        "     source: a choice, since: 2026-06-01}\n"
    )
    found = read_parameters(later, "here.yaml")
    days = (date(2020, 1, 1), date(2026, 5, 31), date(2026, 6, 1))
    seen = {
        day: (model.decays["ipv4"].lifetime, model.trust(["x", "partner"]).weight, model.weights.body)
        for day, model in ((day, found.on(day)) for day in days)
    }
    assert list(seen.values()) == [(120, 50, 5), (120, 50, 5), (60, 60, 6)]


def test_a_named_giver_comes_before_its_kind():
    named = GOOD.replace(
        "weights:",
        "  - {giver: partner, weight: 90, source: s, since: 2026-01-01}\n"
        "  - {giver: identity--1, weight: 20, source: s, since: 2026-01-01}\nweights:",
    )
    model = read_parameters(named, "here.yaml").on(date(2026, 11, 22))
    assert model.trust(["identity--1", "partner"]).weight == 20
    assert model.trust(["identity--2", "partner"]).weight == 90


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lifetime: 120", "lifetime: 0", "line 2: lifetime: expected a number from 1 to 36500"),
        ("lifetime: 120", "lifetime: .nan", "line 2: lifetime: expected a number"),
        ("lifetime: 120", "lifetime: true", "line 2: lifetime: expected a number"),
        ("speed: 2", "speed: fast", "line 2: speed: expected a number from 0.01 to 100"),
        ("base: 80", "base: 80.5", "line 2: base: expected a whole number from 0 to 100"),
        ("base: 80", "base: 101", "line 2: base: expected a whole number from 0 to 100"),
        ("[ipv4]", "[]", "line 2: kinds: expected a list of kinds"),
        ("[ipv4]", "[4]", "line 2: kinds: expected some words"),
        ("source: a paper", "source: ' '", "line 2: source: expected some words"),
        ("source: a paper, ", "", "line 2: source: is missing"),
        ("since: 2026-01-01}\ntrust", "since: soon}\ntrust", "line 2: since: expected a day"),
        ("since: 2026-01-01}\ntrust", "since: 2026-13-01}\ntrust", "line 2: since: expected a day"),
        ("speed: 2", "speed: 2, speed: 3", "line 2: speed: stands twice"),
        ("speed: 2", "speed: 2, colour: red", "line 2: colour: is not known here"),
        ("[ipv4]", "[ipv4, ipv4]", "line 2: ipv4 has two entries from 2026-01-01"),
        ("giver: other", "giver: own", "line 1: trust in the giver 'other' is missing"),
        ("decay:", "decays:", "line 2: decays: expected lists of decay, trust and weights"),
        ("weight: 50", "weight: -1", "line 4: weight: expected a whole number"),
        ("body: 5", "body: x", "line 6: body: expected a whole number"),
        ("  - {giver: other", "  - other\n  - {giver: other", "line 4: expected names with values"),
        ("[ipv4]", "&a [*a]", "line 2: kinds: expected a list of kinds"),
        ("decay:", "decay: [", "is not YAML"),
    ],
)
def test_every_problem_has_its_line(old, new, said):
    assert old in GOOD
    assert said in problems(GOOD.replace(old, new, 1))


def test_all_problems_are_told_at_once():
    broken = GOOD.replace("base: 80", "base: 900").replace("weight: 50", "weight: 900")
    assert problems(broken).count("line ") == 2


@pytest.mark.parametrize("text", ["", "[]", "word", "\x00", "[" * 5_000])
def test_what_is_no_table_is_refused(text):
    problems(text)


def test_weights_are_needed():
    assert "weights are missing" in problems(GOOD.partition("weights:")[0])


def test_a_file_has_a_bound():
    assert "characters" in problems("#" * (LARGEST + 1))


@given(st.text(alphabet="decaytrustweights:-[]{}, \n&*0129.x", max_size=200))
def test_any_text_is_read_or_refused(text):
    with suppress(Malformed):
        assert read_parameters(text, "here.yaml").trusts


def test_the_file_is_plain_yaml():
    assert yaml.safe_load(GOOD)["trust"][0]["giver"] == "other"
