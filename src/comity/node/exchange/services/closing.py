"""Close what was recalled, open it again, and delete what others have asked back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from comity.base.errors import NotFound
from comity.formats.entries import Event, LogEntry
from comity.formats.stix import is_observable
from comity.node.accountability.services import record
from comity.node.acts.models import Act
from comity.node.acts.services.erasing import drop_content
from comity.node.exchange import queries, tracing
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import AlsoGiven, Recall, StixObject
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.services.closed import note_closed
from comity.node.exchange.services.holding import (
    BATCH,
    choose_latest,
    naming,
    one_at_a_time,
    retitle,
    show_anew,
)
from comity.node.exchange.services.remarking import forget_remarks, read_remarks
from comity.node.exchange.tracing import Version
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


@dataclass(frozen=True, slots=True)
class Because:
    """Who recalls what a body holds, by which act, and why; without an act the body itself."""

    reason: str
    by: str
    act: Act | None = None

    @property
    def source(self) -> Party | None:
        """Whose recall it is; None: our own."""
        return self.act.author if self.act else None


def close(holder: Party, versions: Iterable[Version], because: Because, now: datetime) -> None:
    """From now on release refuses these versions, in the caller's transaction."""
    wanted = set(versions)
    news = wanted - tracing.recalled_among(holder, wanted).keys()
    if not news:  # and what is closed already needs no lock: an approval holds the log by now
        return
    one_at_a_time(holder)
    rows = _rows(holder, news)
    titles = {row.ref: row.title for row in rows}
    Recall.objects.bulk_create(
        [
            Recall(
                holder=holder,
                ref=ref,
                modified=modified,
                source=because.source,
                act=because.act,
                title=titles.get(ref, ""),
                reason=because.reason,
                by_name=because.by,
                at=now,
            )
            for ref, modified in sorted(news)
        ],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    _reclass(rows, now, recalled=True, asked=because.act is not None)


@transaction.atomic
def reopen(*, actor: Actor, ref: str, now: datetime) -> None:
    """Take back a recall of ours: what partners were told stays told."""
    actor.may(Power.APPROVE).require()
    holder = queries.own_body(actor)
    one_at_a_time(holder)
    ours = tracing.recalls_for(actor).filter(ref=ref, source=None)
    versions = set(ours.values_list("ref", "modified"))
    if not versions:
        raise NotFound("recall of ours")
    Recall.objects.filter(pk__in=[each.pk for each in ours]).delete()
    _reclass(_rows(holder, versions), now, recalled=False, asked=False)


@transaction.atomic
def delete_recalled(*, actor: Actor, ref: str, now: datetime) -> int:
    """Delete what its giver has asked back, here and in the acts that brought it; gives how many versions."""
    actor.may(Power.IMPORT).require()
    holder = queries.own_body(actor)
    one_at_a_time(holder)
    due = list(tracing.to_delete(actor, ref))
    if not due:
        raise NotFound("recalled object")
    versions = {(each.ref, each.modified) for each in due}
    StixObject.objects.filter(pk__in=[row.pk for row in _rows(holder, versions)]).delete()
    choose_latest(holder, [ref], now)
    retitle(holder, [ref])
    if is_observable(ref):
        show_anew(holder, naming(holder, [ref]), now)
    more = {"what": "object", "why": "recalled by whoever gave it"}
    record([LogEntry(Event.CONTENT_ERASED, now, ref, sender=holder.ref, more=more)], now=now)
    for each in due:
        if each.source is not None:
            drop_content(each.source, holder, (each.ref, each.modified))
            beside = AlsoGiven.objects.filter(holder=holder, party=each.source, ref=each.ref)
            beside.filter(modified=each.modified).delete()
    told = {"deleted_at": now, "deleted_by": actor.name, "title": ""}
    Recall.objects.filter(pk__in=[each.pk for each in due]).update(**told)
    return len(due)


def _rows(holder: Party, versions: set[Version]) -> list[StixObject]:
    held = StixObject.objects.filter(holder=holder).select_related("handling").defer("wire", "words")
    refs = (ref for ref, _ in versions)
    rows = (row for chunk in queries.chunks(refs) for row in held.filter(ref__in=chunk))
    return [row for row in rows if (row.ref, row.modified) in versions]


def _reclass(rows: Sequence[StixObject], now: datetime, *, recalled: bool, asked: bool) -> None:
    """Close or open them; what we are asked to delete, we may have passed on."""
    after = {row.pk: replace(of_class(row.handling), recalled=recalled) for row in rows}
    if asked and rows:
        note_closed(rows[0].holder, ((row, after[row.pk]) for row in rows))
    classes = keys_of(after.values())
    for row in rows:
        row.handling_id = classes[after[row.pk]]
    StixObject.objects.bulk_update(rows, ["handling"], batch_size=BATCH)
    forget_remarks(rows)
    if not recalled:
        read_remarks(rows)
    for row in rows[:1]:  # of one holder; whoever may see them only now finds them at the end
        observables = (each.ref for each in rows if is_observable(each.ref))
        keys = sorted({*after, *naming(row.holder, observables)})
        show_anew(row.holder, keys, now)
