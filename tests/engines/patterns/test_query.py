"""The search box: what people type, and the value that is looked up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.query import understood
from comity.engines.patterns.values import values_of_object
from tests.engines.patterns import anything

MD5 = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        ("203.0.113.7", Kind.IPV4, "203.0.113.7"),
        (" 203[.]0[.]113[.]7, ", Kind.IPV4, "203.0.113.7"),
        ("203.0.113.7:8080", Kind.IPV4, "203.0.113.7"),
        ("2001:DB8::1", Kind.IPV6, "2001:db8::1"),
        ("[2001:db8::1]:443", Kind.IPV6, "2001:db8::1"),
        ("10.1.2.3/8", Kind.NETWORK, "10.0.0.0/8"),
        ("Example.COM", Kind.DOMAIN, "example.com"),
        ("münchen.example", Kind.DOMAIN, "xn--mnchen-3ya.example"),
        ("*.example.com", Kind.DOMAIN_TREE, "example.com"),
        ("evil[.]example:8443", Kind.DOMAIN, "evil.example"),
        ("hxxps://evil[.]example/a", Kind.URL, "https://evil.example/a"),
        ("<http://example.com>", Kind.URL, "http://example.com/"),
        ("j.doe{at}example[.]com", Kind.EMAIL, "j.doe@example.com"),
        (MD5.upper(), Kind.MD5, MD5),
        ("a" * 40, Kind.SHA1, "a" * 40),
        ("a" * 64, Kind.SHA256, "a" * 64),
        ("a" * 128, Kind.SHA512, "a" * 128),
        ("a" * 56, Kind.HASH, "sha224:" + "a" * 56),
        (f"sha3-256: {'A' * 64}", Kind.SHA3_256, "a" * 64),
        ("ssdeep:3:AbC:dE", Kind.SSDEEP, "3:AbC:dE"),
        ("cve-2021-44228", Kind.CVE, "CVE-2021-44228"),
        ("AS64496", Kind.ASN, "AS64496"),
        ("asn 64496", Kind.ASN, "AS64496"),
        ("02-00-5e-10-00-00", Kind.MAC, "02:00:5e:10:00:00"),
        ("HKLM\\Software\\Run", Kind.REGISTRY_KEY, "hkey_local_machine\\software\\run"),
        ("Evil.exe", Kind.FILE_NAME, "evil.exe"),
        ("final report.docx", Kind.FILE_NAME, "final report.docx"),
    ],
)
def test_what_is_understood(words, kind, text):
    assert understood(words) == Value(kind, text)


NOT_VALUES = """
ransomware|hello world|64496|203.0.113|example|example.|cafe|md5:xyz|a:80|example.com/path|AS99999999999|as
203.0.113.7 and more|x.exe/y
"""


@pytest.mark.parametrize("words", ["", "x" * 3000, *NOT_VALUES.strip().replace("\n", "|").split("|")])
def test_words_to_search_texts_with(words):
    assert understood(words) is None


@pytest.mark.parametrize(
    ("words", "stix"),
    [
        ("EVIL[.]example", {"type": "domain-name", "value": "evil.example"}),
        ("hxxp://evil.example", {"type": "url", "value": "http://EVIL.example/"}),
        ("::ffff:203.0.113.7", {"type": "ipv4-addr", "value": "203.0.113.7/32"}),
        (MD5.upper(), {"type": "file", "hashes": {"MD5": MD5}}),
        ("CVE-2021-44228", {"type": "vulnerability", "name": "cve-2021-44228"}),
        ("as64496", {"type": "autonomous-system", "number": 64496}),
        ("EVIL.exe", {"type": "file", "name": "Evil.exe"}),
        ("hklm\\run", {"type": "windows-registry-key", "key": "HKEY_LOCAL_MACHINE\\Run\\"}),
    ],
)
def test_what_is_typed_meets_what_is_stored(words, stix):
    assert understood(words) in values_of_object(stix)


@anything.unhurried
@given(st.text() | st.text("a.:/@[]*%\\ 1", max_size=20))
def test_any_words_are_understood_or_not(words):
    found = understood(words)
    assert found is None or found.text
