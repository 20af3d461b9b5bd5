"""Give a partner what it may see by posting it to a collection of its own; each object's fate is kept.

What goes is judged for the partner when it goes, and recorded before it goes. If we die in between, it is
posted again: a server that holds it already counts that as a success.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from comity.base.errors import ComityError, Conflict
from comity.engines.release.terms import Purpose
from comity.formats.conversation import PartnerRefused
from comity.formats.entries import Event, LogEntry
from comity.formats.stix import version_key
from comity.formats.taxii_client import delete_object, has_version
from comity.link.transport import Transport, drive
from comity.node.accountability.services import record
from comity.node.acts.kinds import Leaving
from comity.node.exchange.content import JOINING
from comity.node.exchange.judging import judged_items
from comity.node.exchange.models import (
    MAY_BE_THERE,
    ErasedObject,
    Posted,
    PostState,
    Recall,
    RemoteCollection,
    StixObject,
)
from comity.node.exchange.services.posting import LONGEST_SAID, Given, Poster
from comity.node.exchange.services.remotes import require_cooperation
from comity.node.exchange.services.storing import Progress, silent
from comity.node.exchange.sights import Sight, sight_for
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

PORTION = 1_000  # objects that are judged together
_SETTLED = (PostState.TAKEN, PostState.PENDING, PostState.WITHDRAWN)
_GOING = (PostState.LEAVING, PostState.ASKED)
_KEY = ("remote", "ref", "modified", "name")


def push(
    *,
    actor: Actor,
    remote: RemoteCollection,
    transport: Transport,
    now: datetime,
    again: bool = False,
    progress: Progress = silent,
) -> Given:
    """Post what the partner may see and was not posted yet; with `again`, also what was refused before.

    What was recalled or erased here since it was posted is taken back first, until the server has done so.
    """
    party = _given_to(remote)
    poster = Poster(remote, transport, now)
    seen = sight_for(actor, party, purpose=Purpose(remote.purpose), now=now)
    try:
        _take_back(remote, _to_go(remote), transport, now)
        poster.ask_server()
        poster.settle()
        for rows in _Due(remote, seen, again).portions():
            _hand_over(poster, seen, rows)
            progress(poster.given.counts.total(), 0)
    except ComityError as error:
        _note(remote, trouble=error.message[:500])
        raise
    _note(remote, trouble="", posted_at=now)
    return poster.given


def take_back(
    *, actor: Actor, remote: RemoteCollection, refs: Iterable[str], transport: Transport, now: datetime
) -> int:
    """Delete what was posted of these objects; how many the server had."""
    actor.may(Power.APPROVE).require()
    _given_to(remote)
    rows = Posted.objects.filter(remote=remote, state__in=MAY_BE_THERE, ref__in=list(refs))
    return _take_back(remote, rows, transport, now)


@dataclass(frozen=True, slots=True)
class _Due:
    """What is to be posted: the newest versions that the party may see and that were not posted yet."""

    remote: RemoteCollection
    seen: Sight
    again: bool

    def portions(self) -> Iterator[list[StixObject]]:
        """Class by class in the order of the index; what joins objects last, when its ends are there."""
        seen = self.seen
        alone = [pk for pk in (*seen.whole, *seen.reduced) if not seen.releases[pk].second_person]
        for joining in (False, True):
            for key in alone:
                rows = self._of_class(key)
                yield from _walk(rows.filter(type__in=JOINING) if joining else rows.exclude(type__in=JOINING))
        taken = Posted.objects.filter(remote=self.remote, state=PostState.TAKEN, ref=OuterRef("ref"))
        for key in seen.closed("object.revoked"):  # a revocation goes to whoever has an earlier version
            yield from _walk(self._of_class(key).filter(Exists(taken)))

    def _of_class(self, key: int) -> QuerySet[StixObject]:
        settled = _SETTLED if self.again else (*_SETTLED, PostState.REFUSED)
        posted = Posted.objects.filter(
            remote=self.remote, ref=OuterRef("ref"), modified=OuterRef("modified"), state__in=settled
        )
        rows = self.seen.objects([key]).filter(~Exists(posted))
        return rows.select_related("handling", "source").order_by("added")


def _walk(rows: QuerySet[StixObject]) -> Iterator[list[StixObject]]:
    portion = list(rows[:PORTION])
    while portion:
        yield portion
        portion = list(rows.filter(added__gt=portion[-1].added)[:PORTION])


def _hand_over(poster: Poster, seen: Sight, rows: Sequence[StixObject]) -> None:
    """Judge and record one portion, then post it."""
    with transaction.atomic():
        leaving = _leaving(poster.remote, seen, rows)
        sent = [_row(poster, *each) for each in leaving]
        if not sent:
            return
        told = ["sha256", "state", "at"]
        Posted.objects.bulk_create(sent, update_conflicts=True, unique_fields=_KEY, update_fields=told)
        _record(Event.CONTENT_PUSHED, poster.remote, sent, poster.now)
    poster.post(sent, {each.ref: each.wire for _, _, each in leaving})


def _leaving(
    remote: RemoteCollection, seen: Sight, rows: Sequence[StixObject]
) -> list[tuple[str, str, Leaving]]:
    """What leaves of these, with name and version here; definitions that were taken before stay."""
    items = [each for each in judged_items(seen.asked, rows) if each.leaving is not None]
    versions = {row.ref: row.modified for row in rows}
    extra = [each.ref for each in items if each.ref not in versions]
    posted = Posted.objects.filter(remote=remote, state=PostState.TAKEN, ref__in=extra)
    known = set(posted.values_list("ref", flat=True))
    return [
        (each.ref, versions.get(each.ref, version_key(each.leaving.modified)), each.leaving)
        for each in items
        if each.leaving is not None and each.ref not in known
    ]


def _row(poster: Poster, ref: str, modified: str, leaving: Leaving) -> Posted:
    return Posted(
        remote=poster.remote,
        ref=ref,
        modified=modified,
        name=leaving.ref,
        sha256=leaving.sha256,
        state=PostState.SENDING,
        at=poster.now,
    )


def _to_go(remote: RemoteCollection) -> QuerySet[Posted]:
    """What may be there although we recalled it, or erased it by law, or a person took it back."""
    recalls = Recall.objects.filter(
        holder=remote.holder, source=None, ref=OuterRef("ref"), modified=OuterRef("modified")
    )
    erased = ErasedObject.objects.filter(holder=remote.holder, ref=OuterRef("ref"))
    rows = Posted.objects.filter(remote=remote, state__in=MAY_BE_THERE)
    return rows.filter(Exists(recalls) | Exists(erased) | Q(state__in=_GOING)).order_by("pk")


def _take_back(remote: RemoteCollection, rows: QuerySet[Posted], transport: Transport, now: datetime) -> int:
    """Delete these versions there; what the server does not have any more is gone as well.

    What it refuses to delete is asked for again in each run; the log tells of it once.
    """
    sent = list(rows)
    first = [row for row in sent if row.state != PostState.ASKED]
    if first:
        with transaction.atomic():
            _record(Event.CONTENT_TAKEN_BACK, remote, first, now)
            for row in first:
                row.state, row.words, row.status, row.at = PostState.ASKED, "", "", now
            Posted.objects.bulk_update(first, ["state", "words", "status", "at"], batch_size=PORTION)
    return sum(_delete(remote, row, transport, now) for row in sent)


def _delete(remote: RemoteCollection, row: Posted, transport: Transport, now: datetime) -> bool:
    """Delete one version there and look whether it is gone: OpenTAXII 0.9.3 answers 200, and keeps it."""
    versions = (row.modified,) if row.modified else ()
    where = remote.api_root, remote.collection, row.name
    try:
        done = drive(delete_object(*where, versions=versions), transport)
        left = done and drive(has_version(*where, row.modified), transport)
        words = "The server was asked to delete it, said that it did, and has it still." if left else ""
    except PartnerRefused as error:  # of this one; the others are asked for all the same
        done, left, words = False, True, f"The server does not delete it: {error.message}"
    row.state = PostState.ASKED if left else PostState.WITHDRAWN
    row.words, row.at = words[:LONGEST_SAID], now
    row.save(update_fields=["state", "words", "at"])
    return done and not left


def _record(event: Event, remote: RemoteCollection, sent: Sequence[Posted], now: datetime) -> None:
    """As for a page that is given: what leaves is recorded before it leaves."""
    digest = sha256(bytes.fromhex("".join(each.sha256 for each in sent))).hexdigest()
    more = {"count": len(sent), "purpose": remote.purpose, "address": remote.api_root}
    entry = LogEntry(
        event, now, f"remote {remote.ref}", digest,
        sender=remote.holder.ref, to=(_given_to(remote).ref,), more=more,
    )  # fmt: skip  # an entry
    record([entry], now=now)


def _given_to(remote: RemoteCollection) -> Party:
    """The party to which is given; raises `Conflict` where nobody decided that, `Refused` while suspended."""
    if not remote.gives or remote.party is None:
        raise Conflict(f"Nothing is given to “{remote.name}”: nobody decided that.")
    require_cooperation(remote.party)
    return remote.party


def _note(remote: RemoteCollection, **told: object) -> None:
    for name, value in told.items():
        setattr(remote, name, value)
    remote.save(update_fields=list(told))
