"""Every read of our log and of what was seen of others."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from django.db.models import Q, QuerySet

from comity.base.errors import Conflict, NotFound
from comity.engines.ledger.logproof import LogProof as TlogProof
from comity.engines.ledger.note import Note, Signature, VerifierKey
from comity.engines.ledger.proofs import ReadTile, consistency_proof, inclusion_proof
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
    Cosignature,
    LogAlarm,
    LogCheckpoint,
    LogEntry,
    LogHead,
    LogTile,
    SeenLog,
)
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

PAGE = 50


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the log for a reader: subject and opening only where the reader may see them."""

    index: int
    at: datetime
    event: str
    commitment: str
    erased: bool
    opened: bool
    subject: str = ""

    @property
    def words(self) -> str:
        """The event for people."""
        return self.event.replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the log, newest entries first; the indexes lead to the pages beside it."""

    lines: tuple[LogLine, ...]
    older: int | None  # the page of the entries before this index
    newer: int | None  # likewise; None when this is the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What anybody needs to check our log: its newest checkpoint, who cosigned it, and our key."""

    origin: str
    size: int
    root: str
    at: datetime
    vkey: str
    note: str
    cosignatures: tuple[Cosignature, ...]


def head() -> LogHead | None:
    """How far our log has come; None before its first entry."""
    return LogHead.objects.filter(pk=HEAD).first()


def locked_head() -> LogHead | None:
    """The head for who appends: nobody else appends until this transaction ends."""
    return LogHead.objects.select_for_update().filter(pk=HEAD).first()


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


def log_state() -> LogState | None:
    """The state of our log for a page; None before its first entry."""
    row, known = _newest(), head()
    if row is None or known is None:
        return None
    return LogState(
        origin=known.origin,
        size=row.size,
        root=b64encode(bytes(row.root)).decode(),
        at=row.at,
        vkey=identity.log_key(known.origin).encode(),
        note=_noted(row).decode(),
        cosignatures=tuple(row.cosignatures.all()),
    )


def latest_checkpoint() -> bytes:
    """The newest checkpoint of our log, with every cosignature it has."""
    return _noted(_newest())


def checkpoint_at(size: int) -> bytes:
    """The checkpoint we signed at this size, with every cosignature it has."""
    return _noted(_checkpoints().filter(size=size).first())


def cosignatures_of(size: int) -> tuple[Cosignature, ...]:
    """What witnesses said of our checkpoint at this size."""
    return tuple(Cosignature.objects.filter(checkpoint_id=size))


def last_cosigned(witness: str) -> int:
    """The size of our newest checkpoint that this witness has cosigned; 0 for none."""
    newest = Cosignature.objects.filter(witness=witness).order_by("-checkpoint_id").first()
    return newest.checkpoint_id if newest else 0


def witness_request(old_size: int) -> bytes:
    """The request that brings our newest checkpoint to a witness who last saw `old_size` entries."""
    newest = _newest()
    if newest is None:
        raise NotFound("checkpoint")
    if old_size > newest.size:
        raise Conflict(
            f"The witness has seen {old_size} entries of our log, and it now has {newest.size}: entries were"
            " lost, perhaps by restoring an old backup. Find them before anything else is recorded."
        )
    return AddCheckpoint(old_size, consistency(old_size, newest.size), bytes(newest.note)).encode()


def reader(found: LogHead | None = None) -> ReadTile:
    """Reads tiles of our log as it stood at this head (default: now), each from the database once."""
    known = found or head()
    if known is None:
        raise NotFound("log")
    tree = known.tree

    @cache
    def whole(level: int, index: int) -> bytes:
        if index == tree.size >> TILE_HEIGHT * (level + 1):
            return tree.edge[level] if level < len(tree.edge) else b""
        tile = LogTile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
        return bytes(tile or b"")

    return lambda ref: whole(ref.level, ref.index)[: ref.width * HASH_SIZE]


def inclusion(index: int, size: int) -> tuple[bytes, ...]:
    """The proof that entry `index` is in our log as it was at `size` entries."""
    known = _head_of(size)
    if not 0 <= index < size:
        raise NotFound("log entry")
    return inclusion_proof(reader(known), index, size)


def consistency(old: int, new: int) -> tuple[bytes, ...]:
    """The proof that our log at `new` entries begins with our log at `old` entries."""
    known = _head_of(new)
    if not 0 <= old <= new:
        raise NotFound("earlier state of the log")
    return consistency_proof(reader(known), old, new)


def opening(index: int) -> Opening:
    """What opens entry `index`; `NotFound` once it was erased. Not for people: they ask `line_for`."""
    found = _opening(_entry(index))
    if found is None:
        raise NotFound("opening of this log entry")
    return found


def proofs_of(indexes: Sequence[int]) -> tuple[LogProof, ...]:
    """Entries with their proofs under our newest checkpoint, as receipts carry them; fast for many."""
    rows = LogEntry.objects.in_bulk(indexes)
    if any(index not in rows or rows[index].entry is None for index in indexes):
        raise NotFound("log entry")
    return _proofs([rows[index] for index in indexes])


