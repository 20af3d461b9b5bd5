"""What a sensor keeps: its indicators, how far it has read, and what it has to tell, in one file.

What was read and what it brought are kept in one transaction: a sensor that dies reads on from where what it
met was kept, and misses nothing and tells nothing twice.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from comity.base.errors import Conflict, Malformed, Unavailable
from comity.formats.stix import in_time

VERSION = 1
GONE = "gone"  # the rule of an indicator that is not at the node any more
_FILE, _LOCK = "sensor.db", "lock"
# Of the first octet of SQLite's codes: what is wrong is the disk, and not what stands there.
_NO_ROOM = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
})  # fmt: skip  # a short list
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE indicator (
    ref TEXT PRIMARY KEY, version TEXT NOT NULL, giver TEXT NOT NULL,
    pattern TEXT, -- by which it is looked for; NULL where it is not
    rule TEXT NOT NULL, -- of the judgement
    change INTEGER NOT NULL, -- the number of the change that brought it
    wire BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX indicator_by_change ON indicator (change);
CREATE INDEX indicator_by_rule ON indicator (giver, rule);
CREATE TABLE quarantine (giver TEXT PRIMARY KEY) WITHOUT ROWID; -- none of whose indicators are looked for
CREATE TABLE position (log TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sighting (
    ref TEXT PRIMARY KEY, -- of the indicator
    value TEXT NOT NULL,
    told INTEGER NOT NULL -- whether the node has it as it is
) WITHOUT ROWID;
CREATE TABLE waiting ( -- rows that fit a part of a pattern, whose rest was not seen yet
    number INTEGER PRIMARY KEY, ref TEXT NOT NULL, value TEXT NOT NULL
);
CREATE INDEX sighting_to_tell ON sighting (told) WHERE NOT told;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An indicator as it is kept; `pattern` is None where it is not looked for."""

    ref: str
    version: str
    giver: str
    pattern: str | None
    rule: str
    wire: bytes


