"""Matches that the tests of all writers share."""

from __future__ import annotations

from comity.base.matches import Event, Match, Shown
from comity.base.verdict import Ground, Verdict
from comity.formats.detections.telling import Key, Observed, Telling

HIT = Verdict.yes(
    Ground("detect.hit", "STIX 2.1, section 9", "evil.example is what the indicator looks for.")
)
ASIDE = Verdict.no(
    Ground("detect.known-good", "popular names, version 7", "good.example is known to be good.")
)
INDICATOR = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
OTHER = "indicator--0e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
NOON = 1_780_315_200_000_000  # 2026-06-01 12:00 UTC
NAME = Shown("domain-name", ("value",), "evil.example")

VALUES, NOTHING = Telling(Observed.VALUES), Telling(Observed.NOTHING)
HASHED = Telling(Observed.HASHED, Key(b"k" * 32))


def match(
    *shown: Shown,
    indicator: str = INDICATOR,
    events: tuple[Event, ...] = (Event("dns.log", 7, "CeX1", NOON + 123_456, NOON + 2_000_000),),
    verdict: Verdict = HIT,
    name: str = "Evil, Inc.",
) -> Match:
    return Match(
        indicator,
        name,
        "feed.json",
        "[domain-name:value = 'evil.example']",
        events,
        shown or (NAME,),
        verdict,
    )
