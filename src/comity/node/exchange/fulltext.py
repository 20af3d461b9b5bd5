"""Which objects carry some words: the index of their trigrams is asked, what it lacks is read.

Whatever an index names is read again, so that both databases find the same: each word as a part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import F, QuerySet

from comity.node.exchange import wordindex
from comity.node.exchange.content import folded
from comity.node.exchange.models import StixObject

NEWEST = 10_000  # objects that are read for words which no index finds
FEW = 10_000  # objects that are read one by one about as fast as any index names them
# So many hits among so many of the newest: walking the list is faster than sorting what the index names.
_OFTEN, _LOOK = 250, 5_000
_SIZE = 3
# What both indexes find: PostgreSQL's knows letters and digits, and where a word begins and ends.
_INDEXED = re.compile(r"[^\W_]{3}|[\W_][^\W_]|[^\W_]{2}[\W_]")


def carrying(
    found: QuerySet[StixObject], words: Sequence[str], *, parts: Sequence[QuerySet[StixObject]], most: int
) -> QuerySet[StixObject]:
    """The newest of `found` that carry all the words, at least `most` of them if there are so many.

    `parts` are sets that hold all of `found`, each with an index; the first is the whole list, newest first.
    A small one is read through.
    """
    wanted = [part for word in words for part in folded(word).split()]
    indexed = [word for word in wanted if len(word) >= _SIZE and _INDEXED.search(word)]
    matching = _read(found, wanted)
    if any(part.order_by()[: FEW + 1].count() <= FEW for part in parts):
        return _picked(_by_key(matching)[:most])
    if not indexed:
        return _among(matching, parts[0], NEWEST)
    if connection.vendor != "sqlite" and _among(matching, parts[0], _LOOK)[:_OFTEN].count() == _OFTEN:
        return matching
    unread = set(_by_key(matching.filter(pk__in=wordindex.waiting()))[:most])  # first: it may be indexed now
    named = wordindex.named(matching, _trigrams(indexed) if connection.vendor == "sqlite" else indexed, most)
    return _picked(sorted(unread.union(named), reverse=True)[:most])


def _read(found: QuerySet[StixObject], words: Iterable[str]) -> QuerySet[StixObject]:
    """Those whose text has all the words."""
    for word in words:
        found = found.filter(words__contains=word)
    return found


def _picked(keys: Iterable[int]) -> QuerySet[StixObject]:
    """These and no other condition: SQLite would rather walk the whole list than look up a thousand keys."""
    return StixObject.objects.filter(pk__in=list(keys))


def _by_key(matching: QuerySet[StixObject]) -> QuerySet[StixObject, int]:
    """Their keys, newest first; no index has a sum, so the planner cannot walk the list for its order."""
    return matching.order_by((F("pk") + 0).desc()).values_list("pk", flat=True)


def _among(
    matching: QuerySet[StixObject], everything: QuerySet[StixObject], newest: int
) -> QuerySet[StixObject]:
    """Those that are among so many of the newest objects."""
    for added, key in everything.values_list("added", "pk")[newest : newest + 1]:
        return matching.filter(added__gte=added, pk__gt=key)
    return matching


def _trigrams(words: Sequence[str]) -> list[str]:
    """What FTS5 is asked for: every third trigram and the last tell as much as all, three times as fast."""
    wanted = dict.fromkeys(
        word[start : start + _SIZE]
        for word in words
        for start in (*range(0, len(word) - _SIZE, _SIZE), len(word) - _SIZE)
    )
    return list(wanted)
