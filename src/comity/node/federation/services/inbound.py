"""What comes in: a partner's objects become acts in our record, each verified, or are refused by a code.

It does not matter by which way they came: posted to our inbox, or fetched from the partner's outbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from comity.base.errors import ComityError, Malformed
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.checkpoint import Checkpoint, open_checkpoint
from comity.engines.ledger.commitment import commit
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.proofs import ReadTile, verify_inclusion
from comity.engines.ledger.tree import leaf_hash
from comity.formats import act_checks, acts, receipts, rollover
from comity.formats.acts import SignedAct
from comity.formats.keys import NodeKey
from comity.formats.receipts import SignedReceipt
from comity.formats.stix import StixObject
from comity.node.accountability import following
from comity.node.accountability import queries as log
from comity.node.acts.kinds import Leaving
from comity.node.acts.queries import known_acts
from comity.node.acts.services import receiving
from comity.node.acts.services.receiving import Arrival, NotTaken, Taken
from comity.node.acts.together import once_together, together
from comity.node.faults import Step, reach
from comity.node.federation import queries
from comity.node.federation.models import Partner
from comity.node.federation.services import partners

logger = logging.getLogger("comity.federation")
_SOURCE = "docs/wire/receipt.md"


@dataclass(frozen=True, slots=True)
class Said:
    """What we say to the sender of one object."""

    ref: str
    version: str
    verdict: Verdict
    receipt: bytes | None = None


@dataclass(slots=True)
class Sorted:
    """The objects of an envelope by what they are to us; contents wait here for the act that names them."""

    acts: list[SignedAct] = field(default_factory=list)
    receipts: list[SignedReceipt] = field(default_factory=list)
    contents: dict[tuple[str, str], StixObject] = field(default_factory=dict)
    unread: list[Said] = field(default_factory=list)


def sort(objects: Iterable[object]) -> Sorted:
    """Decode each object strictly; what cannot be read is among `unread` with its problem."""
    found = Sorted()
    for place, value in enumerate(objects):
        try:
            _sort_one(value, f"/objects/{place}", found)
        except Malformed as error:
            ref, version = _name_of(value)
            found.unread.append(Said(ref, version, _no(error.code, "docs/wire", error.message)))
    return found


def take(
    partner: Partner, found: Sorted, *, now: datetime, hand_over: bool, read: ReadTile | None
) -> list[Said]:
    """Verify and record what a partner's objects say; the answer names each act, receipt and unread object.

    `read` reads tiles of the partner's log over the network, None where it cannot be asked.
    """
    trusted = log.trust(partner.log_origin, now)
    if not trusted.allowed:
        return _none_of(partner, found, trusted)
    said = [*found.unread, *_take_acts(partner, found, now, hand_over=hand_over)]
    if found.receipts:
        said += take_receipts(partner, found.receipts, now=now, read=read)
    used = {c.version for each in found.acts for c in each.act.contents}
    said += [_stray(each) for version, each in found.contents.items() if version not in used]
    log_refusals(partner, said)
    return said


def log_refusals(partner: Partner, said: Iterable[Said]) -> None:
    """One line for each object that was refused: the only trace it leaves."""
    for each in said:
        if not each.verdict.allowed:
            ground = each.verdict.grounds[0]
            # What the partner wrote is quoted: a line break in it must not look like a line of ours.
            logger.warning("refused %r from %s: %s %r", each.ref, partner.party.ref, ground.rule, ground.text)


def take_receipts(
    partner: Partner, signed: Sequence[SignedReceipt], *, now: datetime, read: ReadTile | None
) -> list[Said]:
    """Verify receipts for our acts against the partner's keys and log, and complete the deliveries."""
    ours = known_acts(each.receipt.act for each in signed)
    keys = queries.keys_of(partner)
    with together():
        judged = [(each, _judge_receipt(partner, each, ours, keys)) for each in signed]
    cited = dict.fromkeys(each.receipt.log.checkpoint for each, verdict in judged if verdict.allowed)
    consistent = {note: observe(partner, note.encode(), read=read, now=now) for note in cited}
    judged = [
        (each, consistent[each.receipt.log.checkpoint] if verdict.allowed else verdict)
        for each, verdict in judged
    ]
    good = [each for each, verdict in judged if verdict.allowed]
    if good:
        receiving.note_receipts(good, party=partner.party, now=now)
    return [Said(each.receipt.id, _version(each.sealed.value), verdict) for each, verdict in judged]


