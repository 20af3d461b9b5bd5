"""How objects are found: by a list that is narrowed, by words, by a value, and by what they share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import islice
from operator import or_

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from comity.engines.patterns.kinds import Value as Looked
from comity.engines.patterns.query import understood
from comity.engines.patterns.values import values_of_object
from comity.node.acts.models import Act
from comity.node.acts.queries import listed as acts_listed
from comity.node.exchange import fulltext
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.models import (
    HandlingClass,
    StixObject,
    Value,
)
from comity.node.exchange.queries import objects_for, plain
from comity.node.exchange.values import key_of, looked_for
from comity.node.parties.actors import Actor

SEARCH_ROWS = 20
FOUND = 1_000  # objects with some words that a page counts and turns to
SEARCHED = 10_000  # and how far the API goes on
MOST_WORDS = 8
ALIKE_VALUES, ALIKE = 20, 10  # values of one object that are compared, and objects that are shown for each
_KEY = re.compile("[0-9]{1,18}")  # what fits into the column


def listed(
    actor: Actor,
    most: int | None = None,
    /,
    *,
    words: str = "",
    kind: str = "",
    tlp: str = "",
    source: str = "",
    brought: str = "",
    until: str = "",
    value: Looked | None = None,
) -> QuerySet[StixObject]:
    """The objects of the list page, newest first, narrowed as its form says; with words, at least `most`.

    With a value instead, the newest `most` that have it, or that a network or a domain holds which is meant.
    """
    found = objects_for(actor).exclude(type__in=DEFINITIONS)
    found = found.filter(type=kind) if kind else found
    found = found.filter(tlp="" if tlp == "none" else tlp) if tlp else found
    if until:
        ending = HandlingClass.objects.filter(keep_until__lte=date.fromisoformat(until))
        found = found.filter(handling__in=list(ending.values_list("pk", flat=True)))
    if brought:
        found = found.filter(brought_id=int(brought)) if _KEY.fullmatch(brought) else found.none()
    found = found.filter(source__ref=source) if source else found
    wanted = plain(words).split()[:MOST_WORDS]
    if value is not None:
        found = _with_value(found, value, most or FOUND + 1)
    elif wanted:
        found = fulltext.carrying(found, wanted, parts=_parts(actor, kind, source), most=most or FOUND + 1)
    return found.select_related("source").defer("wire", "words")


def _with_value(found: QuerySet[StixObject], value: Looked, most: int) -> QuerySet[StixObject]:
    """Those with the value: the index names them, and Django's own order of joins would walk the list."""
    within = Exists(found.order_by().filter(pk=OuterRef("object")))
    ask = Value.objects.filter(looked_for(value)).filter(within)
    keys = ask.order_by("-object").values_list("object", flat=True).distinct()[:most]
    return StixObject.objects.filter(pk__in=list(keys))


@dataclass(frozen=True, slots=True)
class Alike:
    """A value of an object that others have too: how many, and the newest of them, whoever they are from."""

    value: Looked
    count: int
    newest: tuple[StixObject, ...]

    @property
    def more(self) -> int:
        """How many there are beside the newest."""
        return self.count - len(self.newest)

    @property
    def givers(self) -> tuple[str, ...]:
        """Whom the newest are from, each once."""
        names = (row.source.name if row.source else "a file" for row in self.newest)
        return tuple(dict.fromkeys(names))


def alike(actor: Actor, row: StixObject, value: Mapping[str, object]) -> list[Alike]:
    """The values that the object shares with others that the actor's body holds."""
    own = {(each.kind.value, key_of(each)): each for each in islice(values_of_object(value), ALIKE_VALUES)}
    if not own:
        return []
    same = reduce(or_, (Q(kind=kind, key=key) for kind, key in own))
    among = objects_for(actor).exclude(ref=row.ref)
    pair, newest = (F("kind"), F("key")), F("object").desc()
    within = Exists(among.order_by().filter(pk=OuterRef("object")))
    ranked = (
        Value.objects.filter(same)
        .filter(within)
        .annotate(
            place=Window(RowNumber(), partition_by=pair, order_by=newest),
            of=Window(Count("pk"), partition_by=pair),
        )
    )
    shown = ranked.filter(place__lte=ALIKE).order_by("-object")
    found = list(shown.values_list("kind", "key", "of", "object"))
    rows = among.select_related("source").defer("wire", "words").in_bulk([key for *_, key in found])
    return [
        Alike(each, hits[0][2], tuple(rows[key] for *_, key in hits))
        for named, each in own.items()
        if (hits := [hit for hit in found if hit[:2] == named])
    ]


def _parts(actor: Actor, kind: str, source: str) -> list[QuerySet[StixObject]]:
    """What an index can count of a narrowed list: all that is held, those of a type, those of a giver."""
    held = objects_for(actor)
    of_type = [held.filter(type=kind)] if kind else []
    return [held, *of_type, *([held.filter(source__ref=source)] if source else [])]


def search_objects(actor: Actor, words: str) -> QuerySet[StixObject]:
    """The objects that have the value which the words mean; or carry all the words, if they mean none."""
    return listed(actor, words=words, value=understood(words))


def search_acts(actor: Actor, words: str) -> QuerySet[Act]:
    """The acts whose title carries the words, or whose ref it is."""
    words = plain(words)
    return acts_listed(actor, words=words)
