"""The indicators that a caller sees of a collection, as a file for its devices; recorded before it goes.

What is seen is what TAXII gives: the same scope, places and removals. Only the form is another.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version

from django.conf import settings
from django.db import transaction

from comity.base.errors import TooLarge
from comity.formats.entries import Event, LogEntry
from comity.formats.exports.all import FORMS
from comity.formats.exports.form import Row
from comity.formats.stix import StixObject as Read
from comity.node.accountability.services import record
from comity.node.exchange import queries
from comity.node.exchange.models import Collection, StixObject
from comity.node.exchange.reducing import keep_names, reduced_of
from comity.node.exchange.services.exporting import Exported, write
from comity.node.exchange.taxii.order import Choice, Found, Scope, places
from comity.node.exchange.to_act_on import ToActOn, maker_of, row_of
from comity.node.parties.models import Party

MOST_LISTED = 200_000  # indicators of one file
_INDICATORS = Choice(types=frozenset({"indicator"}))


@dataclass(frozen=True, slots=True)
class Wish:
    """Which file of a collection a party wants: its form, and the least confidence of what it tells of."""

    collection: Collection
    party: Party
    form: str
    least: int = 0


@dataclass(slots=True)
class Listing:
    """A file that is ready, and the names under which objects of it went after a removal."""

    wish: Wish
    file: Exported
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a file follows from, but for the validity of indicators: its digest, and what is seen.

    It is keyed: instants and keys of objects that somebody could try out stand in it.
    """

    digest: str
    found: Found
    horizon: int


def standing(wish: Wish, scope: Scope, *, horizon: int | None = None) -> Standing:
    """How it stands, as far as it stood at the horizon; only what the caller sees has a part in it."""
    end = scope.sighted.horizon if horizon is None else horizon
    seen = places(scope, _INDICATORS, after=-1, count=MOST_LISTED + 1)
    found = Found([place for place in seen.places if place[0] <= end], seen.names)
    if len(found.places) > MOST_LISTED:
        raise TooLarge("collection", f"more than {MOST_LISTED:,} indicators; read them by TAXII")
    told = hmac.new(settings.SECRET_KEY.encode(), digestmod=sha256)
    head = (version("comity"), settings.CONFIG.address, str(wish.collection.ref), wish.form, wish.least)
    told.update(repr((*head, wish.collection.holder.name, wish.party.ref, wish.party.name)).encode())
    told.update(repr(found.places).encode())
    told.update(repr(_left(scope, found)).encode())
    return Standing(told.hexdigest(), found, end)


def listing(wish: Wish, scope: Scope, found: Found, now: datetime) -> Listing:
    """The file, not recorded yet; what goes meanwhile is left out."""
    told, reading = ToActOn(now, wish.least), _Reading(scope, found)
    rows = reading.rows(told)
    file = write(FORMS[wish.form], rows, told, holder=wish.collection.holder, receiver=wish.party.name)
    return Listing(wish, file, reading.names)


def record_given(done: Listing, *, now: datetime) -> None:
    """The log says that the file goes; if that cannot be written, it is gone."""
    wish, file = done.wish, done.file
    holder = wish.collection.holder
    more = {
        "form": wish.form,
        "values": file.about.count,
        "collection": str(wish.collection.ref),
        "purpose": wish.collection.purpose,
    }
    entry = LogEntry(
        Event.CONTENT_EXPORTED, now, wish.party.ref, file.file.sha256, sender=holder.ref, more=more
    )
    try:
        with transaction.atomic():
            keep_names(holder, done.names)
            record([entry], now=now)
    except BaseException:
        file.file.close()
        raise


def _left(scope: Scope, found: Found) -> list[tuple[int, str]]:
    """What is left of that of which something is taken out: a new victim changes it where it stands."""
    keys = [key for _, key in found.places if key in found.names]
    return [
        (key, each.sha256)
        for some in queries.chunks(keys)
        for key, each in sorted(reduced_of(scope.holder, scope.removals, some).items())
    ]


@dataclass(slots=True)
class _Reading:
    """The indicators as they go, a portion at a time."""

    scope: Scope
    found: Found
    names: dict[str, str] = field(default_factory=dict)

    def rows(self, told: ToActOn) -> Iterator[Row]:
        """A row for each value to act on."""
        for keys in queries.chunks(key for _, key in self.found.places):
            for handling, wire in self._read(keys):
                stix, label = Read.read(wire).value, self.scope.sighted.facts[handling].label
                for value in told.values(stix, label):
                    yield row_of(value, stix, label, source=maker_of(stix))

    def _read(self, keys: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The class of each, and its bytes; whatever was put into another class just now is left out."""
        scope, names = self.scope, self.found.names
        told = StixObject.objects.order_by().filter(pk__in=keys).values_list("pk", "handling_id", "wire")
        held = {key: (handling, wire) for key, handling, wire in told if handling in scope.classes}
        reduced = reduced_of(scope.holder, scope.removals, [key for key in keys if key in names])
        for key in keys:
            handling, wire = held.get(key, (0, b""))
            left = reduced.get(key)
            if left is not None and handling in scope.removals and left.ref == names[key]:
                if left.ref != left.original:
                    self.names[left.ref] = left.original
                yield handling, left.wire
            elif handling and handling not in scope.removals:
                yield handling, bytes(wire)
