"""The index of the words of objects: trigrams, by SQLite's FTS5 or PostgreSQL's pg_trgm.

To index the words of an object costs about as much as to keep it, so that waits: the database itself notes
each object that comes, and a routine indexes what waits. Whoever searches reads what still waits one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from comity.node.exchange.models import StixObject

MOST_WAITING = 10_000  # read as fast as the index is asked; beyond them, whoever stores indexes as well
AT_ONCE = 2_000  # objects that are indexed in one transaction: about 50 ms, in which SQLite takes no other
_REST = 0.05  # seconds between two of them, in which others write
_MAKE = {
    "sqlite": (
        # Without positions: a third of the size; every hit is read again in any case.
        """CREATE VIRTUAL TABLE exchange_words USING fts5(words, content='exchange_stixobject',
        content_rowid='id', tokenize='trigram', detail='none', columnsize=0)""",
        # What has a higher key than the last one indexed waits, and so does what changed since it was.
        # A trigger that notes each row as it comes would cost 17 µs of the 80 that an object takes.
        "CREATE TABLE exchange_words_last (id INTEGER NOT NULL)",
        "INSERT INTO exchange_words_last VALUES (0)",
        "CREATE TABLE exchange_words_changed (id INTEGER PRIMARY KEY)",
        """CREATE VIEW exchange_words_waiting AS SELECT id FROM exchange_stixobject
        WHERE id > (SELECT id FROM exchange_words_last) UNION ALL SELECT id FROM exchange_words_changed""",
        """CREATE TRIGGER exchange_words_deleted AFTER DELETE ON exchange_stixobject
        WHEN old.id <= (SELECT id FROM exchange_words_last) BEGIN
        INSERT INTO exchange_words(exchange_words, rowid, words) SELECT 'delete', old.id, old.words
        WHERE NOT EXISTS (SELECT 1 FROM exchange_words_changed WHERE id = old.id);
        DELETE FROM exchange_words_changed WHERE id = old.id; END""",
        """CREATE TRIGGER exchange_words_changed AFTER UPDATE OF words ON exchange_stixobject
        WHEN old.id <= (SELECT id FROM exchange_words_last) BEGIN
        INSERT INTO exchange_words(exchange_words, rowid, words) SELECT 'delete', old.id, old.words
        WHERE NOT EXISTS (SELECT 1 FROM exchange_words_changed WHERE id = old.id);
        INSERT OR IGNORE INTO exchange_words_changed VALUES (new.id); END""",
    ),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE TABLE exchange_words (id bigint PRIMARY KEY, words text NOT NULL)",
        "CREATE INDEX exchange_words_parts ON exchange_words USING gin (words gin_trgm_ops)",
        "CREATE TABLE exchange_words_waiting (id bigint PRIMARY KEY)",  # here keys commit in any order
        "INSERT INTO exchange_words_waiting SELECT id FROM exchange_stixobject",
        """CREATE FUNCTION exchange_words_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO exchange_words_waiting SELECT id FROM added; RETURN NULL; END $$""",
        """CREATE FUNCTION exchange_words_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM exchange_words USING gone WHERE exchange_words.id = gone.id;
        DELETE FROM exchange_words_waiting USING gone WHERE exchange_words_waiting.id = gone.id;
        RETURN NULL; END $$""",
        """CREATE FUNCTION exchange_words_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM exchange_words WHERE id = old.id;
        INSERT INTO exchange_words_waiting VALUES (new.id) ON CONFLICT DO NOTHING; RETURN NULL; END $$""",
        """CREATE FUNCTION exchange_words_emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM exchange_words; DELETE FROM exchange_words_waiting; RETURN NULL; END $$""",
        """CREATE TRIGGER exchange_words_added AFTER INSERT ON exchange_stixobject
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION exchange_words_added()""",
        """CREATE TRIGGER exchange_words_deleted AFTER DELETE ON exchange_stixobject
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION exchange_words_deleted()""",
        """CREATE TRIGGER exchange_words_changed AFTER UPDATE OF words ON exchange_stixobject
        FOR EACH ROW EXECUTE FUNCTION exchange_words_changed()""",
        """CREATE TRIGGER exchange_words_emptied AFTER TRUNCATE ON exchange_stixobject
        FOR EACH STATEMENT EXECUTE FUNCTION exchange_words_emptied()""",
    ),
}
_DROP = {
    "sqlite": (
        "DROP TRIGGER exchange_words_deleted",
        "DROP TRIGGER exchange_words_changed",
        "DROP VIEW exchange_words_waiting",
        "DROP TABLE exchange_words_changed",
        "DROP TABLE exchange_words_last",
        "DROP TABLE exchange_words",
    ),
    "postgresql": (
        "DROP FUNCTION exchange_words_added CASCADE",
        "DROP FUNCTION exchange_words_deleted CASCADE",
        "DROP FUNCTION exchange_words_changed CASCADE",
        "DROP FUNCTION exchange_words_emptied CASCADE",
        "DROP TABLE exchange_words_waiting",
        "DROP TABLE exchange_words",
    ),
}
_NEXT = """SELECT max(id) FROM (SELECT id FROM exchange_stixobject
    WHERE id > (SELECT id FROM exchange_words_last) ORDER BY id LIMIT %s)"""
_ADD = "INSERT INTO exchange_words(rowid, words) SELECT id, words FROM exchange_stixobject WHERE"
_COUNT = {  # at least as many as wait: to count the rows of SQLite's view would be to read them
    "sqlite": """SELECT (SELECT max(id) FROM exchange_stixobject) - (SELECT id FROM exchange_words_last)""",
    "postgresql": "SELECT count(*) FROM exchange_words_waiting",
}
# What is locked is being deleted or changed: it is left for the next time, and a deletion waits for us.
_INDEX = """WITH unread AS (
      SELECT id, words FROM exchange_stixobject WHERE id = ANY(%s) FOR SHARE SKIP LOCKED),
    done AS (INSERT INTO exchange_words SELECT id, words FROM unread
      ON CONFLICT (id) DO UPDATE SET words = excluded.words)
    SELECT id FROM unread"""


def make(editor: BaseDatabaseSchemaEditor) -> None:
    """What is there waits to be indexed; the database notes every later change by itself."""
    for statement in _MAKE[editor.connection.vendor]:
        editor.execute(statement)


def drop(editor: BaseDatabaseSchemaEditor) -> None:
    """Take the index away."""
    for statement in _DROP[editor.connection.vendor]:
        editor.execute(statement)


@transaction.atomic
def index_some(count: int = AT_ONCE) -> int:
    """Index so many of the objects that wait, the oldest first; how many were indexed."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            return _index_named(cursor, count)
        cursor.execute(f"{_ADD} id IN (SELECT id FROM exchange_words_changed)")  # noqa: S608  all ours
        cursor.execute("DELETE FROM exchange_words_changed")
        changed = cursor.rowcount
        cursor.execute(_NEXT, [count])
        (last,) = cursor.fetchone()
        if last is None:
            return int(changed)
        after = f"{_ADD} id > (SELECT id FROM exchange_words_last)"  # noqa: S608  as above
        cursor.execute(f"{after} AND id <= %s ORDER BY id", [last])
        new = cursor.rowcount
        cursor.execute("UPDATE exchange_words_last SET id = %s", [last])
        return int(changed + new)


