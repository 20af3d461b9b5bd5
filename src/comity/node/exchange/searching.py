"""How objects are found: by a list that is narrowed, by words, by a value, and by what they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from comity.engines.patterns.kinds import Value as Looked
from comity.engines.patterns.query import understood
from comity.engines.patterns.values import values_of_object
from comity.node.acts.models import Act
from comity.node.acts.queries import listed as acts_listed
from comity.node.exchange import fulltext
from comity.node.exchange.models import StixObject, Value
from comity.node.exchange.narrowing import Narrow, Order, beginning, by_columns, by_others
from comity.node.exchange.queries import objects_for, plain
from comity.node.exchange.scores import score_of
from comity.node.exchange.values import key_of
from comity.node.parties.actors import Actor

SEARCH_ROWS = 20
FOUND = 1_000  # objects with some words that a page counts and turns to
SEARCHED = 10_000  # and how far the API goes on
SORTED = 5_000  # objects, the newest that fit, which are sorted by what they say
SCORED = 1_000  # and by their scores, which are made when they are asked for
WALKED = (Order.NEWEST, Order.OLDEST)
_SORTED_BY = {Order.OLDEST: "added", Order.CONFIDENCE: "confidence", Order.MODIFIED: "modified"}
ALIKE_VALUES, ALIKE = 20, 10  # values of one object that are compared, and objects that are shown for each
ALIKE_COUNTED = 1_000  # objects with a value that the page of another counts


def listed(actor: Actor, narrow: Narrow, most: int | None = None) -> QuerySet[StixObject]:
    """The objects that fit, newest first; of what an index names or words find, the newest `most`."""
    return _found(actor, narrow, most or FOUND + 1).select_related("source").defer("wire", "words")


def all_keys(actor: Actor, narrow: Narrow) -> QuerySet[StixObject, int]:
    """The keys of a list that the database walks, in its order."""
    rows = by_others(actor, narrow, by_columns(actor, narrow))
    return rows.order_by("added" if narrow.order is Order.OLDEST else "-added").values_list("pk", flat=True)


def keys_found(
    actor: Actor, narrow: Narrow, start: int = 0, end: int = FOUND + 1, *, now: datetime
) -> list[int]:
    """A part of the keys of what fits, sorted: found and counted in one walk.

    What an index names is found as far as `SEARCHED`; what is sorted by what it says, as far as `SORTED`,
    and by its score as far as `SCORED`.
    """
    if not narrow.named and narrow.order in WALKED:
        return list(all_keys(actor, narrow)[start:end])
    if narrow.order is Order.NEWEST:
        most = min(end, SEARCHED)
        return list(_found(actor, narrow, most).values_list("pk", flat=True)[start:most])
    if narrow.order is Order.SCORE:
        return _by_score(actor, narrow, now)[start:end]
    most = FOUND + 1 if narrow.named else SORTED
    rows = _found(actor, narrow, most).values_list(_SORTED_BY[narrow.order], "pk")[:most]
    return _sorted(list(rows), narrow.order)[start:end]


def _by_score(actor: Actor, narrow: Narrow, now: datetime) -> list[int]:
    """The newest that fit, by what each is worth now; what has no score comes last."""
    rows = list(_found(actor, narrow, SCORED).select_related("source").defer("words")[:SCORED])
    scores = score_of(rows, now)
    told = [(scores[row.pk].value if row.pk in scores else None, row.pk) for row in rows]
    return _sorted(told, narrow.order)


def _sorted(found: list[tuple[Any, int]], order: Order) -> list[int]:
    """The keys by what stands beside each; where nothing does, they come last, the newest first."""
    said = (each for each in found if each[0] is not None)
    told = sorted(said, key=itemgetter(0), reverse=order is not Order.OLDEST)
    return [key for _, key in told] + [key for value, key in found if value is None]


def rows_of(keys: Iterable[int], *, without: tuple[str, ...] = ("wire", "words")) -> list[StixObject]:
    """The objects with these keys, in their order: an index sorts a list, and few rows are read."""
    wanted = list(keys)
    beside = StixObject.objects.select_related("source", "brought")
    rows = beside.defer(*without, "brought__report").in_bulk(wanted)
    return [rows[key] for key in wanted if key in rows]


def _found(actor: Actor, narrow: Narrow, most: int) -> QuerySet[StixObject]:
    """The rows that fit, newest first; where other rows name them, no more than the newest `most`."""
    rows = by_others(actor, narrow, by_columns(actor, narrow))
    begin, words = beginning(narrow), narrow.searching
    if narrow.value is None and words:
        return fulltext.carrying(rows, words, parts=_parts(actor, narrow), most=most)
    if begin is not None:
        within = Exists(rows.order_by().filter(pk=OuterRef("object")))
        # The index is to begin: Django's own order of joins would walk the list.
        named = begin.filter(within).order_by("-object_id").values_list("object", flat=True).distinct()[:most]
        return StixObject.objects.filter(pk__in=list(named))
    if narrow.related is not None:
        # No index has a sum, so the planner cannot walk the list for its order.
        keys = rows.order_by((F("pk") + 0).desc()).values_list("pk", flat=True)[:most]
        return StixObject.objects.filter(pk__in=list(keys))
    return rows


@dataclass(frozen=True, slots=True)
class Alike:
    """A value of an object that others have too: how many, and the newest of them, whoever they are from."""

    value: Looked
    count: int
    newest: tuple[StixObject, ...]

    @property
    def more(self) -> str:
        """How many there are beside the newest, in words."""
        rest = self.count - len(self.newest)
        if self.count > ALIKE_COUNTED:
            return f"more than {ALIKE_COUNTED} in all"
        return f"and {rest} more" if rest else ""

    @property
    def givers(self) -> tuple[str, ...]:
        """Whom the newest are from, each once."""
        return tuple(dict.fromkeys(row.giver for row in self.newest))


def alike(actor: Actor, row: StixObject, value: Mapping[str, object]) -> list[Alike]:
    """The values that the object shares with others that the actor's body holds: a question for each value.

    One question for all would have to count all that have each; so the newest are read, and the rest bounded.
    """
    own = {(each.kind.value, key_of(each)): each for each in islice(values_of_object(value), ALIKE_VALUES)}
    others = objects_for(actor).order_by().exclude(ref=row.ref)
    within = Exists(others.filter(pk=OuterRef("object")))
    found: dict[Looked, tuple[list[int], int]] = {}
    for (kind, key), each in own.items():
        having = Value.objects.filter(kind=kind, key=key).filter(within).order_by("-object_id")
        keys = list(having.values_list("object", flat=True)[:ALIKE])
        count = having[: ALIKE_COUNTED + 1].count() if len(keys) == ALIKE else len(keys)
        found |= {each: (keys, count)} if keys else {}
    rows = {each.pk: each for each in rows_of(key for keys, _ in found.values() for key in keys)}
    return [
        Alike(each, count, tuple(rows[key] for key in keys if key in rows))
        for each, (keys, count) in found.items()
    ]


def _parts(actor: Actor, narrow: Narrow) -> list[QuerySet[StixObject]]:
    """What an index can count of a narrowed list: all that is held, those of a type, those of a giver."""
    held = objects_for(actor)
    of_type = [held.filter(type=narrow.kind)] if narrow.kind else []
    return [held, *of_type, *([held.filter(source__ref=narrow.source)] if narrow.source else [])]


def search_objects(actor: Actor, words: str) -> QuerySet[StixObject]:
    """The objects that have the value which the words mean; or carry all the words, if they mean none."""
    return listed(actor, Narrow(words=words, value=understood(words)))


def search_acts(actor: Actor, words: str) -> QuerySet[Act]:
    """The acts whose title carries the words, or whose ref it is."""
    words = plain(words)
    return acts_listed(actor, words=words)
