"""Networks of addresses as a comparison reads them: ISSUBSET and ISSUPERSET."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from comity.engines.patterns.defanged import refanged
from comity.engines.patterns.normal import unmapped

LONGEST_DEFANGED = 64  # characters of an address or network that was made harmless

Network = IPv4Network | IPv6Network


@lru_cache(maxsize=65_536)  # a network of a pattern is compared with every address of a log
def network_in(text: str, *, usual: bool) -> Network | None:
    """The network that a text names, an address being one by itself; None for any other text.

    In its usual reading IPv4 inside IPv6 is IPv4, and what was made harmless is read all the same.
    """
    found = _read(text)
    if not usual:
        return found
    if found is None and len(text) <= LONGEST_DEFANGED:
        found = _read(refanged(text))
    return found and unmapped(found)


def inside(inner: Network | None, outer: Network | None) -> bool:
    """Whether one network is part of another, or the same."""
    if inner is None or outer is None or inner.version != outer.version:
        return False
    return inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version


def _read(text: str) -> Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None
