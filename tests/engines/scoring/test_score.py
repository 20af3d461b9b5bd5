"""The score by a table of cases, and by what must hold of every score."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from comity.engines.scoring.curve import curve
from comity.engines.scoring.parameters import shipped
from comity.engines.scoring.remarks import Kind, Opinion, Remark, Standing
from comity.engines.scoring.scales import in_words
from comity.engines.scoring.score import Facts, Score, decay_of, score

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
MODEL = shipped().on(date(2026, 11, 22))
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "scores.yaml").read_text(encoding="utf-8"))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def remark(kind: str, by: str, ago_: float = 0, **more: Any) -> Remark:
    return Remark(
        Kind(kind),
        by,
        ago(ago_),
        Standing(more.get("standing", "other")),
        more.get("count", 1),
        Opinion(more["opinion"]) if "opinion" in more else None,
        more.get("state", ""),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_cases(case):
    said = [{("ago_" if k == "ago" else k): v for k, v in each.items()} for each in case.get("remarks", ())]
    facts = Facts(
        kinds=(case["kind"],),
        givers=(case.get("giver", "partner"),),
        stated=ago(case.get("days", 0)),
        confidence=case.get("confidence"),
        ends=ago(case["ends"]) if "ends" in case else None,
        revoked=case.get("revoked", False),
        remarks=tuple(remark(**each) for each in said),
    )
    found = score(facts, MODEL, NOW)
    if case["score"] is None:
        assert found is None
        return
    assert found is not None
    assert found.value == case["score"]
    assert {part.rule.removeprefix("score."): part.points for part in found.parts} == case["parts"]


def test_each_part_says_why():
    facts = Facts(
        ("ipv4",),
        ("other",),
        ago(30),
        confidence=80,
        remarks=(remark("seen", "a", 2, state="PK", count=3), remark("false-positive", "b")),
    )
    found = score(facts, MODEL, NOW)
    assert found is not None
    assert found.words == (
        "+60: stated confidence 80 (high), of which 75 % count from this giver; "
        "+5: seen 3 times by 1 body in 1 state; -8: last stated or seen 2 days ago; its kind lasts 120 days; "
        "-30: a false positive for 1 body"
    )
    assert found.parts[1].as_json() == {
        "rule": "score.seen",
        "points": 5,
        "text": "seen 3 times by 1 body in 1 state",
    }


def test_the_value_that_lasts_longest_decides():
    longest = decay_of(("ipv4", "sha-256", "nothing-known"), MODEL)
    assert longest is MODEL.decays["sha-256"]


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(0, "none"), (1, "low"), (29, "low"), (30, "medium"), (69, "medium"), (70, "high"), (100, "high")],
)
def test_a_confidence_in_words(confidence, word):
    assert in_words(confidence) == word


def test_a_curve_falls_from_the_base_to_nothing():
    points = curve(MODEL.decays["ipv4"], 4)
    assert [day for day, _ in points] == [0, 30, 60, 90, 120]
    assert points[0][1] == 80
    assert points[1][1] == pytest.approx(40)
    assert points[-1][1] == 0


DAYS = st.floats(min_value=0, max_value=2_000)
REMARKS = st.builds(
    lambda kind, by, days, standing, count, opinion: Remark(
        kind, by, ago(days), standing, count, opinion if kind is Kind.OPINION else None
    ),
    st.sampled_from(Kind),
    st.sampled_from("abcdef"),
    DAYS,
    st.sampled_from(Standing),
    st.integers(0, 50),
    st.sampled_from(Opinion),
)
FACTS = st.builds(
    Facts,
    kinds=st.lists(st.sampled_from(sorted(MODEL.decays)), min_size=1, max_size=3).map(tuple),
    givers=st.sampled_from([("own",), ("partner",), ("other",), ("identity--x", "partner")]),
    stated=DAYS.map(ago),
    confidence=st.none() | st.integers(0, 100),
    ends=st.none() | st.floats(-500, 500).map(ago),
    revoked=st.booleans(),
    remarks=st.lists(REMARKS, max_size=8).map(tuple),
)


def scored(facts: Facts, now: datetime = NOW) -> Score:
    found = score(facts, MODEL, now)
    assert found is not None
    return found


@given(FACTS)
def test_the_parts_add_up(facts):
    found = scored(facts)
    assert sum(part.points for part in found.parts) == found.value
    assert 0 <= found.value <= 100


@given(FACTS, DAYS)
def test_time_never_lifts_a_score(facts, days):
    assert scored(facts, NOW + timedelta(days=days)).value <= scored(facts).value


@given(FACTS, st.sampled_from("abcdefg"), DAYS, st.sampled_from(Standing))
def test_a_sighting_never_lowers_it(facts, by, days, standing):
    more = replace(facts, remarks=(*facts.remarks, Remark(Kind.SEEN, by, ago(days), standing)))
    assert scored(more).value >= scored(facts).value


@given(FACTS, st.sampled_from([Kind.FALSE_POSITIVE, Kind.EXPIRED]), DAYS, st.sampled_from(Standing))
def test_a_doubt_never_lifts_it(facts, kind, days, standing):
    more = replace(facts, remarks=(*facts.remarks, Remark(kind, "g", ago(days), standing)))
    assert scored(more).value <= scored(facts).value


@given(FACTS, st.integers(0, 100))
def test_more_confidence_never_lowers_it(facts, confidence):
    low = replace(facts, confidence=min(confidence, facts.confidence or 0))
    assert scored(low).value <= scored(replace(facts, confidence=confidence)).value


@given(FACTS, st.sampled_from(Opinion), st.sampled_from(Opinion))
def test_a_better_opinion_never_lowers_it(facts, one, other):
    worse, better = sorted((one, other), key=lambda opinion: opinion.number)

    def after(opinion: Opinion) -> int:
        said = Remark(Kind.OPINION, "z", NOW, opinion=opinion)
        return scored(replace(facts, remarks=(*facts.remarks, said))).value

    assert after(worse) <= after(better)


@given(FACTS)
def test_the_order_of_remarks_does_not_matter(facts):
    assert scored(replace(facts, remarks=facts.remarks[::-1])).value == scored(facts).value
