"""Values that are known to be good, from any number of lists: which list names a value, if one does.

An address is named by a network around it, a name by itself or by one above it. A name beneath which anybody
registers names speaks for itself alone, and a host speaks for a URL only if the URL names nothing but the
host: evil lies on good hosts too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from comity.base.errors import Malformed
from comity.base.known import KnownList, Manner, Sort
from comity.engines.patterns import normal
from comity.engines.patterns.judging.worth import is_host_alone, is_suffix
from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.matching.expressions import Found, searching

SORTS: Mapping[Kind, Sort] = MappingProxyType({
    Kind.IPV4: Sort.ADDRESS,
    Kind.IPV6: Sort.ADDRESS,
    Kind.NETWORK: Sort.ADDRESS,
    Kind.DOMAIN: Sort.NAME,
    Kind.DOMAIN_TREE: Sort.NAME,
    Kind.URL: Sort.URL,
    Kind.EMAIL: Sort.EMAIL,
    Kind.MD5: Sort.HASH,
    Kind.SHA1: Sort.HASH,
    Kind.SHA256: Sort.HASH,
    Kind.SHA512: Sort.HASH,
    Kind.SHA3_256: Sort.HASH,
    Kind.SHA3_512: Sort.HASH,
    Kind.SSDEEP: Sort.HASH,
    Kind.TLSH: Sort.HASH,
    Kind.HASH: Sort.HASH,
    Kind.FILE_NAME: Sort.FILE,
})  # fmt: skip  # one kind to a line
_BITS = 128
# As PHP writes an expression: between two signs, with letters for how it is read.
_DELIMITED = re.compile(r"([/#~!@%|])(.*)\1([imsxuADU]*)", re.DOTALL)
_LETTERS = "ims"


@dataclass(frozen=True, slots=True)
class Named:
    """A value, the entry that names it, and the list in which that stands."""

    value: Value
    entry: str
    known: KnownList


_Entry = tuple[str, KnownList]
_Index = dict[str, list[_Entry]]


@dataclass(slots=True)
class KnownGood:
    """All lists as one; `unread` counts the entries of each that mean nothing in its manner."""

    lists: tuple[KnownList, ...] = ()
    unread: Counter[str] = field(default_factory=Counter)
    _exact: _Index = field(default_factory=dict)
    _beneath: _Index = field(default_factory=dict)
    _networks: dict[int, dict[int, list[_Entry]]] = field(default_factory=dict)  # by prefix, IPv4 mapped
    _parts: list[_Entry] = field(default_factory=list)
    _expressions: list[tuple[Found, _Entry]] = field(default_factory=list)

    @classmethod
    def of(cls, lists: Iterable[KnownList]) -> KnownGood:
        """The index over these lists."""
        found = cls(tuple(lists))
        for known in found.lists:
            for entry in known.entries:
                found._add(entry, known)
        return found

    def names(self, values: tuple[Value, ...]) -> Named | None:
        """What names the value of a property (its first; the host behind it if it is no more than that)."""
        if not values:
            return None
        first, *hosts = values
        alone = hosts[:1] if first.kind is Kind.URL and is_host_alone(first) else ()
        return next(filter(None, map(self._naming, (first, *alone))), None)

    def _naming(self, value: Value) -> Named | None:
        sort = SORTS.get(value.kind, Sort.OTHER)
        entry = next((each for each in self._entries(value, sort) if each[1].speaks_of(sort)), None)
        return entry and Named(value, *entry)

    def _entries(self, value: Value, sort: Sort) -> Iterator[_Entry]:
        yield from self._exact.get(value.text, ())
        if sort is Sort.ADDRESS:
            yield from self._around(value)
        if sort is Sort.NAME:
            yield from self._above(value.text)
        yield from (each for each in self._parts if each[0] in value.text)
        yield from (entry for found_in, entry in self._expressions if found_in(value.text))

    def _around(self, value: Value) -> Iterator[_Entry]:
        low, high = (int.from_bytes(each or b"") for each in (value.low, value.high))
        for prefix, networks in self._networks.items():
            shift = _BITS - prefix
            if low >> shift == high >> shift:
                yield from networks.get(low >> shift, ())

    def _above(self, name: str) -> Iterator[_Entry]:
        above = name
        while above:
            yield from self._beneath.get(above, ())
            above = above.partition(".")[2]

    def _add(self, entry: str, known: KnownList) -> None:
        match known.manner:
            case Manner.NETWORK:
                self._add_network(entry, known)
            case Manner.PART:
                self._parts.append((entry.lower(), known))
            case Manner.EXPRESSION:
                self._add_expression(entry, known)
            case Manner.BENEATH:
                self._add_name(entry, known)
            case Manner.EXACT if entry.startswith("."):  # so lists write a name with all beneath it
                self._add_name(entry, known)
            case _:
                text = (*normal.guessed(entry), Value(Kind.TEXT, entry.strip()))[0].text
                self._exact.setdefault(text, []).append((entry, known))

    def _add_name(self, entry: str, known: KnownList) -> None:
        name = normal.domain(entry.strip().strip("."))
        if not name:
            self.unread[known.name] += 1
            return
        index = self._exact if is_suffix(name[0].text) else self._beneath
        index.setdefault(name[0].text, []).append((entry, known))

    def _add_network(self, entry: str, known: KnownList) -> None:
        found = normal.address(entry)
        if not found:
            self.unread[known.name] += 1
            return
        low, high = (int.from_bytes(each or b"") for each in (found[0].low, found[0].high))
        prefix = _BITS - (high - low).bit_length()
        self._networks.setdefault(prefix, {}).setdefault(low >> (_BITS - prefix), []).append((entry, known))

    def _add_expression(self, entry: str, known: KnownList) -> None:
        try:
            self._expressions.append((_searching(entry), (entry, known)))
        except Malformed:  # told with the count of what could not be read
            self.unread[known.name] += 1


def _searching(entry: str) -> Found:
    found = _DELIMITED.fullmatch(entry.strip())
    if found is None:
        return searching(entry)
    letters = "".join(each for each in _LETTERS if each in found[3])
    return searching(f"(?{letters}){found[2]}" if letters else found[2])
