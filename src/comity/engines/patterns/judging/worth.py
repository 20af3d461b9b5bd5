"""What one comparison says: whether so few values fit it that a match means something."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from itertools import groupby
from types import MappingProxyType

from publicsuffixlist import PublicSuffixList

from comity.engines.patterns import normal
from comity.engines.patterns.ast import (
    Binary,
    Comparison,
    Constant,
    Hex,
    Integer,
    Operator,
    Text,
    Timestamp,
)
from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.matching.comparing import fits
from comity.engines.patterns.properties import form_at, read

NARROWEST: Mapping[int, int] = MappingProxyType(
    {4: 16, 6: 32}
)  # the shortest prefix of a network, by version
LEAST: Mapping[Kind, int] = MappingProxyType({
    Kind.SSDEEP: 10,
    Kind.HASH: 16,
    Kind.CERTIFICATE: 6,
    Kind.FILE_NAME: 4,
    Kind.DIRECTORY: 4,
    Kind.MUTEX: 4,
    Kind.REGISTRY_KEY: 20,
    Kind.USER_AGENT: 6,
    Kind.ACCOUNT: 4,
    Kind.COMMAND_LINE: 6,
    Kind.SUBJECT: 6,
    Kind.MESSAGE_ID: 6,
    Kind.CPE: 12,
    Kind.TEXT: 8,
})  # fmt: skip  # characters, one kind to a line
LEAST_TEXT = 8  # characters where the property is none of which the kind is known
LEAST_RUN = 4  # characters in a row that LIKE asks for
LEAST_BYTES = 4
# Values that nobody looks for: an expression that is found in one of them is found everywhere.
PROBES = (
    "", "0", "a", "kwxqzj", "kwxqzj.com", "www.kwxqzj.org", "mail.kwxqzj.co.uk", "kwxqzj.github.io",
    "198.18.77.23", "2001:2::77:23", "http://www.kwxqzj.com/", "https://kwxqzj.net/kwxqzj/index.html?q=1",
    "kwxqzj@kwxqzj.com", "kwxqzj.exe", "kwxqzj.dll", "kwxqzj.pdf", "kwxqzj.docx", "kwxqzj.zip", "kwxqzj.js",
    "C:\\Users\\kwxqzj\\AppData\\Local\\Temp\\kwxqzj.tmp", "/usr/bin/kwxqzj", "/opt/kwxqzj",
    "HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\kwxqzj",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    "8f7d4b1c0a9e3f52d6c7b8a1e0f94325", "8f7d4b1c0a9e3f52d6c7b8a1e0f9432517b6ad0e",
    "8f7d4b1c0a9e3f52d6c7b8a1e0f9432517b6ad0e93c4f5281a7b6c5d4e3f2a10",
)  # fmt: skip  # a table of short texts

_SILENT = frozenset({
    Operator.UNEQUAL, Operator.LESS, Operator.GREATER, Operator.AT_MOST, Operator.AT_LEAST, Operator.EXISTS,
})  # fmt: skip  # a short list
_NETWORKS = frozenset({Operator.ISSUBSET, Operator.ISSUPERSET})
_WILDCARDS = frozenset("%_")
_EVERY_HARDWARE = frozenset({"ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"})
_SHOWN = 40


def too_little(test: Comparison) -> str:
    """Why the comparison matches too much; empty if it says enough."""
    if test.negated or test.operator in _SILENT:
        return "says what a value is not, or only how large it is"
    constant = test.value
    if isinstance(constant, Text) and test.operator is Operator.MATCHES:
        return _probed(test)
    if isinstance(constant, Text) and test.operator is Operator.LIKE and _WILDCARDS & set(constant.value):
        return _like(test, constant.value)
    if isinstance(constant, Text) and test.operator in _NETWORKS:
        found = normal.address(constant.value)
        return _value(found[0]) if found else ""  # what is no network matches nothing
    return _constant(test, constant)


def _constant(test: Comparison, constant: Constant | tuple[Constant, ...] | None) -> str:
    match constant:
        case Text(text):
            form = form_at(test.path.object_type, test.path.steps)
            return _values(read(form, text)) if form else _long_enough(text, LEAST_TEXT)
        case Hex(octets) | Binary(octets):
            return "" if len(octets) >= LEAST_BYTES else f"is shorter than {LEAST_BYTES} bytes"
        case Timestamp():
            return ""
        case Integer():
            return "is a number, which many things share"
        case _:
            return "is a number or a truth, which many things share"


def _values(values: tuple[Value, ...]) -> str:
    """Of a property: its value; of a URL that names nothing but a host, the host."""
    if not values:
        return "is empty, or too long to be looked for"
    first, *hosts = values
    if first.kind is Kind.URL and hosts and is_host_alone(first):
        return _value(hosts[0])
    return _value(first)


def is_host_alone(url: Value) -> bool:
    """Whether a URL leads to a host and nothing on it."""
    _, _, rest = url.text.partition("://")
    return "/" not in rest.removesuffix("/") and "?" not in rest and "#" not in rest


def _value(value: Value) -> str:
    match value.kind:
        case Kind.IPV4 | Kind.IPV6:
            return _address(value.text)
        case Kind.NETWORK:
            return _network(value.text)
        case Kind.DOMAIN | Kind.DOMAIN_TREE:
            return _name(value.text)
        case Kind.MAC if value.text in _EVERY_HARDWARE:
            return "is the address of every device, or of none"
        case Kind.ASN:
            return "is a whole network of many users"
        case _:
            return _long_enough(value.text, LEAST.get(value.kind, 0))


def _address(text: str) -> str:
    found = ip_address(text)
    if found.is_unspecified or found.is_loopback or text == "255.255.255.255":
        return "is the address of every host, or of none"
    return ""


def _network(text: str) -> str:
    found = ip_network(text)
    least = NARROWEST[found.version]
    return "" if found.prefixlen >= least else f"is wider than /{least}"


def _name(text: str) -> str:
    if "." not in text:
        return "is a top-level domain, or a name without one"
    return "is a public suffix, beneath which anybody registers names" if is_suffix(text) else ""


def is_suffix(name: str) -> bool:
    """Whether anybody registers names beneath it: `co.uk`, and `github.io` as well."""
    return _suffixes().is_public(name)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def _long_enough(text: str, least: int) -> str:
    return "" if len(text) >= least else f"is shorter than {least} characters"


def _like(test: Comparison, pattern: str) -> str:
    runs = ["".join(signs) for wild, signs in groupby(pattern, _WILDCARDS.__contains__) if not wild]
    longest = max(runs, key=len, default="")
    if len(longest) < LEAST_RUN:
        return f"asks for fewer than {LEAST_RUN} characters in a row"
    if is_suffix(longest.strip(".@/").lower()):
        return "asks for a public suffix alone"
    return _probed(test)


def _probed(test: Comparison) -> str:
    fitting = fits(test, usual=False)
    probe = next((each for each in PROBES if fitting(each)), None)
    return "" if probe is None else f"fits any value, such as {probe[:_SHOWN]!r}"
