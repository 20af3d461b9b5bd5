"""A value that patterns and observables are found by: its kind, its normal form, and the keys of an index."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Network, ip_network


class Kind(Enum):
    """What a value is; a domain tree is a domain with all beneath it."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    NETWORK = "network"
    DOMAIN = "domain"
    DOMAIN_TREE = "domain-tree"
    URL = "url"
    EMAIL = "email"
    MD5 = "md5"
    SHA1 = "sha-1"
    SHA256 = "sha-256"
    SHA512 = "sha-512"
    SHA3_256 = "sha3-256"
    SHA3_512 = "sha3-512"
    SSDEEP = "ssdeep"
    TLSH = "tlsh"
    HASH = "hash"  # of another algorithm, which stands before a colon in the text
    MAC = "mac"
    ASN = "asn"
    FILE_NAME = "file-name"
    DIRECTORY = "directory"
    MUTEX = "mutex"
    REGISTRY_KEY = "registry-key"
    USER_AGENT = "user-agent"
    CERTIFICATE = "certificate"  # its serial number; its fingerprints are hashes
    ACCOUNT = "account"
    CPE = "cpe"
    COMMAND_LINE = "command-line"
    SUBJECT = "subject"
    MESSAGE_ID = "message-id"
    CVE = "cve"
    TEXT = "text"  # what is not well-formed for its place


_OF_NETWORKS = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK})
_OF_NAMES = frozenset({Kind.DOMAIN, Kind.DOMAIN_TREE})
_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291, section 2.5.5.2


@dataclass(frozen=True, slots=True)
class Value:
    """One value in its normal form: equal values have equal texts."""

    kind: Kind
    text: str

    @property
    def low(self) -> bytes | None:
        """The first address as 16 bytes, IPv4 mapped into IPv6; None for what is no address or network.

        An address lies in a network when `network.low <= address.low` and `address.high <= network.high`.
        """
        bounds = self._bounds()
        return bounds and bounds[0]

    @property
    def high(self) -> bytes | None:
        """The last address, in the same form."""
        bounds = self._bounds()
        return bounds and bounds[1]

    @property
    def key(self) -> str | None:
        """The labels of a domain from the right, each with a dot: its key begins those of its subdomains."""
        return ".".join([*self.text.split(".")[::-1], ""]) if self.kind in _OF_NAMES else None

    def _bounds(self) -> tuple[bytes, bytes] | None:
        if self.kind is Kind.IPV4:  # by far the most, and ipaddress takes its time
            address = _MAPPED + bytes(map(int, self.text.split(".")))
            return address, address
        if self.kind not in _OF_NETWORKS:
            return None
        network = ip_network(self.text)
        first, last = network[0].packed, network[-1].packed
        return (first, last) if isinstance(network, IPv6Network) else (_MAPPED + first, _MAPPED + last)
