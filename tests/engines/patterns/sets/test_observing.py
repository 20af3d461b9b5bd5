"""`observed-data` by sets: what the exact matcher finds, of STIX 2.1 and 2.0, and what is broken is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.matching.observed import observed_in
from comity.engines.patterns.parser import parse
from comity.engines.patterns.sets.found import findings
from comity.engines.patterns.sets.observing import observed
from tests.engines.patterns.sets.anything import KINDS, TEXTS, alone, joined
from tests.engines.patterns.sets.logs import patterns

raws = st.sampled_from(
    [
        *TEXTS,
        53,
        53.0,
        2**64,
        True,
        False,
        0.5,
        None,
        ["udp", "ab"],
        {"a": {"b": "ab"}},
        {"MD5": "ab" * 16, "md5": "x"},
    ]
)
NAMES = ["value", "name", "hashes", "dst_port", "x_hex", "x_bin", "ext", "number", "protocols"]
moments = st.integers(0, 9)


def stamp(second: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


@st.composite
def things(draw: st.DrawFn, ids: list[str]) -> dict[str, Any]:
    held = draw(st.dictionaries(st.sampled_from(NAMES), raws, max_size=4))
    held["type"] = draw(st.sampled_from(sorted({each for some in KINDS for each in some})))
    if draw(st.booleans()):
        held["src_ref"] = draw(st.sampled_from(ids))
    if draw(st.booleans()):
        held["x_refs"] = draw(st.lists(st.sampled_from(ids), max_size=2))
    return held


@st.composite
def bundles(draw: st.DrawFn) -> list[dict[str, Any]]:
    ids = [f"x--{n}" for n in range(4)]
    objects = [draw(things(ids)) | {"id": each} for each in ids]
    for number in range(draw(st.integers(1, 5))):
        first = draw(moments)
        data = {
            "type": "observed-data",
            "id": f"observed-data--{number}",
            "first_observed": stamp(first),
            "last_observed": stamp(first + draw(st.sampled_from([0, 0, 3]))),
            "number_observed": draw(st.sampled_from([1, 1, 2])),
        }
        if draw(st.integers(0, 3)):
            data["object_refs"] = draw(st.lists(st.sampled_from([*ids, "x--9"]), max_size=3))
        else:
            data["objects"] = {str(n): draw(things(["0", "1"])) for n in range(draw(st.integers(0, 2)))}
        objects.append(data)
    return objects


@settings(max_examples=250, deadline=None)
@given(st.lists(alone | joined, min_size=1, max_size=4), bundles())
def test_as_the_exact_matcher(texts, objects):
    found = observed(patterns(*texts), objects)
    assert (found.broken, found.aside) == ((), ())
    ours = [(each.indicator, tuple(row.event for row in each.rows)) for each in findings(found.lines)]
    plainly = [
        (f"i{n}", tuple(one.ref for one in match.observed))
        for n, text in enumerate(texts)
        for match in Matcher(parse(text)).matches(list(observed_in(objects)))
    ]
    assert sorted(ours) == sorted(plainly)


BROKEN: list[dict[str, Any]] = [
    {"object_refs": ["x--0", 5]},
    {"object_refs": "x--0"},
    {"object_refs": [{}, "x--0"]},
    {"object_refs": ["x--0"], "first_observed": "yesterday"},
    {"object_refs": ["x--0"], "number_observed": 0},
]


def test_what_is_broken_is_told_and_the_rest_goes_on():
    usual = {
        "type": "observed-data",
        "first_observed": stamp(0),
        "last_observed": stamp(1),
        "number_observed": 1,
    }
    data = [
        usual | {"id": f"observed-data--{n}"} | change
        for n, change in enumerate([*BROKEN, {"object_refs": ["x--0"]}])
    ]
    objects: list[dict[str, Any]] = [
        {"type": "file", "id": "x--0", "name": "a", "size": 10**400},
        {"type": ["file"], "id": "x--1", "name": "\ud800"},
        {"type": "file", "id": ["x--0"], "name": "a"},
        *data,
    ]
    found = observed(
        patterns(
            "[file:name = 'a']", "[file:size > 1]", "[file:name MATCHES '^(?=(a|a?)+$)' AND file:size = 7]"
        ),
        objects,
    )
    assert found.lines.select("indicator", "row").rows() == [("i0", 6), ("i1", 6)]
    assert [each.name for each in found.broken] == [
        "observed-data--0",
        "observed-data--3: first_observed",
        "observed-data--4",
    ]


def test_a_pattern_that_asks_too_much_is_set_aside():
    objects: list[dict[str, Any]] = [
        {"type": "file", "id": "x--0", "name": "a" * 5_000 + "!"},
        {"type": "file", "id": "x--1", "name": "\ud800"},
        {"type": "observed-data", "id": "o", "object_refs": ["x--0", "x--1"], "number_observed": 1}
        | {"first_observed": stamp(0), "last_observed": stamp(0)},
    ]
    found = observed(
        patterns("[file:name MATCHES '^(?=(a|a?)+$)']", f"[file:name = '{'a' * 5_000}!']"), objects
    )
    assert [each.name for each in found.aside] == ["i0"]
    assert found.lines["indicator"].to_list() == ["i1"]


def test_an_object_of_another_observation_is_not_reached():
    usual = {
        "type": "observed-data",
        "number_observed": 1,
        "first_observed": stamp(0),
        "last_observed": stamp(0),
    }
    objects: list[dict[str, Any]] = [
        {"type": "network-traffic", "id": "x--0", "src_ref": "x--1"},
        {"type": "ipv4-addr", "id": "x--1", "value": "198.51.100.7"},
        usual | {"id": "a", "object_refs": ["x--0"]},
        usual | {"id": "b", "object_refs": ["x--1", "x--0"]},
    ]
    found = observed(patterns("[network-traffic:src_ref.value = '198.51.100.7']"), objects)
    assert found.lines["event"].to_list() == ["b"]
