"""What a caller posts, and takes back of that: kept as other imports are, bound by the terms between us."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet

from comity.base.errors import Malformed, NotFound, TooLarge
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.release.handling import Ownership
from comity.engines.release.terms import Purpose, Terms
from comity.formats.bundles import Readable, envelope_objects, named
from comity.formats.entries import Event, LogEntry
from comity.formats.markings import markings_of
from comity.formats.stix import MAX_OBJECTS, in_time, is_observable
from comity.formats.stix import StixObject as Found
from comity.formats.taxii import Outcome, Status
from comity.node.accountability.services import record
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.handling import Origin, kept_until, last_day
from comity.node.exchange.models import AlsoGiven, Collection, Import, StixObject
from comity.node.exchange.services.also_given import CONTRADICTION, POSTED, Given, Settled, settle, succeed
from comity.node.exchange.services.holding import (
    choose_latest,
    naming,
    one_at_a_time,
    retitle,
    show_anew,
)
from comity.node.exchange.services.storing import Refusal, Report, Way, store
from comity.node.exchange.taxii.chosen import scope_of
from comity.node.exchange.taxii.giving import exact
from comity.node.exchange.taxii.order import Choice, Versions, places
from comity.node.exchange.taxii.standing import micros
from comity.node.exchange.validity import errors_of
from comity.node.instruments import queries as agreements
from comity.node.parties.models import Party

_SOURCE = "docs/wire/taxii.md"
_MOST_VERSIONS = 2**31  # of the objects in one post: all


@dataclass(slots=True)
class Bounded:
    """A body that is read piece by piece, no further than it may be long; its digest is known at the end."""

    source: Readable
    most: int
    size: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size: int, /) -> bytes:
        """The next bytes; raises `TooLarge`."""
        piece = self.source.read(size)
        self.size += len(piece)
        if self.size > self.most:
            raise TooLarge("the request", f"more than {self.most:,} bytes, the largest body taken here")
        self._digest.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        """The digest of what was read."""
        found: str = self._digest.hexdigest()
        return found


@dataclass(slots=True)
class _Read:
    """What was posted: the objects that may be kept, and what is wrong with the others."""

    objects: list[Found] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)


class NewId(Protocol):
    """Gives the id of a status."""

    def __call__(self) -> object:
        """A UUID that nobody had."""


class KeepStatus(Protocol):
    """Keeps the status of this id for whoever asks for it later."""

    def __call__(self, identifier: str, content: bytes, /) -> None:
        """In the caller's transaction."""


def require_writable(collection: Collection) -> None:
    """Raise `Refused` for a collection that takes nothing."""
    if not collection.may_post:
        text = f"The collection “{collection.title}” is only read."
        raise Refused(Verdict.no(Ground("collection.read-only", _SOURCE, text)))


def take(
    body: Bounded, *, collection: Collection, party: Party, now: datetime, new_id: NewId, keep: KeepStatus
) -> bytes:
    """Keep what an envelope holds, each object that may come in; the status tells of every one.

    `keep` writes the status in the same transaction: the disk is waited for once.
    """
    require_writable(collection)
    terms = agreements.terms_covering(collection.holder, party, Purpose(collection.purpose), now)
    read = _read(envelope_objects(body), terms)
    if not read.objects and not read.failures:
        raise Malformed("/objects", "the envelope holds no object")
    with transaction.atomic():
        report, settled = _keep(read, terms, body, collection=collection, party=party, now=now)
        status = _status(read, report, settled, now, str(new_id()))
        content = status.encode()
        keep(status.id, content)
    return content


def _status(read: _Read, report: Report, settled: Settled, now: datetime, identifier: str) -> Status:
    refused = _refused(read.objects, report, settled)
    failures = [
        Outcome.refused(each.ref, _version(read.objects[place], now), each.rule, _told(each.rule, each.why))
        for place, each in refused.items()
    ]
    kept = (found for place, found in enumerate(read.objects) if place not in refused)
    return Status(
        id=identifier,
        complete=True,
        request_timestamp=now,
        successes=tuple(Outcome(each.id, _version(each, now)) for each in kept),
        failures=(*read.failures, *failures),
    )


@transaction.atomic
def withdraw(ref: str, chosen: Versions, *, collection: Collection, party: Party, now: datetime) -> None:
    """Delete what the caller posted of an object; raises `Refused` for what it may see and did not post."""
    require_writable(collection)
    holder = collection.holder
    one_at_a_time(holder)
    posted = StixObject.objects.filter(holder=holder, ref=ref, source=party, brought__form=POSTED)
    beside = AlsoGiven.objects.filter(holder=holder, ref=ref, party=party, brought__form=POSTED)
    gone = _chosen(
        [each for rows in (posted, beside) for each in rows.values_list("modified", flat=True)], chosen
    )
    if not gone:
        _require_unseen(ref, collection, party, now)
        raise NotFound("object")
    beside.filter(modified__in=gone).delete()
    _delete(posted.filter(modified__in=gone), ref, holder, now)
    more = {"collection": str(collection.ref), "versions": len(gone)}
    entry = LogEntry(Event.CONTENT_WITHDRAWN, now, ref, sender=party.ref, to=(holder.ref,), more=more)
    record([entry], now=now)


