"""Every write to what was seen of the logs of others: followed, judged, kept to be compared, doubted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256

from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.checkpoint import Checkpoint, cosign, open_checkpoint
from comity.engines.ledger.note import KeyKind, Note, VerifierKey, verify_note
from comity.engines.ledger.proofs import ReadTile
from comity.engines.ledger.witness import AddCheckpoint
from comity.formats.entries import Event
from comity.formats.entries import LogEntry as Entry
from comity.node.accountability import identity, queries
from comity.node.accountability.evidence import Judged, judge_by_tiles, judge_offer
from comity.node.accountability.models import AlarmDecision, KeptCheckpoint, LogAlarm, SeenLog
from comity.node.accountability.reasons import check_why
from comity.node.accountability.services import record
from comity.node.faults import Step, reach
from comity.node.keys import KeyUse, node_key
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

OnAlarm = Callable[[str, Verdict, datetime], None]

_WITNESS = "C2SP tlog-witness"
_SOURCE = "docs/wire/log.md"
_LOOKS = 3  # how often a checkpoint is judged again because another process accepted one meanwhile
_heard: list[OnAlarm] = []


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


def on_alarm(heard: OnAlarm) -> None:
    """Call `heard` with origin, verdict and time in the transaction that raises an alarm."""
    _heard.append(heard)


@transaction.atomic
def know_log(origin: str, vkey: str, *, now: datetime) -> SeenLog:
    """Follow a log of somebody else from now on; `Conflict` if it is followed with another key."""
    _check_vkey(origin, vkey)
    log, _ = SeenLog.objects.get_or_create(origin=origin, defaults={"vkey": vkey, "at": now})
    if log.vkey != vkey:
        raise Conflict(
            f"The log {origin} is known with another key, and a log keeps its key: a new log has a new name."
        )
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
            return queries.doubted(origin)
        new = open_checkpoint(content, VerifierKey.decode(log.vkey))
        judged = judge_by_tiles(log.last, new, read)
        settled = _settled(log, new, content, judged, now)
        if settled is not None:
            return settled
    raise Conflict(f"Other checkpoints of {origin} arrived meanwhile; look at the newest.")


@transaction.atomic
def keep(origin: str, content: bytes, *, now: datetime) -> Verdict:
    """Judge a checkpoint whose tiles cannot be read from here, as far as it and those known go.

    What cannot be decided is kept as evidence until its keeper brings a proof, or its tiles can be read.
    """
    log = queries.locked_log(origin)
    if log is None:
        raise NotFound("log of that origin")
    if queries.is_doubted(origin):
        return queries.doubted(origin)
    new = open_checkpoint(content, VerifierKey.decode(log.vkey))
    if log.last is None or new.size == log.size:
        return _settle(log, new, content, judge_offer(log.last, new, ()), now)
    return _keep(log, new, content, now)


def compare_kept(origin: str, *, read: ReadTile, now: datetime) -> Verdict:
    """Hold every checkpoint that was kept against the last one accepted, by the log's tiles."""
    for kept in queries.kept_of(origin):
        log = queries.seen_log(origin)
        if log.last is None or queries.is_doubted(origin):
            break
        judged = judge_by_tiles(kept.checkpoint, log.last, read)
        if not _compared(log, kept, judged, now):
            raise Conflict(f"Other checkpoints of {origin} arrived meanwhile; compare again.")
        if not judged.verdict.allowed:
            return judged.verdict
    return queries.trust(origin, now)


@transaction.atomic
def decide_alarm(*, actor: Actor, alarm: int, decision: AlarmDecision, why: str, now: datetime) -> LogAlarm:
    """Close an alarm: keep to what was seen before, or begin anew from what was offered."""
    actor.may(Power.MANAGE_PARTNERS).require()
    check_why(why)
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


def _alarm(log: SeenLog, offered: bytes, now: datetime) -> Entry:
    return Entry(Event.ALARM_RAISED, now, log.origin, sha256(offered).hexdigest())


