"""Correlation: the same value in more and more objects costs a row for each of them, in space and in time.

python bench/correlation.py [--quick] [--postgres]

Indicators of one address come in from five sources. Told for each number of objects: the rows of the index
of values that hold it, what they weigh, how fast objects come in, and the page of the value and of an object.
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.acts import indicator
from bench.kit.browsing import analyst, entered
from bench.kit.figures import begin, options, say, spread, timed
from bench.kit.filling import call_indexed, progress, refreshed
from bench.kit.homes import node_here
from bench.kit.servers import durable_server

if TYPE_CHECKING:
    from django.test import Client

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
COUNTS = (1_000, 10_000, 100_000)
FEW = (1_000, 2_000)
PORTION = 1_000
SOURCES = 5
RUNS = 15
OK = 200
ADDRESS = "198.51.100.7"


def main() -> None:
    """More and more objects in one node."""
    parser = options("One value in many objects.")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server that syncs")
    args = parser.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(durable_server()) if args.postgres else ""
        stack.enter_context(node_here(url))
        from django.db import connections

        stack.callback(connections.close_all)
        begin("Correlation", "PostgreSQL 15, fsync on" if url else "")
        client, held = entered(analyst(NOW)), 0
        empty = weight()
        for count in FEW if args.quick else COUNTS:
            rates = [PORTION / bring(number) for number in range(held, count, PORTION)]
            held = len(rates) * PORTION + held
            refreshed()
            say(f"objects come in until {held:,} have the value", spread(rates, "objects per CPU second"))
            told(held, weight() - empty)
            look(client, held)


def bring(number: int) -> float:
    """Import so many objects with the value: the processor time."""
    from django.db import transaction

    from comity.base.tlp import Tlp
    from comity.node.exchange.services.importing import Source, import_bundle
    from comity.node.parties.actors import system_actor
    from comity.node.parties.queries import our_bodies
    from comity.node.parties.roles import Power

    objects = [
        {**indicator(UUID(int=number + n, version=4)), "pattern": f"[ipv4-addr:value = '{ADDRESS}']"}
        for n in range(PORTION)
    ]
    bundle = {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": objects}
    file = BytesIO(json.dumps(bundle).encode())
    actor = system_actor("bench", our_bodies().get().pk, Power.IMPORT)
    source = Source(note=f"Source {number // PORTION % SOURCES}", unmarked_as=Tlp.AMBER)
    now = NOW + timedelta(milliseconds=number)
    took = timed(lambda: import_bundle(actor=actor, file=file, source=source, now=now))
    with transaction.atomic():
        call_indexed()  # words are not what is measured
    progress(f"{number + PORTION:,} objects") if number % (10 * PORTION) == 0 else None
    return took.cpu


def told(held: int, size: int) -> None:
    """How many rows the value has in its index, and what the index weighs."""
    from comity.node.exchange.models import Value

    rows = Value.objects.count()
    target = f"{held:,} rows, {held * (held - 1) // 2:,} pairs are not kept"
    say(f"one value in {held:,} objects", f"{rows:,} rows", target)
    if size:
        say("  rows of the index of values, with their indexes", f"{size / rows:,.0f} bytes each")


def weight() -> int:
    """Bytes of the table of values and its indexes; 0 where the database does not tell it of one table."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'")
            if not cursor.fetchone()[0]:
                return 0
            cursor.execute(
                "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master"
                " WHERE tbl_name = 'exchange_value')"
            )
        else:
            cursor.execute("SELECT pg_total_relation_size('exchange_value')")
        return int(cursor.fetchone()[0] or 0)


def look(client: Client, held: int) -> None:
    """The page of the value, and that of one object with it."""
    ref = f"indicator--{UUID(int=0, version=4)}"
    for what, address in (
        ("the page of the value", f"/exchange/values/ipv4/{ADDRESS}"),
        ("the page of one object with it", f"/exchange/objects/{ref}/"),
    ):
        if client.get(address).status_code != OK:
            raise RuntimeError(f"{address} did not answer")
        runs = [timed(lambda address=address: client.get(address).content).cpu * 1e3 for _ in range(RUNS)]  # type: ignore[misc]  # bound at once
        say(f"{what}, {held:,} objects", spread(runs, "ms of one processor", ",.1f"))


if __name__ == "__main__":
    main()
