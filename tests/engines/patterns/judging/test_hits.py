"""Whether a match counts: each reason to set it aside, and that a match without one is a hit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from comity.base.known import KnownList, Manner
from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.hits import EARLY, Rules, Seen, Worth, judge_hit, moment_of
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.own import Own

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FINE = Indicator(id="indicator--1", pattern="[domain-name:value = 'evil.example']", source="feed")
GOOD = KnownGood.of([KnownList("popular names", 7, Manner.BENEATH, frozenset(), ("good.example",))])
NAME, PORT = ObjectPath("domain-name", ("value",)), ObjectPath("network-traffic", ("dst_port",))


def judged(
    *values: object,
    each: Indicator = FINE,
    at: datetime = NOW,
    until: datetime | None = None,
    **rules: object,
) -> str:
    shown = tuple((PORT if isinstance(value, int) else NAME, value) for value in values or ("evil.example",))
    verdict = judge_hit(each, Seen(shown, at, until or at), Rules(known=GOOD, **rules))  # type: ignore[arg-type]  # by name
    (ground,) = verdict.grounds
    assert verdict.allowed == (ground.rule in {"detect.hit", "detect.denied"})
    return ground.rule


def test_a_hit():
    assert judged() == "detect.hit"
    assert judged(443) == "detect.hit"
    assert judged(None) == "detect.hit"


def test_the_ground_of_a_hit_names_what_hit():
    verdict = judge_hit(FINE, Seen(((NAME, "EVIL.example."),), NOW, NOW), Rules())
    assert verdict.grounds[0].text == "evil.example is what the indicator looks for."
    assert judge_hit(FINE, Seen((), NOW, NOW), Rules()).grounds[0].text == "The pattern is met."


def test_valid_until():
    each = replace(FINE, ends=NOW)
    assert judged(each=each) == "detect.expired"
    assert judged(each=each, at=NOW - DAY) == "detect.hit"
    assert judged(each=each, at=NOW - DAY, until=NOW + DAY) == "detect.hit"  # part of it was in time


def test_valid_from():
    each = replace(FINE, begins=NOW)
    assert judged(each=each) == "detect.hit"
    assert judged(each=each, at=NOW - EARLY) == "detect.hit"
    assert judged(each=each, at=NOW - EARLY - DAY) == "detect.too-early"
    assert judged(each=each, at=NOW - EARLY - DAY, until=NOW) == "detect.hit"
    assert judged(each=each, at=NOW - DAY, early=timedelta(0)) == "detect.too-early"


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (("www.good.example",), "detect.known-good"),
        (("www.good.example", 443), "detect.known-good"),  # no list speaks of ports
        (("www.good.example", "good.example"), "detect.known-good"),
        (("www.good.example", "evil.example"), "detect.hit"),
    ],
)
def test_known_good(values: tuple[object, ...], rule: str):
    assert judged(*values) == rule


def weigh(value: int):
    return lambda indicator, at: Worth(value, f"{indicator.id} at {at:%Y}")


def test_age():
    assert judged(weigh=weigh(1)) == "detect.hit"
    assert judged(weigh=weigh(0)) == "detect.faded"
    assert judged(weigh=weigh(49), least=50) == "detect.faded"
    assert judged(weigh=weigh(50), least=50) == "detect.hit"


def test_the_ground_of_age_tells_the_parts():
    verdict = judge_hit(FINE, Seen(((NAME, "evil.example"),), NOW, NOW), Rules(weigh=weigh(0)))
    assert verdict.grounds[0].text == "It was worth 0 of 100 then, less than 1: indicator--1 at 2026."


def test_the_operator_speaks_first():
    deny = Own.read("deny: [{value: www.good.example, reason: taken over}]")
    old = replace(FINE, ends=NOW - DAY)
    assert judged("www.good.example", each=old, weigh=weigh(0), own=deny) == "detect.denied"
    allow = Own.read("allow: [{value: evil.example, reason: ours}]")
    assert judged(own=allow) == "detect.allowed"
    assert judged("another.example", own=allow) == "detect.hit"
    assert judged(own=Own.read("allow: [{indicator: indicator--1, reason: wrong}]")) == "detect.allowed"


def test_the_words_of_the_day_of_the_event_count():
    own = Own.read("allow: [{value: evil.example, reason: a test, until: 2026-06-01}]")
    assert judged(own=own) == "detect.allowed"
    assert judged(own=own, at=NOW + DAY) == "detect.hit"


def test_times_of_rows():
    assert moment_of(0, otherwise=NOW) == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment_of(-1, otherwise=NOW) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moment_of(None, otherwise=NOW) == NOW
    assert moment_of(2**63 - 1, otherwise=NOW) == NOW