def _decision(alarm: LogAlarm, now: datetime) -> Entry:
    digest = sha256(bytes(alarm.offered_note)).hexdigest()
    return Entry(Event.ALARM_DECIDED, now, alarm.log.origin, digest, more={"decision": alarm.decision})


def _answer(log: SeenLog, new: Checkpoint, offer: AddCheckpoint, now: datetime) -> Witnessed:
    if log.last == new and offer.old_size < log.size:
        return _answer_from_kept(log, new, offer, now)
    kept = _with_other_root(log, new)
    if kept:
        return _not_shown(log, _forked(log, kept, new, offer.note, now))
    judged = judge_offer(log.last, new, offer.proof)
    if judged.contradiction:
        _raise_alarm(log, new, offer.note, judged.verdict, now)
    if log.last and judged.contradiction and log.size == new.size:
        return Witnessed(WitnessAnswer.CONTRADICTED, judged.verdict, log.size)
    if offer.old_size != log.size:
        return _other(log, log.size, offer)
    if not judged.verdict.allowed:
        return _not_shown(log, judged.verdict)
    _accept(log, new, offer.note, now)
    return _cosigned(log, offer, judged.verdict, now)


def _answer_from_kept(log: SeenLog, new: Checkpoint, offer: AddCheckpoint, now: datetime) -> Witnessed:
    """The proof begins at a smaller size than the accepted checkpoint: it must be that of a kept one."""
    kept = log.kept.filter(size=offer.old_size).first()
    if kept is None:
        return _other(log, log.size, offer)
    judged = judge_offer(kept.checkpoint, new, offer.proof)
    _settle_kept(log, kept, judged, now)
    shown = judged.verdict.allowed
    return _cosigned(log, offer, judged.verdict, now) if shown else _not_shown(log, judged.verdict)


def _cosigned(log: SeenLog, offer: AddCheckpoint, verdict: Verdict, now: datetime) -> Witnessed:
    """Our cosignature; but first a proof is asked for from each smaller checkpoint that is kept."""
    kept = log.kept.filter(size__lt=log.size).first()
    if kept:
        return _other(log, kept.size, offer)
    line = cosign(
        Note.decode(offer.note), name=identity.witness_name(), key=node_key(KeyUse.WITNESS), now=now
    )
    reach(Step.WITNESSED)
    return Witnessed(WitnessAnswer.COSIGNED, verdict, log.size, f"{line.encode()}\n".encode())


def _not_shown(log: SeenLog, verdict: Verdict) -> Witnessed:
    return Witnessed(WitnessAnswer.NOT_SHOWN, verdict, log.size)


def _other(log: SeenLog, size: int, offer: AddCheckpoint) -> Witnessed:
    """The size from which a proof is wanted: that of the last checkpoint accepted, or of one kept."""
    text = f"The proof begins at {offer.old_size} entries; one from {size} of {log.origin} is wanted here."
    return Witnessed(WitnessAnswer.OTHER_SIZE, Verdict.no(Ground("log.other-size", _WITNESS, text)), size)


def _keep(log: SeenLog, new: Checkpoint, content: bytes, now: datetime) -> Verdict:
    if any(alarm.offered == new for alarm in log.alarms.filter(decision=AlarmDecision.KEEP)):
        text = f"A person decided to believe what was seen before, and not {new.named()}."
        return Verdict.no(Ground("log.disbelieved", "alarms of this node", text))
    other = _with_other_root(log, new)
    if other:
        return _forked(log, other, new, content, now)
    if not log.kept.filter(size=new.size).exists():
        if log.kept.count() >= queries.MOST_KEPT:
            return queries.uncompared(log.origin, f"{queries.MOST_KEPT} checkpoints of it wait for that")
        KeptCheckpoint.objects.create(log=log, size=new.size, note=content, at=now)
    text = f"{new.named()} is kept, and compared when a proof can be had."
    return Verdict.yes(Ground("log.later", _SOURCE, text))


def _with_other_root(log: SeenLog, new: Checkpoint) -> KeptCheckpoint | None:
    kept = log.kept.filter(size=new.size).first()
    return kept if kept and kept.checkpoint != new else None


