"""Names of machines in the words of people."""

from __future__ import annotations

import re

from django import template

register = template.Library()
_JOINTS = re.compile("[-_]")
_SHORT = ("ASN", "CPE", "CVE", "MAC", "MD5", "MISP", "MITRE", "RPZ", "SHA", "SHA3", "TAXII", "URL")
_WRITTEN = {
    **{word.lower(): word for word in _SHORT},
    "addr": "address",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "x509": "X.509",
}


@register.filter
def spaced(name: str) -> str:
    """A name of the wire without its joints: `attack-pattern` is attack pattern, `source_ref` is source."""
    parts = _JOINTS.split(name.removesuffix("_refs").removesuffix("_ref"))
    if parts[0] == "x" and len(parts) > 1:
        del parts[0]  # it says no more than that the name is not of the standard
    return " ".join(_WRITTEN.get(part, part) for part in parts)


@register.filter
def type_of_ref(ref: str) -> str:
    """What an identifier says its thing is: `attack-pattern--…` is an attack pattern."""
    return spaced(ref.partition("--")[0])
