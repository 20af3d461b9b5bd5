"""Which pages given by TAXII held an object, as far as the log tells.

An entry says from which instant to which its page goes. The object stood in it if its place lies between, the
collection chooses it, and the party may have it; an entry that says `match` tells of a request for some types
or ids alone, so there it only may have been. Today's queries and judgements are what past pages are held to.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from comity.base.times import decode_time
from comity.formats.entries import Event
from comity.node.accountability.models import LogEntry
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Collection, Standing, StixObject
from comity.node.exchange.taxii.chosen import fits, names_of, read_query, waves_of
from comity.node.exchange.taxii.standing import Level, moment, read_wave
from comity.node.parties.models import Party

PAGES = 2_000  # entries since the object came that are looked through
_AHEAD = timedelta(minutes=1)  # how far places may run ahead of the clock, and more


@dataclass(frozen=True, slots=True)
class Read:
    """Pages of a collection given to one party that held the object: how many, and the first of them."""

    collection: str
    at: datetime
    pages: int
    sure: bool  # False: each was asked for some types or ids alone


@dataclass(slots=True)
class _Spans:
    """The pages of one collection for one party."""

    times: list[datetime] = field(default_factory=list)
    sure: list[datetime] = field(default_factory=list)

    def read(self, title: str) -> Read:
        """What is told of them; the sure ones, if there are any."""
        times = self.sure or self.times
        return Read(title, times[0], len(times), bool(self.sure))


def pages_with(
    holder: Party, row: StixObject, parties: Sequence[Party]
) -> tuple[dict[int, list[Read]], bool]:
    """The pages with the object, by party; and whether all since it came were looked through."""
    keys = {each.ref: each.pk for each in parties}
    collections = _choosing(holder, row)
    standing = {(each.party_id, each.purpose): each for each in Standing.objects.filter(holder=holder)}
    given = LogEntry.objects.filter(event=Event.CONTENT_GIVEN.value, entry__isnull=False)
    given = given.filter(at__gte=row.added - _AHEAD)
    entries = list(given.order_by("index").values_list("at", "entry")[: PAGES + 1])
    spans: dict[tuple[int, str], _Spans] = defaultdict(_Spans)
    for at, entry in entries[:PAGES]:
        told = json.loads(bytes(entry or b"{}"))
        collection = collections.get(told.get("subject", ""))
        for party in [keys[ref] for ref in told.get("to", ()) if ref in keys] if collection else ():
            known = standing.get((party, collection.purpose)) if collection else None
            if collection and known and _spans(told, row, collection, known):
                found = spans[party, collection.title]
                found.times.append(at)
                found.sure += [] if told.get("match") else [at]
    reads: dict[int, list[Read]] = defaultdict(list)
    for (party, title), found in spans.items():
        reads[party].append(found.read(title))
    return reads, len(entries) <= PAGES


def _choosing(holder: Party, row: StixObject) -> dict[str, Collection]:
    """The collections that choose the object, by their names in the log."""
    names = set(row.labels_carried.values_list("name", flat=True))
    found = {}
    for each in Collection.objects.filter(holder=holder):
        query = read_query(each.query)
        labels = {*names_of("label", query.labels), *names_of("sector", query.sectors)}
        of_type = not query.types or row.type in query.types
        if of_type and (not labels or labels & names) and fits(query, of_class(row.handling)):
            found[f"collection {each.ref}"] = each
    return found


def _spans(told: Mapping[str, Any], row: StixObject, collection: Collection, known: Standing) -> bool:
    """Whether one of the object's places for the party lies within the page, and the party may have it."""
    if not Level(known.levels.get(str(row.handling_id), Level.CLOSED)).given:
        return False
    first, last = decode_time(told["first"], "first"), decode_time(told["last"], "last")
    return any(first <= place <= last for place in _places(row, collection, known))


def _places(row: StixObject, collection: Collection, known: Standing) -> list[datetime]:
    """Every instant at which the object stands for the party: what opened late stands a second time."""
    waves = waves_of(collection, tuple(read_wave(each) for each in known.waves))
    late = (each for each in waves if each.classes is None or row.handling_id in each.classes)
    return [row.added, *(moment(each.at(row.pk)) for each in late if row.added < moment(each.first))]
