"""From an object, its markings and the way it came to its handling class: where formats and engine meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.iep import Iep
from comity.engines.release.redact import Parties, Redacted, without_victims
from comity.engines.release.terms import Category, Terms, category_of
from comity.formats.markings import Markings, markings_of
from comity.formats.stix import StixObject
from comity.node.exchange.models import HandlingClass

MOST_DECODED = 10_000  # classes kept decoded; a node has hundreds
_decoded: dict[str, Handling] = {}


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose an object is, and under which terms it came."""

    ownership: Ownership
    party: str
    terms: Terms | None = None
    keep_until: date | None = None
    unmarked_as: Tlp | None = None  # what the giver said of everything that carries no label

    def bare(self, category: Category) -> Handling:
        """The class of what has this origin, before anything of it is read."""
        return Handling(
            category=category,
            ownership=self.ownership,
            origin=self.party,
            tlp=self.unmarked_as,
            origin_terms=self.terms,
            keep_until=self.keep_until,
        )

    def as_json(self, category: Category) -> dict[str, Any]:
        """As it is kept."""
        return self.bare(category).as_json()

    @classmethod
    def from_json(cls, raw: object) -> Origin:
        """As it was kept."""
        bare = Handling.from_json(raw)
        return cls(bare.ownership, bare.origin, bare.origin_terms, bare.keep_until, bare.tlp)


def of_class(row: HandlingClass) -> Handling:
    """The facts of a class, decoded once in each process: a class never changes under its key."""
    found = _decoded.get(row.key)
    if found is None:
        if len(_decoded) >= MOST_DECODED:
            _decoded.clear()
        found = _decoded[row.key] = Handling.from_json(row.facts)
    return found


def of_classes(keys: Iterable[int]) -> dict[int, Handling]:
    """The facts of many classes, by the keys of their rows; only what is not decoded yet is read."""
    wanted = set(keys)
    rows = HandlingClass.objects.values_list("pk", "key")
    known = {pk: _decoded[key] for pk, key in rows if pk in wanted and key in _decoded}
    missing = wanted - known.keys()
    read = HandlingClass.objects.in_bulk(list(missing)) if missing else {}
    return known | {pk: of_class(row) for pk, row in read.items()}


def handling_of(
    found: StixObject, definitions: Mapping[str, StixObject], origin: Origin, victims: Parties
) -> Handling:
    """The class of an object that comes in."""
    bare = origin.bare(category_of(found.type))
    state = replace(bare, expires=last_day(found.value), revoked=found.value.get("revoked") is True)
    return reread(state, found, definitions, victims)


def reread(
    known: Handling, found: StixObject, definitions: Mapping[str, StixObject], victims: Parties
) -> Handling:
    """The class after more became known: a definition of a marking, or a victim."""
    markings = markings_of(found, definitions)
    policies, unreadable = _policies(markings)
    return replace(
        known,
        tlp=markings.tlp or known.tlp,
        policies=policies,
        unknown_markings=markings.unknown | unreadable,
        names_victims=names_any(found.value, victims, found.raw),
    )


def names_any(value: Mapping[str, Any], victims: Parties, raw: bytes | None = None) -> bool:
    """Whether one of the victims can be recognised in the object; faster with its text."""
    if not victims.ids or (raw is not None and victims.surely_not_in(raw)):
        return False
    reduced = without_victims(value, victims, creator="")
    return not isinstance(reduced, Redacted) or bool(reduced.removed)


def parties_of(people: Iterable[tuple[str, str]]) -> Parties:
    """Pairs of id and name as the engine wants them; a name without a letter cannot be looked for."""
    known = tuple(people)
    names = {name for _, name in known if any(letter.isalnum() for letter in name)}
    return Parties(frozenset(ref for ref, _ in known), frozenset(names))


def kept_until(terms: Terms | None, received: date) -> date | None:
    """The last day on which the giver lets us keep what it gave."""
    days = terms.retention_days if terms else None
    return received + timedelta(days=days) if days else None


def _policies(markings: Markings) -> tuple[frozenset[Iep], frozenset[str]]:
    """The policies, and the ids of those that nobody here can read: they may forbid anything."""
    read: set[Iep] = set()
    unreadable: set[str] = set()
    for raw, decode in [
        *((marking, Iep.from_marking) for marking in markings.iep_markings),
        *((policy, Iep.from_json) for policy in markings.iep_policies),
    ]:
        try:
            read.add(decode(raw))
        except Malformed as error:
            unreadable.add(f"{raw.get('id', 'an IEP policy')} ({error.message})"[:300])
    return frozenset(read), frozenset(unreadable)


def last_day(value: Mapping[str, Any]) -> date | None:
    """The last day on which its maker calls it valid: `valid_until` itself is the first moment after.

    Raises `Malformed` for a text that is no time: it may mean that the object is not valid any more.
    """
    until = value.get("valid_until")
    if not isinstance(until, str):
        return None
    end = decode_time(until, "/valid_until")
    return end.date() if end.date() == date.min else (end - timedelta(microseconds=1)).date()
