"""Sign and record: the act's bytes, its place in the log and its deliveries, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.formats.entries import Event, LogEntry
from comity.formats.stix import version_key
from comity.node.accountability.services import Recorded, record
from comity.node.acts.kinds import Leaving, kind_named
from comity.node.acts.models import Act, ActContent, ActState, Content, Delivery, DeliveryState
from comity.node.acts.wire import signed
from comity.node.faults import Step, reach
from comity.node.parties.models import Party


@dataclass(frozen=True, slots=True)
class Prepared:
    """An act ready to be signed, its recipients, and what it carries."""

    act: Act
    recipients: tuple[Party, ...]
    contents: tuple[Leaving, ...]


def record_acts(prepared: Sequence[Prepared], *, now: datetime) -> None:
    """Sign, log and enqueue these acts together; new ones are inserted, those that waited are completed."""
    if not prepared:
        return
    entries = [_signed_entry(each, now) for each in prepared]
    reach(Step.SIGNED)
    recorded = record(entries, now=now)
    reach(Step.LOGGED)
    for each, place in zip(prepared, recorded, strict=True):
        each.act.state = ActState.RECORDED
        each.act.recorded_at = place.at
        each.act.log_index = place.index
    _store(prepared)
    _enqueue(prepared, recorded, now)
    for each in prepared:
        kind_named(each.act.kind).on_recorded(each.act, now)
    reach(Step.RECORDED)


def store_contents(carried: Iterable[tuple[Act, Sequence[Leaving]]]) -> None:
    """Keep what acts carry, each content once under its digest."""
    pairs = [(act, place, each) for act, contents in carried for place, each in enumerate(contents)]
    Content.objects.bulk_create(
        [
            Content(sha256=c.sha256, ref=c.ref, modified=version_key(c.modified), wire=c.wire)
            for _, _, c in pairs
        ],
        ignore_conflicts=True,
    )
    ActContent.objects.bulk_create(
        [ActContent(act=act, content_id=content.sha256, position=place) for act, place, content in pairs]
    )


def link_recipients(pairs: Iterable[tuple[Act, Iterable[Party]]]) -> None:
    """Name the recipients of new acts, in one statement."""
    through = Act.recipients.through
    through.objects.bulk_create(
        [through(act_id=act.pk, party_id=party.pk) for act, parties in pairs for party in parties]
    )


def _signed_entry(each: Prepared, now: datetime) -> LogEntry:
    act = each.act
    act.wire, act.sha256 = signed(act, each.recipients, each.contents, now)
    return LogEntry(
        event=Event.ACT_SENT,
        at=now,
        subject=act.ref,
        digest=act.sha256,
        kind=act.kind,
        sender=act.author.ref,
        to=tuple(party.ref for party in each.recipients),
    )


def _store(prepared: Sequence[Prepared]) -> None:
    fresh = [each for each in prepared if not each.act.pk]
    for waited in (each for each in prepared if each.act.pk):
        waited.act.save(update_fields=["state", "wire", "sha256", "log_index", "recorded_at"])
    Act.objects.bulk_create([each.act for each in fresh])
    link_recipients((each.act, each.recipients) for each in fresh)
    store_contents((each.act, each.contents) for each in prepared)


def _enqueue(prepared: Sequence[Prepared], recorded: Sequence[Recorded], now: datetime) -> None:
    Delivery.objects.bulk_create(
        Delivery(
            act=each.act,
            party=party,
            state=DeliveryState.WAITING,
            position=place.index,
            added=place.at,
            next_try=now,
            words=f"Recorded; waits to be sent to {party.name}.",
            changed=now,
        )
        for each, place in zip(prepared, recorded, strict=True)
        for party in each.recipients
    )
