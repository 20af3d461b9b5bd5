"""What the list of collections tells of each, in a number of questions that does not grow with the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q

from comity.formats.entries import Event, LogEntry
from comity.node.accountability import models as log
from comity.node.exchange.handling import of_classes
from comity.node.exchange.models import Collection, Label, StixObject
from comity.node.exchange.taxii.chosen import Query, fits, names_of, read_query
from comity.node.parties.models import Party

PAGES_READ = 1_000  # of the log, about all collections
_Grouped = Mapping[tuple[str, int], int]  # how many objects are of a type and a class


@dataclass(frozen=True, slots=True)
class Glance:
    """A collection, how many objects it holds, and who was given a page of it last."""

    row: Collection
    count: int | None  # None for those who may not read content
    reader: str = ""
    at: datetime | None = None


def glances(rows: Sequence[Collection], *, counted: bool) -> list[Glance]:
    """What is told of these collections, which are of one holder."""
    read = _last_read(rows)
    counts = _counts(rows) if counted and rows else {}
    return [
        Glance(each, counts.get(each.pk), *read.get(f"collection {each.ref}", ("", None))) for each in rows
    ]


def _counts(rows: Sequence[Collection]) -> dict[int, int]:
    asked = {each.pk: read_query(each.query) for each in rows}
    objects = StixObject.objects.filter(holder=rows[0].holder, latest=True).order_by()
    grouped = {
        (kind, key): n for kind, key, n in objects.values_list("type", "handling").annotate(Count("pk"))
    }
    facts = of_classes({key for _, key in grouped})
    classes = {pk: {key for key in facts if fits(query, facts[key])} for pk, query in asked.items()}
    plain = {pk: _sum(grouped, asked[pk], classes[pk]) for pk in asked if not _names(asked[pk])}
    named = {
        f"c{pk}": Count("pk", filter=_chosen(query, classes[pk]))
        for pk, query in asked.items()
        if pk not in plain
    }
    told = objects.aggregate(**named) if named else {}
    return plain | {int(name[1:]): count for name, count in told.items()}


def _sum(grouped: _Grouped, query: Query, classes: set[int]) -> int:
    return sum(
        count
        for (kind, key), count in grouped.items()
        if key in classes and (not query.types or kind in query.types)
    )


def _names(query: Query) -> bool:
    return bool(query.labels or query.sectors)


def _chosen(query: Query, classes: set[int]) -> Q:
    wanted = Q(handling__in=classes)
    if query.types:
        wanted &= Q(type__in=query.types)
    for names in (names_of("label", query.labels), names_of("sector", query.sectors)):
        if names:
            wanted &= Q(Exists(Label.objects.filter(object=OuterRef("pk"), name__in=names)))
    return wanted


def _last_read(rows: Sequence[Collection]) -> dict[str, tuple[str, datetime]]:
    """The last page of each, as far as the newest pages that were given at all tell of it."""
    wanted = {f"collection {each.ref}" for each in rows}
    entries = log.LogEntry.objects.filter(event=Event.CONTENT_GIVEN.value).order_by("-index")
    last: dict[str, tuple[str, datetime]] = {}
    for entry in entries[:PAGES_READ]:
        if entry.subject in wanted and entry.subject not in last and entry.entry is not None:
            last[entry.subject] = LogEntry.decode(bytes(entry.entry)).to[0], entry.at
    parties = Party.objects.filter(ref__in={ref for ref, _ in last.values()}).values_list("ref", "name")
    names = dict(parties)
    return {subject: (names.get(ref, ref), at) for subject, (ref, at) in last.items()}
