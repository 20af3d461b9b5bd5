"""Every write to our log, and to what was seen of the logs of others."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.checkpoint import (
    Checkpoint,
    cosign,
    cosigned_at,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignature,
)
from comity.engines.ledger.commitment import SALT_SIZE, commit
from comity.engines.ledger.note import KeyKind, Note, VerifierKey, parse_signatures, verify_note
from comity.engines.ledger.proofs import ReadTile
from comity.engines.ledger.tree import EMPTY, Grown, leaf_hash
from comity.engines.ledger.witness import AddCheckpoint
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.entries import Event
from comity.formats.entries import LogEntry as Entry
from comity.node.accountability import identity, queries, readers
from comity.node.accountability.evidence import Judged, judge_by_tiles, judge_offer
from comity.node.accountability.models import (
    HEAD,
    AlarmDecision,
    Cosignature,
    LogAlarm,
    LogCheckpoint,
    LogEntry,
    LogHead,
    LogTile,
    Opened,
    SeenLog,
)
from comity.node.keys import KeyUse, node_key
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PeopleChange
from comity.node.parties.roles import Power

Salts = Callable[[int], bytes]

_TICK = timedelta(microseconds=1)
_MAX_WHY = 500
_WITNESS = "C2SP tlog-witness"
_LOOKS = 3  # how often a checkpoint is judged again because another process accepted one meanwhile


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry's place in the log, and what opens it."""

    index: int
    at: datetime
    salt: bytes
    entry: bytes
    leaf_hash: bytes
    commitment: bytes


class WitnessAnswer(Enum):
    """How a witness answers a checkpoint."""

    COSIGNED = "cosigned"
    UNKNOWN_LOG = "unknown-log"
    NOT_TRUSTED = "not-trusted"  # not signed by its log, or the log contradicted itself before
    OTHER_SIZE = "other-size"  # the proof begins elsewhere than at the checkpoint we saw last
    CONTRADICTED = "contradicted"  # the size we saw last, with another root
    NOT_SHOWN = "not-shown"  # the proof does not lead from what we saw to this


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A witness's answer, why, the size it saw last, and its cosignature lines if it gave any."""

    answer: WitnessAnswer
    verdict: Verdict
    size: int = 0
    lines: bytes = b""


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
    _check_why(why)
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
    _check_why(why)
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
    return kept


@transaction.atomic
def know_log(origin: str, vkey: str, *, now: datetime) -> SeenLog:
    """Follow a log of somebody else from now on; `Conflict` if it is followed with another key."""
    _check_vkey(origin, vkey)
    log, _ = SeenLog.objects.get_or_create(origin=origin, defaults={"vkey": vkey, "at": now})
    if log.vkey != vkey:
        raise Conflict(f"The log {origin} is known with another key; a new key has to be declared.")
    return log


@transaction.atomic
def renew_log_key(origin: str, vkey: str) -> SeenLog:
    """From now on believe the log by another key, after its keeper declared it under the old one."""
    _check_vkey(origin, vkey)
    log = queries.locked_log(origin)
    if log is None:
        raise NotFound("log of that origin")
    log.vkey = vkey
    log.save(update_fields=["vkey"])
    return log


@transaction.atomic
def witness(body: bytes, *, now: datetime) -> Witnessed:
    """Judge a checkpoint that was brought to us as a witness, and cosign it (C2SP tlog-witness)."""
    offer = AddCheckpoint.decode(body)
    note = Note.decode(offer.note)
    new = Checkpoint.decode(note.text)
    if offer.old_size > new.size:
        raise Malformed("line 1", f"the old size is over the {new.size} entries of the checkpoint")
    log = queries.locked_log(new.origin)
    if log is None:
        return Witnessed(WitnessAnswer.UNKNOWN_LOG, _unknown(new.origin))
    trusted = _trusted(log, note)
    if not trusted.allowed:
        return Witnessed(WitnessAnswer.NOT_TRUSTED, trusted)
    return _answer(log, new, offer, now)


def observe(origin: str, content: bytes, *, read: ReadTile, now: datetime) -> Verdict:
    """Judge a checkpoint that we fetched or were sent, reading the log's own tiles where that is needed.

    The tiles come over the network, so they are read outside the transaction, and what was seen is looked at
    again inside it.
    """
    for _ in range(_LOOKS):
        log = queries.seen_log(origin)
        if queries.is_doubted(origin):
            return _doubted(origin)
        new = open_checkpoint(content, VerifierKey.decode(log.vkey))
        judged = judge_by_tiles(log.last, new, read)
        if _settled(log, new, content, judged, now):
            return judged.verdict
    raise Conflict(f"Other checkpoints of {origin} arrived meanwhile; look at the newest.")


@transaction.atomic
def decide_alarm(*, actor: Actor, alarm: int, decision: AlarmDecision, why: str, now: datetime) -> LogAlarm:
    """Close an alarm: keep to what was seen before, or begin anew from what was offered."""
    actor.may(Power.MANAGE_PARTNERS).require()
    _check_why(why)
    row = LogAlarm.objects.select_for_update(of=("self",)).select_related("log").filter(pk=alarm).first()
    if row is None:
        raise NotFound("alarm")
    if row.decided_at is not None:
        raise Conflict("Somebody has decided about this alarm already.")
    row.decided_at, row.decision, row.why = now, decision, why
    row.decided_by_id, row.decided_by_name = actor.person, actor.name
    row.save()
    if decision is AlarmDecision.ADOPT:
        _accept(row.log, row.offered, bytes(row.offered_note), now)
    record([_decision(row, now)], now=now)
    return row


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
    LogEntry.objects.bulk_create(
        LogEntry(
            index=place.index,
            at=place.at,
            event=entry.event.value,
            subject=entry.subject,
            commitment=place.commitment,
            salt=place.salt,
            entry=place.entry,
        )
        for entry, place in zip(entries, recorded, strict=True)
    )
    LogTile.objects.bulk_create(
        LogTile(level=tile.level, index=tile.index, hashes=tile.hashes) for tile in grown.tiles
    )


