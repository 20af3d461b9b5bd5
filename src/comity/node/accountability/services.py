"""Every write to our log; `following` has those to what was seen of the logs of others."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from comity.base.errors import Conflict, Malformed, NotFound
from comity.engines.ledger.checkpoint import (
    Checkpoint,
    cosigned_at,
    sign_checkpoint,
    verify_cosignature,
)
from comity.engines.ledger.commitment import SALT_SIZE, commit
from comity.engines.ledger.note import Note, VerifierKey, parse_signatures
from comity.engines.ledger.tree import EMPTY, Grown, leaf_hash
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.entries import Event
from comity.formats.entries import LogEntry as Entry
from comity.node.accountability import identity, queries, readers
from comity.node.accountability.models import (
    HEAD,
    Cosignature,
    LogCheckpoint,
    LogEntry,
    LogHead,
    LogTile,
    Opened,
)
from comity.node.accountability.reasons import check_why
from comity.node.faults import Step, reach
from comity.node.keys import KeyUse, node_key
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PeopleChange
from comity.node.parties.roles import Power
from comity.node.site.bulk import insert

Salts = Callable[[int], bytes]

_MOVE = "UPDATE accountability_loghead SET size = %s, edge = %s, root = %s, last_at = %s WHERE id = %s"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry's place in the log, and what opens it."""

    index: int
    at: datetime
    salt: bytes
    entry: bytes
    leaf_hash: bytes
    commitment: bytes


def record(
    entries: Sequence[Entry], *, now: datetime, salts: Salts = secrets.token_bytes
) -> tuple[Recorded, ...]:
    """Append entries to our log and sign its new state, inside the transaction of what they tell of."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("record() belongs into the transaction of the act it records")
    if not entries:
        return ()
    head = _head_to_append(now)
    first_at = max(now, head.last_at + _TICK)
    recorded = tuple(
        _recorded(entry.raw, salts(SALT_SIZE), head.size + place, first_at + place * _TICK)
        for place, entry in enumerate(entries)
    )
    grown = head.tree.append([each.leaf_hash for each in recorded])
    _store(entries, recorded, grown)
    _move(head, grown, recorded[-1].at)
    _sign(head, now)
    return recorded


@transaction.atomic
def erase(indexes: Sequence[int], *, actor: Actor, why: str, now: datetime) -> tuple[Recorded, ...]:
    """Remove by law what opens these entries; commitments and proofs stay, and the erasure is recorded."""
    actor.may(Power.APPROVE).require()
    check_why(why)
    rows = list(LogEntry.objects.select_for_update().filter(index__in=indexes).order_by("index"))
    if len(rows) < len(set(indexes)):
        raise NotFound("log entry")
    rows = [row for row in rows if row.erased_at is None]
    for row in rows:
        row.salt, row.entry, row.erased_at, row.erased_why = None, None, now, why
    LogEntry.objects.bulk_update(rows, ("salt", "entry", "erased_at", "erased_why"), batch_size=200)
    return record([_erasure(row, why, now) for row in rows], now=now)


@transaction.atomic
def open_to(index: int, *, party: Party, actor: Actor, why: str, now: datetime) -> Opened:
    """Let a party that sees no content see what one entry says."""
    actor.may(Power.APPROVE).require()
    check_why(why)
    if readers.line_for(actor, index)[1] is None:
        raise NotFound("opening of this log entry")
    if Opened.objects.filter(entry_id=index, party=party).exists():
        raise Conflict(f"Entry {index} is open to {party.name} already.")
    record([Entry(Event.ENTRY_OPENED, now, f"entry {index}", to=(party.ref,))], now=now)
    return Opened.objects.create(entry_id=index, party=party, at=now, by=actor.name, why=why)


@transaction.atomic
def people_changed(change: PeopleChange) -> None:
    """Record a change of people or parties: that it happened, and the digest of the row that tells it."""
    told = {
        "what": change.what,
        "person": change.person_id,
        "party": change.party_id,
        "machine": change.machine_id,
        "by": change.by_person_id,
        "detail": change.detail,
    }
    digest = sha256_hex(canonical(told))
    entry = Entry(Event.PEOPLE_CHANGED, change.at, f"change {change.pk}", digest, more={"what": change.what})
    record([entry], now=change.at)


@transaction.atomic
def cosigned(*, size: int, lines: bytes, witness: VerifierKey, now: datetime) -> Cosignature:
    """Keep a witness's cosignature on our checkpoint of this size; `Refused` if it is not that."""
    row = LogCheckpoint.objects.filter(size=size).first()
    if row is None:
        raise NotFound("checkpoint")
    offered = [each for each in parse_signatures(_text(lines)) if each.by(witness)]
    note = Note.decode(bytes(row.note))
    for line in offered:
        note = note.with_signature(line)
    verify_cosignature(note, witness, now=now).require()
    newest = max(offered, key=cosigned_at)
    kept, _ = Cosignature.objects.update_or_create(
        checkpoint=row,
        witness=witness.name,
        key_id=witness.key_id.hex(),
        defaults={"line": newest.encode(), "at": cosigned_at(newest)},
    )
    reach(Step.COSIGNED)
    return kept


def _head_to_append(now: datetime) -> LogHead:
    head = queries.locked_head()
    if head is None:
        # Two first entries at once: one inserts the row, the other waits for it and finds it.
        begun = LogHead(pk=HEAD, origin=identity.new_origin(), root=EMPTY.root, last_at=now - _TICK)
        LogHead.objects.bulk_create([begun], ignore_conflicts=True)
        head = queries.locked_head()
    if head is None:
        raise NotFound("log")
    return head


def _recorded(entry: bytes, salt: bytes, index: int, at: datetime) -> Recorded:
    commitment = commit(salt, entry)
    return Recorded(index, at, salt, entry, leaf_hash(commitment), commitment)


def _store(entries: Sequence[Entry], recorded: Sequence[Recorded], grown: Grown) -> None:
    insert(
        LogEntry,
        ("index", "at", "event", "subject", "commitment", "salt", "entry", "erased_why"),
        [
            (
                *(place.index, place.at, entry.event.value, entry.subject),
                *(place.commitment, place.salt, place.entry, ""),
            )
            for entry, place in zip(entries, recorded, strict=True)
        ],
    )
    if grown.tiles:
        LogTile.objects.bulk_create(
            LogTile(level=tile.level, index=tile.index, hashes=tile.hashes) for tile in grown.tiles
        )


def _move(head: LogHead, grown: Grown, at: datetime) -> None:
    head.size, head.edge = grown.tree.size, b"".join(grown.tree.edge)
    head.root, head.last_at = grown.tree.root, at
    kept = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:  # each page that is given does it; Django would compile it as often
        cursor.execute(_MOVE, [head.size, head.edge, head.root, kept, head.pk])


def _sign(head: LogHead, now: datetime) -> None:
    checkpoint = Checkpoint(head.origin, head.size, bytes(head.root))
    note = sign_checkpoint(checkpoint, node_key(KeyUse.LOG))
    insert(LogCheckpoint, ("size", "root", "note", "at"), [(head.size, head.root, note.encode(), now)])


def _erasure(row: LogEntry, why: str, now: datetime) -> Entry:
    more = {"index": row.index, "commitment": bytes(row.commitment).hex(), "why": why}
    return Entry(Event.CONTENT_ERASED, now, row.subject, more=more)


def _text(lines: bytes) -> str:
    try:
        return lines.decode()
    except UnicodeDecodeError as error:
        raise Malformed("signature lines", f"byte {error.start} is not UTF-8") from error
