"""A consistent copy of the database, and back: one function each for the two kinds of database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from enum import Enum
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from comity.base.errors import Unavailable
from comity.node.commands.homes import FILE_MODE, HomeTaken

_BUSY = 30.0  # seconds to wait for a writer


class Engine(Enum):
    """The kinds of database."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def engine_of(url: str) -> Engine:
    """Which kind of database this address means."""
    return Engine.SQLITE if url.startswith("sqlite:") else Engine.POSTGRESQL


def dump(url: str, target: Path) -> None:
    """Write everything in the database, as of one moment, to a file; the node may go on meanwhile."""
    if engine_of(url) is Engine.SQLITE:
        _dump_sqlite(sqlite_file(url), target)
    else:
        _call(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    target.chmod(FILE_MODE)


def fill(url: str, source: Path) -> None:
    """Write a dump of the same kind into an empty database."""
    if engine_of(url) is Engine.SQLITE:
        shutil.move(source, sqlite_file(url))
    else:
        _call(url, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", str(source))


def require_empty(url: str) -> None:
    """Raise `HomeTaken` if there is something in the database already."""
    if engine_of(url) is Engine.SQLITE:
        taken = sqlite_file(url).exists()
    else:
        try:
            with psycopg.connect(url) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_tables WHERE schemaname = current_schema()"
                ).fetchone()
        except psycopg.Error as error:
            raise Unavailable(f"The database {without_password(url)} cannot be reached: {error}") from error
        taken = found is not None
    if taken:
        raise HomeTaken(
            f"The database {without_password(url)} is not empty, and nothing is overwritten. "
            "Name an empty one with --database-url."
        )


def sqlite_file(url: str) -> Path:
    """The file of an SQLite database."""
    return Path(url.removeprefix("sqlite:///"))


def without_password(url: str) -> str:
    """The address as it may be shown."""
    before, at, after = url.rpartition("@")
    scheme, colon, rest = before.partition("://")
    return f"{scheme}{colon}{rest.partition(':')[0]}{at}{after}"


def _dump_sqlite(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=_BUSY)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)


def _call(url: str, program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, where others cannot read it."""
    path = shutil.which(program)
    if path is None:
        raise Unavailable(
            f"{program} is not installed; it comes with PostgreSQL (Debian: postgresql-client)."
        )
    known = conninfo_to_dict(url)
    password = known.pop("password", None)
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    target = f"--dbname={make_conninfo('', **known)}"
    done = subprocess.run(
        [path, target, *words], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        raise Unavailable(f"{program} failed: {done.stderr.strip()}")