class State:
    """The file in a folder of its own; only one process at a time has it."""

    def __init__(self, line: sqlite3.Connection, lock: TextIO) -> None:
        self._line, self._lock = line, lock

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The state in this folder, made if it is not there; raises `Conflict` where it is in use."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (folder / _LOCK).open("w")
        except OSError as error:
            raise Unavailable(f"{folder} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise Conflict(f"Another sensor has the folder {folder}; stop it, or choose another.") from error
        try:
            return cls(_opened(folder / _FILE), lock)
        except sqlite3.Error as error:
            lock.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_ROOM:
                raise Unavailable(f"{folder / _FILE} cannot be written: {error}.") from error
            text = f"is no state of a sensor ({error}); move it away, and the sensor begins anew."
            raise Malformed(str(folder / _FILE), text) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._lock.close()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is written within is kept together, or nothing of it."""
        try:
            self._line.execute("BEGIN IMMEDIATE")
            yield
            self._line.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"The sensor's state cannot be written: {error}.") from error
        finally:
            if self._line.in_transaction:
                self._line.execute("ROLLBACK")

    def note(self, name: str, value: Any) -> None:  # noqa: ANN401  any JSON value
        """Keep a value under a name."""
        self._line.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def noted(self, name: str) -> Any:  # noqa: ANN401  any JSON value
        """The value under the name; None if there is none."""
        found = self._line.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def position(self, log: str) -> Any:  # noqa: ANN401  any JSON value
        """How far a log was read; None where it was not."""
        found = self._line.execute("SELECT value FROM position WHERE log = ?", (log,)).fetchone()
        return json.loads(found[0]) if found else None

    def move(self, log: str, position: Any) -> None:  # noqa: ANN401  any JSON value
        """Keep how far a log was read."""
        self._line.execute("INSERT OR REPLACE INTO position VALUES (?, ?)", (log, json.dumps(position)))

    def versions(self, refs: Iterable[str]) -> dict[str, str]:
        """The versions of these indicators that are kept."""
        asked = json.dumps(list(refs))
        rows = self._line.execute(
            "SELECT ref, version FROM indicator WHERE ref IN (SELECT value FROM json_each(?))", (asked,)
        )
        return dict(rows.fetchall())

    def keep(self, indicators: Iterable[Kept], change: int) -> list[Kept]:
        """Keep those that are newer than what is kept; which they are."""
        given = {each.ref: each for each in indicators}  # the last of a page is the newest of it
        known = self.versions(given)
        new = [each for each in given.values() if in_time(each.version) > in_time(known.get(each.ref, ""))]
        self._line.executemany(
            "INSERT OR REPLACE INTO indicator VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (each.ref, each.version, each.giver, each.pattern, each.rule, change, each.wire)
                for each in new
            ),
        )
        return new

    def begin_roll(self) -> None:
        """Begin to hear which indicators there are at the node."""
        self._line.execute("DROP TABLE IF EXISTS temp.there")
        self._line.execute("CREATE TEMP TABLE there (ref TEXT PRIMARY KEY) WITHOUT ROWID")

    def hear(self, refs: Iterable[str]) -> None:
        """These are there."""
        self._line.executemany("INSERT OR IGNORE INTO temp.there VALUES (?)", ((ref,) for ref in refs))

    def end_roll(self, change: int) -> list[str]:
        """Forget the indicators that were not heard of, all but their refs; which they are."""
        found = self._line.execute(
            "SELECT ref FROM indicator WHERE rule != ? AND ref NOT IN (SELECT ref FROM temp.there)", (GONE,)
        )
        gone = [ref for (ref,) in found]
        self._line.executemany(
            "UPDATE indicator SET version = '', giver = '', pattern = NULL, rule = ?, change = ?, wire = x''"
            " WHERE ref = ?",
            ((GONE, change, ref) for ref in gone),
        )
        self._line.execute("DROP TABLE temp.there")
        return gone

    def looked_for(self, *, since: int = -1) -> Iterator[tuple[str, str | None]]:
        """Each indicator that a later change concerned; None for a pattern that is not looked for."""
        rows = self._line.execute(
            "SELECT ref, CASE WHEN giver IN quarantine THEN NULL ELSE pattern END FROM indicator"
            " WHERE change > ? ORDER BY ref",
            (since,),
        )
        return iter(rows)

    def wires(self, refs: Sequence[str]) -> dict[str, bytes]:
        """These indicators as they came."""
        rows = self._line.execute(
            "SELECT ref, wire FROM indicator WHERE ref IN (SELECT value FROM json_each(?))",
            (json.dumps(refs),),
        )
        return dict(rows.fetchall())

    def counts(self) -> list[tuple[str, str, int]]:
        """How many indicators of each giver were judged by each rule."""
        found = self._line.execute(
            "SELECT giver, rule, count(*) FROM indicator WHERE rule != ? GROUP BY giver, rule", (GONE,)
        )
        return found.fetchall()

    def quarantined(self) -> frozenset[str]:
        """The givers none of whose indicators are looked for."""
        return frozenset(giver for (giver,) in self._line.execute("SELECT giver FROM quarantine"))

    def quarantine(self, givers: Iterable[str], change: int) -> bool:
        """Look for nothing of these givers from now on, and for what others give; whether that is new."""
        now, before = set(givers), self.quarantined()
        for each in now ^ before:
            self._line.execute("UPDATE indicator SET change = ? WHERE giver = ?", (change, each))
        self._line.executemany("DELETE FROM quarantine WHERE giver = ?", ((each,) for each in before - now))
        self._line.executemany("INSERT INTO quarantine VALUES (?)", ((each,) for each in now - before))
        return now != before

    def wait(self, came: Iterable[tuple[int, str, Any]], went: Iterable[int]) -> None:
        """These rows begin to wait for the rest of the pattern of an indicator, those wait no more."""
        self._line.executemany("DELETE FROM waiting WHERE number = ?", ((number,) for number in went))
        self._line.executemany(
            "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?)",
            ((number, ref, json.dumps(value)) for number, ref, value in came),
        )

    def waiting(self) -> Iterator[tuple[int, str, Any]]:
        """All rows that wait, in the order in which they began to."""
        rows = self._line.execute("SELECT number, ref, value FROM waiting ORDER BY number")
        return ((number, ref, json.loads(value)) for number, ref, value in rows)

    def sightings(self, refs: Sequence[str]) -> dict[str, Any]:
        """What is known of the hits of these indicators."""
        rows = self._line.execute(
            "SELECT ref, value FROM sighting WHERE ref IN (SELECT value FROM json_each(?))",
            (json.dumps(refs),),
        )
        return {ref: json.loads(value) for ref, value in rows}

    def note_sightings(self, sightings: Mapping[str, Any]) -> None:
        """Keep what is known now; the node is to be told."""
        self._line.executemany(
            "INSERT OR REPLACE INTO sighting VALUES (?, ?, 0)",
            ((ref, json.dumps(value)) for ref, value in sightings.items()),
        )

    def untold(self, most: int) -> dict[str, Any]:
        """Some of what the node was not told yet."""
        rows = self._line.execute(
            "SELECT ref, value FROM sighting WHERE NOT told ORDER BY ref LIMIT ?", (most,)
        )
        return {ref: json.loads(value) for ref, value in rows}

    def tell(self, sightings: Mapping[str, Any]) -> None:
        """The node has these; what changed meanwhile is told again."""
        self._line.executemany(
            "UPDATE sighting SET told = 1 WHERE ref = ? AND value = ?",
            ((ref, json.dumps(value)) for ref, value in sightings.items()),
        )


def _opened(path: Path) -> sqlite3.Connection:
    line = sqlite3.connect(path, isolation_level=None)
    path.chmod(0o600)
    line.execute("PRAGMA journal_mode = WAL")
    line.execute("PRAGMA synchronous = NORMAL")
    (version,) = line.execute("PRAGMA user_version").fetchone()
    if version not in (0, VERSION):
        raise sqlite3.DatabaseError(f"it is of version {version}, this program reads {VERSION}")
    if not version:
        line.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    return line
