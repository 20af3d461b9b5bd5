"""Normal forms: equal things are equal texts, and the keys of an index sort as the things do."""

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.engines.patterns import normal
from comity.engines.patterns.defanged import refanged
from comity.engines.patterns.kinds import Kind, Value
from tests.engines.patterns.anything import unhurried

FORMS = {
    Kind.IPV4: normal.address,
    Kind.IPV6: normal.address,
    Kind.NETWORK: normal.address,
    Kind.DOMAIN: normal.domain,
    Kind.DOMAIN_TREE: lambda text: normal.domain(f"*.{text}"),
    Kind.URL: normal.url,
    Kind.EMAIL: normal.email,
    Kind.MD5: lambda text: normal.digest("MD5", text),
    Kind.SHA1: lambda text: normal.digest("SHA-1", text),
    Kind.SHA256: lambda text: normal.digest("SHA-256", text),
    Kind.SHA512: lambda text: normal.digest("SHA-512", text),
    Kind.SSDEEP: lambda text: normal.digest("SSDEEP", text),
    Kind.TLSH: lambda text: normal.digest("TLSH", text),
    Kind.HASH: lambda text: normal.digest(text.partition(":")[0], text.partition(":")[2]),
    Kind.MAC: normal.mac,
    Kind.ASN: normal.asn,
    Kind.CVE: normal.cve,
    Kind.CERTIFICATE: normal.serial_number,
    Kind.REGISTRY_KEY: normal.registry_key,
    Kind.FILE_NAME: normal.folded(Kind.FILE_NAME),
    Kind.MUTEX: normal.kept(Kind.MUTEX),
    Kind.TEXT: normal.kept(Kind.TEXT),
}
ALL = [*FORMS.values(), normal.host, normal.location, normal.guessed, normal.digest_by_length]

hosts = st.sampled_from(
    ["Example.COM", "münchen.example.", "ΟΔΟΣ.gr", "203.0.113.7", "[2001:DB8::1]", "a_b", "*.x.y", "x。y"]
)
urls = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "ftp", "x-own", "file"]),
    st.sampled_from(["", "u@", "u:p@", "u@v@"]),
    hosts | st.text(max_size=5),
    st.sampled_from(["", ":", ":80", ":443", ":0080"]),
    st.sampled_from(["", "/", "/A?b#c", "?x", "#"]) | st.text(max_size=5),
)
v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6)
mapped = v4.map(lambda address: f"::ffff:{address}")
networks = st.builds(lambda address, bits: f"{address}/{bits}", v4, st.integers(0, 32)) | st.builds(
    lambda address, bits: f"{address}/{bits}", v6, st.integers(0, 128)
)
addresses = (v4 | v6).map(str)
hexes = st.text("0123456789abcdefABCDEF:- ", max_size=70)
anything = st.text() | hosts | urls | addresses | networks | mapped | hexes | st.emails() | st.characters()


@pytest.mark.parametrize("form", ALL)
@unhurried
@given(text=anything)
def test_any_text_has_values_or_none_and_their_form_is_stable(form, text):
    for value in form(text):
        assert value in FORMS[value.kind](value.text)


