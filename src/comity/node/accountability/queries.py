"""Every read of our log and of what was seen of others, for the node itself; people have `readers`."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from comity.base.errors import Conflict, NotFound
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.logproof import LogProof as TlogProof
from comity.engines.ledger.note import Note, Signature, VerifierKey
from comity.engines.ledger.proofs import (
    ReadTile,
    consistency_proof,
    consistency_tiles,
    inclusion_proof,
    inclusion_tiles,
)
from comity.engines.ledger.tiles import (
    HASH_SIZE,
    TILE_HEIGHT,
    TILE_WIDTH,
    BundleRef,
    TileRef,
    encode_bundle,
)
from comity.engines.ledger.witness import AddCheckpoint
from comity.node.accountability import identity
from comity.node.accountability.models import (
    HEAD,
    KeptCheckpoint,
    LogAlarm,
    LogCheckpoint,
    LogEntry,
    LogHead,
    LogTile,
    SeenLog,
)
from comity.node.site.prepared import Prepared, columns_of, made

PAGE = 50
MOST_KEPT = 64  # checkpoints of one log that wait to be compared
COMPARED_WITHIN = timedelta(days=7)  # afterwards nothing more is taken from the log's keeper
_SOURCE = "docs/wire/log.md"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: whoever is given it can check what was recorded."""

    index: int
    salt: bytes
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """An entry's place in the log; salt and entry only for who may see them, and until they are erased."""

    origin: str
    index: int
    commitment: bytes
    salt: bytes | None
    entry: bytes | None
    size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def as_text(self) -> bytes:
        """The proof as a C2SP tlog-proof, which opens the entry where the reader may see it."""
        opened = b"" if self.salt is None or self.entry is None else self.salt + self.entry
        return TlogProof(self.index, self.proof, self.checkpoint, opened).encode()

    def as_json(self) -> dict[str, object]:
        """The proof as a receipt carries it; with the commitment in place of an entry that is not open."""
        if self.salt is None or self.entry is None:
            what = {"commitment": b64encode(self.commitment).decode()}
        else:
            what = {"salt": b64encode(self.salt).decode(), "entry": json.loads(self.entry)}
        return {
            "origin": self.origin,
            "index": self.index,
            **what,
            "proof": [b64encode(each).decode() for each in self.proof],
            "checkpoint": self.checkpoint.decode(),
        }


def head() -> LogHead | None:
    """How far our log has come; None before its first entry."""
    return LogHead.objects.filter(pk=HEAD).first()


_LOCKED = Prepared(
    lambda: LogHead.objects.select_for_update().filter(pk=HEAD).values_list(*columns_of(LogHead))
)


def locked_head() -> LogHead | None:
    """The head for who appends: nobody else appends until this transaction ends."""
    row = _LOCKED.first()
    return None if row is None else made(LogHead, row)


def size() -> int:
    """How many entries our log has."""
    found = head()
    return found.size if found else 0


def origin() -> str:
    """The name of our log: the one it began with, or the one it would begin with now."""
    found = head()
    return found.origin if found else identity.new_origin()


def log_key() -> VerifierKey:
    """The key by which anybody checks our checkpoints."""
    return identity.log_key(origin())


def latest_checkpoint() -> bytes:
    """The newest checkpoint of our log, with every cosignature it has."""
    return noted(newest_checkpoint())


def witness_request(old_size: int, *, size: int | None = None) -> bytes:
    """The request that brings our newest checkpoint (or that of `size`) to a witness who saw `old_size`."""
    newest = newest_checkpoint() if size is None else LogCheckpoint.objects.filter(size=size).first()
    if newest is None:
        raise NotFound("checkpoint")
    if old_size > newest.size:
        raise Conflict(
            f"The witness has seen {old_size} entries of our log, and it now has {newest.size}: entries were"
            " lost, perhaps by restoring an old backup. Find them before anything else is recorded."
        )
    return AddCheckpoint(old_size, consistency(old_size, newest.size), bytes(newest.note)).encode()


