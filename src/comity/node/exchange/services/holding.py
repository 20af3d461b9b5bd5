"""What keeps the versions of a body in order: one writer at a time, one newest version, true titles."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from comity.formats.stix import StixObject as Found
from comity.formats.stix import in_time
from comity.node.exchange import queries
from comity.node.exchange.content import JOINED, JOINING, title_of
from comity.node.exchange.models import Import, Link, StixObject
from comity.node.exchange.services.places import Seeds, take_places
from comity.node.parties.models import Party

BATCH = 500  # rows in one statement


def one_at_a_time(holder: Party) -> None:
    """Two imports at once would both find an object missing: the second waits here, as does a deletion.

    It is also why the order in which objects become visible is that of their times: nobody else adds one
    until this transaction has ended.
    """
    Party.objects.select_for_update(no_key=True).get(pk=holder.pk)


def show_anew(
    holder: Party, keys: Collection[int], now: datetime, *, seeds: Seeds = secrets.token_bytes
) -> None:
    """Put these objects at the end of the order, as if they came now: somebody may see them only now."""
    places = take_places(holder, len(keys), now, seeds=seeds)
    rows = [StixObject(pk=key, added=at) for key, at in zip(keys, places, strict=True)]
    StixObject.objects.bulk_update(rows, ["added"], batch_size=BATCH)


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
    risen: set[int] = set()
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
        risen.update(key for key in keys if key not in was)
    show_anew(holder, risen, now)  # together: how many steps it took is told to nobody


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
    joining = [each.value for each in objects if each.type in JOINING]
    joined = {str(value[end]) for value in joining for end in JOINED if end in value}
    if not joined:
        return {}
    beside = {each.id: title_of(each.value, {}) for each in objects if each.id in joined}
    return queries.titles_held(holder, joined - beside.keys()) | beside
