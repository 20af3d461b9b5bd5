"""Delete what its giver let us keep for a time, when that time is over; the worker does this every day.

Objects go by the last day of their handling class, what acts carried by the last day of the act: an act can
bring again what is held already, and its own time counts for its copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import transaction

from comity.formats.entries import Event, LogEntry
from comity.formats.stix import is_observable
from comity.node.accountability.services import record
from comity.node.acts import queries as acts
from comity.node.acts.services.erasing import end_contents
from comity.node.exchange import queries
from comity.node.exchange.models import AlsoGiven, StixObject
from comity.node.exchange.services.also_given import succeed
from comity.node.exchange.services.holding import (
    BATCH,
    choose_latest,
    naming,
    one_at_a_time,
    retitle,
    show_anew,
)
from comity.node.parties.models import Party

MOST = 5_000  # versions, and acts, in one transaction; a run makes as many as it needs
SOON = 30  # days before, in which pages tell of it


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one run deleted of what one body had from one party."""

    holder: Party
    source: Party
    versions: int
    acts: int
    contents: int


def end_retention(now: datetime) -> list[Deleted]:
    """Delete all whose last day lies before today, in UTC; one entry in the log for each source."""
    day = now.astimezone(UTC).date()
    done: list[Deleted] = []
    while pairs := queries.retention_ended(day):
        ran = [_end(holder, source, day, now) for holder, source in pairs]
        done += [each for each in ran if each is not None]
    return done


@transaction.atomic
def _end(holder: Party, source: Party, day: date, now: datetime) -> Deleted | None:
    one_at_a_time(holder)
    versions = _delete_versions(holder, source, day, now) + _delete_beside(holder, source, day)
    ended = acts.acts_past_keeping(day, holder=holder, author=source, limit=MOST)
    if not versions and not ended:
        return None  # another worker was faster
    more = {"versions": versions, "acts": len(ended), "before": day.isoformat()}
    record([LogEntry(Event.RETENTION_ENDED, now, source.ref, sender=holder.ref, more=more)], now=now)
    contents = end_contents(ended, now=now)  # behind the log, as it asks
    return Deleted(holder, source, versions, len(ended), contents)


def _delete_beside(holder: Party, source: Party, day: date) -> int:
    """What it gave of versions that others had given; nothing else depends on these."""
    due = AlsoGiven.objects.filter(holder=holder, party=source, keep_until__lt=day).order_by("pk")
    count, _ = AlsoGiven.objects.filter(pk__in=list(due.values_list("pk", flat=True)[:MOST])).delete()
    return count


def _delete_versions(holder: Party, source: Party, day: date, now: datetime) -> int:
    """Versions go one by one: another may have come by a way that lets it stay."""
    due = StixObject.objects.filter(holder=holder, source=source, handling__keep_until__lt=day)
    rows = list(due.order_by("pk").values_list("pk", "ref", "modified")[:MOST])
    for start in range(0, len(rows), BATCH):
        keys = [pk for pk, _, _ in rows[start : start + BATCH]]
        StixObject.objects.filter(pk__in=keys).only("pk").delete()
    refs = sorted({ref for _, ref, _ in rows})
    choose_latest(holder, refs, now)
    succeed(holder, ((ref, modified) for _, ref, modified in rows), now)
    show_anew(holder, naming(holder, (ref for ref in refs if is_observable(ref))), now)
    retitle(holder, refs)
    return len(rows)