def observe(partner: Partner, checkpoint: bytes, *, read: ReadTile | None, now: datetime) -> Verdict:
    """Hold a checkpoint of the partner's log against those seen before; a contradiction suspends it.

    What cannot be compared, because the log cannot be read from here, is kept and compared later.
    """
    if read is None:
        return following.keep(partner.log_origin, checkpoint, now=now)
    return following.observe(partner.log_origin, checkpoint, read=read, now=now)


def doubt(origin: str, verdict: Verdict, now: datetime) -> None:
    """Suspend the partner whose log contradicted itself: heard when the alarm is raised."""
    found = Partner.objects.select_for_update(of=("self",)).select_related("party")
    partner = found.filter(log_origin=origin).first()
    if partner is not None:
        partners.suspend_found(partner, why=verdict.grounds[0].text, now=now)


def _none_of(partner: Partner, found: Sorted, verdict: Verdict) -> list[Said]:
    """Each object is refused for the same reason."""
    signed = [*found.acts, *found.receipts]
    refused = [Said(_name_of(each.value)[0], _version(each.value), verdict) for each in signed]
    said = [*found.unread, *refused]
    log_refusals(partner, said)
    return said


def _take_acts(partner: Partner, found: Sorted, now: datetime, *, hand_over: bool) -> list[Said]:
    turns = (_take_turn(partner, turn, found, now, hand_over=hand_over) for turn in _turns(found.acts))
    said = [each for turn in turns for each in turn]
    if any(each.receipt for each in said):
        reach(Step.ARRIVAL_RECORDED)
    return said


def _turns(signed: Sequence[SignedAct]) -> Iterator[list[SignedAct]]:
    """Acts that are verified by the same keys: what follows a new key may be signed by it."""
    turn: list[SignedAct] = []
    for each in signed:
        turn.append(each)
        if each.act.kind == rollover.KIND:
            yield turn
            turn = []
    yield turn


def _take_turn(
    partner: Partner, turn: Sequence[SignedAct], found: Sorted, now: datetime, *, hand_over: bool
) -> list[Said]:
    keys = queries.keys_of(partner)
    with together():
        checked = [(signed, *_check(partner, signed, found, keys, now)) for signed in turn]
    arrivals = [arrival for _, arrival, _ in checked if arrival is not None]
    outcomes = iter(receiving.receive(arrivals, now=now, hand_over=hand_over) if arrivals else ())
    # By place, not by id: a post may hold two acts under one id, and each gets its own answer.
    return [
        Said(signed.act.id, _version(signed.value), verdict) if arrival is None else _said(next(outcomes))
        for signed, arrival, verdict in checked
    ]


def _check(
    partner: Partner, signed: SignedAct, found: Sorted, keys: tuple[NodeKey, ...], now: datetime
) -> tuple[Arrival | None, Verdict]:
    """The checks of the wire, the cheap ones first; the record's own follow in `receiving`."""
    bodies = queries.own_bodies(signed.act.recipients)
    checks: tuple[Callable[[], Verdict], ...] = (
        lambda: act_checks.check_sender(signed.act, partner.party.ref),
        lambda: act_checks.check_addressee(signed.act, bodies[0].ref if bodies else queries.own_party().ref),
        lambda: act_checks.check_author(signed, keys),
        lambda: act_checks.check_time(signed.act, now),
        lambda: act_checks.check_contents(signed.act, _named(signed.act, found)),
    )
    for check in checks:
        verdict = check()
        if not verdict.allowed:
            return None, verdict
    contents = tuple(_leaving(found.contents[c.version]) for c in signed.act.contents)
    return Arrival(signed, partner.party, tuple(bodies), contents), verdict


