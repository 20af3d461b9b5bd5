"""Which objects carry some words: an index of their trigrams, SQLite's (FTS5) or PostgreSQL's (pg_trgm).

Whatever an index names is read again, so that both databases find the same: each word as a part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, QuerySet
from django.db.models.functions import Lower

from comity.node.exchange.models import StixObject

NEWEST = 10_000  # objects that are read for words which no index finds
FEW = 10_000  # objects that are read one by one about as fast as any index names them
# So many hits among so many of the newest: walking the list is faster than sorting what the index names.
_OFTEN, _LOOK = 50, 5_000
_SIZE = 3
# What both indexes find: PostgreSQL's knows letters and digits, and where a word begins and ends.
_INDEXED = re.compile(r"[^\W_]{3}|[\W_][^\W_]|[^\W_]{2}[\W_]")

_ADD = "INSERT INTO exchange_words(rowid, words) VALUES (new.id, new.words);"
_TAKE = "INSERT INTO exchange_words(exchange_words, rowid, words) VALUES ('delete', old.id, old.words);"
_MAKE = {
    "sqlite": (
        # Without positions: a third of the size; every hit is read again in any case.
        """CREATE VIRTUAL TABLE exchange_words USING fts5(words, content='exchange_stixobject',
        content_rowid='id', tokenize='trigram', detail='none', columnsize=0)""",
        "INSERT INTO exchange_words(rowid, words) SELECT id, words FROM exchange_stixobject",
        f"CREATE TRIGGER exchange_words_added AFTER INSERT ON exchange_stixobject BEGIN {_ADD} END",
        f"CREATE TRIGGER exchange_words_deleted AFTER DELETE ON exchange_stixobject BEGIN {_TAKE} END",
        f"""CREATE TRIGGER exchange_words_changed AFTER UPDATE OF words ON exchange_stixobject
        BEGIN {_TAKE} {_ADD} END""",
    ),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        # Of the form in which Django asks, so that a case makes no difference.
        "CREATE INDEX exchange_words ON exchange_stixobject USING gin (upper(words) gin_trgm_ops)",
    ),
}
_DROP = {
    "sqlite": (
        "DROP TRIGGER exchange_words_added",
        "DROP TRIGGER exchange_words_deleted",
        "DROP TRIGGER exchange_words_changed",
        "DROP TABLE exchange_words",
    ),
    "postgresql": ("DROP INDEX exchange_words",),
}


def make(editor: BaseDatabaseSchemaEditor) -> None:
    """Index what is there; the database follows every later change by itself."""
    for statement in _MAKE[editor.connection.vendor]:
        editor.execute(statement)


def drop(editor: BaseDatabaseSchemaEditor) -> None:
    """Take the index away."""
    for statement in _DROP[editor.connection.vendor]:
        editor.execute(statement)


def carrying(
    found: QuerySet[StixObject], words: Sequence[str], *, parts: Sequence[QuerySet[StixObject]], most: int
) -> QuerySet[StixObject]:
    """The newest of `found` that carry all the words, at least `most` of them if there are so many.

    `parts` are sets that hold all of `found`, each with an index; the first is the whole list, newest first.
    A small one is read through.
    """
    indexed = [word for word in words if len(word) >= _SIZE and _INDEXED.search(word)]
    matching = _read(found, indexed, [word for word in words if word not in indexed])
    if any(part.order_by()[: FEW + 1].count() <= FEW for part in parts):
        return _picked(_by_key(matching)[:most])
    if not indexed:
        return _among(matching, parts[0], NEWEST)
    if connection.vendor == "sqlite":
        return _picked(_named(matching, indexed, most))
    if _among(matching, parts[0], _LOOK)[:_OFTEN].count() == _OFTEN:
        return matching
    return _picked(_by_key(matching)[:most])


def _read(found: QuerySet[StixObject], indexed: Iterable[str], others: Iterable[str]) -> QuerySet[StixObject]:
    """Those whose text has all the words; PostgreSQL would read its whole index for one of the others."""
    for word in indexed:
        found = found.filter(words__icontains=word)
    for word in others:
        if connection.vendor == "sqlite":
            found = found.filter(words__icontains=word)
        else:
            found = found.alias(lowered=Lower("words")).filter(lowered__contains=word.lower())
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


def _named(matching: QuerySet[StixObject], words: Sequence[str], most: int) -> list[int]:
    """The keys of the newest: the index lists candidates by falling key, and stops when there are enough."""
    held, values = matching.order_by().values(key=F("pk")).query.sql_with_params()
    ask = (
        f"SELECT exchange_words.rowid FROM exchange_words CROSS JOIN ({held}) AS held"  # noqa: S608  Django's own text
        " ON held.key = exchange_words.rowid WHERE exchange_words MATCH %s"
        " ORDER BY exchange_words.rowid DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(ask, (*values, _trigrams(words), most))
        return [key for (key,) in cursor.fetchall()]


def _trigrams(words: Sequence[str]) -> str:
    """A question to FTS5: every third trigram and the last tell as much as all, in a third of the time."""
    wanted = dict.fromkeys(
        word[start : start + _SIZE]
        for word in words
        for start in (*range(0, len(word) - _SIZE, _SIZE), len(word) - _SIZE)
    )
    return " AND ".join('"{}"'.format(part.replace('"', '""')) for part in wanted)