@unhurried
@given(anything)
def test_taking_the_defanging_away_is_done_once(text):
    assert normal.address(refanged(text)) == normal.address(refanged(refanged(text)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" 203.0.113.7 ", Value(Kind.IPV4, "203.0.113.7")),
        ("::ffff:203.0.113.7", Value(Kind.IPV4, "203.0.113.7")),
        ("::ffff:cb00:7107/128", Value(Kind.IPV4, "203.0.113.7")),
        ("::ffff:10.0.0.0/104", Value(Kind.NETWORK, "10.0.0.0/8")),
        ("::ffff:0:0/95", Value(Kind.NETWORK, "::fffe:0:0/95")),
        ("10.1.2.3/8", Value(Kind.NETWORK, "10.0.0.0/8")),
        ("10.0.0.0/255.0.0.0", Value(Kind.NETWORK, "10.0.0.0/8")),
        ("203.0.113.7/32", Value(Kind.IPV4, "203.0.113.7")),
        ("fe80::1%eth0", Value(Kind.IPV6, "fe80::1")),
        ("fe80::1%eth0/64", Value(Kind.NETWORK, "fe80::/64")),
        ("203.0.113.07", None),
        ("203.0.113.256", None),
        ("203.0.113.7/33", None),
        ("203.0.113", None),
        ("3405803783", None),
        (":" * 65, None),
        ("x/y", None),
    ],
)
def test_addresses(text, value):
    assert normal.address(text) == ((value,) if value else ())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM.", "example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MU\u0308NCHEN.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("localhost", "localhost"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        ("a" * 64 + ".example", None),
        (".".join(["a" * 49] * 5) + ".abcd", None),
        ("é" * 254, None),
        ("é" * 200, None),
        ("a" * 255, None),
        ("1.2.3.4", None),
        ("a..b", None),
        ("a b", None),
        ("", None),
        (".", None),
        ("*.", None),
    ],
)
def test_domains(text, name):
    assert normal.domain(text) == ((Value(Kind.DOMAIN, name),) if name else ())


@pytest.mark.parametrize(
    ("text", "whole", "host"),
    [
        ("HTTP://Example.COM", "http://example.com/", Value(Kind.DOMAIN, "example.com")),
        ("http://example.com?q", "http://example.com/?q", Value(Kind.DOMAIN, "example.com")),
        ("https://u:P@Host:443/A/../B?C#D", "https://u:P@host/A/../B?C#D", Value(Kind.DOMAIN, "host")),
        ("http://203.0.113.7:8080/", "http://203.0.113.7:8080/", Value(Kind.IPV4, "203.0.113.7")),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/", Value(Kind.IPV6, "2001:db8::1")),
        ("http://münchen.de/ü", "http://xn--mnchen-3ya.de/ü", Value(Kind.DOMAIN, "xn--mnchen-3ya.de")),
        ("x-own://Host", "x-own://host", Value(Kind.DOMAIN, "host")),
        ("http://*.Example.com/", "http://*.example.com/", Value(Kind.DOMAIN_TREE, "example.com")),
        ("http://exa mple/", "http://exa mple/", None),
        ("http://example.com/\n", "http://example.com/", Value(Kind.DOMAIN, "example.com")),
    ],
)  # fmt: skip  # one URL to a line
def test_urls(text, whole, host):
    assert normal.url(text) == (Value(Kind.URL, whole), *((host,) if host else ()))


@pytest.mark.parametrize(
    "text", ["http://", "http:///x", "//example.com/x", "mailto:a@example.com", "", "http://a:b/"]
)
def test_what_is_no_url(text):
    assert normal.url(text) == ()


def test_the_host_of_a_url_too_long_to_keep_is_kept():
    assert normal.url(f"http://example.com/{'x' * normal.LONGEST_VALUE}") == (
        Value(Kind.DOMAIN, "example.com"),
    )