def _delete(posted: QuerySet[StixObject], ref: str, holder: Party, now: datetime) -> None:
    keys = dict(posted.values_list("pk", "modified"))
    if not keys:
        return  # it stood beside what others gave, and showed nowhere
    StixObject.objects.filter(pk__in=keys).delete()
    choose_latest(holder, [ref], now)
    succeed(holder, ((ref, modified) for modified in keys.values()), now)
    retitle(holder, [ref])
    if is_observable(ref):
        show_anew(holder, naming(holder, [ref]), now)


def _require_unseen(ref: str, collection: Collection, party: Party, now: datetime) -> None:
    """Raise `Refused` for an object that the caller may see: of another it is not told that it is there."""
    every = Choice(refs=(ref,), versions=Versions(every=True))
    if places(scope_of(collection, party, now), every, after=-1, count=1).places:
        text = "Only what the caller's party itself posted is deleted for it."
        raise Refused(Verdict.no(Ground("collection.not-posted", _SOURCE, text)))


def _chosen(versions: list[str], chosen: Versions) -> list[str]:
    """The versions that are meant."""
    in_order = sorted(versions, key=in_time)
    if chosen.every or not in_order:
        return in_order
    found = [each for each in in_order if each in chosen.exactly]
    found += in_order[-1:] if chosen.last else []
    found += in_order[:1] if chosen.first else []
    return list(dict.fromkeys(found))


def _read(portions: Iterator[list[bytes]], terms: Terms | None) -> _Read:
    read = _Read()
    for place, raw in enumerate(each for portion in portions for each in portion):
        if place >= MAX_OBJECTS:
            raise TooLarge("/objects", f"more than {MAX_OBJECTS:,} objects in one post")
        try:
            found = Found.read(raw, f"/objects/{place}")
            last_day(found.value)
        except Malformed as error:
            read.failures.append(_unread(raw, error))
            continue
        if terms is None and not _clear(found):
            text = f"No agreement in force covers it, and {found.id} is not marked TLP:CLEAR."
            read.failures.append(Outcome.refused(found.id, found.modified or "", "share.no-basis", text))
            continue
        read.objects.append(found)
    return read


def _unread(raw: bytes, error: Malformed) -> Outcome:
    """The failure of what is no object; its id and version as far as it has any."""
    ref, version = named(raw)
    return Outcome.refused(ref or "unreadable", version, error.code, error.message)


def _clear(found: Found) -> bool:
    markings = markings_of(found, {})
    return found.type in DEFINITIONS or (markings.tlp is Tlp.CLEAR and not markings.unknown)


def _keep(
    read: _Read, terms: Terms | None, body: Bounded, *, collection: Collection, party: Party, now: datetime
) -> tuple[Report, Settled]:
    holder = collection.holder
    row = Import.objects.create(
        holder=holder,
        form="taxii",
        sha256=body.sha256,
        source=party,
        note=collection.title,
        by_name=party.name,
        at=now,
        ended=True,
    )
    until = kept_until(terms, now.astimezone(UTC).date())
    origin = Origin(Ownership.RECEIVED, party.ref, terms=terms, keep_until=until)
    way = Way(holder, origin, party, brought=row, acts={}, by=party.name, now=now)
    report = store(read.objects, way, check=_broken)
    row.report = _listed(report, read).as_json()
    row.save(update_fields=["report"])
    count = len(read.objects) + len(read.failures)
    more = {"count": count, "new": report.new, "known": report.known}
    entry = LogEntry(
        Event.CONTENT_POSTED, now, f"collection {collection.ref}", body.sha256,
        sender=party.ref, to=(holder.ref,), more=more,
    )  # fmt: skip  # an entry
    record([entry], now=now)
    given = Given(holder, party, row, {}, now, origin)
    return report, settle(
        read.objects, report, given, party, seen=lambda keys: _seen(keys, collection, party, now)
    )


def _seen(keys: Sequence[int], collection: Collection, party: Party, now: datetime) -> set[int]:
    """Those of these versions that the poster can read in the collection."""
    if not keys:
        return set()
    refs = tuple(set(StixObject.objects.filter(pk__in=keys).values_list("ref", flat=True)))
    scope, choice = scope_of(collection, party, now), Choice(refs=refs, versions=Versions(every=True))
    found = places(scope, choice, after=-1, count=_MOST_VERSIONS)
    return {key for _, key in found.places}


def _refused(objects: Sequence[Found], report: Report, settled: Settled) -> dict[int, Refusal]:
    """What is refused as the poster is told it, by place: as if nothing were held that it may not see."""
    told = {each.place: each for each in report.refusals if each.place not in settled.taken}
    more = {
        place: Refusal(place, objects[place].id, CONTRADICTION, "") for place in sorted(settled.contradicted)
    }
    return dict(sorted((told | more).items()))


def _listed(report: Report, read: _Read) -> Report:
    """The report for people, with what could not be read."""
    return report.joined(Report(refused=tuple((each.id, each.message or "") for each in read.failures)))


def _broken(found: Found) -> str:
    """How an object that is kept breaks the standard."""
    return " ".join(each.text for each in errors_of(found))


def _version(found: Found, now: datetime) -> str:
    if found.modified:
        return found.modified
    created = found.value.get("created")
    return created if isinstance(created, str) else exact(micros(now))


def _told(rule: str, why: str) -> str:
    """What is held here is not told to whom may not see it: not even by its digest."""
    if rule == CONTRADICTION:
        return "This version is held here with other content. Nothing was changed."
    return why
