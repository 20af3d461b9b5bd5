"""Timestamps, whose fast way must take nothing that the plain way refuses, and texts made to be slow."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.formats.stix21.kinds import instant, timestamp, timestamp_milliseconds, timestamp_seconds
from comity.formats.stix21.validate import findings
from tests.formats.stix21.samples import sample

_PLAIN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?Z")
_SEEDS = [
    "2026-11-22T03:00:00.000Z",
    "2024-02-29T23:59:59.999Z",
    "2026-11-30T03:00:00Z",
    "2026-12-31T03:00:00.5Z",
    "2026-W47-7T03:00:00.00Z",
]


def good(text: str) -> bool:
    """The obvious way: digits in their places, and a day and an hour that there are."""
    found = _PLAIN.fullmatch(text)
    if found is None or found[1][11:13] == "24":
        return False
    try:
        datetime.fromisoformat(found[1])
    except ValueError:
        return False
    return True


@st.composite
def near_timestamps(draw: st.DrawFn) -> str:
    text = list(draw(st.sampled_from(_SEEDS)))
    for _ in range(draw(st.integers(0, 3))):
        text[draw(st.integers(0, len(text) - 1))] = draw(st.sampled_from("0123456789-+:.,TZW \u0663z"))
    return "".join(text)


@settings(max_examples=500)
@given(near_timestamps())
def test_timestamps_are_those_of_the_plain_way(text):
    if text.startswith("0000"):
        return  # of RFC 3339, and not of datetime
    assert (timestamp(text) == ()) == good(text)
    assert (timestamp_milliseconds(text) == ()) == (good(text) and re.search(r"\.\d{3,}Z", text) is not None)
    assert (timestamp_seconds(text) == ()) == (good(text) and "." not in text)


@pytest.mark.parametrize("text", ["0000-02-29T00:00:00.000Z", "0000-02-29T00:00:00Z"])
def test_the_first_year_of_rfc_3339_had_a_leap_day(text):
    assert timestamp(text) == ()


@pytest.mark.parametrize(
    "text", ["2026-11-22T24:00:00.000Z", "2026-11-22T23:59:60.000Z", "2026-02-29T00:00:00.000Z"]
)
def test_moments_that_there_are_not(text):
    assert timestamp(text)
    assert timestamp_milliseconds(text)


@given(
    st.lists(st.sampled_from(["", ".1", ".10", ".100", ".11", ".2", ".0", ".000001"]), min_size=2, max_size=2)
)
def test_instants_sort_like_the_times(fractions):
    first, last = (f"2026-11-22T03:00:10{fraction}Z" for fraction in fractions)
    times = [datetime.fromisoformat(text) for text in (first, last)]
    assert (instant(first) < instant(last)) == (times[0] < times[1])
    assert (instant(first) == instant(last)) == (times[0] == times[1])


@pytest.mark.parametrize(
    "value",
    [
        sample("url", value="http://" + "a" * 200_000 + " "),
        sample("url", value="http://" + "%41" * 100_000 + " "),
        sample("domain-name", value="a." * 100_000 + "!"),
        sample("email-addr", value='"' + "\\a" * 100_000),
        sample("ipv4-addr", value="1" * 200_000),
        sample("ipv6-addr", value=":" * 200_000),
        sample("software", cpe="cpe:2.3:a" + ":\\a" * 100_000),
        sample("artifact", payload_bin="A" * 200_001),
        sample("campaign", id="campaign" + "-a" * 100_000, created_by_ref="identity" + "-a" * 100_000),
        sample("campaign", lang="en" + "-a" * 100_000 + "-"),
        sample("campaign", granular_markings=[{"lang": "en", "selectors": ["a" + ".[1]" * 50_000 + "!"]}]),
    ],
    ids=lambda value: value["type"],
)
def test_no_text_makes_an_expression_slow(value):
    begun = time.process_time()
    assert findings(value)
    assert time.process_time() - begun < 0.5