def reader(known: LogHead, wanted: Iterable[TileRef]) -> ReadTile:
    """Reads these tiles of our log as it stood at this head; one query brings all that are full."""
    tree = known.tree
    full = _full_tiles({(ref.level, ref.index) for ref in wanted if ref.index < _full(tree.size, ref.level)})

    def read(ref: TileRef) -> bytes:
        growing = ref.index == _full(tree.size, ref.level) and ref.level < len(tree.edge)
        whole = tree.edge[ref.level] if growing else full.get((ref.level, ref.index), b"")
        return whole[: ref.width * HASH_SIZE]

    return read


def _full(size: int, level: int) -> int:
    """How many tiles of this level are full at `size` entries."""
    return size >> TILE_HEIGHT * (level + 1)


def _full_tiles(places: Collection[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of full tiles by level and index, as far as there are any."""
    indexes: defaultdict[int, set[int]] = defaultdict(set)
    for level, index in places:
        indexes[level].add(index)
    chosen = Q(pk__in=())  # nothing, to which each level adds
    for level, of_level in indexes.items():
        chosen |= Q(level=level, index__in=of_level)
    rows = LogTile.objects.filter(chosen).values_list("level", "index", "hashes")
    return {(level, index): bytes(hashes) for level, index, hashes in rows}


def inclusion(index: int, size: int) -> tuple[bytes, ...]:
    """The proof that entry `index` is in our log as it was at `size` entries."""
    known = _head_of(size)
    if not 0 <= index < size:
        raise NotFound("log entry")
    return inclusion_proof(reader(known, inclusion_tiles(index, size)), index, size)


def consistency(old: int, new: int) -> tuple[bytes, ...]:
    """The proof that our log at `new` entries begins with our log at `old` entries."""
    known = _head_of(new)
    if not 0 <= old <= new:
        raise NotFound("earlier state of the log")
    return consistency_proof(reader(known, consistency_tiles(old, new)), old, new)


def opening(index: int) -> Opening:
    """What opens entry `index`; `NotFound` once it was erased. People ask `readers.line_for`."""
    found = opened(entry_at(index))
    if found is None:
        raise NotFound("opening of this log entry")
    return found


def proofs_of(indexes: Sequence[int]) -> tuple[LogProof, ...]:
    """Entries with their proofs under our newest checkpoint, as receipts carry them; fast for many."""
    rows = LogEntry.objects.in_bulk(indexes)
    if any(index not in rows or rows[index].entry is None for index in indexes):
        raise NotFound("log entry")
    return proofs_over([rows[index] for index in indexes])


def tile(level: int, index: int, width: int = TILE_WIDTH) -> bytes:
    """A tile of our log, full or as wide as it was in an earlier tree."""
    ref, known = TileRef(level, index, width), head()
    hashes = reader(known, [ref])(ref) if known else b""
    if len(hashes) != ref.width * HASH_SIZE:
        raise NotFound("tile")
    return hashes


def entry_bundle(index: int, width: int = TILE_WIDTH) -> bytes:
    """The commitments of `width` entries, in the file format of tlog-tiles."""
    ref = BundleRef(index, width)
    start = ref.index * TILE_WIDTH
    rows = LogEntry.objects.filter(index__gte=start, index__lt=start + ref.width).order_by("index")
    found = [bytes(commitment) for commitment in rows.values_list("commitment", flat=True)]
    if len(found) != ref.width:
        raise NotFound("entry bundle")
    return encode_bundle(found)


def locked_log(origin: str) -> SeenLog | None:
    """What we saw of a log, for who judges its next checkpoint."""
    return SeenLog.objects.select_for_update().filter(origin=origin).first()


def seen_log(origin: str) -> SeenLog:
    """What we saw of a log of somebody else."""
    found = SeenLog.objects.filter(origin=origin).first()
    if found is None:
        raise NotFound("log of that origin")
    return found


def is_doubted(origin: str) -> bool:
    """Whether the log contradicted itself and nobody has decided yet: then nothing of it is believed."""
    return LogAlarm.objects.filter(log__origin=origin, decided_at=None).exists()


def kept_of(origin: str) -> list[KeptCheckpoint]:
    """The checkpoints of a log that are not compared yet, the smallest first."""
    return list(KeptCheckpoint.objects.filter(log__origin=origin))


def uncompared_since(origin: str) -> datetime | None:
    """Since when a checkpoint of this log waits to be compared; None if none does."""
    oldest = KeptCheckpoint.objects.filter(log__origin=origin).order_by("at").first()
    return oldest.at if oldest else None


def origins_uncompared(before: datetime) -> list[str]:
    """The logs of which a checkpoint that came before then waits to be compared."""
    late = KeptCheckpoint.objects.filter(at__lt=before)
    return list(late.order_by("log__origin").values_list("log__origin", flat=True).distinct())


def trust(origin: str, now: datetime) -> Verdict:
    """Whether anything may be taken from the log's keeper: no alarm is open, and nothing waits too long."""
    if is_doubted(origin):
        return doubted(origin)
    since = uncompared_since(origin)
    if since is not None and now - since > COMPARED_WITHIN:
        return uncompared(origin, f"a checkpoint of {since:%Y-%m-%d} waits for that")
    return Verdict.yes(Ground("log.trusted", _SOURCE, f"Nothing that was seen speaks against {origin}."))


def doubted(origin: str) -> Verdict:
    """The answer while an alarm is open."""
    text = f"The log {origin} contradicted itself; nothing of it is believed until a person has decided."
    return Verdict.no(Ground("log.doubted", "alarms of this node", text))


def uncompared(origin: str, why: str) -> Verdict:
    """The answer while a proof is missing that is due."""
    text = (
        f"It is to be shown first that the log {origin} only grew: {why}. Bring its proof (add-checkpoint)."
    )
    return Verdict.unknown(Ground("log.uncompared", _SOURCE, text))


def _checkpoints() -> QuerySet[LogCheckpoint]:
    return LogCheckpoint.objects.prefetch_related("cosignatures")


def newest_checkpoint() -> LogCheckpoint | None:
    """The newest checkpoint of our log; None before its first entry."""
    return _checkpoints().order_by("-size").first()


def noted(row: LogCheckpoint | None) -> bytes:
    """The checkpoint as a note, with every cosignature it has."""
    if row is None:
        raise NotFound("checkpoint")
    note = Note.decode(bytes(row.note))
    for cosignature in row.cosignatures.all():
        note = note.with_signature(Signature.decode(cosignature.line))
    return note.encode()


def _head_of(size: int) -> LogHead:
    found = head()
    if found is None or size > found.size:
        raise NotFound("state of the log of that size")
    return found


def proofs_over(rows: Sequence[LogEntry]) -> tuple[LogProof, ...]:
    """These entries with their proofs under our newest checkpoint, all tiles read in one query."""
    checkpoint = newest_checkpoint()
    if checkpoint is None:
        raise NotFound("checkpoint")
    known = _head_of(checkpoint.size)
    wanted = {tile for row in rows for tile in inclusion_tiles(row.index, checkpoint.size)}
    read, note = reader(known, wanted), noted(checkpoint)
    return tuple(
        LogProof(
            origin=known.origin,
            index=row.index,
            commitment=bytes(row.commitment),
            salt=None if row.salt is None else bytes(row.salt),
            entry=None if row.entry is None else bytes(row.entry),
            size=checkpoint.size,
            proof=inclusion_proof(read, row.index, checkpoint.size),
            checkpoint=note,
        )
        for row in rows
    )


def entry_at(index: int) -> LogEntry:
    """The entry at this index."""
    found = LogEntry.objects.filter(index=index).first()
    if found is None:
        raise NotFound("log entry")
    return found


def opened(row: LogEntry) -> Opening | None:
    """What opens the entry; None once it was erased."""
    if row.salt is None or row.entry is None:
        return None
    return Opening(row.index, bytes(row.salt), bytes(row.entry))