def proof_for(actor: Actor, index: int) -> LogProof:
    """An entry with its proof, for a reader: opened only where the reader may see what it says."""
    row, seen = _entry_for(actor, index)
    proof = _proofs([row])[0]
    return proof if seen else replace(proof, salt=None, entry=None)


def tile(level: int, index: int, width: int = TILE_WIDTH) -> bytes:
    """A tile of our log, full or as wide as it was in an earlier tree."""
    ref = TileRef(level, index, width)
    hashes = reader()(ref)
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


def entries_for(subject: str) -> QuerySet[LogEntry]:
    """Everything the log holds about one thing, in order."""
    return LogEntry.objects.filter(subject=subject).order_by("index")


def entries_after(index: int, limit: int) -> tuple[LogEntry, ...]:
    """The next entries after `index`, in the order they were committed; -1 begins at the first."""
    return tuple(LogEntry.objects.filter(index__gt=index).order_by("index")[:limit])


def log_page(actor: Actor, *, event: str = "", subject: str = "", before: int | None = None) -> LogPage:
    """A page of the log for a reader, filtered; a subject finds only what the reader may see."""
    actor.may(Power.READ_LOG).require()
    rows = LogEntry.objects.all()
    if event:
        rows = rows.filter(event=event)
    if subject:
        rows = rows.filter(_visible(actor), subject=subject).distinct()
    upper = rows if before is None else rows.filter(index__lt=before)
    found = list(upper.order_by("-index")[: PAGE + 1])
    shown = found[:PAGE]
    visible = _visible_among(actor, [row.index for row in shown])
    lines = tuple(_line(row, opened=row.index in visible) for row in shown)
    return LogPage(lines, shown[-1].index if len(found) > PAGE else None, _newer(rows, before))


def line_for(actor: Actor, index: int) -> tuple[LogLine, Opening | None]:
    """One entry for a reader, with its opening where the reader may see it and it was not erased."""
    row, seen = _entry_for(actor, index)
    return _line(row, opened=seen), _opening(row) if seen else None


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


def alarms_for(actor: Actor) -> tuple[LogAlarm, ...]:
    """All alarms, those that wait for a decision first."""
    actor.may(Power.READ_LOG).require()
    rows = LogAlarm.objects.select_related("log", "decided_by")
    return tuple(sorted(rows, key=lambda alarm: alarm.decided_at is not None))


def alarm_for(actor: Actor, key: int) -> LogAlarm:
    """One alarm, for a reader."""
    actor.may(Power.READ_LOG).require()
    found = LogAlarm.objects.select_related("log", "decided_by").filter(pk=key).first()
    if found is None:
        raise NotFound("alarm")
    return found


def _checkpoints() -> QuerySet[LogCheckpoint]:
    return LogCheckpoint.objects.prefetch_related("cosignatures")


def _newest() -> LogCheckpoint | None:
    return _checkpoints().order_by("-size").first()


def _noted(row: LogCheckpoint | None) -> bytes:
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


def _proofs(rows: Sequence[LogEntry]) -> tuple[LogProof, ...]:
    checkpoint = _newest()
    if checkpoint is None:
        raise NotFound("checkpoint")
    known = _head_of(checkpoint.size)
    read, note = reader(known), _noted(checkpoint)
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


def _entry(index: int) -> LogEntry:
    found = LogEntry.objects.filter(index=index).first()
    if found is None:
        raise NotFound("log entry")
    return found


def _entry_for(actor: Actor, index: int) -> tuple[LogEntry, bool]:
    actor.may(Power.READ_LOG).require()
    return _entry(index), index in _visible_among(actor, [index])


def _opening(row: LogEntry) -> Opening | None:
    """What opens the entry; None once it was erased."""
    if row.salt is None or row.entry is None:
        return None
    return Opening(row.index, bytes(row.salt), bytes(row.entry))


def _visible(actor: Actor) -> Q:
    """The entries whose opening the actor may see: all with the power over acts, else those opened to it."""
    if actor.may(Power.READ_ACTS).allowed:
        return Q()
    return Q(openings__party=actor.body)


def _visible_among(actor: Actor, indexes: Sequence[int]) -> frozenset[int]:
    rows = LogEntry.objects.filter(_visible(actor), index__in=indexes)
    return frozenset(rows.values_list("index", flat=True))


def _newer(rows: QuerySet[LogEntry], before: int | None) -> int | None:
    """The index before which the page of newer entries ends."""
    if before is None:
        return None
    above = list(rows.filter(index__gte=before).order_by("index").values_list("index", flat=True)[:PAGE])
    return above[-1] + 1 if above else None


def _line(row: LogEntry, *, opened: bool) -> LogLine:
    return LogLine(
        index=row.index,
        at=row.at,
        event=row.event,
        commitment=bytes(row.commitment).hex(),
        erased=row.erased_at is not None,
        opened=opened,
        subject=row.subject if opened else "",
    )
