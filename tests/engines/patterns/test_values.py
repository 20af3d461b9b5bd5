"""What a pattern looks for, and what patterns and objects are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.engines.patterns import values
from comity.engines.patterns.ast import ANY, Integer, Observation, Operator, Text
from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.parser import parse
from comity.engines.patterns.properties import FORMS
from comity.engines.patterns.values import Sought, sought, values_of_object, values_of_pattern
from tests.engines.patterns import anything

MD5, SHA1, SHA256 = "d41d8cd98f00b204e9800998ecf8427e", "a" * 40, "b" * 64


def found(text):
    return [(value.kind, value.text) for value in values_of_pattern(parse(text))]


def of_object(**members):
    return [(value.kind, value.text) for value in values_of_object(members)]


def test_every_comparison_is_sought_from_left_to_right():
    text = (
        "([a:b = 1 AND (a:c NOT IN ('x', 'y') OR EXISTS a:d[*])] WITHIN 5 SECONDS) FOLLOWEDBY [e:f LIKE 'z']"
    )
    assert list(sought(parse(text))) == [
        Sought("a", ("b",), Operator.EQUAL, Integer(1), negated=False),
        Sought("a", ("c",), Operator.IN, Text("x"), negated=True),
        Sought("a", ("c",), Operator.IN, Text("y"), negated=True),
        Sought("a", ("d", ANY), Operator.EXISTS, None, negated=False),
        Sought("e", ("f",), Operator.LIKE, Text("z"), negated=False),
    ]


@pytest.mark.parametrize(
    ("comparison", "values"),
    [
        ("ipv4-addr:value = '203.0.113.7'", [(Kind.IPV4, "203.0.113.7")]),
        ("ipv4-addr:value = '203.0.113.7/32'", [(Kind.IPV4, "203.0.113.7")]),
        ("ipv4-addr:value = '203[.]0[.]113[.]7'", [(Kind.IPV4, "203.0.113.7")]),
        ("ipv4-addr:value ISSUBSET '203.0.113.9/24'", [(Kind.NETWORK, "203.0.113.0/24")]),
        ("ipv4-addr:value IN ('203.0.113.7', 'x')", [(Kind.IPV4, "203.0.113.7"), (Kind.TEXT, "x")]),
        ("ipv6-addr:value = '2001:DB8:0::1'", [(Kind.IPV6, "2001:db8::1")]),
        ("domain-name:value = 'WWW.Example.COM.'", [(Kind.DOMAIN, "www.example.com")]),
        ("domain-name:value = '203.0.113.7'", [(Kind.IPV4, "203.0.113.7")]),
        ("domain-name:value LIKE 'example.com'", [(Kind.DOMAIN, "example.com")]),
        ("domain-name:resolves_to_refs[*].value = '203.0.113.7'", [(Kind.IPV4, "203.0.113.7")]),
        ("email-message:from_ref.value = 'A@Example.com'", [(Kind.EMAIL, "a@example.com")]),
        ("network-traffic:src_ref.value = '02:00:5E:10:00:00'", [(Kind.MAC, "02:00:5e:10:00:00")]),
        ("process:image_ref.name = 'Evil.exe'", [(Kind.FILE_NAME, "evil.exe")]),
        ("file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E'", [(Kind.MD5, MD5)]),
        (f"file:hashes.'SHA-256' = '{SHA256}'", [(Kind.SHA256, SHA256)]),
        (f"file:hashes[*] = '{SHA1}'", [(Kind.SHA1, SHA1)]),
        (f"artifact:hashes.sha1 = '{SHA1}'", [(Kind.SHA1, SHA1)]),
        (f"file:extensions.'archive-ext'.contains_refs[*].hashes.MD5 = '{MD5}'", [(Kind.MD5, MD5)]),
        ("file:extensions.'windows-pebinary-ext'.imphash = 'AB'", [(Kind.HASH, "imphash:ab")]),
        ("file:hashes.'SHA-256' = 'f00'", [(Kind.TEXT, "f00")]),
        (
            "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1.0'",
            [(Kind.USER_AGENT, "Evil/1.0")],
        ),
        ("autonomous-system:number = 64496", [(Kind.ASN, "AS64496")]),
        (
            "url:value = 'HTTP://Example.com:80/A'",
            [(Kind.URL, "http://example.com/A"), (Kind.DOMAIN, "example.com")],
        ),
        ("url:value = 'example.com'", [(Kind.DOMAIN, "example.com")]),
        ("url:value = 'example.com/A'", [(Kind.TEXT, "example.com/A"), (Kind.DOMAIN, "example.com")]),
        ("url:value = '/A'", [(Kind.TEXT, "/A")]),
        ("windows-registry-key:key = 'HKLM\\\\Run\\\\'", [(Kind.REGISTRY_KEY, "hkey_local_machine\\run")]),
        ("x509-certificate:serial_number = '00:4C:0b'", [(Kind.CERTIFICATE, "4c0b")]),
        ("x509-certificate:serial_number = '00'", [(Kind.CERTIFICATE, "0")]),
        ("x509-certificate:serial_number = 'x'", [(Kind.TEXT, "x")]),
        ("domain-name:value LIKE '%.example.com'", []),
        ("domain-name:value LIKE 'a_c.example.com'", []),
        ("domain-name:value MATCHES 'example'", []),
        ("domain-name:value != 'example.com'", []),
        ("domain-name:value NOT = 'example.com'", []),
        ("ipv4-addr:value ISSUPERSET '203.0.113.7'", []),
        ("file:size = 5", []),
        ("file:name = true", []),
        ("file:'x'.name = 'y'", []),
        ("x-own:value = 'example.com'", []),
        (f"file:hashes.'{'x' * 300}' = 'ab'", []),
        ("x-own:dst_ref.size = 'example.com'", []),
        ("EXISTS domain-name:value", []),
        ("url:value = ''", []),
    ],
)
def test_the_values_of_a_comparison(comparison, values):
    assert found(f"[{comparison}]") == values


def test_a_value_stands_once():
    assert found("[ipv4-addr:value = '203.0.113.7' OR ipv4-addr:value = '203.0.113.7/32']") == [
        (Kind.IPV4, "203.0.113.7")
    ]


def test_a_pattern_and_an_observable_with_the_same_value_meet():
    pattern = parse("[domain-name:value = 'MÜNCHEN.example.']")
    assert values_of_pattern(pattern) == values_of_object({"type": "domain-name", "value": "münchen.example"})


@pytest.mark.parametrize(
    ("members", "values"),
    [
        ({"type": "ipv4-addr", "value": "203.0.113.7"}, [(Kind.IPV4, "203.0.113.7")]),
        ({"type": "ipv6-addr", "value": "2001:db8::/32"}, [(Kind.NETWORK, "2001:db8::/32")]),
        ({"type": "domain-name", "value": "*.Example.com"}, [(Kind.DOMAIN_TREE, "example.com")]),
        ({"type": "domain-name", "value": 5}, [(Kind.TEXT, "5")]),
        ({"type": "email-addr", "value": "A@example.com"}, [(Kind.EMAIL, "a@example.com")]),
        (
            {
                "type": "email-message",
                "subject": "Invoice",
                "message_id": "<1@example.com>",
                "additional_header_fields": {"Reply-To": ["b@example.com"], "X-Mailer": "Evil"},
            },
            [
                (Kind.SUBJECT, "Invoice"),
                (Kind.MESSAGE_ID, "<1@example.com>"),
                (Kind.EMAIL, "b@example.com"),
                (Kind.USER_AGENT, "Evil"),
            ],
        ),
        (
            {
                "type": "file",
                "name": "Evil.EXE",
                "hashes": {"MD5": MD5.upper(), "SSDEEP": "3:AbC:dE", "TLSH": "T1" + "A" * 70, "other": "?"},
                "extensions": {
                    "windows-pebinary-ext": {"imphash": "ff", "sections": [{"hashes": {"SHA-1": SHA1}}, 5]},
                    "ntfs-ext": {"alternate_data_streams": [{"hashes": {"SHA-256": SHA256, 5: "x"}}]},
                },
            },
            [
                (Kind.FILE_NAME, "evil.exe"),
                (Kind.HASH, "imphash:ff"),
                (Kind.MD5, MD5),
                (Kind.SSDEEP, "3:AbC:dE"),
                (Kind.TLSH, "a" * 70),
                (Kind.TEXT, "?"),
                (Kind.SHA1, SHA1),
                (Kind.SHA256, SHA256),
            ],
        ),
        (
            {"type": "x509-certificate", "serial_number": "36:F7", "hashes": {"SHA-1": SHA1}},
            [(Kind.CERTIFICATE, "36f7"), (Kind.SHA1, SHA1)],
        ),
        (
            {"type": "artifact", "url": "https://example.com", "hashes": {"MD5": "x"}},
            [(Kind.URL, "https://example.com/"), (Kind.DOMAIN, "example.com"), (Kind.TEXT, "x")],
        ),
        (
            {
                "type": "network-traffic",
                "src_ref": "ipv4-addr--x",
                "extensions": {
                    "http-request-ext": {"request_header": {"User-Agent": ["E"], "Host": "a.example"}}
                },
            },
            [(Kind.USER_AGENT, "E"), (Kind.DOMAIN, "a.example")],
        ),
        ({"type": "autonomous-system", "number": 64496}, [(Kind.ASN, "AS64496")]),
        ({"type": "autonomous-system", "number": 2**70}, []),
        ({"type": "mac-addr", "value": "02-00-5E-10-00-00"}, [(Kind.MAC, "02:00:5e:10:00:00")]),
        ({"type": "mutex", "name": "__CLEANSWEEP__"}, [(Kind.MUTEX, "__CLEANSWEEP__")]),
        ({"type": "directory", "path": "C:\\Windows"}, [(Kind.DIRECTORY, "c:\\windows")]),
        (
            {"type": "windows-registry-key", "key": "HKEY_CURRENT_USER\\Run"},
            [(Kind.REGISTRY_KEY, "hkey_current_user\\run")],
        ),
        (
            {"type": "user-account", "user_id": "1001", "account_login": "jdoe"},
            [(Kind.ACCOUNT, "1001"), (Kind.ACCOUNT, "jdoe")],
        ),
        (
            {"type": "software", "cpe": "cpe:2.3:a:X:y:1:*:*:*:*:*:*:*"},
            [(Kind.CPE, "cpe:2.3:a:x:y:1:*:*:*:*:*:*:*")],
        ),
        ({"type": "process", "command_line": "rm -rf /"}, [(Kind.COMMAND_LINE, "rm -rf /")]),
        (
            {"type": "indicator", "pattern_type": "stix", "pattern": "[domain-name:value = 'a.example']"},
            [(Kind.DOMAIN, "a.example")],
        ),
        ({"type": "indicator", "pattern": "[domain-name:value = 'a.example']"}, [(Kind.DOMAIN, "a.example")]),
        ({"type": "indicator", "pattern_type": "stix", "pattern": "["}, []),
        ({"type": "indicator", "pattern_type": "yara", "pattern": "[domain-name:value = 'a.example']"}, []),
        ({"type": "indicator", "pattern": 5}, []),
        (
            {
                "type": "vulnerability",
                "name": "cve-2021-44228",
                "external_references": [{"source_name": "cve", "external_id": "CVE-2021-44228"}],
            },
            [(Kind.CVE, "CVE-2021-44228")],
        ),
        ({"type": "vulnerability", "name": 5, "external_references": [{"external_id": 5}, 6]}, []),
        (
            {"type": "report", "external_references": [{"external_id": "CVE-2021-44228"}]},
            [(Kind.CVE, "CVE-2021-44228")],
        ),
        (
            {
                "type": "observed-data",
                "objects": {"0": {"type": "ipv4-addr", "value": "203.0.113.7"}, "1": 5},
            },
            [(Kind.IPV4, "203.0.113.7")],
        ),
        ({"type": "observed-data", "objects": {"0": {"type": 5}}}, []),
        ({"type": "ipv4-addr", "value": True}, []),
        ({"type": 5}, []),
        ({}, []),
    ],
    ids=lambda case: case.get("type", "nothing") if isinstance(case, dict) else "",
)
def test_the_values_of_an_object(members, values):
    assert of_object(**members) == values


def test_an_object_has_a_bounded_number_of_values(monkeypatch):
    monkeypatch.setattr(values, "MOST_VALUES", 2)
    hashes = {f"h{number}": "ab" for number in range(5)}
    assert len(values_of_object({"type": "file", "hashes": hashes})) == 2
    assert len(values_of_pattern(parse("[file:name IN ('a', 'b', 'c')]"))) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | anything.texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
properties = st.sampled_from(
    ["value", "name", "hashes", "extensions", "external_references", "objects", "number"]
)
types = st.sampled_from([*FORMS, "indicator", "vulnerability", "observed-data", "report"])


@anything.unhurried
@given(types, st.dictionaries(properties, json_values))
def test_any_object_has_values_or_none(kind, members):
    for value in values_of_object({"type": kind, **members}):
        assert isinstance(value, Value)
        assert (value.low is None) == (value.high is None)


@pytest.mark.slow
@anything.unhurried
@given(anything.patterns)
def test_any_pattern_has_values_or_none(pattern):
    for value in values_of_pattern(pattern):
        assert value.text.strip() == value.text != ""


@anything.unhurried
@given(st.builds(Observation, anything.comparisons))
def test_what_is_sought_says_all_of_a_comparison(pattern):
    test = pattern.test
    constants = test.value if isinstance(test.value, tuple) else (test.value,)
    assert [
        (each.object_type, each.path, each.operator, each.value, each.negated) for each in sought(pattern)
    ] == [
        (test.path.object_type, test.path.steps, test.operator, constant, test.negated)
        for constant in constants
    ]
