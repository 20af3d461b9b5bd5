"""What says enough to be looked for, and what is left of a pattern without what does not."""

import pytest
from hypothesis import given

from comity.base.errors import Malformed
from comity.engines.patterns.judging.breadth import narrowed
from comity.engines.patterns.judging.worth import LEAST, NARROWEST, PROBES, is_suffix
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.parser import parse
from comity.engines.patterns.text import pattern_text
from tests.engines.patterns.anything import patterns, unhurried

ENOUGH = [
    "[ipv4-addr:value = '192.0.2.7']",
    "[ipv4-addr:value ISSUBSET '192.0.0.0/16']",
    "[ipv4-addr:value ISSUBSET 'no network']",
    "[ipv6-addr:value = '2001:db8::/32']",
    "[domain-name:value = 'evil.co.uk']",
    "[domain-name:value = '*.evil.example']",
    "[domain-name:value = 'evil.github.io']",
    "[url:value = 'http://github.io/evil']",
    "[url:value = 'http://evil.example/']",
    "[url:value = 'http://evil.example?q']",
    "[url:value LIKE '%/gate.php?id=%']",
    "[file:hashes.MD5 = '0f343b0931126a20f133d67c2b018a3b']",
    "[file:name = 'a.js']",
    "[file:name LIKE 'evil']",
    "[mac-addr:value = '00:11:22:33:44:55']",
    "[domain-name:value MATCHES '^evil[0-9]+[.]']",
    "[file:content_ref.payload_bin = b'TVqQAAM=']",
    "[file:magic_number_hex = h'4d5a9000']",
    "[file:created = t'2026-01-01T00:00:00Z']",
    "[x-own:words = 'a sentence']",
]
TOO_LITTLE = {
    "[ipv4-addr:value ISSUBSET '10.0.0.0/8']": "is wider than /16",
    "[ipv4-addr:value ISSUPERSET '10.0.0.0/8']": "is wider than /16",
    "[ipv4-addr:value = '0.0.0.0/0']": "is wider than /16",
    "[ipv6-addr:value ISSUBSET '2000::/3']": "is wider than /32",
    "[ipv4-addr:value = '127.0.0.1']": "is the address of every host, or of none",
    "[ipv4-addr:value = '255.255.255.255']": "is the address of every host, or of none",
    "[ipv6-addr:value = '::']": "is the address of every host, or of none",
    "[domain-name:value = 'com']": "is a top-level domain, or a name without one",
    "[domain-name:value = 'CO[.]UK.']": "is a public suffix, beneath which anybody registers names",
    "[domain-name:value = '*.github.io']": "is a public suffix, beneath which anybody registers names",
    "[url:value = 'https://github.io/']": "is a public suffix, beneath which anybody registers names",
    "[domain-name:value LIKE '%.co.uk']": "asks for a public suffix alone",
    "[domain-name:value LIKE '%']": "asks for fewer than 4 characters in a row",
    "[domain-name:value LIKE '%_%']": "asks for fewer than 4 characters in a row",
    "[url:value LIKE '%://%']": "asks for fewer than 4 characters in a row",
    "[url:value LIKE 'http://%']": "fits any value, such as 'http://www.kwxqzj.com/'",
    "[domain-name:value MATCHES '.*']": "fits any value, such as ''",
    "[file:hashes.MD5 MATCHES '^[0-9a-f]+$']": "fits any value, such as '0'",
    "[file:name = 'a']": "is shorter than 4 characters",
    "[file:name = '']": "is empty, or too long to be looked for",
    "[file:hashes.SSDEEP = '3::']": "is shorter than 10 characters",
    "[mac-addr:value = 'FF-FF-FF-FF-FF-FF']": "is the address of every device, or of none",
    "[autonomous-system:number = 64496]": "is a number, which many things share",
    "[x:src_ref.number = 'AS64496']": "is a whole network of many users",
    "[network-traffic:dst_port = 443]": "is a number, which many things share",
    "[file:size = 1.5]": "is a number or a truth, which many things share",
    "[network-traffic:protocols[*] = 'http']": "is shorter than 8 characters",
    "[file:magic_number_hex = h'4d5a']": "is shorter than 4 bytes",
    "[file:size > 10]": "says what a value is not, or only how large it is",
    "[domain-name:value != 'evil.example']": "says what a value is not, or only how large it is",
    "[domain-name:value NOT IN ('evil.example')]": "says what a value is not, or only how large it is",
    "[EXISTS file:name]": "says what a value is not, or only how large it is",
}
LEFT = {
    "[domain-name:value IN ('com', 'evil.example')]": "[domain-name:value IN ('evil.example')]",
    "[url:value LIKE '%' OR url:value = 'http://e.example/x']": "[url:value = 'http://e.example/x']",
    "[file:name = 'a' OR file:name = 'evil.js' OR file:name = 'evil.vbs']": (
        "[file:name = 'evil.js' OR file:name = 'evil.vbs']"
    ),
    "[file:name = 'a'] OR [file:name = 'evil.js'] OR [file:name = 'evil.vbs']": (
        "[file:name = 'evil.js'] OR [file:name = 'evil.vbs']"
    ),
    "[file:size > 9 AND (file:name = 'a' OR file:name = 'evil.js')]": (
        "[file:size > 9 AND file:name = 'evil.js']"
    ),
    "([file:name = 'a'] OR [file:name = 'evil.js']) WITHIN 5 SECONDS": (
        "[file:name = 'evil.js'] WITHIN 5 SECONDS"
    ),
    "[file:size > 9] FOLLOWEDBY ([file:name = 'a'] OR [file:name = 'evil.js'])": (
        "[file:size > 9] FOLLOWEDBY [file:name = 'evil.js']"
    ),
}
WHOLE = [
    "[network-traffic:dst_port = 443 AND network-traffic:dst_ref.value = '192.0.2.7']",
    "[network-traffic:dst_port = 443] AND [file:name = 'evil.js']",
    "[file:name = 'a'] FOLLOWEDBY [file:name = 'evil.js']",
    "[(file:name = 'a' OR file:name = 'evil.js') AND file:hashes.MD5 = '0f343b0931126a20f133d67c2b018a3b']",
    "[domain-name:value IN ('evil.example', 'evil.example.net')]",
]
NOTHING = [
    "[file:size > 9 AND file:name = 'a']",
    "[file:size > 9] FOLLOWEDBY [file:name = 'a'] WITHIN 5 SECONDS",
    "[file:size > 9] OR [file:name = 'a']",
    "[domain-name:value IN ('com', 'net')]",
    "[file:name = 'a'] REPEATS 5 TIMES",
]


