"""The values that objects are found and correlated by, in an index that is sorted as people look for them.

An address is found by the network that holds it, a domain by the domain above it: keys are made so that each
of these is one stretch of the index, or a few exact keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from ipaddress import ip_network

from django.db.models import Q

from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.kinds import Value as Found
from comity.engines.patterns.values import values_of_object

LONGEST_KEY = 200  # characters; a longer value is kept by its digest, and found as a whole only
LONGEST_KIND = 14

_ADDRESSES = (Kind.IPV4, Kind.IPV6)
_BITS = 128
_AFTER = "\x7f"  # sorts behind every sign that a domain or a number can hold


def keys_of(value: Mapping[str, object]) -> list[tuple[str, str]]:
    """Kind and key of every value of an object."""
    return [(each.kind.value, key_of(each)) for each in values_of_object(value)]


def key_of(value: Found) -> str:
    """Where the value stands among those of its kind."""
    low = value.low
    if low is not None:
        return f"{low.hex()}/{_prefix(value)}" if value.kind is Kind.NETWORK else low.hex()
    text = value.key or value.text
    return text if len(text) <= LONGEST_KEY else f"sha256:{sha256(text.encode()).hexdigest()}"


def looked_for(value: Found) -> Q:
    """The rows of the index that somebody means who looks for this value."""
    if value.low is not None and value.high is not None:
        return _of_addresses(value, value.low, value.high)
    if value.kind in {Kind.DOMAIN, Kind.DOMAIN_TREE}:
        return _of_domains(value)
    return Q(kind=value.kind.value, key=key_of(value))


def _of_addresses(value: Found, low: bytes, high: bytes) -> Q:
    """The address, what lies in the network, and the networks that hold it."""
    network = Kind.NETWORK.value
    holding = Q(kind=network, key__in=_networks_around(low, _prefix(value)))
    if low == high:
        return holding | _each_of(_ADDRESSES, key=low.hex())
    inside = {"key__gte": low.hex(), "key__lte": high.hex()}
    networks = Q(kind=network, key__gte=low.hex(), key__lte=high.hex() + _AFTER)
    return holding | networks | _each_of(_ADDRESSES, **inside)


def _of_domains(value: Found) -> Q:
    """The domain and all beneath it, and the trees that it lies in."""
    key = key_of(value)
    below = _each_of((Kind.DOMAIN, Kind.DOMAIN_TREE), key__gte=key, key__lt=key + _AFTER)
    labels = key.rstrip(".").split(".")
    above = [".".join([*labels[:count], ""]) for count in range(1, len(labels))]
    return below | Q(kind=Kind.DOMAIN_TREE.value, key__in=above)


def _each_of(kinds: Iterable[Kind], **where: str) -> Q:
    """One stretch of the index for each kind: the databases read a disjunction of these by the index."""
    found = Q()
    for kind in kinds:
        found |= Q(kind=kind.value, **where)
    return found


def _prefix(value: Found) -> int:
    """The length of the network's prefix, of an IPv4 network too counted in the 128 bits of its key."""
    if value.kind is not Kind.NETWORK:
        return _BITS
    network = ip_network(value.text)
    return network.prefixlen + _BITS - network.max_prefixlen


def _networks_around(low: bytes, prefix: int) -> list[str]:
    """The keys of all networks that hold this one, itself among them."""
    start = int.from_bytes(low)
    masks = ((length, (1 << _BITS) - (1 << (_BITS - length))) for length in range(prefix + 1))
    return [f"{(start & mask).to_bytes(16).hex()}/{length}" for length, mask in masks]
