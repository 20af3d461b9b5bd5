"""What all sources together say of one value: counted by the database, at any number of objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum

from comity.base.errors import NotFound
from comity.engines.patterns import normal
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.kinds import Value as Looked
from comity.engines.scoring.remarks import Kind as Remarked
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.models import StixObject, Value
from comity.node.exchange.queries import objects_for
from comity.node.exchange.scores import standing_remarks
from comity.node.exchange.values import key_of
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party

MOST_REMARKED = 500  # of the newest objects with the value, those whose sightings are counted

_Line = tuple[int | None, str, int, datetime, datetime, int | None]  # source, type, and what is counted
_ADDRESSES = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK})


@dataclass(frozen=True, slots=True)
class BySource:
    """What one source says of the value: how many objects of which types, since when, how surely."""

    source: Party | None  # None: files from elsewhere
    types: tuple[tuple[str, int], ...]
    first: datetime
    last: datetime
    confidence: int | None  # the highest

    @property
    def count(self) -> int:
        """How many objects."""
        return sum(count for _, count in self.types)


@dataclass(frozen=True, slots=True)
class Sighted:
    """How often the newest objects with the value were seen, or called wrong, and when last."""

    seen: int
    last: datetime | None
    false: int


def value_named(kind: str, text: str) -> Looked:
    """The value of an address; raises `NotFound` for what is no value of this kind."""
    known = next((each for each in Kind if each.value == kind), None)
    if known is None or not 0 < len(text) <= normal.LONGEST_VALUE:
        raise NotFound("value")
    if known in _ADDRESSES and normal.address(text) != (Looked(known, text),):
        raise NotFound("value")
    return Looked(known, text)


def keys_with(actor: Actor, value: Looked) -> QuerySet[Value, int]:
    """The keys of what the actor's body holds with this very value, the newest first."""
    held = objects_for(actor).order_by().exclude(type__in=DEFINITIONS)
    having = Value.objects.filter(kind=value.kind.value, key=key_of(value))
    having = having.filter(Exists(held.filter(pk=OuterRef("object"))))
    return having.order_by("-object_id").values_list("object", flat=True).distinct()


def by_source(actor: Actor, value: Looked) -> list[BySource]:
    """What each source says, whoever says most first; one question however many objects there are.

    Of the holder nothing is written that an index has: the index of the value is to begin.
    """
    having = Value.objects.filter(kind=value.kind.value, key=key_of(value)).values("object")
    rows = objects_for(actor).exclude(type__in=DEFINITIONS).filter(pk__in=having)
    told = {"n": Count("pk"), "first": Min("added"), "last": Max("added"), "sure": Max("confidence")}
    grouped = rows.order_by("source", "type").values_list("source", "type").annotate(**told)
    found = {key: list(lines) for key, lines in groupby(grouped, lambda line: line[0])}
    parties = Party.objects.in_bulk([key for key in found if key is not None])
    sources = [_source(parties.get(key) if key else None, lines) for key, lines in found.items()]
    return sorted(sources, key=lambda each: (-each.count, each.source.name if each.source else ""))


def _source(party: Party | None, rows: Sequence[_Line]) -> BySource:
    return BySource(
        party,
        tuple((kind, count) for _, kind, count, *_ in rows),
        min(first for _, _, _, first, _, _ in rows),
        max(last for _, _, _, _, last, _ in rows),
        max((sure for *_, sure in rows if sure is not None), default=None),
    )


def sighted(actor: Actor, keys: QuerySet[Value, int]) -> Sighted:
    """What was seen of the newest objects with the value."""
    newest = StixObject.objects.filter(pk__in=list(keys[:MOST_REMARKED]))
    refs = list(newest.order_by().values_list("ref", flat=True))
    told = standing_remarks(actor.body).filter(ref__in=refs).order_by().values_list("kind")
    counted = told.annotate(times=Sum("count"), newest=Max("at"), n=Count("pk"))
    by_kind = {kind: (times, newest, n) for kind, times, newest, n in counted}
    seen, last, _ = by_kind.get(Remarked.SEEN.value, (0, None, 0))
    _, _, false = by_kind.get(Remarked.FALSE_POSITIVE.value, (0, None, 0))
    return Sighted(seen, last if seen else None, false)