def _index_named(cursor: CursorWrapper, count: int) -> int:
    """By their keys: a planner that last saw an empty table would join the waiting with all, row by row."""
    cursor.execute("SELECT id FROM exchange_words_waiting ORDER BY id LIMIT %s", [count])
    cursor.execute(_INDEX, [[key for (key,) in cursor.fetchall()]])
    done = [key for (key,) in cursor.fetchall()]
    cursor.execute("DELETE FROM exchange_words_waiting WHERE id = ANY(%s)", [done])
    return len(done)


def index_all(_now: datetime) -> None:
    """Index what waits, and let others write in between."""
    while index_some() >= AT_ONCE:
        time.sleep(_REST)


def keep_up() -> None:
    """Index some where more wait than a search should read."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT[connection.vendor])
        (count,) = cursor.fetchone()
    if count > MOST_WAITING:
        index_some()


def waiting() -> RawSQL:
    """The keys of the objects that the index does not hold yet."""
    return RawSQL("SELECT id FROM exchange_words_waiting", ())


def named(held: QuerySet[StixObject], parts: Sequence[str], most: int) -> list[int]:
    """The keys of the newest of `held` that the index names for all these parts of words."""
    inner, values = held.order_by().values(key=F("pk")).query.sql_with_params()
    if connection.vendor == "sqlite":
        # It lists candidates by falling key, and stops when there are enough.
        wanted: tuple[str, ...] = (" AND ".join('"{}"'.format(part.replace('"', '""')) for part in parts),)
        ask = (
            f"SELECT exchange_words.rowid FROM exchange_words CROSS JOIN ({inner}) AS held"  # noqa: S608  Django's own text
            " ON held.key = exchange_words.rowid WHERE exchange_words MATCH %s"
            " ORDER BY exchange_words.rowid DESC LIMIT %s"
        )
    else:
        wanted = tuple(f"%{_escaped(part)}%" for part in parts)
        each = " AND ".join(["exchange_words.words LIKE %s"] * len(parts))
        # No index has a sum, so the planner cannot walk all keys for their order.
        ask = (
            f"SELECT exchange_words.id FROM exchange_words JOIN ({inner}) AS held"  # noqa: S608  as above
            f" ON held.key = exchange_words.id WHERE {each} ORDER BY exchange_words.id + 0 DESC LIMIT %s"
        )
    with connection.cursor() as cursor:
        cursor.execute(ask, (*values, *wanted, most))
        return [key for (key,) in cursor.fetchall()]


def _escaped(part: str) -> str:
    """Without the signs that mean something to LIKE."""
    return part.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