@pytest.mark.parametrize("text", ENOUGH + WHOLE)
def test_what_says_enough_stays_as_it_is(text: str):
    tree = parse(text)
    found = narrowed(tree)
    assert found.pattern is tree
    assert found.broad == ()


@pytest.mark.parametrize(("text", "why"), TOO_LITTLE.items())
def test_what_says_too_little_is_not_looked_for(text: str, why: str):
    found = narrowed(parse(text))
    assert found.pattern is None
    assert [each.why for each in found.broad] == [why]


@pytest.mark.parametrize(("text", "left"), LEFT.items())
def test_broad_alternatives_are_left_out(text: str, left: str):
    found = narrowed(parse(text))
    assert found.pattern == parse(left)
    assert len(found.broad) == 1


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_left_where_all_is_broad(text: str):
    found = narrowed(parse(text))
    assert found.pattern is None
    assert found.broad


def test_a_long_comparison_is_shortened():
    found = narrowed(parse(f"[x:y.'{'a' * 200}' = 'b']"))
    assert len(found.broad[0].where) == 120
    assert found.broad[0].where.endswith("…")


def test_an_expression_that_nobody_can_read_is_malformed():
    with pytest.raises(Malformed):
        narrowed(parse("[file:name MATCHES '(']"))


@unhurried
@given(patterns)
def test_what_is_left_says_enough(pattern):
    try:
        found = narrowed(pattern)
    except Malformed:  # an expression
        return
    if found.pattern is not None:
        assert parse(pattern_text(found.pattern)) == found.pattern
        assert narrowed(found.pattern).pattern is found.pattern


def test_private_suffixes_are_suffixes_too():
    assert is_suffix("co.uk")
    assert is_suffix("github.io")
    assert not is_suffix("evil.github.io")
    assert not is_suffix("no-such-domain")


def test_the_numbers_are_of_kinds_that_are_there():
    assert set(LEAST) <= set(Kind)
    assert set(NARROWEST) == {4, 6}
    assert len(set(PROBES)) == len(PROBES)
