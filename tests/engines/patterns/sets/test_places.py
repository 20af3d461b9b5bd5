"""Where in a row a value counts: by references, in lists, as a constant, of the type that an object has."""

from __future__ import annotations

import pytest

from comity.base.layouts import Constant, Layout, Seen
from comity.engines.patterns.ast import ObjectPath
from comity.engines.patterns.matching.matcher import Matcher
from comity.engines.patterns.parser import parse
from comity.engines.patterns.sets import patternset, places
from comity.engines.patterns.sets.found import value_text
from comity.engines.patterns.sets.kept import possible, reach
from comity.engines.patterns.sets.patternset import Indicated
from comity.engines.patterns.sets.places import Places, Reading
from comity.engines.patterns.sets.watching import Watch
from tests.engines.patterns.sets.anything import observed
from tests.engines.patterns.sets.logs import DNS, found, log, names, patterns, seen

LOG = log(
    {
        "query": "a.example",
        "src": "198.51.100.7",
        "port": 53,
        "service": "dns",
        "answers": ["x.example", "::ffff:192.0.2.1"],
    },
    {"query": "b.example", "src": "2001:db8::1", "answers": ["2001:db8::2", None]},
    {"src": "host", "answers": [None]},
    {"answers": ["A.example."]},
    {"port": 5353},
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[network-traffic:src_ref.value = '198.51.100.7']", [1]),
        ("[network-traffic:src_ref.value = '2001:DB8::1']", []),  # in that row there is no network-traffic
        ("[domain-name:resolves_to_refs[*].value = '192.0.2.1']", [1]),
        ("[domain-name:resolves_to_refs[*].value = '2001:db8::2']", [2]),
        ("[domain-name:resolves_to_refs[0].value = '192.0.2.1']", []),
        ("[domain-name:resolves_to_refs[1].value = '192.0.2.1']", [1]),
        ("[domain-name:resolves_to_refs.value = '192.0.2.1']", []),
        ("[network-traffic:protocols[*] = 'udp']", [1, 5]),
        ("[network-traffic:protocols[0] = 'udp']", [1, 5]),
        ("[network-traffic:protocols[*] = 'dns']", [1]),
        ("[network-traffic:protocols[*] LIKE 'ud_']", [1, 5]),
        ("[network-traffic:protocols = 'udp']", []),
        ("[network-traffic:dst_port = 53]", [1]),
        ("[network-traffic:dst_port = 53.0 OR network-traffic:dst_port IN (1, 5353)]", [1, 5]),
        ("[network-traffic:dst_port = '53']", []),
        ("[ipv4-addr:value = '192.0.2.1']", [1]),
        ("[ipv6-addr:value = '192.0.2.1']", []),
        ("[ipv6-addr:value = 'host']", [3]),  # what no type reads is of the last
        ("[ipv4-addr:value = 'host']", []),
        ("[domain-name:value = 'a.example']", [1, 4]),
        ("[EXISTS domain-name:resolves_to_refs]", [1, 2]),
        ("[domain-name:resolves_to_refs[*].type = 'ipv6-addr']", [2]),
        ("[network-traffic:src_ref.type = 'ipv4-addr' AND network-traffic:dst_port < 99]", [1]),
        ("[network-traffic:src_ref = 'source']", [1]),
        ("[network-traffic:dst_port IN ()]", []),
        ("[network-traffic:dst_port = h'35']", []),
        ("[domain-name:x_hex = h'35' OR domain-name:x_hex LIKE '5%']", []),
    ],
)  # fmt: skip  # one pattern to a line
def test_rows(text, rows):
    assert [row for _, (row,) in seen(patterns(text), LOG)] == rows
    exact = Matcher(parse(text)).matches(observed(LOG, DNS))
    assert [int(each.observed[0].ref) for each in exact] == rows


def test_a_row_with_two_values_is_one_match():
    (match,) = found(patterns("[ipv4-addr:value IN ('198.51.100.7', '192.0.2.1')]"), LOG)
    assert [each.value for each in match.rows[0].values] == ["198.51.100.7", "::ffff:192.0.2.1"]
    assert (match.rows[0].event, match.rows[0].source) == (None, "dns.log")


def test_a_constant_of_every_row():
    always = Layout("always", (Seen("x", ("x-log",), {("kind",): Constant("dns")}, {}),))
    watch = Watch(patterns("[x-log:kind = 'dns']", "[x-log:kind LIKE 'd%' AND x-log:kind != 'a']"))
    lines = watch.rows(names("a", "b"), always, "x")
    assert lines.select("indicator", "row").rows() == [
        ("i0", 1),
        ("i0", 2),
        ("i1", 1),
        ("i1", 1),
        ("i1", 2),
        ("i1", 2),
    ]


def test_what_a_pattern_reaches():
    one, other = "[a:b = 1]", "[a:c = 1]"
    assert reach(parse(f"({one} AND {other}) WITHIN 5 SECONDS")) == 5
    assert reach(parse(f"{one} REPEATS 2 TIMES")) == float("inf")
    assert reach(parse(f"({one} OR ({one} FOLLOWEDBY {other}) WITHIN 3 SECONDS) REPEATS 1 TIMES")) == 3
    assert (
        reach(parse(f"({one} WITHIN 9 SECONDS) START t'2026-01-01T00:00:00Z' STOP t'2027-01-01T00:00:00Z'"))
        == 0
    )
    tests = Matcher(parse(f"{one} AND {other}")).tests
    assert not possible(parse(f"{one} AND {other}"), {next(iter(tests)): 5})
    assert possible(parse(f"({one} OR {other}) REPEATS 2 TIMES"), {next(iter(tests)): 5})
    assert not possible(parse(f"{one} REPEATS 6 TIMES"), {next(iter(tests)): 5})


def test_places_are_bounded(monkeypatch):
    monkeypatch.setattr(places, "MOST_PLACES", 1)
    known = Places()
    assert known.number(ObjectPath("a", ("b",)), Reading.KEY) == known.number(
        ObjectPath("a", ("b",)), Reading.KEY
    )
    made = patterns("[a:b = 'x']", "[a:c = 'x']")
    assert [(each.name, "more than 1 places" in each.reason) for each in made.refused] == [("i1", True)]


def test_numbers_are_bounded(monkeypatch):
    monkeypatch.setattr(patternset, "MOST_PATTERNS", 2)
    with pytest.raises(Exception, match="all its numbers"):
        patterns("[a:b = 1]", "[a:b = 2]").changed(add=[Indicated("new", "[a:b = 3]")])


def test_half_a_character_equals_nothing_in_a_log():
    made = patterns("[domain-name:value = '\ud800']", "[domain-name:value = 'a']")
    assert seen(made, names("a", "?")) == [("i1", (1,))]


def test_values_are_shown_as_text():
    assert [value_text(each) for each in (b"\x4d", True, 5, "a")] == ["4d", "true", "5", "a"]
