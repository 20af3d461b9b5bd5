"""Each rule by a pair that it finds, and by pairs that it must leave alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.contradictions.claims import Claim
from comity.engines.contradictions.rules import MOST_CLAIMS, RULES, contradictions

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ONE = Claim("one", "indicator--1", NOW, stands=True)
OTHER = Claim("other", "indicator--2", NOW, stands=True)
PAST, SOON = NOW - timedelta(days=1), NOW + timedelta(days=1)


def said(ref="opinion--1", who="other", **more):
    return Claim(who, ref, NOW, **more)


def harm(*types):
    return frozenset(types)


@pytest.mark.parametrize(
    ("one", "other", "rules"),
    [
        (ONE, OTHER, []),
        (replace(ONE, types=harm("malicious-activity")), replace(OTHER, types=harm("benign")), ["types"]),
        (
            replace(ONE, types=harm("compromised")),
            replace(OTHER, types=harm("anomalous-activity")),
            ["types"],
        ),
        (replace(ONE, types=harm("compromised")), replace(OTHER, types=harm("malicious-activity")), []),
        (
            replace(ONE, types=harm("compromised")),
            replace(OTHER, types=harm("anomalous-activity", "compromised")),
            [],
        ),
        (said(who="one", leaning=1), said(leaning=-2), ["opinions"]),
        (said(who="one", leaning=1), said(leaning=2), []),
        (said(who="one", leaning=0), said(leaning=-2), []),
        (ONE, said(false_positive=True), ["false-positive"]),
        (said(who="one", seen=True), said(false_positive=True), ["false-positive"]),
        (said(who="one", false_positive=True), said(false_positive=True), []),
        (said(who="one"), said(false_positive=True), []),
        (replace(ONE, tlp=Tlp.GREEN), replace(OTHER, tlp=Tlp.AMBER), ["label"]),
        (replace(ONE, tlp=Tlp.GREEN), replace(OTHER, tlp=Tlp.GREEN), []),
        (replace(ONE, tlp=Tlp.GREEN), OTHER, []),
        (replace(ONE, tlp=Tlp.GREEN), said(tlp=Tlp.AMBER), []),
        (replace(ONE, confidence=29), replace(OTHER, confidence=70), ["confidence"]),
        (replace(ONE, confidence=30), replace(OTHER, confidence=100), []),
        (replace(ONE, confidence=0), OTHER, []),
        (
            said(who="one", attributed="intrusion-set--a"),
            said(attributed="intrusion-set--b"),
            ["attribution"],
        ),
        (said(who="one", attributed="intrusion-set--a"), said(attributed="intrusion-set--a"), []),
        (said(who="one", attributed="intrusion-set--a"), said(), []),
        (replace(ONE, ends=PAST), replace(OTHER, ends=SOON), ["validity"]),
        (replace(ONE, revoked=True), OTHER, ["validity"]),
        (replace(ONE, revoked=True), replace(OTHER, ends=NOW), []),
        (replace(ONE, revoked=True), said(seen=True), []),
    ],
)
def test_a_pair(one, other, rules):
    for pair in ([one, other], [other, one]):
        assert [each.rule.name for each in contradictions(pair, NOW)] == rules
        assert list(contradictions([replace(each, who="same") for each in pair], NOW)) == []


def test_both_sides_are_there_and_every_rule_has_its_source():
    [found] = contradictions([ONE, said(false_positive=True)], NOW)
    assert (found.one, found.other.ref) == (ONE, "opinion--1")
    assert all(rule.source and rule.text.endswith(".") for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


CLAIMS = st.builds(
    Claim,
    who=st.sampled_from("abc"),
    ref=st.sampled_from(["x", "y"]),
    at=st.just(NOW),
    stands=st.booleans(),
    types=st.frozensets(st.sampled_from(["benign", "compromised", "unknown"])),
    confidence=st.none() | st.integers(0, 100),
    tlp=st.none() | st.sampled_from(Tlp),
    ends=st.none() | st.sampled_from([PAST, SOON]),
    revoked=st.booleans(),
    leaning=st.integers(-2, 2),
    false_positive=st.booleans(),
    seen=st.booleans(),
    attributed=st.sampled_from(["", "p", "q"]),
)


@given(st.lists(CLAIMS, max_size=6))
def test_the_order_of_claims_does_not_matter_and_nobody_contradicts_himself(claims):
    there = [(each.rule.name, frozenset({each.one, each.other})) for each in contradictions(claims, NOW)]
    back = [(each.rule.name, frozenset({each.one, each.other})) for each in contradictions(claims[::-1], NOW)]
    assert sorted(map(str, (name for name, _ in there))) == sorted(map(str, (name for name, _ in back)))
    assert set(there) == set(back)
    assert all(len({claim.who for claim in pair}) == 2 for _, pair in there)


def test_the_number_of_claims_is_bounded():
    many = [replace(ONE, who=str(n), confidence=10 + 80 * (n % 2)) for n in range(MOST_CLAIMS + 50)]
    assert len(list(contradictions(many, NOW))) == (MOST_CLAIMS // 2) ** 2
