"""What keeps the versions of a body in order: one writer at a time, one newest version, true titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from comity.formats.stix import StixObject as Found
from comity.formats.stix import in_time
from comity.node.exchange import queries
from comity.node.exchange.content import JOINING, links_of, title_of
from comity.node.exchange.models import HolderClock, Import, Link, StixObject
from comity.node.parties.models import Party
from comity.node.site.prepared import Prepared

BATCH = 500  # rows in one statement
INSTANT = timedelta(microseconds=1)


def one_at_a_time(holder: Party) -> None:
    """Two imports at once would both find an object missing: the second waits here, as does a deletion.

    It is also why the order in which objects become visible is that of their times: nobody else adds one
    until this transaction has ended.
    """
    Party.objects.select_for_update(no_key=True).get(pk=holder.pk)


def _newest(holder: int) -> QuerySet[StixObject, Any]:
    return StixObject.objects.filter(holder=holder).order_by("-added").values_list("added")[:1]


def _clock(holder: int) -> QuerySet[HolderClock, Any]:
    return HolderClock.objects.filter(holder=holder).values_list("at")


_LAST = (Prepared(_newest, int), Prepared(_clock, int))


def last_instant(holder: Party) -> datetime | None:
    """The latest place in the holder's order that is taken, or was."""
    return max((at for question in _LAST for (at,) in question.rows(holder.pk)), default=None)


def next_instant(holder: Party, now: datetime) -> datetime:
    """The first place that is free, under the holder's lock: whoever read up to the last misses nothing."""
    last = last_instant(holder)
    return max(now, last + INSTANT) if last else now


def take_until(holder: Party, at: datetime) -> None:
    """Take all places up to this one, under the holder's lock: nothing else is put there."""
    HolderClock.objects.update_or_create(holder=holder, defaults={"at": at})


def keep_place(holder: Party) -> None:
    """Before something is deleted: its place is not given to another, which a reader would miss."""
    last = last_instant(holder)
    if last is not None:
        take_until(holder, last)


def show_anew(holder: Party, keys: Sequence[int], now: datetime) -> None:
    """Put these objects at the end of the order, as if they came now: somebody may see them only now."""
    at = next_instant(holder, now)
    for start in range(0, len(keys), BATCH):
        rows = [
            StixObject(pk=key, added=at + n * INSTANT)
            for n, key in enumerate(keys[start : start + BATCH], start)
        ]
        StixObject.objects.bulk_update(rows, ["added"])


def naming(holder: Party, refs: Iterable[str]) -> list[int]:
    """The keys of the objects that name one of these."""
    links = Link.objects.filter(object__holder=holder).order_by("object_id")
    return sorted(
        {
            key
            for chunk in queries.chunks(refs)
            for key in links.filter(ref__in=chunk).values_list("object_id", flat=True)
        }
    )


def choose_latest(holder: Party, refs: Sequence[str], now: datetime) -> None:
    """Mark the newest version of each of these objects, and no other."""
    rows = StixObject.objects.filter(holder=holder)
    for chunk in queries.chunks(refs):
        newest: dict[str, tuple[str, int]] = {}
        for pk, ref, modified in rows.filter(ref__in=chunk).values_list("pk", "ref", "modified"):
            kept = newest.get(ref)
            if kept is None or in_time(modified) > kept[0]:
                newest[ref] = (in_time(modified), pk)
        keys = [pk for _, pk in newest.values()]
        was = set(rows.filter(pk__in=keys, latest=True).values_list("pk", flat=True))
        rows.filter(ref__in=chunk, latest=True).exclude(pk__in=keys).update(latest=False)
        rows.filter(pk__in=keys).update(latest=True)
        show_anew(holder, [key for key in keys if key not in was], now)


def retitle(holder: Party, gone: Iterable[str]) -> None:
    """What joins objects bears their titles: the title of one that is gone must not live on in another's."""
    joining = StixObject.objects.filter(holder=holder, type__in=JOINING)
    for chunk in queries.chunks(gone):
        naming = Link.objects.filter(ref__in=chunk).values("object_id")
        _retitle(list(joining.filter(pk__in=naming)), holder)


def retitle_brought(brought: Import) -> None:
    """The same for what an import brought: it may have brought what is joined later than what joins it."""
    joining = StixObject.objects.filter(brought=brought, type__in=JOINING).order_by("pk")
    last = 0
    while rows := list(joining.filter(pk__gt=last)[:BATCH]):
        _retitle(rows, brought.holder)
        last = rows[-1].pk


def _retitle(rows: Sequence[StixObject], holder: Party) -> None:
    found = [queries.decoded(row) for row in rows]
    names = names_beside(found, holder)
    for row, each in zip(rows, found, strict=True):
        row.title = title_of(each.value, names)
    StixObject.objects.bulk_update(rows, ["title"], batch_size=BATCH)


def names_beside(objects: Sequence[Found], holder: Party) -> dict[str, str]:
    """The titles of these objects and of those held that they join, for the titles of what joins them."""
    joined = {ref for each in objects if each.type in JOINING for _, ref in links_of(each.value)}
    if not joined:
        return {}
    beside = {each.id: title_of(each.value, {}) for each in objects if each.id in joined}
    return queries.titles_held(holder, joined - beside.keys()) | beside
