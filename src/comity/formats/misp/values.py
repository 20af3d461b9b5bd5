"""Values of attributes: checked, and written as observables and as comparisons of a pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from comity.base.errors import Malformed

Object = dict[str, Any]

HASHES: Mapping[str, str] = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha224": "SHA-224",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
    "sha512/224": "SHA-512-224",
    "sha512/256": "SHA-512-256",
    "ssdeep": "SSDEEP",
    "authentihash": "AUTHENTIHASH",
    "imphash": "IMPHASH",
    "sha3-224": "SHA3-224",
    "sha3-256": "SHA3-256",
    "sha3-384": "SHA3-384",
    "sha3-512": "SHA3-512",
    "tlsh": "TLSH",
    "vhash": "VHASH",
    "cdhash": "CDHASH",
    "impfuzzy": "IMPFUZZY",
    "pehash": "PEHASH",
    "telfhash": "TELFHASH",
}
_DIGITS: Mapping[str, int] = {
    "MD5": 32,
    "SHA-1": 40,
    "SHA-224": 56,
    "SHA-256": 64,
    "SHA-384": 96,
    "SHA-512": 128,
    "SHA3-224": 56,
    "SHA3-256": 64,
    "SHA3-384": 96,
    "SHA3-512": 128,
}
_HEX = re.compile(r"[0-9a-fA-F]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IPV4 = re.compile(
    r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$|/)|(?=$|/))){4}(?:/(?:3[0-2]|[12]?\d))?", re.ASCII
)
_PORT = re.compile(r"0|[1-9][0-9]{0,4}", re.ASCII)
_MAX_PORT = 65_535

VALUE = "the value"  # where what cannot be read stands


def escaped(value: str) -> str:
    """A value as it stands in the string of a pattern."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def compared(path: str, value: str) -> str:
    """One comparison."""
    return f"{path} = '{escaped(value)}'"


def quoted(step: str) -> str:
    """A step of a path, in quotes where it needs them."""
    return step if _WORD.fullmatch(step) else f"'{escaped(step)}'"


def observable(kind: str, uuid: str, **properties: object) -> Object:
    """An observable under the uuid of the attribute that tells of it."""
    return {"type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid}", **properties}


def address_type(value: str) -> str:
    """The type of an address or network."""
    if _IPV4.fullmatch(value):
        return "ipv4-addr"
    try:
        return f"ipv{ip_network(value, strict=False).version}-addr"
    except ValueError as error:
        raise Malformed(VALUE, f"{value[:60]!r} is not an IP address.") from error


def checked_hash(name: str, value: str) -> str:
    """The value, if it can be a hash of this name."""
    digits = _DIGITS.get(name)
    if digits and not (len(value) == digits and _HEX.fullmatch(value)):
        raise Malformed(VALUE, f"{value[:60]!r} is not a hash of {name}.")
    return value


def port_of(value: str) -> int:
    """The number of a port in its usual spelling."""
    if not _PORT.fullmatch(value) or int(value) > _MAX_PORT:
        raise Malformed(VALUE, f"{value[:60]!r} is not a port.")
    return int(value)


def in_two(value: str) -> tuple[str, str]:
    """The two parts of a value such as `name|hash`."""
    first, bar, second = value.rpartition("|")
    if not (bar and first and second):
        raise Malformed(VALUE, f"{value[:60]!r} has not two parts with a bar between them.")
    return first, second


def hash_pattern(name: str, value: str, prefix: str = "file:hashes") -> str:
    """The comparison of a hash."""
    return compared(f"{prefix}.{quoted(name)}", checked_hash(name, value))


def end_pattern(end: str, kind: str, value: str) -> str:
    """The comparisons of one end of network traffic."""
    path = f"network-traffic:{end}_ref"
    return f"{path}.type = '{kind}' AND {compared(f'{path}.value', value)}"