def _named(act: acts.Act, found: Sorted) -> list[StixObject]:
    """What came along of the contents that the act names, not of all the others in the envelope."""
    versions = (content.version for content in act.contents)
    return [found.contents[version] for version in versions if version in found.contents]


def _judge_receipt(
    partner: Partner, signed: SignedReceipt, ours: Mapping[str, Any], keys: tuple[NodeKey, ...]
) -> Verdict:
    act = ours.get(signed.receipt.act)
    sent = acts.decode_act(bytes(act.wire)) if act is not None and act.ours and act.wire is not None else None
    if sent is None or partner.party.ref not in sent.act.recipients:  # it learns nothing of what others got
        return _no("receipt.other-act", _SOURCE, "It is for an act that this node did not send there.")
    if signed.receipt.author != partner.party.ref:
        text = f"It speaks for {signed.receipt.author}, and {partner.party.ref} delivers it."
        return _no("receipt.wrong-sender", _SOURCE, text)
    verdict = receipts.verify_receipt(signed, sent, keys)
    return verdict if not verdict.allowed else _in_their_log(partner, signed)


def _in_their_log(partner: Partner, signed: SignedReceipt) -> Verdict:
    """Whether the partner's log holds the entry under the checkpoint that the receipt carries."""
    proof = signed.receipt.log
    if proof.origin != partner.log_origin:
        return _no(
            "receipt.other-log", _SOURCE, f"It cites the log {proof.origin}, which is not the partner's."
        )
    try:
        checkpoint = _checkpoint(partner.log_origin, proof.checkpoint)
    except ComityError as error:
        return _no("receipt.bad-checkpoint", _SOURCE, error.message)
    leaf = leaf_hash(commit(proof.salt, proof.entry.raw))
    return verify_inclusion(leaf, proof.index, checkpoint.size, proof.proof, checkpoint.root)


@once_together
def _checkpoint(origin: str, note: str) -> Checkpoint:
    """A checkpoint that the log has signed; the receipts of one batch carry one."""
    return open_checkpoint(note.encode(), VerifierKey.decode(log.seen_log(origin).vkey))


def _said(outcome: Taken | NotTaken) -> Said:
    if isinstance(outcome, NotTaken):
        return Said(outcome.ref, outcome.version, outcome.verdict)
    rule = receiving.REPLAYED if outcome.again else "act.taken"
    text = "It was here already; its receipt stands." if outcome.again else "It is verified and recorded."
    return Said(outcome.ref, outcome.version, _yes(rule, text), outcome.receipt)


def _sort_one(value: object, where: str, found: Sorted) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == acts.TYPE:
        found.acts.append(acts.decode_act(value))
    elif kind == receipts.TYPE:
        found.receipts.append(receipts.decode_receipt(value))
    else:
        each = StixObject.decode(value, where)
        found.contents[each.version] = each


def _stray(each: StixObject) -> Said:
    text = "No act in this envelope carries it; objects come as the contents of a signed act."
    return Said(each.id, each.modified or "", _no("wire.no-act", "docs/wire/act.md", text))


def _leaving(each: StixObject) -> Leaving:
    return Leaving(each.id, each.modified or "", each.raw, each.sha256)


def _name_of(value: object) -> tuple[str, str]:
    if not isinstance(value, dict):
        return "unreadable", ""
    return str(value.get("id", "unreadable"))[:300], _version(value)


def _version(value: Mapping[str, Any]) -> str:
    return str(value.get("modified", value.get("created", "")))[:40]


def _yes(rule: str, text: str) -> Verdict:
    return Verdict.yes(Ground(rule, _SOURCE, text))


def _no(rule: str, source: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, source, text))
