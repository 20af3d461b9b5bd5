"""Whom a body looks after: IP networks, AS numbers and domains, each in one normal form.

Two bodies that name the same network name it by the same text, so that routing can compare them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TypeVar

from comity.base.errors import Malformed, TooLarge

MAX_ENTRIES = 10_000  # in each list; the largest national registries announce fewer prefixes
MAX_ENTRY = 253  # characters: a domain name is the longest of them (RFC 1035, 2.3.4)
_LAST_AS = 4_294_967_294  # RFC 7300 reserves the number after it, RFC 7607 reserves 0
_AS = re.compile(r"(?:AS)?([0-9]{1,10})", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

T = TypeVar("T", str, int)


@dataclass(frozen=True, slots=True)
class Constituency:
    """Networks, AS numbers and domains; each sorted, each once."""

    networks: tuple[str, ...] = ()
    as_numbers: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()


def read_constituency(
    networks: Iterable[str] = (), as_numbers: Iterable[str | int] = (), domains: Iterable[str] = ()
) -> Constituency:
    """The normal form of what was given; raises `Malformed` naming the first entry that cannot be read."""
    return Constituency(
        networks=tuple(sorted(_each("networks", networks, _network), key=_network_order)),
        as_numbers=tuple(sorted(_each("as_numbers", map(str, as_numbers), _as_number))),
        # Sorted by their labels from the right, so that a domain stands before those below it.
        domains=tuple(sorted(_each("domains", domains, _domain), key=lambda name: name.split(".")[::-1])),
    )


def _each(where: str, given: Iterable[str], read: Callable[[str], T]) -> set[T]:
    entries = [entry.strip() for entry in given]
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(where, f"has {len(entries)} entries; at most {MAX_ENTRIES} are taken")
    found: set[T] = set()
    for index, entry in enumerate(entries):
        try:
            if len(entry) > MAX_ENTRY:
                raise ValueError(f"is longer than {MAX_ENTRY} characters")  # noqa: TRY301  told with its place below
            found.add(read(entry))
        except ValueError as error:
            raise Malformed(f"{where}[{index}]", f"{entry[:80]!r} {error}") from error
    return found


def _network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"is not a network such as 192.0.2.0/24 or 2001:db8::/32 ({error})") from error
    if network.prefixlen == 0:
        raise ValueError("is the whole Internet; nobody looks after all of it")
    return str(network)


def _network_order(text: str) -> tuple[int, int, int]:
    network = ip_network(text)
    return network.version, int(network.network_address), network.prefixlen


def _as_number(text: str) -> int:
    found = _AS.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= _LAST_AS:
        raise ValueError("is not an AS number such as AS64500 or 64500")
    return int(found[1])


def _domain(text: str) -> str:
    try:
        # IDNA 2003, the standard library's; names outside ASCII become their xn-- form.
        name = text.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f"is not a domain name ({error})") from error
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit() or len(name) > MAX_ENTRY:
        raise ValueError("is not a domain name such as example.org")
    return name