def _move(head: LogHead, grown: Grown, at: datetime) -> None:
    head.size, head.edge = grown.tree.size, b"".join(grown.tree.edge)
    head.root, head.last_at = grown.tree.root, at
    head.save(update_fields=["size", "edge", "root", "last_at"])


def _sign(head: LogHead, now: datetime) -> None:
    checkpoint = Checkpoint(head.origin, head.size, bytes(head.root))
    note = sign_checkpoint(checkpoint, node_key(KeyUse.LOG))
    LogCheckpoint.objects.create(size=head.size, root=head.root, note=note.encode(), at=now)


def _erasure(row: LogEntry, why: str, now: datetime) -> Entry:
    more = {"index": row.index, "commitment": bytes(row.commitment).hex(), "why": why}
    return Entry(Event.CONTENT_ERASED, now, row.subject, more=more)


def _alarm(log: SeenLog, offered: bytes, now: datetime) -> Entry:
    return Entry(Event.ALARM_RAISED, now, log.origin, sha256(offered).hexdigest())


def _decision(alarm: LogAlarm, now: datetime) -> Entry:
    digest = sha256(bytes(alarm.offered_note)).hexdigest()
    return Entry(Event.ALARM_DECIDED, now, alarm.log.origin, digest, more={"decision": alarm.decision})


def _answer(log: SeenLog, new: Checkpoint, offer: AddCheckpoint, now: datetime) -> Witnessed:
    seen = log.last
    judged = judge_offer(seen, new, offer.proof)
    if judged.contradiction:
        _raise_alarm(log, new, offer.note, judged.verdict, now)
    if seen and judged.contradiction and seen.size == new.size:
        return Witnessed(WitnessAnswer.CONTRADICTED, judged.verdict, log.size)
    if offer.old_size != log.size:
        return Witnessed(WitnessAnswer.OTHER_SIZE, _other_size(log, offer), log.size)
    if not judged.verdict.allowed:
        return Witnessed(WitnessAnswer.NOT_SHOWN, judged.verdict, log.size)
    _accept(log, new, offer.note, now)
    line = cosign(
        Note.decode(offer.note), name=identity.witness_name(), key=node_key(KeyUse.WITNESS), now=now
    )
    return Witnessed(WitnessAnswer.COSIGNED, judged.verdict, log.size, f"{line.encode()}\n".encode())


@transaction.atomic
def _settled(log: SeenLog, new: Checkpoint, content: bytes, judged: Judged, now: datetime) -> bool:
    """Keep what the judgement means, unless another checkpoint was accepted since it was made."""
    locked = queries.locked_log(log.origin)
    if locked is None or bytes(locked.note) != bytes(log.note) or queries.is_doubted(log.origin):
        return False
    if judged.contradiction:
        _raise_alarm(locked, new, content, judged.verdict, now)
    elif judged.verdict.allowed and (locked.last is None or new.size > locked.size):
        _accept(locked, new, content, now)
    return True


def _accept(log: SeenLog, new: Checkpoint, note: bytes, now: datetime) -> None:
    log.size, log.root, log.note, log.at = new.size, new.root, note, now
    log.save(update_fields=["size", "root", "note", "at"])


def _raise_alarm(log: SeenLog, new: Checkpoint, note: bytes, verdict: Verdict, now: datetime) -> None:
    """Keep both checkpoints as evidence; a pair that a person has decided about is not raised again."""
    if any({alarm.seen, alarm.offered} == {log.last, new} for alarm in log.alarms.all()):
        return
    LogAlarm.objects.create(
        log=log, seen_note=log.note, offered_note=note, verdict=verdict.as_json(), raised_at=now
    )
    record([_alarm(log, note, now)], now=now)


def _trusted(log: SeenLog, note: Note) -> Verdict:
    signed = verify_note(note, VerifierKey.decode(log.vkey))
    return _doubted(log.origin) if signed.allowed and queries.is_doubted(log.origin) else signed


def _unknown(origin: str) -> Verdict:
    return Verdict.no(Ground("log.unknown", _WITNESS, f"The log {origin} is not followed here."))


def _doubted(origin: str) -> Verdict:
    text = f"The log {origin} contradicted itself; nothing of it is believed until a person has decided."
    return Verdict.no(Ground("log.doubted", "alarms of this node", text))


def _other_size(log: SeenLog, offer: AddCheckpoint) -> Verdict:
    text = f"The proof begins at {offer.old_size} entries; {log.size} of {log.origin} were seen here."
    return Verdict.no(Ground("log.other-size", _WITNESS, text))


def _check_why(why: str) -> None:
    if not 1 <= len(why) <= _MAX_WHY:
        raise Malformed("why", f"a reason of 1 to {_MAX_WHY} characters is kept with the decision")


def _check_vkey(origin: str, vkey: str) -> None:
    key = VerifierKey.decode(vkey)
    if (key.name, key.kind) != (origin, KeyKind.NOTE):
        raise Malformed("key", f"this is not the key of the log {origin}: a log's key bears its origin")


def _text(lines: bytes) -> str:
    try:
        return lines.decode()
    except UnicodeDecodeError as error:
        raise Malformed("signature lines", f"byte {error.start} is not UTF-8") from error
