"""A node with an agreement and a collection, filled with much: imports first, then copies of what they left.

What the partner posted would not do: nobody is given what came from it. Copies are rows as the product wrote
them, each under an id, in bytes and at an instant of its own; what a worker would do with them is done.
"""

# ruff: noqa: PLC0415  settings come before the models

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx

from bench.acts import Stream
from bench.kit.content import PAGE, bundle
from bench.kit.homes import load
from tests.nodes import Node, befriend, start_node
from tests.peers.servers import MEDIA_TYPE, Door

if TYPE_CHECKING:
    from comity.node.parties.actors import Actor
    from comity.node.parties.models import Party

IMPORTED = 10_000  # objects that are imported; what is more are copies of these
INSTANT = timedelta(microseconds=1)
PATIENCE = 600.0  # seconds for the worker to index words
_OBJECT = (
    *("id", "ref", "type", "modified", "latest", "created_by_ref", "sha256", "wire", "title", "words"),
    *("relation", "confidence", "created", "valid_from", "valid_until"),
    *("handling_id", "tlp", "holder_id", "source_id", "brought_id", "act_id", "added"),
)
_REF, _WIRE = _OBJECT.index("ref"), _OBJECT.index("wire")
_BESIDE = {"Link": ("path", "ref"), "Value": ("kind", "key"), "Label": ("name",)}


@contextlib.contextmanager
def our_node() -> Iterator[tuple[Node, Door, Filling]]:
    """A node that has an agreement with another, and shows it all that it holds."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comity-bench-")))
        a = start_node(folder, "CERT of Pakistan", "PK")
        stack.callback(a.close)
        b = start_node(folder, "CERT of Uruguay", "UY")
        stack.callback(b.close)
        befriend(a, b)
        with patch.dict(os.environ):
            os.environ.pop("DATABASE_URL", None)  # it would be taken for the node's own
            load(a.home)
        from django.db import connections

        stack.callback(connections.close_all)
        stream = Stream.opened(a, b)
        b.close_processes()
        yield a, opened(a, stream.partner.ref), Filling(stream.analyst)


def opened(node: Node, partner: str) -> Door:
    """A collection of everything, and the token of an account of the partner."""
    node.login("approver").close()
    person = f"approver@{node.home.name}.example"
    words = ["--title", "All that we hold", "--alias", "all", "--post", "--as", person, "--json"]
    node.command("collection", "open", *words)
    token = json.loads(node.command("collection", "account", partner, "bench", "--json").stdout)["token"]
    discovery = f"{node.address}taxii2/"
    headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {token}"}
    roots = httpx.get(discovery, headers=headers).raise_for_status().json()["api_roots"]
    return Door("comity", f"{roots[0]}collections/all/objects/", headers)


class Filling:
    """Fills our node; when each thousand was begun is known."""

    def __init__(self, analyst: Actor) -> None:
        self._analyst = analyst
        self._begun: list[datetime] = []
        self._pattern: _Pattern | None = None

    def up_to(self, count: int) -> None:
        """So many are stored, and nobody works on them any more."""
        begun = time.monotonic()
        while len(self._begun) * PAGE < min(count, IMPORTED):
            self._import(len(self._begun))
        settle()
        number = 0
        while len(self._begun) * PAGE < count:
            self._copy(count - len(self._begun) * PAGE)
            number += 1
            if number % 10 == 0:
                progress(f"{len(self._begun) * PAGE:,} objects, {time.monotonic() - begun:.0f} s")
        refreshed()
        progress(f"{count:,} objects stored in {time.monotonic() - begun:.0f} s")

    def at(self, share: float) -> datetime:
        """The last instant before more than this share of all was stored."""
        return self._begun[round(len(self._begun) * share)] - INSTANT

    def _import(self, number: int) -> None:
        from comity.node.exchange.services.importing import Source, import_bundle
        from comity.node.exchange.services.places import last_instant
        from comity.node.parties.queries import our_bodies

        now = datetime.now(UTC)
        body = our_bodies().get()
        source = Source(body)
        import_bundle(actor=self._analyst, file=BytesIO(bundle(number)), source=source, now=now)
        call_compared(body, last_instant(body) or now)
        self._begun.append(now)

    def _copy(self, most: int) -> None:
        if self._pattern is None:
            self._pattern = _Pattern.read(self._begun[0])
        count = min(most, IMPORTED)
        at = self._pattern.copy(len(self._begun), count)
        self._begun += [at + INSTANT * start for start in range(0, count, PAGE)]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Rows that were imported, in their order, and what stands beside each."""

    holder: Party
    rows: Sequence[tuple[Any, ...]]
    beside: dict[str, dict[int, list[tuple[Any, ...]]]]

    @classmethod
    def read(cls, since: datetime) -> _Pattern:
        from comity.node.exchange import models
        from comity.node.parties.queries import our_bodies

        holder = our_bodies().get()
        found = models.StixObject.objects.filter(holder=holder, added__gte=since).order_by("added")
        rows = [(*row[:_WIRE], bytes(row[_WIRE]), *row[_WIRE + 1 :]) for row in found.values_list(*_OBJECT)]
        beside = {
            name: {
                key: [each[1:] for each in each_key]
                for key, each_key in groupby(
                    getattr(models, name)
                    .objects.filter(object__in=found.order_by().values("pk"))
                    .order_by("object_id")
                    .values_list("object_id", *columns),
                    key=lambda row: row[0],
                )
            }
            for name, columns in _BESIDE.items()
        }
        return cls(holder, rows[:IMPORTED], beside)

    def copy(self, number: int, count: int) -> datetime:
        """Write the first so many once more; from which instant on they stand."""
        from django.db import transaction

        from comity.node.exchange import models
        from comity.node.exchange.services.holding import one_at_a_time
        from comity.node.exchange.services.places import take_stretch
        from comity.node.site.bulk import insert, reserve

        with transaction.atomic():
            one_at_a_time(self.holder)
            at = take_stretch(self.holder, count, datetime.now(UTC))
            rows, keys = self.rows[:count], reserve(models.StixObject, count)
            pairs = list(zip(keys, rows, strict=True))
            insert(
                models.StixObject,
                _OBJECT,
                (_again(row, key, number, at + n * INSTANT) for n, (key, row) in enumerate(pairs)),
            )
            for name, columns in _BESIDE.items():
                beside = self.beside[name]
                mark = f"{number:x}." if name == "Value" else ""  # nobody else has what a copy seeks
                again = (
                    (key, *each[:-1], mark + each[-1])
                    for key, row in pairs
                    for each in beside.get(row[0], ())
                )
                insert(getattr(models, name), ("object_id", *columns), again)
            call_indexed()
            call_compared(self.holder, at + count * INSTANT)
        return at


