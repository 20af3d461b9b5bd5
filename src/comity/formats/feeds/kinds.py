"""The kinds of values that feeds list: how each is written plainly, and the pattern that looks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from ipaddress import ip_network
from types import MappingProxyType

from comity.formats.exports import fitting

LONGEST = 8_000
_DOT = re.compile(r"[\[({](?:\.|dot)[\])}]", re.IGNORECASE)
_SCHEME = re.compile(r"\Ah(?:xx|tt|\*\*)p(s?)(?:\[?:\]?)(?=//)", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]+")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,12}", re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<host>[A-Za-z0-9.-]{1,253})")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[!-~]+")
_PORT = re.compile(r"[0-9]{1,5}")
_LAST_PORT = 65_535
_DIGESTS = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}


class ValueKind(Enum):
    """What a column holds."""

    ANY = "any"  # whatever of the following it looks like
    HOST = "host"  # an address or a domain
    ADDRESS = "address"  # of IPv4 or IPv6, or a network
    ADDRESS_PORT = "address-port"
    DOMAIN = "domain"
    URL = "url"
    EMAIL = "email"
    DIGEST = "digest"  # of a file: MD5, SHA-1, SHA-256 or SHA-512 by its length
    CERTIFICATE = "certificate"  # the SHA-1 of an X.509 certificate
    CVE = "cve"


def plain(kind: ValueKind, text: str, *, defanged: bool = False) -> tuple[ValueKind, str] | None:
    """The value as it is always written, and what it is; None for what is nothing of this kind."""
    if not 0 < len(text) <= LONGEST:
        return None
    if defanged:
        text = _SCHEME.sub(r"http\1:", _DOT.sub(".", text), count=1)
    for each in _ALTERNATIVES.get(kind, (kind,)):
        found = _PLAIN[each](text)
        if found is not None:
            return each, found
    return None


def pattern(kind: ValueKind, value: str) -> str:
    """The STIX pattern that looks for a plain value."""
    return f"[{_PATTERNS[kind](value)}]"


def _address(text: str) -> str | None:
    """Public and no wider than a registry gives: feeds list `0.0.0.0` and `10.0.0.1` by mistake."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    kind = "network" if "/" in text else f"ipv{found.version}"
    network = fitting.address(kind, str(found))
    return fitting.written_address(network) if network else None


def _address_port(text: str) -> str | None:
    host, _, port = text.rpartition(":")
    address = _address(host.strip("[]")) if "/" not in host else None
    if address is None or not _PORT.fullmatch(port) or not 0 < int(port) <= _LAST_PORT:
        return None
    return f"[{address}]:{int(port)}" if ":" in address else f"{address}:{int(port)}"


def _domain(text: str) -> str | None:
    name = text.lower().removesuffix(".")
    return fitting.name("domain", name) if not name.rpartition(".")[2].isdigit() else None


def _url(text: str) -> str | None:
    return text if _URL.fullmatch(text) else None


def _email(text: str) -> str | None:
    found = _EMAIL.fullmatch(text)
    host = _domain(found["host"]) if found else None
    return f"{text.rpartition('@')[0]}@{host}" if host else None


def _digest(text: str) -> str | None:
    return text.lower() if len(text) in _DIGESTS and _HEX.fullmatch(text) else None


def _certificate(text: str) -> str | None:
    found = text.replace(":", "")
    return _digest(found) if len(found) == 40 else None  # noqa: PLR2004  a SHA-1


def _cve(text: str) -> str | None:
    return text.upper() if _CVE.fullmatch(text) else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _seek_address(value: str) -> str:
    kind = "ipv6-addr" if ":" in value else "ipv4-addr"
    return f"{kind}:value {'ISSUBSET' if '/' in value else '='} '{value}'"


def _seek_address_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    address = host.strip("[]")
    kind = "ipv6-addr" if ":" in address else "ipv4-addr"
    return (
        f"network-traffic:dst_ref.type = '{kind}' AND network-traffic:dst_ref.value = '{address}' "
        f"AND network-traffic:dst_port = {port}"
    )


def _seek_digest(value: str) -> str:
    return f"file:hashes.'{_DIGESTS[len(value)]}' = '{value}'"


_ALTERNATIVES: Mapping[ValueKind, tuple[ValueKind, ...]] = MappingProxyType({
    ValueKind.ANY: (
        ValueKind.ADDRESS, ValueKind.ADDRESS_PORT, ValueKind.URL, ValueKind.DIGEST, ValueKind.CVE,
        ValueKind.EMAIL, ValueKind.DOMAIN,
    ),
    ValueKind.HOST: (ValueKind.ADDRESS, ValueKind.DOMAIN),
})  # fmt: skip  # the order in which they are tried
_PLAIN: Mapping[ValueKind, Callable[[str], str | None]] = MappingProxyType({
    ValueKind.ADDRESS: _address,
    ValueKind.ADDRESS_PORT: _address_port,
    ValueKind.DOMAIN: _domain,
    ValueKind.URL: _url,
    ValueKind.EMAIL: _email,
    ValueKind.DIGEST: _digest,
    ValueKind.CERTIFICATE: _certificate,
    ValueKind.CVE: _cve,
})  # fmt: skip  # one kind to a line
_PATTERNS: Mapping[ValueKind, Callable[[str], str]] = MappingProxyType({
    ValueKind.ADDRESS: _seek_address,
    ValueKind.ADDRESS_PORT: _seek_address_port,
    ValueKind.DOMAIN: lambda value: f"domain-name:value = {_quoted(value)}",
    ValueKind.URL: lambda value: f"url:value = {_quoted(value)}",
    ValueKind.EMAIL: lambda value: f"email-addr:value = {_quoted(value)}",
    ValueKind.DIGEST: _seek_digest,
    ValueKind.CERTIFICATE: lambda value: f"x509-certificate:hashes.'SHA-1' = '{value}'",
})  # fmt: skip  # one kind to a line
