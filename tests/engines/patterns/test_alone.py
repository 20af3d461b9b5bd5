"""Which values a device may act on by themselves."""

import pytest
from hypothesis import given

from comity.engines.patterns.alone import IDENTIFYING, values_alone
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.parser import parse
from comity.engines.patterns.values import values_of_pattern
from tests.engines.patterns import anything

MD5, SHA256 = "d41d8cd98f00b204e9800998ecf8427e", "b" * 64


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("[domain-name:value = 'evil.example']", ["evil.example"]),
        ("[domain-name:value = '*.evil.example']", ["evil.example"]),
        ("[domain-name:value IN ('a.example', 'b.example')]", ["a.example", "b.example"]),
        ("[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.1']", ["192.0.2.1"]),
        ("[ipv4-addr:value = '192.0.2.1'] OR [url:value = 'https://h.example/x']",
         ["192.0.2.1", "https://h.example/x"]),
        ("[ipv4-addr:value ISSUBSET '192.0.2.0/24'] WITHIN 5 SECONDS", ["192.0.2.0/24"]),
        # the host of a URL is not what the pattern says
        ("[url:value = 'https://docs.example/evil']", ["https://docs.example/evil"]),
        # nor is one half of what has to be seen together
        ("[domain-name:value = 'a.example' AND domain-name:resolves_to_refs[*].value = '192.0.2.1']", []),
        ("[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = 'a.example']", []),
        ("[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [domain-name:value = 'a.example']", []),
        ("[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES", []),
        ("[ipv4-addr:value = '192.0.2.1'] START t'2016-01-01T00:00:00Z' STOP t'2016-02-01T00:00:00Z'", []),
        ("[ipv4-addr:value != '192.0.2.1' OR ipv4-addr:value NOT IN ('192.0.2.2')]", []),
        ("[domain-name:value LIKE '%.example']", []),
        # a digest names one content, whatever else is said of the file
        (f"[file:name = 'x.exe' AND file:hashes.MD5 = '{MD5}']", [MD5]),
        (f"[file:hashes.MD5 = '{MD5}' AND file:hashes.'SHA-256' = '{SHA256}']", [MD5, SHA256]),
        ("[file:name = 'x.exe' AND file:hashes.SSDEEP = '3:abc:def']", []),
    ],
)  # fmt: skip  # one pattern to a line
def test_what_suffices_alone(pattern, texts):
    assert [value.text for value in values_alone(parse(pattern))] == texts


def test_a_tree_stays_a_tree():
    assert values_alone(parse("[domain-name:value = '*.evil.example']"))[0].kind is Kind.DOMAIN_TREE


@given(anything.patterns)
def test_nothing_is_sought_alone_that_is_not_sought(pattern):
    assert set(values_alone(pattern)) <= set(values_of_pattern(pattern))
    assert Kind.SSDEEP not in IDENTIFYING