def _again(row: tuple[Any, ...], key: int, number: int, at: datetime) -> tuple[Any, ...]:
    """The row under an id of its own: the first part of the UUID is the number."""
    ref = row[_REF]
    kind, _, rest = ref.partition("--")
    other = f"{kind}--{number:08x}{rest[8:]}"
    wire = row[_WIRE].replace(ref.encode(), other.encode(), 1)
    return (key, other, *row[2:_WIRE], wire, *row[_WIRE + 1 : -1], at)


def call_indexed() -> None:
    """Count what is new, and tell the index of words that it has everything; inside a transaction."""
    from django.db import connection

    from comity.node.exchange import counts

    counts.keep_up()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE exchange_words_last SET id = (SELECT max(id) FROM exchange_stixobject)")
        else:
            cursor.execute("DELETE FROM exchange_words_waiting")


def call_compared(holder: Party, until: datetime) -> None:
    """Let the worker compare nothing up to this instant with what others say."""
    from comity.node.exchange.models import ComparedUpTo

    ComparedUpTo.objects.update_or_create(holder=holder, defaults={"at": until})


def settle() -> None:
    """Wait until the worker has indexed all words, so that it does not work beside what is measured."""
    from django.db import connection

    until = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT count(*) FROM exchange_words_waiting")
            (waiting,) = cursor.fetchone()
            if not waiting:
                return
            if time.monotonic() > until:
                raise RuntimeError(f"the words of {waiting:,} objects wait to be indexed for too long")
            time.sleep(0.5)


def refreshed() -> None:
    """What a server does of itself in time: PostgreSQL learns of its tables, SQLite ends its journal."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        else:
            cursor.execute("VACUUM ANALYZE")


def progress(words: str) -> None:
    """Tell whoever waits."""
    print(f"  … {words}", file=sys.stderr, flush=True)
