"""What keeps the versions of a body in order: one writer at a time, one newest version, true titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from comity.base.times import decode_time
from comity.formats.stix import StixObject as Found
from comity.node.exchange import queries
from comity.node.exchange.content import JOINING, links_of, title_of
from comity.node.exchange.models import Import, Link, StixObject
from comity.node.parties.models import Party

BATCH = 500  # rows in one statement


def one_at_a_time(holder: Party) -> None:
    """Two imports at once would both find an object missing: the second waits here, as does a deletion.

    It is also why the order in which objects become visible is that of their times: nobody else adds one
    until this transaction has ended.
    """
    Party.objects.select_for_update(no_key=True).get(pk=holder.pk)


def choose_latest(holder: Party, refs: Sequence[str]) -> None:
    """Mark the newest version of each of these objects, and no other."""
    rows = StixObject.objects.filter(holder=holder)
    for chunk in queries.chunks(refs):
        newest: dict[str, tuple[datetime | None, int]] = {}
        for pk, ref, modified in rows.filter(ref__in=chunk).values_list("pk", "ref", "modified"):
            at = decode_time(modified, ref) if modified else None
            kept = newest.get(ref)
            if kept is None or (at is not None and kept[0] is not None and at > kept[0]):
                newest[ref] = (at, pk)
        rows.filter(ref__in=chunk, latest=True).update(latest=False)
        rows.filter(pk__in=[pk for _, pk in newest.values()]).update(latest=True)


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