def _forked(log: SeenLog, kept: KeptCheckpoint, new: Checkpoint, content: bytes, now: datetime) -> Verdict:
    """Two checkpoints of one size with two roots: neither needs a proof to contradict the other."""
    verdict = judge_offer(kept.checkpoint, new, ()).verdict
    _raise_alarm(log, new, content, verdict, now, seen=kept)
    kept.delete()
    return verdict


@transaction.atomic
def _compared(log: SeenLog, kept: KeptCheckpoint, judged: Judged, now: datetime) -> bool:
    """Keep what the comparison means, unless another checkpoint was accepted since it was made."""
    locked = queries.locked_log(log.origin)
    if locked is None or bytes(locked.note) != bytes(log.note) or queries.is_doubted(log.origin):
        return False
    _settle_kept(locked, kept, judged, now)
    return True


def _settle_kept(log: SeenLog, kept: KeptCheckpoint, judged: Judged, now: datetime) -> None:
    if judged.contradiction:
        _raise_alarm(log, kept.checkpoint, bytes(kept.note), judged.verdict, now)
    elif judged.verdict.allowed and kept.size > log.size:
        _accept(log, kept.checkpoint, bytes(kept.note), now)
    if judged.contradiction or judged.verdict.allowed:
        log.kept.filter(pk=kept.pk).delete()


@transaction.atomic
def _settled(log: SeenLog, new: Checkpoint, content: bytes, judged: Judged, now: datetime) -> Verdict | None:
    """Keep what the judgement means; None if another checkpoint was accepted since it was made."""
    locked = queries.locked_log(log.origin)
    if locked is None or bytes(locked.note) != bytes(log.note) or queries.is_doubted(log.origin):
        return None
    return _settle(locked, new, content, judged, now)


def _settle(log: SeenLog, new: Checkpoint, content: bytes, judged: Judged, now: datetime) -> Verdict:
    kept = _with_other_root(log, new)
    if judged.contradiction:
        _raise_alarm(log, new, content, judged.verdict, now)
    elif kept:
        return _forked(log, kept, new, content, now)
    elif judged.verdict.allowed and (log.last is None or new.size > log.size):
        _accept(log, new, content, now)
    return judged.verdict


def _accept(log: SeenLog, new: Checkpoint, note: bytes, now: datetime) -> None:
    log.kept.filter(size=new.size).delete()
    log.size, log.root, log.note, log.at = new.size, new.root, note, now
    log.save(update_fields=["size", "root", "note", "at"])


def _raise_alarm(
    log: SeenLog,
    new: Checkpoint,
    note: bytes,
    verdict: Verdict,
    now: datetime,
    *,
    seen: KeptCheckpoint | None = None,
) -> None:
    """Keep both checkpoints as evidence; a pair that a person has decided about is not raised again."""
    seen_note = bytes(seen.note if seen else log.note)
    before = seen.checkpoint if seen else log.last
    if any({alarm.seen, alarm.offered} == {before, new} for alarm in log.alarms.all()):
        return
    LogAlarm.objects.create(
        log=log, seen_note=seen_note, offered_note=note, verdict=verdict.as_json(), raised_at=now
    )
    for heard in _heard:
        heard(log.origin, verdict, now)
    record([_alarm(log, note, now)], now=now)


def _trusted(log: SeenLog, note: Note) -> Verdict:
    signed = verify_note(note, VerifierKey.decode(log.vkey))
    return queries.doubted(log.origin) if signed.allowed and queries.is_doubted(log.origin) else signed


def _unknown(origin: str) -> Verdict:
    return Verdict.no(Ground("log.unknown", _WITNESS, f"The log {origin} is not followed here."))


def _check_vkey(origin: str, vkey: str) -> None:
    key = VerifierKey.decode(vkey)
    if (key.name, key.kind) != (origin, KeyKind.NOTE):
        raise Malformed("key", f"this is not the key of the log {origin}: a log's key bears its origin")
