"""The log: durable appends in batches, and inclusion proofs at a million leaves.

python bench/log.py [--quick] [--postgres]
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.figures import begin, options, say, spread, timed
from bench.kit.homes import node_here
from bench.kit.servers import durable_server

RUNS = 7
BATCHES = (1, 50, 500)  # entries recorded in one transaction
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def main() -> None:
    """All figures of the log, on one database."""
    parser = options("The log: durable appends in batches, and inclusion proofs at a million leaves.")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server that syncs")
    args = parser.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(durable_server()) if args.postgres else ""
        stack.enter_context(node_here(url))
        begin("Log", "PostgreSQL 15, fsync on" if url else "")
        leaves = 100_000 if args.quick else 1_000_000
        if not args.postgres:
            engine(leaves)
        appends(seconds=0.5 if args.quick else 3.0)
        proofs(leaves)


def engine(leaves: int) -> None:
    """The tree alone, in memory: appending hashes that are there already, and one proof after another."""
    from comity.engines.ledger.proofs import inclusion_proof
    from comity.engines.ledger.tiles import HASH_SIZE, TILE_WIDTH, TileRef
    from comity.engines.ledger.tree import EMPTY

    hashes = _hashes(leaves)
    runs = [timed(lambda: EMPTY.append(hashes)) for _ in range(3)]
    say(f"engine, append {leaves:,} leaves", spread([leaves / each.wall for each in runs], "leaves/s"))
    grown = EMPTY.append(hashes)
    tiles = {(tile.level, tile.index): tile.hashes for tile in grown.tiles}
    tiles |= {(level, leaves >> 8 * (level + 1)): part for level, part in enumerate(grown.tree.edge)}

    def read(ref: TileRef) -> bytes:
        return tiles[ref.level, ref.index][: ref.width * HASH_SIZE]

    indexes = Random(1).sample(range(leaves), RUNS * TILE_WIDTH)
    each = [timed(lambda i=i: inclusion_proof(read, i, leaves)).wall * 1e3 for i in indexes]  # type: ignore[misc]  # bound at once
    say(f"engine, inclusion proof at {leaves:,} leaves", spread(each, "ms", ".3f"))


def appends(seconds: float) -> None:
    """`record()` in a transaction of its own: entries, tiles, head, a signed checkpoint; synced to disk."""
    from django.db import transaction

    from comity.formats.entries import Event, LogEntry
    from comity.node.accountability.services import record

    def entry(number: int) -> LogEntry:
        digest = sha256(number.to_bytes(8)).hexdigest()
        ref = f"comity-act--00000000-0000-4000-8000-{number:012d}"
        return LogEntry(Event.ACT_SENT, NOW, ref, digest, "share", "identity--a", ("identity--b",))

    number = 0

    def batch(size: int) -> None:
        nonlocal number
        entries = [entry(number + place) for place in range(size)]
        number += size
        with transaction.atomic():
            record(entries, now=NOW)

    for size in BATCHES:
        rates, cpu = [], []
        for _ in range(RUNS):
            spent = done = used = 0.0
            while spent < seconds / RUNS:
                took = timed(lambda size=size: batch(size))  # type: ignore[misc]  # bound at once
                spent, used, done = spent + took.wall, used + took.cpu, done + size
            rates.append(done / spent)
            cpu.append(done / used)
        target = ">= 5,000/s" if size == BATCHES[-1] else ""
        text = f"{spread(rates, 'entries/s')}; {spread(cpu, 'entries per CPU second')}"
        say(f"durable appends, {size} in a transaction", text, target)


def proofs(leaves: int) -> None:
    """`queries.inclusion()`, tiles read from the database each time, with a warm file cache."""
    from django.db import transaction

    from comity.engines.ledger.proofs import verify_inclusion
    from comity.engines.ledger.tree import EMPTY
    from comity.node.accountability import queries
    from comity.node.accountability.models import LogHead, LogTile

    hashes = _hashes(leaves)
    grown = EMPTY.append(hashes)
    with transaction.atomic():
        LogTile.objects.all().delete()
        rows = (LogTile(level=tile.level, index=tile.index, hashes=tile.hashes) for tile in grown.tiles)
        LogTile.objects.bulk_create(rows, batch_size=200)
        edge = b"".join(grown.tree.edge)
        LogHead.objects.update(size=leaves, edge=edge, root=grown.tree.root)
    indexes = Random(1).sample(range(leaves), 1_000)
    cold = [timed(lambda i=i: queries.inclusion(i, leaves)) for i in indexes]  # type: ignore[misc]  # bound at once
    what = f"node, inclusion proof at {leaves:,} leaves"
    say(what, spread([t.wall * 1e3 for t in cold], "ms", ".3f"), "< 1 ms")
    say(f"{what}, CPU", spread([t.cpu * 1e3 for t in cold], "ms", ".3f"))
    for index in indexes[:20]:
        proof = queries.inclusion(index, leaves)
        verify_inclusion(hashes[index], index, leaves, proof, grown.tree.root).require()


def _hashes(leaves: int) -> list[bytes]:
    return [sha256(index.to_bytes(8)).digest() for index in range(leaves)]


if __name__ == "__main__":
    main()
