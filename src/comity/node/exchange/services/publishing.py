"""What somebody may see as events of MISP: one file, or the files of a feed; for a partner, recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec
from django.db import transaction

from comity.base.errors import TooLarge
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event, LogEntry
from comity.formats.misp.feed import feed_files
from comity.formats.misp.grouping import Publisher, events_of
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
MOST = 50_000  # objects of one feed: each is an attribute that a subscriber takes whole


@dataclass(frozen=True, slots=True)
class Published:
    """Files by name in the order in which they are put in place, and what they do not say."""

    files: tuple[tuple[str, bytes], ...]
    unmapped: tuple[Unmapped, ...]
    objects: int

    @property
    def sha256(self) -> str:
        """A digest of all files."""
        whole = sha256()
        for name, content in self.files:
            whole.update(name.encode() + b"\0" + sha256(content).digest())
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
    _require_few(len(rows))
    leaving = values_leaving(seen.asked, rows)
    objects = [(Found.decode(dict(value)), row.added) for row, value in leaving if value is not None]
    done = published(form, objects, holder, receiver)
    if receiver.pk != holder.pk:
        with transaction.atomic():
            _record(done, form, holder, receiver, now)
    return done


def feed_of(collection: Collection, scope: Scope, party: Party, now: datetime) -> Published:
    """The files of a feed of what a caller sees of a collection; each event is as new as what is in it."""
    found = _settled(scope, now)
    _require_few(len(found.places))
    objects, names = _read(scope, found)
    done = published(MISP_FEED, objects, collection.holder, party)
    with transaction.atomic():
        keep_names(collection.holder, names)
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
    found = places(scope, Choice(), after=-1, count=MOST + 1)
    return Sighted([place for place in found.places if place[0] < end], found.names)


def _read(scope: Scope, found: Sighted) -> tuple[list[tuple[Found, datetime]], dict[str, str]]:
    """The objects as they go, and which object each name stands for that was given after a removal."""
    read = bytes_of([key for _, key in found.places if key not in found.names])
    reduced = reduced_of(scope.holder, scope.removals, [key for _, key in found.places if key in found.names])
    left = {key: each for key, each in reduced.items() if each.ref == found.names[key]}
    wires = {key: bytes(wire) for key, (wire, _) in read.items()} | {
        key: each.wire for key, each in left.items()
    }
    objects = [(Found.read(wires[key]), moment(at)) for at, key in found.places if key in wires]
    return objects, {each.ref: each.original for each in left.values() if each.ref != each.original}


def published(
    form: str, objects: Sequence[tuple[Found, datetime]], holder: Party, receiver: Party
) -> Published:
    """The objects as events, each as new as the newest in it."""
    made = events_of(objects, Publisher(holder.ref, holder.name, receiver.ref))
    if form == MISP_FEED:
        return Published(tuple(feed_files(made.texts)), made.unmapped, len(objects))
    events = [msgspec.Raw(text) for text in made.texts]
    return Published(
        (("events.json", msgspec.json.encode({"response": events})),), made.unmapped, len(objects)
    )


def _require_few(count: int) -> None:
    if count > MOST:
        raise TooLarge(MISP_FEED, f"more than {MOST:,} objects; choose fewer, or let them be read by TAXII")


def _record(done: Published, form: str, holder: Party, receiver: Party, now: datetime) -> None:
    """The log says that files were made for a partner."""
    more = {"form": form, "values": done.objects}
    entry = LogEntry(Event.CONTENT_EXPORTED, now, receiver.ref, done.sha256, sender=holder.ref, more=more)
    record([entry], now=now)
