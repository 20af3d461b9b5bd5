"""Which values a device can act on without harm: public addresses, names beneath a top domain.

Indicators carry private addresses and `0.0.0.0/0` by mistake, and a blocking device would obey.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType

ADDRESSES = frozenset({"ipv4", "ipv6", "network"})
NAMES = frozenset({"domain", "domain-tree"})
# The lengths in hexadecimal digits, as STIX 2.1 names the algorithms (section 10.7).
DIGESTS = MappingProxyType({"md5": 32, "sha-1": 40, "sha-256": 64, "sha-512": 128})
WIDEST_IPV4, WIDEST_IPV6 = 8, 19  # lengths of prefix: the largest that a registry gives to one holder
LONGEST_NAME = 253
LONGEST_URL = 2_048

# IANA's special-purpose registries (RFC 6890), as far as a packet of the Internet never has them for address.
_NOT_PUBLIC = tuple(map(ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
)))  # fmt: skip  # a short list
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{1,62}[a-z0-9]").fullmatch
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://[!-~]+").fullmatch  # visible ASCII alone
_HEX = re.compile(r"[0-9a-f]+").fullmatch


def address(kind: str, value: str) -> IPv4Network | IPv6Network | None:
    """The address or network, if it is public and not too wide to be meant."""
    if kind not in ADDRESSES:
        return None
    try:
        network = ip_network(value)
    except ValueError:
        return None
    widest = WIDEST_IPV4 if isinstance(network, IPv4Network) else WIDEST_IPV6
    special = any(network.version == each.version and network.overlaps(each) for each in _NOT_PUBLIC)
    return None if special or network.prefixlen < widest else network


def written_address(network: IPv4Network | IPv6Network) -> str:
    """An address alone, or a network with its length."""
    alone = network.prefixlen == network.max_prefixlen
    return str(network.network_address if alone else network)


def name(kind: str, value: str) -> str | None:
    """The name as hosts are called, of two labels at least: a whole top domain is nobody's."""
    return value if kind in NAMES and len(value) <= LONGEST_NAME and _NAME(value) else None


def url(kind: str, value: str) -> str | None:
    """The URL, if it is written in visible ASCII."""
    return value if kind == "url" and len(value) <= LONGEST_URL and _URL(value) else None


def digest(kind: str, value: str) -> str | None:
    """The digest in hexadecimal digits, of the length of its algorithm."""
    return value if DIGESTS.get(kind) == len(value) and _HEX(value) else None
