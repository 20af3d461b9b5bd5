"""Other TAXII 2.1 servers beside ours: filled, started, and always stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import uuid
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg

from tests.nodes import free_port
from tests.peers import environment

MEDIA_TYPE = "application/taxii+json;version=2.1"
START = 120.0  # seconds a peer may take until it answers
STOP = 15.0  # seconds it may take to stop
# Between two objects that were filled in. OpenTAXII cannot read its own cursor when it tells a whole second.
STEP = timedelta(microseconds=1_009)
LARGEST = 100_000_000  # bytes in a body
_COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
_USER = "bench"

# OpenTAXII 0.9.3 answers 500 wherever an id of its own is told (its issue 243): with no version of what it
# needs can it write a UUID as JSON. What it did later is done here, so that it can be measured at all.
_APP = """
import functools, json, types
from opentaxii.taxii2 import http
http.json = types.SimpleNamespace(dumps=functools.partial(json.dumps, default=str))
from opentaxii.http import app
"""
# Rows as its POST leaves them; each line of the input is a list of objects.
_FILL = """
import json, sys
from datetime import datetime, timedelta
from opentaxii.persistence.sqldb.api import Taxii2SQLDatabaseAPI
from opentaxii.persistence.sqldb.taxii2models import STIXObject
from sqlalchemy import insert, text
api = Taxii2SQLDatabaseAPI(sys.argv[1], create_tables=True)
root = api.add_api_root("bench", default=True, is_public=True)
collection = api.add_collection(root.id, "bench", alias="bench", is_public=True, is_public_write=True)
at, step = datetime.fromisoformat(sys.argv[2]), timedelta(microseconds=int(sys.argv[3]))
apart = ("id", "type", "spec_version")
for line in sys.stdin:
    rows = []
    for value in json.loads(line):
        at += step
        rows.append({
            "id": value["id"], "collection_id": collection.id, "type": value["type"],
            "spec_version": value["spec_version"], "date_added": at,
            "version": datetime.fromisoformat(value["modified"]),
            "serialized_data": {key: each for key, each in value.items() if key not in apart},
        })
    api.db.session.execute(insert(STIXObject), rows)
if sys.argv[1].startswith("postgresql"):
    api.db.session.execute(text("ANALYZE"))
