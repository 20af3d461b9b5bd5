"""What belongs to a collection: a query as data, and the scope that it leaves a caller."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.db.models import QuerySet

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.terms import Purpose
from comity.formats.stix import IDENTITY_ID, TYPE
from comity.node.exchange.models import Collection
from comity.node.exchange.taxii.order import Scope
from comity.node.exchange.taxii.scattering import Scatter
from comity.node.exchange.taxii.standing import Wave, look, micros
from comity.node.parties.models import Party
from comity.node.site.prepared import Prepared, columns_of, made

OWN = "own"  # as a source: our own work

_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Words = Annotated[tuple[_Word, ...], msgspec.Meta(max_length=100)]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is chosen; an empty part chooses everything, and all parts must fit."""

    types: _Words = ()
    labels: _Words = ()  # any of them
    sectors: _Words = ()  # any of them
    sources: _Words = ()  # refs of parties, or `own`
    up_to: str = ""  # the highest TLP label

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return told


def read_query(value: object) -> Query:
    """The query in a decoded JSON value; raises `Malformed`."""
    try:
        found = msgspec.convert(value, Query)
    except msgspec.ValidationError as error:
        raise Malformed("query", f"{error}.") from error
    for kind in found.types:
        if not TYPE.fullmatch(kind):
            raise Malformed("query", f"{kind!r} is not a STIX type.")
    for source in found.sources:
        if source != OWN and not IDENTITY_ID.fullmatch(source):
            raise Malformed("query", f"{source!r} is neither the ref of a party nor `{OWN}`.")
    if found.up_to and found.up_to not in {label.value for label in Tlp}:
        raise Malformed("query", f"{found.up_to!r} is not a TLP label.")
    return found


def _open(holder: int) -> QuerySet[Collection, Any]:
    return Collection.objects.filter(holder=holder, closed_at=None).values_list(*columns_of(Collection))


_OPEN = Prepared(_open, int)


def open_collections(holder: Party) -> list[Collection]:
    """The collections that can be read now."""
    found = [made(Collection, row) for row in _OPEN.rows(holder.pk)]
    for each in found:
        each.holder = holder
    return found


def open_collection(holder: Party, identifier: str) -> Collection:
    """One of them by id or alias; raises `NotFound`."""
    for each in open_collections(holder):
        if identifier in {str(each.ref), each.alias or None}:
            return each
    raise NotFound("collection")


def scope_of(collection: Collection, party: Party, now: datetime) -> Scope:
    """What the party may see of the collection now."""
    query = read_query(collection.query)
    sighted = look(collection.holder, party, purpose=Purpose(collection.purpose), now=now)
    given = frozenset(key for key, level in sighted.levels.items() if level.given)
    return Scope(
        holder=collection.holder,
        sighted=sighted,
        classes=frozenset(key for key in given if fits(query, sighted.facts[key])),
        types=frozenset(query.types) or None,
        labels=frozenset((*names_of("label", query.labels), *names_of("sector", query.sectors))),
        waves=waves_of(collection, sighted.waves),
        given=given,
    )


def names_of(kind: str, words: Iterable[str]) -> list[str]:
    """The names under which an object bears these labels, or these sectors."""
    return [f"{kind}:{each.casefold()}" for each in words]


def fits(query: Query, handling: Handling) -> bool:
    """Whether the source and the label of a class are among those that are chosen."""
    source = OWN if handling.ownership is Ownership.OWN else handling.origin
    if query.sources and source not in query.sources:
        return False
    label = handling.label
    return not query.up_to or (label is not None and label.rank <= Tlp(query.up_to).rank)


def waves_of(collection: Collection, waves: tuple[Wave, ...]) -> tuple[Wave, ...]:
    """The waves by instant; a collection whose query was changed gives everything anew."""
    if collection.since is None:
        return tuple(sorted(waves, key=lambda wave: wave.first))
    anew = Wave(micros(collection.since), Scatter.from_json(collection.scatter), None)
    return tuple(sorted((*waves, anew), key=lambda wave: wave.first))
