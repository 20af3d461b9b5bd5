"""What is left of an object when what release wants removed is taken out of it, and the name it then has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comity.base.errors import TooLarge
from comity.base.verdict import Verdict
from comity.engines.release.judge import Removal
from comity.engines.release.redact import Parties, Redacted, without
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.markings import TLP_OF_ID
from comity.formats.stix import StixObject as Found
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS, links_of
from comity.node.exchange.handling import names_any, of_class, parties_of
from comity.node.exchange.models import ReducedName, StixObject
from comity.node.parties.models import Party

_AT_ONCE = 100  # objects that are decoded together


@dataclass(frozen=True, slots=True)
class Reduced:
    """An object as it goes to somebody who may not have all of it; where nothing was in it, as it is held."""

    original: str
    ref: str
    wire: bytes
    sha256: str


def taken_out(
    row: StixObject,
    value: Mapping[str, Any],
    removals: Collection[Removal],
    victims: Parties,
    *,
    creator: str,
) -> Redacted | Verdict:
    """The object without all that has to go, or the verdict that says why it cannot go without it."""
    left = Redacted(dict(value), ())
    for removal in sorted(removals, key=lambda removal: removal.value):
        parties = victims if removal is Removal.VICTIMS else _provider(row)
        reduced = without(left.object, parties, removal, creator=creator)
        if not isinstance(reduced, Redacted):
            return reduced
        left = Redacted(reduced.object, (*left.removed, *reduced.removed))
    return left


def reduced_of(
    holder: Party, removals: Mapping[int, frozenset[Removal]], keys: Iterable[int]
) -> dict[int, Reduced]:
    """What is left of those of these objects that are in a class of which something has to be taken out.

    An object that cannot go without it is missing, as is a definition: it says something of others, and they
    need all of it.
    """
    wanted = list(keys)
    if not wanted:  # as for most portions of most pages
        return {}
    victims = queries.victims_of(holder)
    rows = StixObject.objects.order_by().select_related("handling", "source", "holder").defer("words")
    found: dict[int, Reduced] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        # By their keys alone: SQLite would rather walk all of a holder than look them up.
        picked = rows.filter(pk__in=wanted[start : start + _AT_ONCE])
        some = [row for row in picked if row.handling_id in removals and row.type not in DEFINITIONS]
        decoded = [queries.decoded(row) for row in some]
        telling = _telling(decoded, holder, victims)
        for row, each in zip(some, decoded, strict=True):
            left = _left(row, each, removals[row.handling_id], victims, telling)
            if left is not None:
                found[row.pk] = left
    return found


def originals(holder: Party, refs: Sequence[str]) -> set[str]:
    """The ids under which the holder has what it gave under these names."""
    names = ReducedName.objects.filter(holder=holder)
    return {
        ref
        for chunk in queries.chunks(refs)
        for ref in names.filter(name__in=chunk).values_list("ref", flat=True)
    }


def keep_names(holder: Party, names: Mapping[str, str]) -> None:
    """Keep which object each name stands for, so that who was told the name can ask for it."""
    if not names:
        return
    known = ReducedName.objects.filter(holder=holder).values_list("name", flat=True)
    held = {name for chunk in queries.chunks(names) for name in known.filter(name__in=chunk)}
    ReducedName.objects.bulk_create(
        [ReducedName(holder=holder, name=name, ref=ref) for name, ref in names.items() if name not in held],
        ignore_conflicts=True,
    )


def _left(
    row: StixObject, found: Found, removals: Collection[Removal], victims: Parties, telling: Collection[str]
) -> Reduced | None:
    if any(ref in telling for _, ref in links_of(found.value)):
        return None
    try:
        left = taken_out(row, found.value, removals, victims, creator=row.holder.ref)
    except TooLarge:  # nested too deep to be looked through
        return None
    if not isinstance(left, Redacted):
        return None
    if not left.removed:
        return Reduced(row.ref, row.ref, bytes(row.wire), row.sha256)
    wire = canonical(left.object)
    return Reduced(row.ref, str(left.object["id"]), wire, sha256_hex(wire))


def _telling(objects: Iterable[Found], holder: Party, victims: Parties) -> set[str]:
    """The definitions that these objects name and that name a victim: they would have to travel with them."""
    named = {ref for each in objects for _, ref in links_of(each.value) if ref.startswith(DEFINITIONS)}
    held = queries.definitions_held(holder, named - TLP_OF_ID.keys())
    return {ref for ref, found in held.items() if names_any(found.value, victims)}


def _provider(row: StixObject) -> Parties:
    """Who gave it to us: a policy can ask that nobody learns that."""
    origin = of_class(row.handling).origin
    ids = {ref for ref in (origin, row.created_by_ref) if ref.startswith("identity--")}
    source = row.source
    name = source.name if source is not None and not source.ours else "" if origin in ids else origin
    return parties_of((ref, name) for ref in ids or {""})