api.db.session.commit()
"""
_ROOT = """
import sys
from opentaxii.persistence.sqldb.api import Taxii2SQLDatabaseAPI
print(Taxii2SQLDatabaseAPI(sys.argv[1]).get_api_roots()[0].id)
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a collection's objects are read and posted, and what every request carries."""

    name: str
    objects: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """What is stored before a peer starts: lists of objects as JSON, each object `STEP` after another."""

    count: int
    since: str
    portions: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Peers:
    """The folder with their settings and words, kept between runs; OpenTAXII's filled databases too."""

    folder: Path

    def install(self) -> None:
        """Make what is missing."""
        environment.make()
        self.prepare()

    def prepare(self) -> None:
        """Make the folder, where the environment is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "bench_opentaxii.py").write_text(_APP)

    @contextmanager
    def opentaxii(self, content: Content | None, url: str = "") -> Iterator[Door]:
        """OpenTAXII on SQLite, or on a database server; with no content it is new and empty."""
        with self._database(content, url) as database:
            root = self._asked(_ROOT, database).strip()
            config = self.folder / "opentaxii.yml"
            config.write_text(json.dumps(self._settings(database)))  # YAML holds JSON
            words = self._gunicorn("bench_opentaxii:app")
            door = Door("OpenTAXII 0.9.3", f"taxii2/{root}/collections/bench/objects/")
            with _running(door, words, self.folder / "opentaxii.log", OPENTAXII_CONFIG=str(config)) as found:
                yield found

    @contextmanager
    def medallion(self) -> Iterator[Door]:
        """medallion, empty, in memory."""
        config = self.folder / "medallion.json"
        data = self.folder / "medallion-data.json"
        data.write_text(json.dumps(_medallion_data()))
        config.write_text(json.dumps(_medallion_settings(data)))
        words = self._gunicorn(f"medallion:load_app({str(config)!r})")
        basic = b64encode(f"{_USER}:{_USER}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        door = Door("medallion 3.0.0", f"root/collections/{_COLLECTION}/objects/", headers)
        with _running(door, words, self.folder / "medallion.log") as found:
            yield found

    @contextmanager
    def _database(self, content: Content | None, url: str) -> Iterator[str]:
        if url:
            with _own_database(url) as own:
                self._fill(own, content)
                yield own
            return
        kept = self.folder / f"opentaxii-{content.count if content else 0}.sqlite3"
        if content is None:
            _remove(kept)
        if not kept.exists():
            half = kept.with_suffix(".part")
            _remove(half)
            self._fill(f"sqlite:///{half}", content)
            half.rename(kept)
        yield f"sqlite:///{kept}"

    def _fill(self, database: str, content: Content | None) -> None:
        since = content.since if content else "2026-01-01T00:00:00Z"
        self._asked(_FILL, database, since, f"{STEP.microseconds}", lines=content.portions if content else ())

    def _asked(self, script: str, *words: str, lines: Iterable[bytes] = ()) -> str:
        """What a script in OpenTAXII's environment says."""
        command = [str(environment.program("python")), "-W", "ignore", "-c", script, *words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            for line in lines:
                running.stdin.write(line + b"\n")
            running.stdin.close()
            said = running.stdout.read().decode()
        if running.returncode:
            raise RuntimeError(f"OpenTAXII's environment failed on {words[0]}")
        return said

    def _gunicorn(self, app: str) -> list[str]:
        """One worker, as our node has one web process; it is not stopped when an answer takes minutes."""
        words = ["--workers", "1", "--timeout", "3600", "--chdir", str(self.folder), app]
        return [str(environment.program("gunicorn")), *words]

    def _settings(self, database: str) -> dict[str, object]:
        accounts = f"sqlite:///{self.folder / 'opentaxii-accounts.sqlite3'}"
        auth = {"db_connection": accounts, "create_tables": True, "secret": "bench"}
        stored = {"db_connection": database, "create_tables": True}
        return {
            "domain": "127.0.0.1",
            "auth_api": {"class": "opentaxii.auth.sqldb.SQLDatabaseAPI", "parameters": auth},
            "taxii1": None,
            "taxii2": {
                "title": "bench",
                "max_content_length": LARGEST,
                "public_discovery": True,
                "allow_custom_properties": True,
                "default_pagination_limit": 1_000,
                "persistence_api": {
                    "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                    "parameters": stored,
                },
            },
            "logging": {"opentaxii": "error", "root": "error"},
        }


def _medallion_settings(data: Path) -> dict[str, object]:
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(data),
    }
    taxii = {"max_page_size": 1_000, "max_content_length": LARGEST}
    return {"backend": backend, "users": {_USER: _USER}, "taxii": taxii}


def _medallion_data() -> dict[str, object]:
    collection = {
        "id": _COLLECTION,
        "title": "bench",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": [],
        "manifest": [],
    }
    root = {"title": "bench", "versions": [MEDIA_TYPE], "max_content_length": LARGEST}
    return {
        "/discovery": {"title": "bench", "api_roots": ["/root/"]},
        "root": {"information": root, "status": [], "collections": [collection]},
    }


@contextmanager
def _running(door: Door, words: list[str], log: Path, **more: str) -> Iterator[Door]:
    """A server at a free port, once its collection answers. It ends with us, whatever ends us."""
    port = free_port()
    command = ["setpriv", "--pdeathsig", "TERM", *words, "--bind", f"127.0.0.1:{port}"]
    with log.open("wb") as out:
        running = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, env=os.environ | more
        )
    found = replace(door, objects=f"http://127.0.0.1:{port}/{door.objects}")
    try:
        _wait(found, running, log)
        yield found
    finally:
        _stop(running)


def _stop(running: subprocess.Popen[bytes]) -> None:
    """End the whole group; by force what does not hear."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(running.pid, how)
        with suppress(subprocess.TimeoutExpired):
            running.wait(STOP)


def _wait(door: Door, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START
    headers = {"Accept": MEDIA_TYPE, **door.headers}
    while True:
        with suppress(httpx.TransportError):
            asked = httpx.get(door.objects, params={"limit": 1}, headers=headers, timeout=START)
            if asked.status_code == httpx.codes.OK:
                return
        if running.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{door.name} did not start:\n{log.read_text()}")
        time.sleep(0.1)


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    """A new database on the server, for a program that speaks to it by psycopg2."""
    name = f"peer_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            own = re.sub(r"/comity\b", f"/{name}", url, count=1)
            yield re.sub(r"^postgres(ql)?:", "postgresql+psycopg2:", own)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _remove(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}-journal")):
        each.unlink(missing_ok=True)
