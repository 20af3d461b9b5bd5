"""Which indicators are looked for, and what becomes of a source that is poisoned."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from comity.base.errors import Malformed
from comity.base.known import KnownList, Manner
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import EXAMPLES, MOST_BROAD, Unread, judge, load
from comity.engines.patterns.judging.own import Own

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GOOD = KnownGood.of([KnownList("popular names", 7, Manner.BENEATH, frozenset(), ("good.example",))])
FINE = Indicator(id="indicator--1", pattern="[domain-name:value = 'evil.example']", source="feed")
BROAD = replace(FINE, pattern="[domain-name:value = 'com']")


def judged(each: Indicator, own: str = "") -> tuple[str | None, list[str]]:
    pattern, verdict = judge(each, GOOD, Own.read(own), NOW)
    assert (pattern is not None) == verdict.allowed
    return pattern, [ground.rule for ground in verdict.grounds]


@pytest.mark.parametrize(
    ("each", "rule"),
    [
        (replace(FINE, revoked=True), "detect.revoked"),
        (replace(FINE, begins=NOW, ends=NOW), "detect.never-valid"),
        (replace(FINE, language="snort"), "detect.language"),
        (replace(FINE, pattern="[file:name"), "detect.unreadable"),
        (replace(FINE, pattern="[file:name MATCHES '(']"), "detect.unreadable"),
        (replace(FINE, pattern="(" * 10_000 + FINE.pattern + ")" * 10_000), "detect.unreadable"),
        (replace(FINE, pattern=f"[file:name = '{'x' * 2**20}"), "detect.unreadable"),
        (BROAD, "detect.broad"),
        (replace(FINE, pattern="[domain-name:value = 'www.good.example']"), "detect.known-good"),
        (
            replace(FINE, pattern="[domain-name:value IN ('good.example', 'b.good.example')]"),
            "detect.known-good",
        ),
    ],
)
def test_refused(each: Indicator, rule: str):
    assert judged(each) == (None, [rule])


@pytest.mark.parametrize(
    "pattern",
    [
        FINE.pattern,
        "[domain-name:value IN ('good.example', 'evil.example')]",
        "[domain-name:value = 'good.example' OR domain-name:value = 'b.good.example']",  # judged later
        "[domain-name:value = 'good.example'] AND [file:name = 'evil.js']",
        "[domain-name:value LIKE 'evil%.good.example']",
    ],
)
def test_looked_for(pattern: str):
    assert judged(replace(FINE, pattern=pattern, begins=NOW, ends=NOW + timedelta(1))) == (
        pattern,
        ["detect.looked-for"],
    )


def test_what_ended_is_looked_for_in_logs_of_its_time():
    assert judged(replace(FINE, ends=NOW - timedelta(days=1)))[0] == FINE.pattern


def test_broad_alternatives_are_left_out_and_named():
    each = replace(FINE, pattern="[domain-name:value = 'com' OR domain-name:value = 'evil.example']")
    pattern, verdict = judge(each, GOOD, Own(), NOW)
    assert pattern == FINE.pattern
    assert verdict.allowed
    assert verdict.grounds[0].rule == "detect.narrowed"
    assert "domain-name:value = 'com'" in verdict.grounds[0].text


def test_the_operator_may_leave_an_indicator_out():
    allow = "allow: [{indicator: indicator--1, reason: wrong, until: 2026-06-01}]"
    assert judged(FINE, allow) == (None, ["detect.allowed"])
    assert judged(FINE, allow.replace("06-01", "05-31"))[0] == FINE.pattern
    assert judged(FINE, allow.replace("allow", "deny"))[0] == FINE.pattern


def test_the_operator_may_look_for_what_is_known_to_be_good():
    each = replace(FINE, pattern="[domain-name:value = 'www.good.example']")
    assert judged(each, "deny: [{value: www.good.example, reason: taken over}]")[0] == each.pattern
    assert judged(each, "deny: [{value: evil.example, reason: x}]") == (None, ["detect.known-good"])
    assert judged(each, "allow: [{value: www.good.example, reason: x}]") == (None, ["detect.known-good"])


def test_the_ground_names_entry_and_list():
    _, verdict = judge(replace(FINE, pattern="[domain-name:value = 'www.good.example']"), GOOD, Own(), NOW)
    (ground,) = verdict.grounds
    assert ground.source == "popular names, version 7"
    assert ground.text == "www.good.example is known to be good: good.example in the list."


def test_nothing_is_left_out_silently():
    unread = Unread("line 3", "is no object.")
    loaded = load(
        "feed", [FINE, BROAD, unread, replace(FINE, id="indicator--2", revoked=True)], GOOD, Own(), NOW
    )
    report = loaded.report
    assert [each.indicator for each in loaded.looked] == [FINE]
    assert (report.source, report.read, report.looked_for, report.refused) == ("feed", 4, 1, 3)
    assert report.reasons == {"detect.broad": 1, "detect.unreadable": 1, "detect.revoked": 1}
    assert report.examples["detect.unreadable"][0].ref == "line 3"
    assert report.examples["detect.unreadable"][0].ground.text == "is no object."
    assert report.quarantined is None


def test_a_poisoned_source_is_left_out_whole():
    loaded = load("feed", [FINE] * 900 + [BROAD] * MOST_BROAD, GOOD, Own(), NOW)
    assert loaded.looked == ()
    assert loaded.report.refused == 1_000
    assert loaded.report.quarantined is not None
    assert loaded.report.quarantined.grounds[0].rule == "detect.quarantined"
    assert len(loaded.report.examples["detect.broad"]) == EXAMPLES


@pytest.mark.parametrize(("fine", "broad"), [(899, MOST_BROAD - 1), (901, MOST_BROAD)])
def test_a_source_with_some_careless_values_is_not(fine: int, broad: int):
    loaded = load("feed", [FINE] * fine + [BROAD] * broad, GOOD, Own(), NOW)
    assert loaded.report.quarantined is None
    assert len(loaded.looked) == fine


STIX = {
    "type": "indicator",
    "id": "indicator--1",
    "pattern": FINE.pattern,
    "pattern_type": "stix",
    "name": "n" * 500,
    "created_by_ref": "identity--1",
    "modified": "2026-05-01T00:00:00.000Z",
    "valid_from": "2026-04-01T00:00:00Z",
    "valid_until": "2027-04-01T00:00:00Z",
    "confidence": 0,
}


def test_an_indicator_of_stix():
    found = Indicator.of(STIX, "feed")
    assert found == Indicator(
        id="indicator--1",
        pattern=FINE.pattern,
        source="feed",
        name="n" * 300,
        author="identity--1",
        stated=datetime(2026, 5, 1, tzinfo=UTC),
        begins=datetime(2026, 4, 1, tzinfo=UTC),
        ends=datetime(2027, 4, 1, tzinfo=UTC),
        confidence=0,
    )
    assert Indicator.of({"id": "x", "pattern": "p"}, "feed").stated is None
    assert Indicator.of(STIX | {"revoked": True}, "feed").revoked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("pattern", ""),
        ("pattern", 5),
        ("confidence", 101),
        ("confidence", True),
        ("confidence", "50"),
        ("valid_from", 5),
        ("valid_until", "tomorrow"),
    ],
)
def test_what_is_no_indicator(name: str, value: object):
    with pytest.raises(Malformed) as caught:
        Indicator.of(STIX | {name: value}, "feed")
    assert caught.value.where.endswith(f"/{name}")
