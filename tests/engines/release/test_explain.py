"""The picture of many classes, and what a judgement looks like when it is kept."""

from datetime import datetime
from typing import Any

import pytest

from comity.engines.release.explain import picture
from comity.engines.release.judge import Release, judge
from comity.engines.release.terms import Category, Purpose, category_of
from tests.engines.release import given


def judged(**differing: Any) -> Release:
    asked = given.handling(**differing), given.recipient(), given.terms(remove_victims=True)
    return judge(*asked, purpose=Purpose.NETWORK_DEFENCE, now=given.noon())


def test_what_would_a_partner_see_and_why_not_the_rest():
    seen = picture([
        (judged(), 1000),
        (judged(names_victims=True), 20),
        (judged(tlp="red"), 3),
        (judged(tlp="amber+strict"), 4),
        (judged(tlp=None), 5),
    ])  # fmt: skip  # one class to a line
    assert (seen.whole, seen.reduced, seen.refused, seen.undecided) == (1000, 20, 7, 5)
    assert [(r.answer.value, r.ground.rule, r.objects) for r in seen.reasons] == [
        ("unknown", "tlp.unmarked", 5),
        ("no", "agreement.ceiling", 4),
        ("no", "tlp.red", 3),
        ("no", "agreement.ceiling", 3),
    ]
    shown = seen.as_json()
    assert (shown["whole"], shown["reduced"], shown["refused"], shown["undecided"]) == (1000, 20, 7, 5)
    assert shown["reasons"][0]["ground"]["rule"] == "tlp.unmarked"


def test_a_judgement_is_kept_with_its_duties():
    kept = judged(names_victims=True, tlp="amber").as_json()
    assert kept["verdict"]["answer"] == "yes"
    assert (kept["removals"], kept["second_person"]) == (["victims"], True)
    assert [duty["rule"] for duty in kept["duties"]] == ["duty.onward"]


def test_a_time_without_a_zone_is_not_judged():
    with pytest.raises(ValueError, match="zone"):
        judge(
            given.handling(),
            given.recipient(),
            None,
            purpose=Purpose.RESEARCH,
            now=datetime(2026, 5, 3),  # noqa: DTZ001  # the mistake that is tested
        )


@pytest.mark.parametrize(
    ("stix_type", "category"),
    [
        ("indicator", Category.INDICATOR),
        ("ipv4-addr", Category.OBSERVATION),
        ("relationship", Category.OTHER),
        ("x-acme-thing", Category.OTHER),
    ],
)
def test_category_of_a_type(stix_type, category):
    assert category_of(stix_type) is category
