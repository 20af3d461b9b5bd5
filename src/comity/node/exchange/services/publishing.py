"""What somebody may see as events of MISP: one file, or the files of a feed; for a partner, recorded."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from django.db import transaction

from comity.base.errors import TooLarge
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event, LogEntry
from comity.formats.misp.feed import feed_files
from comity.formats.misp.grouping import Outline, Publisher, event_of, events_of, outline_of, plan_of
from comity.formats.misp.parts import Unmapped
from comity.formats.stix import StixObject as Found
from comity.node.accountability.services import record
from comity.node.exchange import queries
from comity.node.exchange.judging import values_leaving
from comity.node.exchange.models import Collection, StixObject
from comity.node.exchange.reducing import keep_names, reduced_of
from comity.node.exchange.sights import sight_for
from comity.node.exchange.taxii.merging import bytes_of
from comity.node.exchange.taxii.order import Choice, Scope, places
from comity.node.exchange.taxii.order import Found as Sighted
from comity.node.exchange.taxii.standing import micros, moment
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party

MISP, MISP_FEED = "misp", "misp-feed"
MOST = 50_000  # objects that are judged together for an export
MOST_POLLED = 200_000  # objects of one feed: each is an attribute that a subscriber takes whole
PORTION = 1_000  # objects that are read at once


@dataclass(frozen=True, slots=True)
class File:
    """A file of a feed, packed: JSON and digests take a tenth of the memory so."""

    name: str
    packed: bytes
    digest: bytes

    @classmethod
    def of(cls, name: str, content: bytes) -> File:
        """A file with this content."""
        return cls(name, zlib.compress(content, 1), sha256(content).digest())

    @property
    def content(self) -> bytes:
        """What is in it."""
        return zlib.decompress(self.packed)


@dataclass(frozen=True, slots=True)
class Published:
    """Files in the order in which they are put in place, and what they do not say."""

    files: tuple[File, ...]
    unmapped: tuple[Unmapped, ...]
    objects: int

    @property
    def sha256(self) -> str:
        """A digest of all files."""
        whole = sha256()
        for each in self.files:
            whole.update(each.name.encode() + b"\0" + each.digest)
        return whole.hexdigest()


def export_misp(
    form: str, *, actor: Actor, partner: Party | None = None, purpose: Purpose, now: datetime
) -> Published:
    """All that the partner, or our own body, may see; what needs a second person is not in it."""
    holder = queries.own_body(actor)
    receiver = partner or holder
    seen = sight_for(actor, receiver, purpose=purpose, now=now)
    alone = [pk for pk in (*seen.whole, *seen.reduced) if not seen.releases[pk].second_person]
    rows: list[StixObject] = list(seen.objects(alone).select_related("handling", "source")[: MOST + 1])
    _require_few(len(rows), MOST)
    leaving = values_leaving(seen.asked, rows)
    objects = [(Found.decode(dict(value)), row.added) for row, value in leaving if value is not None]
    done = published(form, objects, holder, receiver)
    if receiver.pk != holder.pk:
        with transaction.atomic():
            _record(done, form, holder, receiver, now)
    return done


def feed_of(collection: Collection, scope: Scope, party: Party, now: datetime) -> Published:
    """The files of a feed of what a caller sees of a collection; each event is as new as what is in it.

    Objects are read twice, to be put into events and to be written event by event: memory holds one event,
    and of all others outlines and packed files. What goes meanwhile is left out.
    """
    found = _settled(scope, now)
    _require_few(len(found.places), MOST_POLLED)
    publisher = Publisher(collection.holder.ref, collection.holder.name, party.ref)
    reading = _Reading(scope, found)
    told: list[Unmapped] = []
    plan = plan_of(reading.outlines(), publisher)

    def texts() -> Iterator[bytes]:
        for group in plan.groups:
            made = event_of(group, reading.values(group.needed), publisher)
            if made is not None:
                told.extend(made.unmapped)
                yield made.text

    files = tuple(File.of(*each) for each in feed_files(texts()))
    done = Published(files, (*told, *plan.lost), len(reading.places))
    with transaction.atomic():
        keep_names(collection.holder, reading.names)
        _record(done, MISP_FEED, collection.holder, party, now)
    return done


def state_of(collection: Collection, scope: Scope, now: datetime) -> str:
    """A digest that is another as soon as the caller sees anything else of the collection."""
    found = _settled(scope, now)
    told = (str(collection.ref), collection.query, found.places, sorted(found.names.items()))
    return sha256(repr(told).encode()).hexdigest()


def _settled(scope: Scope, now: datetime) -> Sighted:
    """What stands there since an earlier second.

    MISP tells times by the second: a subscriber that was given an event of this one would not come again for
    what is added to it within the same.
    """
    end = micros(now.replace(microsecond=0))
    found = places(scope, Choice(), after=-1, count=MOST_POLLED + 1)
    return Sighted([place for place in found.places if place[0] < end], found.names)


class _Reading:
    """The objects of a feed as they go, a portion at a time; in one transaction all read the same."""

    def __init__(self, scope: Scope, found: Sighted) -> None:
        self._scope = scope
        self._found = found
        self.places: dict[str, tuple[int, int]] = {}  # by the name under which it goes: where it stands
        self.names: dict[str, str] = {}  # which object a name stands for that goes after a removal

    def outlines(self) -> Iterator[Outline]:
        """All of them, without what they say."""
        for start in range(0, len(self._found.places), PORTION):
            portion = self._found.places[start : start + PORTION]
            for place, found in self._read(portion):
                self.places[found.id] = place
                yield outline_of(found, moment(place[0]))

    def values(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What these say."""
        return {found.id: found.value for _, found in self._read([self.places[name] for name in names])}

    def _read(self, places: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Found]]:
        names = self._found.names
        read = bytes_of([key for _, key in places if key not in names])
        wires = {key: bytes(wire) for key, (wire, _) in read.items()}
        wanted = [key for _, key in places if key in names]
        for key, each in reduced_of(self._scope.holder, self._scope.removals, wanted).items():
            if each.ref == names[key]:
                wires[key] = each.wire
                if each.ref != each.original:
                    self.names[each.ref] = each.original
        return ((place, Found.read(wires[place[1]])) for place in places if place[1] in wires)


def published(
    form: str, objects: Sequence[tuple[Found, datetime]], holder: Party, receiver: Party
) -> Published:
    """The objects as events, each as new as the newest in it."""
    made = events_of(objects, Publisher(holder.ref, holder.name, receiver.ref))
    if form == MISP_FEED:
        files = tuple(File.of(*each) for each in feed_files(made.texts))
        return Published(files, made.unmapped, len(objects))
    events = [msgspec.Raw(text) for text in made.texts]
    file = File.of("events.json", msgspec.json.encode({"response": events}))
    return Published((file,), made.unmapped, len(objects))


def _require_few(count: int, most: int) -> None:
    if count > most:
        raise TooLarge(MISP_FEED, f"more than {most:,} objects; choose fewer, or let them be read by TAXII")


def _record(done: Published, form: str, holder: Party, receiver: Party, now: datetime) -> None:
    """The log says that files were made for a partner."""
    more = {"form": form, "values": done.objects}
    entry = LogEntry(Event.CONTENT_EXPORTED, now, receiver.ref, done.sha256, sender=holder.ref, more=more)
    record([entry], now=now)
