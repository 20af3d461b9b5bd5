"""Matching: paths, values as the field reads them, matches told once, and patterns of strangers bounded."""

from __future__ import annotations

import time
from typing import Any

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.matching.observed import Observed, observed_in
from comity.engines.patterns.parser import parse

SECOND = 1_000_000


def seen(second: float, *objects: dict[str, Any], last: float | None = None, count: int = 1) -> Observed:
    first, end = round(second * SECOND), round((second if last is None else last) * SECOND)
    return Observed(f"at {second:g}", first, end, {str(n): each for n, each in enumerate(objects)}, count)


def name(value: str) -> dict[str, Any]:
    return {"type": "domain-name", "value": value}


def refs(text: str, *observed: Observed, usual: bool = True) -> list[list[str]]:
    found = Matcher(parse(text), usual=usual).matches(observed)
    return [[each.ref for each in match.observed] for match in found]


CONNECTION = (
    {
        "type": "network-traffic",
        "src_ref": "1",
        "dst_ref": "2",
        "protocols": ["ipv4", "tcp"],
        "dst_port": 443,
        "extensions": {"http-request-ext": {"request_method": "get", "request_header": {"User-Agent": "x"}}},
    },
    {"type": "ipv4-addr", "value": "198.51.100.7", "resolves_to_refs": ["9", "3"]},
    {"type": "ipv4-addr", "value": "203.0.113.9"},
    {"type": "mac-addr", "value": "00:11:22:33:44:55"},
    {"type": "file", "name": "a.exe", "hashes": {"sha256": "ab" * 32}, "contains_refs": ["2"]},
)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("[network-traffic:dst_ref.value = '203.0.113.9']", True),
        ("[network-traffic:src_ref.value = '203.0.113.9']", False),
        ("[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_port = 443]", True),
        ("[network-traffic:src_ref.resolves_to_refs[*].value = '00:11:22:33:44:55']", True),
        ("[network-traffic:src_ref.resolves_to_refs[1].value = '00:11:22:33:44:55']", True),
        ("[network-traffic:src_ref.resolves_to_refs[0].value = '00:11:22:33:44:55']", False),
        ("[network-traffic:protocols[*] = 'tcp']", True),
        ("[network-traffic:protocols[1] = 'tcp']", True),
        ("[network-traffic:protocols[2] = 'tcp']", False),
        ("[network-traffic:protocols = 'tcp']", False),
        ("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']", True),
        ("[network-traffic:dst_port > 442 AND network-traffic:dst_port < 444]", True),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", True),
        ("[ipv4-addr:value ISSUBSET '198.51.100.128/25']", False),
        ("[ipv4-addr:value ISSUBSET '::/0']", False),
        ("[file:hashes.'SHA-256' = '" + "AB" * 32 + "']", True),
        ("[file:contains_refs[*].value = '203.0.113.9']", True),
        ("[EXISTS network-traffic:src_port]", False),
        ("[EXISTS network-traffic:src_ref]", True),
        ("[NOT EXISTS network-traffic:src_port]", True),
        ("[network-traffic:src_port != 7]", False),
        ("[file:name = 'A.EXE']", True),
        ("[file:name = 'a.exe' AND ipv4-addr:value = '203.0.113.9']", False),
        ("[file:name = 'b.exe' OR ipv4-addr:value = '203.0.113.9']", True),
    ],
)
def test_paths(text, fits):
    assert bool(refs(text, seen(0, *CONNECTION))) is fits


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("[domain-name:value = 'EXAMPLE.com.']", name("example.com")),
        ("[domain-name:value = 'münchen.example']", name("xn--mnchen-3ya.example")),
        ("[domain-name:value = 'evil[.]example']", name("evil.example")),
        ("[ipv4-addr:value = '198.51.100.7']", {"type": "ipv4-addr", "value": "198.51.100.7/32"}),
        ("[ipv6-addr:value = '2001:DB8::1']", {"type": "ipv6-addr", "value": "2001:db8:0:0:0:0:0:1"}),
        ("[url:value = 'hxxp://Evil.example/A']", {"type": "url", "value": "http://evil.example/A"}),
    ],
)
def test_values_are_read_as_the_field_writes_them(pattern, value):
    assert refs(pattern, seen(0, value))
    assert not refs(pattern, seen(0, value), usual=False)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("[domain-name:value = 'higan']", name("michigan")),
        ("[domain-name:value = 'example.com']", name("www.example.com")),
        ("[url:value = 'http://evil.example/a']", {"type": "url", "value": "http://evil.example/b"}),
        ("[url:value = 'http://evil.example/a']", {"type": "url", "value": "http://evil.example/A"}),
        ("[domain-name:value != 'Example.com']", name("example.COM")),
    ],
)
def test_a_part_or_a_likeness_is_no_match(pattern, value):
    assert not refs(pattern, seen(0, value))


def test_expressions():
    text = {"type": "x-line", "v": "caf\u00e9 evil.exe\n", "raw_hex": "4d5a90", "odd_bin": "!"}
    for fits, tests in {
        True: [
            "v MATCHES 'cafe\u0301'",
            "v MATCHES 'exe$'",
            "v LIKE 'caf_ %'",
            "raw_hex MATCHES '^MZ'",
            "raw_hex LIKE 'MZ_'",
            "v MATCHES '(?<=evil)[.]exe'",
            "odd_bin = '!'",
            "v NOT LIKE 'caf_'",
        ],
        False: [
            "v LIKE 'evil%'",
            "v MATCHES '^evil'",
            "raw_hex = '4d5a90'",
            "v MATCHES 'EVIL'",
            "v LIKE '%exe'",
        ],
    }.items():
        for test in tests:
            assert bool(refs(f"[x-line:{test}]", seen(0, text))) is fits, test