@pytest.mark.parametrize(
    ("algorithm", "text", "value"),
    [
        ("sha256", "A" * 64, Value(Kind.SHA256, "a" * 64)),
        ("SHA3-256", "A" * 64, Value(Kind.SHA3_256, "a" * 64)),
        ("SHA_512", "A" * 128, Value(Kind.SHA512, "a" * 128)),
        ("SHA-224", "A" * 56, Value(Kind.HASH, "sha224:" + "a" * 56)),
        ("SSDEEP", "3:AXGBicFlgVNhBGc:AXGHsNhxLsr2C", Value(Kind.SSDEEP, "3:AXGBicFlgVNhBGc:AXGHsNhxLsr2C")),
        ("SSDEEP", "AXG", None),
        ("TLSH", "T1" + "B" * 70, Value(Kind.TLSH, "b" * 70)),
        ("TLSH", "B" * 69, None),
        ("MD5", "A" * 31, None),
        ("MD5", "G" * 32, None),
        ("own", "x", None),
        ("-", "ab", None),
    ],
)  # fmt: skip  # one hash to a line
def test_hashes(algorithm, text, value):
    assert normal.digest(algorithm, text) == ((value,) if value else ())


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        (normal.mac, "0200.5e10.0000", Value(Kind.MAC, "02:00:5e:10:00:00")),
        (normal.mac, "02005E100000", Value(Kind.MAC, "02:00:5e:10:00:00")),
        (normal.mac, "02:00-5E:10:00:00", None),
        (normal.asn, "4294967295", Value(Kind.ASN, "AS4294967295")),
        (normal.asn, "ASN 64496", Value(Kind.ASN, "AS64496")),
        (normal.asn, "4294967296", None),
        (normal.asn, "AS", None),
        (normal.cve, "cve-2014-0160", Value(Kind.CVE, "CVE-2014-0160")),
        (normal.cve, "CVE-2014-16", None),
        (normal.email, "Jo.Doe+x@Example.com.", Value(Kind.EMAIL, "jo.doe+x@example.com")),
        (normal.email, "a@b@example.com", None),
        (normal.email, "@example.com", None),
        (normal.email, "a b@example.com", None),
        (normal.email, "a@exa mple", None),
        (normal.registry_key, "hku\\S-1", Value(Kind.REGISTRY_KEY, "hkey_users\\s-1")),
        (normal.registry_key, "Own\\x", Value(Kind.REGISTRY_KEY, "own\\x")),
        (normal.folded(Kind.FILE_NAME), "RE\u0301SUME\u0301.exe", Value(Kind.FILE_NAME, "résumé.exe")),
        (normal.kept(Kind.MUTEX), "x" * (normal.LONGEST_VALUE + 1), None),
    ],
)
def test_other_forms(form, text, value):
    assert form(text) == ((value,) if value else ())


def bounds(text):
    (value,) = normal.address(text)
    return value.low, value.high


def as_ipv6(address):
    return IPv6Address(f"::ffff:{address}") if address.version == 4 else address


@unhurried
@given(st.lists(st.ip_addresses(), min_size=2, max_size=2))
def test_addresses_sort_by_their_bytes(pair):
    one, two = (bounds(str(address)) for address in pair)
    assert one[0] == one[1]
    assert (one[0] < two[0]) == (as_ipv6(pair[0]) < as_ipv6(pair[1]))


@unhurried
@given(networks, addresses | networks.map(lambda text: text.partition("/")[0]))
def test_an_address_lies_between_the_bounds_of_its_network(network, address):
    inside = bounds(network)[0] <= bounds(address)[0] <= bounds(network)[1]
    whole, one = ip_network(network, strict=False), ip_address(address)
    if whole.version == one.version:
        assert inside == (one in whole)
    elif whole.version == 6:
        assert inside == (as_ipv6(one) in whole)


def test_only_addresses_and_networks_have_bounds_and_only_domains_a_key():
    for kind in Kind:
        value = Value(kind, {Kind.NETWORK: "10.0.0.0/8", Kind.IPV6: "::1"}.get(kind, "10.0.0.1"))
        assert (
            (value.low is not None)
            == (value.high is not None)
            == (kind in {Kind.IPV4, Kind.IPV6, Kind.NETWORK})
        )
        assert (value.key is not None) == (kind in {Kind.DOMAIN, Kind.DOMAIN_TREE})


def test_the_key_of_a_domain_begins_those_of_its_subdomains_and_of_no_others():
    assert Value(Kind.DOMAIN, "example.com").key == "com.example."
    names = ["example.com", "www.example.com", "anexample.com", "example.community"]
    keys = [str(Value(Kind.DOMAIN, name).key) for name in names]
    assert [key.startswith(keys[0]) for key in keys] == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("hxxp://evil[.]example/", "http://evil.example/"),
        ("hXXps[:]//evil(.)example", "https://evil.example"),
        ("h**p[://]evil{.}example", "http://evil.example"),
        ("meow://evil[dot]example", "http://evil.example"),
        ("fxp://evil\\.example", "ftp://evil.example"),
        ("a[at]b[ dot ]example", "a@b.example"),
        ("a{@}b(.)example", "a@b.example"),
        ("2001[:]db8[:]:1", "2001:db8::1"),
        ("http://example.com/", "http://example.com/"),
    ],
)
def test_defanged_spellings(text, plain):
    assert refanged(text) == plain
