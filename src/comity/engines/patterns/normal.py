"""Normal forms: each function gives what a text is as one kind of value, or nothing if it is not well-formed.

All are total: any text gives a tuple, mostly of one value. A URL gives its host as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from types import MappingProxyType

from comity.engines.patterns.defanged import SCHEMES
from comity.engines.patterns.kinds import Kind, Value

LONGEST_VALUE = 2_048  # characters: beyond it a value serves nobody as a key
_LONGEST_NETWORK = 64
LONGEST_DOMAIN = 253  # RFC 1035, section 2.3.4, without the last dot
_LARGEST_ASN = 2**32 - 1  # RFC 6793

Form = Callable[[str], tuple[Value, ...]]

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch
_ZONE = re.compile(r"%[^/]*")
_DOMAIN = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*+(?![0-9]+\Z)[a-z0-9_-]{1,63}").fullmatch
_DOTS = re.compile("[\u3002\uff0e\uff61]")  # the full stops that IDNA takes for dots (RFC 3490, section 3.1)
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*+)://(?P<user>[^/?#]*@)?"
    r"(?P<host>\[[^\]/?#]*\]|[^:/?#]*)(?::(?P<port>[0-9]*))?(?P<rest>(?:[/?#].*)?)",
    re.DOTALL,
).fullmatch
_PORTS = MappingProxyType({"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443"})
_LOCAL_PART = re.compile(r"[^\s@<>]{1,64}").fullmatch
_MAC = re.compile(
    r"[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}"
).fullmatch
_ASN = re.compile(r"(?:asn?)?\s?([0-9]{1,10})", re.IGNORECASE).fullmatch
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}").fullmatch
_HEX = re.compile(r"[0-9a-f]+").fullmatch
_SSDEEP = re.compile(r"[0-9]+:[A-Za-z0-9+/]*:[A-Za-z0-9+/]*").fullmatch
_TLSH = re.compile(r"(?:t1)?[0-9a-f]{70}").fullmatch
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")
_HIVES = MappingProxyType({
    "hklm": "hkey_local_machine",
    "hkcu": "hkey_current_user",
    "hkcr": "hkey_classes_root",
    "hku": "hkey_users",
    "hkcc": "hkey_current_config",
})  # fmt: skip  # one hive to a line
# STIX 2.1, section 10.7 (hash-algorithm-ov), by their letters and digits.
ALGORITHMS = MappingProxyType({
    "md5": (Kind.MD5, 32),
    "sha1": (Kind.SHA1, 40),
    "sha256": (Kind.SHA256, 64),
    "sha512": (Kind.SHA512, 128),
    "sha3256": (Kind.SHA3_256, 64),
    "sha3512": (Kind.SHA3_512, 128),
})  # fmt: skip  # one algorithm to a line
OF_LENGTH = MappingProxyType({32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"})


def address(text: str) -> tuple[Value, ...]:
    """An address or a network; IPv4 inside IPv6 is IPv4, and a network of one address is that address."""
    text = text.strip()
    if _IPV4(text):
        return (Value(Kind.IPV4, text),)
    if len(text) > _LONGEST_NETWORK or (":" not in text and "/" not in text):
        return ()
    text = _ZONE.sub("", text)
    try:
        if "/" not in text:  # most have none, and one address is read in a third of the time
            return (_of_address(IPv6Address(text)),)
        network = unmapped(ip_network(text, strict=False))
    except ValueError:
        return ()
    if network.prefixlen < network.max_prefixlen:
        return (Value(Kind.NETWORK, str(network)),)
    return (Value(Kind.IPV4 if network.version == 4 else Kind.IPV6, str(network.network_address)),)  # noqa: PLR2004  the version's name


def _of_address(found: IPv6Address) -> Value:
    inner = found.ipv4_mapped
    return Value(Kind.IPV4, str(inner)) if inner else Value(Kind.IPV6, str(found))


def unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """The network of IPv4 that lies inside IPv6 (RFC 4291, section 2.5.5.2); any other as it is."""
    inner = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    common = 96  # the bits that all mapped addresses share
    return (
        IPv4Network((inner, network.prefixlen - common)) if inner and network.prefixlen >= common else network
    )


def domain(text: str) -> tuple[Value, ...]:
    """A name in lower case, its labels as the DNS carries them; `*.` before it takes all beneath."""
    text = text.strip()
    if name := _name(text):
        return (Value(Kind.DOMAIN, name),)
    if text.startswith("*.") and (name := _name(text[2:])):
        return (Value(Kind.DOMAIN_TREE, name),)
    return ()


def _name(text: str) -> str | None:
    if len(text) > LONGEST_DOMAIN + 1:
        return None
    name = (text.lower() if text.isascii() else _in_ascii(text)).removesuffix(".")
    return name if len(name) <= LONGEST_DOMAIN and _DOMAIN(name) else None


def _in_ascii(text: str) -> str:
    """Each label in Punycode (RFC 3492) after NFKC in lower case: what browsers look up for nearly all."""
    composed = unicodedata.normalize("NFKC", "".join(map(str.lower, unicodedata.normalize("NFKC", text))))
    return ".".join(map(_label, _DOTS.sub(".", composed).split(".")))


def _label(text: str) -> str:
    return text if text.isascii() else f"xn--{text.encode('punycode').decode('ascii')}"


def host(text: str) -> tuple[Value, ...]:
    """An address or a domain."""
    return address(text) or domain(text)


def url(text: str) -> tuple[Value, ...]:
    """A URL with its scheme and host in normal form and all else as it came; then its host if that is one."""
    found = _URL(text.strip())
    if not found or not found["host"] or found["scheme"].lower() in SCHEMES:
        return ()
    scheme, name = found["scheme"].lower(), found["host"].lower()
    hosts = host(name.strip("[]"))
    if hosts and hosts[0].kind in {Kind.DOMAIN, Kind.IPV4, Kind.IPV6}:
        name = f"[{hosts[0].text}]" if hosts[0].kind is Kind.IPV6 else hosts[0].text
    port = found["port"] if found["port"] != _PORTS.get(scheme) else ""
    # RFC 3986, section 6.2.3: where the scheme has an authority, an empty path is the root.
    rest = found["rest"] if found["rest"].startswith("/") or scheme not in _PORTS else f"/{found['rest']}"
    whole = f"{scheme}://{found['user'] or ''}{name}{f':{port}' if port else ''}{rest}"
    return (*plain(Kind.URL, whole), *hosts)


def location(text: str) -> tuple[Value, ...]:
    """A URL; or, since sources leave the scheme away, a host with or without a path after it."""
    if found := url(text):
        return found
    name, slash, _ = text.strip().partition("/")
    hosts = host(name) if "." in name else ()
    return (*plain(Kind.TEXT, text), *hosts) if hosts and slash else hosts


def email(text: str) -> tuple[Value, ...]:
    """A mailbox in lower case: what differs in case alone is in practice the same."""
    local, _, place = text.strip().rpartition("@")
    name = _name(place)
    return (Value(Kind.EMAIL, f"{local.lower()}@{name}"),) if name and _LOCAL_PART(local) else ()


def digest(algorithm: str, text: str) -> tuple[Value, ...]:
    """A hash of the named algorithm, in lower case where case means nothing."""
    name, text = algorithm_name(algorithm), text.strip()
    if name == "ssdeep":
        return plain(Kind.SSDEEP, text) if _SSDEEP(text) else ()
    text = text.lower()
    if name == "tlsh":
        return (Value(Kind.TLSH, text.removeprefix("t1")),) if _TLSH(text) else ()
    if name in ALGORITHMS:
        kind, length = ALGORITHMS[name]
        return (Value(kind, text),) if len(text) == length and _HEX(text) else ()
    return plain(Kind.HASH, f"{name}:{text}") if name and _HEX(text) else ()


def algorithm_name(text: str) -> str:
    """The name of a hash algorithm by its letters and digits alone: `SHA-256` and `sha256` are one."""
    return _NOT_IN_NAMES.sub("", text.lower())


def digest_by_length(text: str) -> tuple[Value, ...]:
    """A hash of the algorithm that hashes of this length are mostly made with."""
    text = text.strip()
    return digest(OF_LENGTH.get(len(text), ""), text)


def mac(text: str) -> tuple[Value, ...]:
    """A hardware address, its octets in lower case between colons."""
    text = text.strip().lower()
    if not _MAC(text):
        return ()
    digits = _NOT_IN_NAMES.sub("", text)
    return (Value(Kind.MAC, ":".join(digits[place : place + 2] for place in range(0, 12, 2))),)


def asn(text: str) -> tuple[Value, ...]:
    """The number of an autonomous system, written `AS64496`."""
    found = _ASN(text.strip())
    number = int(found[1]) if found else _LARGEST_ASN + 1
    return (Value(Kind.ASN, f"AS{number}"),) if number <= _LARGEST_ASN else ()


def cve(text: str) -> tuple[Value, ...]:
    """The name of a vulnerability in the CVE list."""
    text = text.strip().upper()
    return (Value(Kind.CVE, text),) if _CVE(text) else ()


def serial_number(text: str) -> tuple[Value, ...]:
    """A certificate's serial number: hexadecimal digits without separators and leading zeros."""
    digits = re.sub(r"[:\s-]", "", text).lower()
    return plain(Kind.CERTIFICATE, digits.lstrip("0") or "0") if _HEX(digits) else ()


def registry_key(text: str) -> tuple[Value, ...]:
    """A key of the Windows registry, which knows no case, under the full name of its hive."""
    hive, slash, rest = _folded(text).strip("\\").partition("\\")
    return plain(Kind.REGISTRY_KEY, f"{_HIVES.get(hive, hive)}{slash}{rest}")


def folded(kind: Kind) -> Form:
    """The form of texts that are compared without regard to case."""
    return partial(fold, kind)


def kept(kind: Kind) -> Form:
    """The form of texts that stay as they are."""
    return partial(plain, kind)


def fold(kind: Kind, text: str) -> tuple[Value, ...]:
    """The text in lower case, its characters composed."""
    return plain(kind, _folded(text))


def plain(kind: Kind, text: str) -> tuple[Value, ...]:
    """The text without outer space; nothing if it is empty or too long to be looked for."""
    text = text.strip()
    return (Value(kind, text),) if 0 < len(text) <= LONGEST_VALUE else ()


def guessed(text: str) -> tuple[Value, ...]:
    """What the `value` of an object is whose type is not known: behind a reference, for example."""
    return address(text) or url(text) or email(text) or mac(text) or domain(text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip().lower())