def test_each_observation_matches_alone():
    assert refs(
        "[domain-name:value = 'a.example']", seen(2, name("a.example")), seen(1, name("a.example"))
    ) == [
        ["at 1"],
        ["at 2"],
    ]
    assert refs(
        "[domain-name:value LIKE '%'] START t'1970-01-01T00:00:02Z' STOP t'1970-01-01T00:00:03Z'",
        *(seen(n, name("a.example")) for n in (1, 2, 2.5, 3)),
    ) == [["at 2"], ["at 2.5"]]


def test_an_observation_is_part_of_one_match():
    log = [seen(n, name("ab"[n % 2] + ".example")) for n in range(6)]
    pair = "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']"
    assert refs(pair, *log) == [["at 0", "at 1"], ["at 2", "at 3"], ["at 4", "at 5"]]
    assert refs(f"({pair}) WITHIN 1 SECONDS", *log) == refs(pair, *log)
    assert (
        refs(
            "([domain-name:value = 'b.example'] FOLLOWEDBY [domain-name:value = 'b.example'])"
            " WITHIN 1 SECONDS",
            *log,
        )
        == []
    )
    assert refs("[domain-name:value LIKE '%'] REPEATS 4 TIMES", *log) == [["at 0", "at 1", "at 2", "at 3"]]
    assert refs(
        "[domain-name:value LIKE '%'] REPEATS 3 TIMES", seen(0, name("a"), count=2), seen(9, name("a"))
    ) == [["at 0", "at 9"]]


def test_a_burst_is_found_among_many():
    log = [seen(n * 100, name("a.example")) for n in range(2_000)]
    log += [seen(70_000 + n, name("a.example")) for n in range(1, 50)]
    begun = time.process_time()
    found = refs("[domain-name:value = 'a.example'] REPEATS 50 TIMES WITHIN 60 SECONDS", *log)
    assert [len(each) for each in found] == [50]
    assert refs("[domain-name:value = 'a.example'] REPEATS 51 TIMES WITHIN 60 SECONDS", *log) == []
    assert time.process_time() - begun < 60  # seconds; every way to choose 50 of them would take for ever


def test_values_that_hit_are_told():
    (match,) = Matcher(
        parse("[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:dst_port = 443]")
    ).matches([seen(0, *CONNECTION)])
    assert [(hit.root, hit.path.steps[-1], hit.value) for hit in match.hits] == [
        ("0", "value", "203.0.113.9"),
        ("0", "dst_port", 443),
    ]


def test_what_takes_too_long_is_refused():
    line = {"type": "x-line", "v": "a" * 5_000 + "!"}
    assert refs("[x-line:v MATCHES '^(a+)+$']", seen(0, line)) == []  # read in time that grows with the text
    with pytest.raises(TooLarge, match="too many ways"):
        refs(r"[x-line:v MATCHES '^(?=a)(a|a?)+$']", seen(0, line))
    with pytest.raises(Malformed):
        refs("[x-line:v MATCHES '(']", seen(0, line))
    with pytest.raises(TooLarge, match="written out"):  # and not after it took gigabytes
        refs("[x-line:v MATCHES '(?=a)(a{1000}){100000}']", seen(0, line))
    with pytest.raises(TooLarge):
        Matcher(parse(" AND ".join(["[a:b = 1]"] * 201)))
    with pytest.raises(TooLarge):
        Matcher(parse("([a:b = 1] AND [a:c = 1]) REPEATS 1000 TIMES"))
    crowd = [seen(n, {"type": "x", "v": 1}) for n in range(9)]
    with pytest.raises(TooLarge, match="ways to join"):
        refs(" AND ".join(f"[x:v > -{n}]" for n in range(1, 11)), *crowd)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"number_observed": 0}, "number_observed"),
        ({"number_observed": True}, "number_observed"),
        ({"first_observed": "yesterday"}, "not a time"),
        ({"first_observed": None}, "missing"),
        ({"last_observed": "2025-01-01T00:00:00Z"}, "before"),
        ({"object_refs": None}, "neither"),
    ],
)
def test_broken_observations_are_named(change, where):
    times = {"first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z"}
    data = {
        "type": "observed-data",
        "id": "observed-data--1",
        "number_observed": 1,
        "object_refs": [],
        **times,
    }
    data |= change
    if change == {"object_refs": None}:
        del data["object_refs"]
    with pytest.raises(Malformed, match=where) as refused:
        list(observed_in([data]))
    assert refused.value.where.startswith("observed-data--1")


def test_observations_of_stix_2_0():
    times = {"first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z"}
    data = {"type": "observed-data", "id": "observed-data--1", "number_observed": 3, **times}
    (found,) = observed_in([data | {"objects": {"0": name("a.example")}}])
    assert (found.count, found.last, dict(found.objects)) == (
        3,
        1_767_225_600 * SECOND,
        {"0": name("a.example")},
    )
