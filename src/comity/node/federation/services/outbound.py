"""What goes out: one exchange with a partner sends what is due, fetches what waits, and witnesses both logs.

Every step commits by itself: if the process dies between two of them, the next exchange begins where the
record says, and what was sent twice counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from comity.base.errors import ComityError, Malformed, NotFound
from comity.base.verdict import Verdict
from comity.engines.ledger.checkpoint import cosign
from comity.engines.ledger.note import KeyKind, Note, VerifierKey
from comity.formats import exchange
from comity.formats.conversation import Ask, Conversation, ask_for
from comity.formats.keys import Use
from comity.formats.receipts import decode_receipt
from comity.formats.strict_json import decode
from comity.formats.taxii import Outcome, Status
from comity.link.transport import Transport, drive
from comity.node.accountability import following, identity
from comity.node.accountability import queries as log
from comity.node.accountability import services as log_services
from comity.node.acts import queries as acts
from comity.node.acts.models import Delivery, DeliveryState
from comity.node.acts.services import delivering, receiving
from comity.node.faults import Step, reach
from comity.node.federation import queries, their_log
from comity.node.federation.collections import inbox_id, outbox_id
from comity.node.federation.models import Partner, Reach
from comity.node.federation.services import inbound, partners
from comity.node.keys import KeyUse, node_key
from comity.node.parties.models import Party

logger = logging.getLogger("comity.federation")
BATCH = 500  # acts in one post
BATCH_BYTES = 4 * 2**20
PAGE = 1_000  # objects asked for at once
RECEIPT_PAUSE = timedelta(seconds=30)  # before receipts are offered again to a partner in trouble
HOLD = timedelta(minutes=10)  # for which an act that came too early holds up those fetched after it
CLAIM = timedelta(seconds=60)  # another worker leaves a claimed delivery alone for so long
_RETRIED = frozenset(  # time may heal these
    {
        "act.out-of-order",
        "act.unknown-key",
        "receipt.unknown-key",
        "partner.suspended",
        "log.uncompared",
        "log.doubted",
    }
)
PROOFS = 100  # from how many sizes a witness may ask for a proof, one after the other


class PassedOver(ComityError):
    """The partner's answer names other acts, but not this one."""

    code = "wire.passed-over"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one exchange did, and what went wrong, if something did."""

    sent: int = 0
    receipted: int = 0
    fetched: int = 0
    trouble: str = ""

    @property
    def more(self) -> bool:
        """Whether more may be due already: what was composed while these were sent."""
        return self.sent > 0 and not self.trouble


def exchange_with(
    partner: Partner, transport: Transport, *, now: datetime, random: Random, look: bool = False
) -> Exchanged:
    """Send what is due to the partner, fetch what waits there, and hold both logs against each other.

    With `look` its node is asked as well who it is now: also when nothing else went well, since it may have
    moved.
    """
    own = queries.own_party()
    sent = receipted = fetched = 0
    trouble = ""
    try:
        if partner.reach == Reach.PUSH:
            sent, receipted, trouble = _push(partner, own, transport, now, random)
        else:
            _leave_for_fetching(partner, now)
        if partner.fetches:
            fetched = _fetch(partner, own, transport, now)
        returned = _return_receipts(partner, own, transport, now)
        if sent or returned or look or partner.fetches:
            witness(partner, transport, now=now)
    except ComityError as error:
        trouble = _in_words(partner, error)
        due = acts.receipts_to_return(partner.party, now, BATCH)
        receiving.receipts_returned(due, again=now + RECEIPT_PAUSE)
        logger.warning("exchange with %s: %s %s", partner.party.ref, error.code, error.message)
    if look:
        trouble = _look(partner, transport, now) or trouble
    _note(partner, trouble, now)
    return Exchanged(sent, receipted, fetched, trouble)


def witness(partner: Partner, transport: Transport, *, now: datetime) -> Verdict:
    """Hold the partner's newest checkpoint against the last one, cosign it, and have ours cosigned."""
    checkpoint = drive(exchange.fetch_checkpoint(partner.log_url), transport)
    verdict = inbound.observe(partner, checkpoint, read=their_log.tiles(partner, transport), now=now)
    verdict.require()
    following.compare_kept(partner.log_origin, read=their_log.tiles(partner, transport), now=now).require()
    line = cosign(
        Note.decode(checkpoint), name=identity.witness_name(), key=node_key(KeyUse.WITNESS), now=now
    )
    drive(_hand_cosignature(partner, checkpoint, line.encode()), transport)
    _have_ours_cosigned(partner, transport, now)
    return verdict


def _look(partner: Partner, transport: Transport, now: datetime) -> str:
    """Take over what the node says of itself now; in words what speaks against that, or keeps us from it."""
    Partner.objects.filter(pk=partner.pk).update(looked_at=now)
    try:
        signed = drive(exchange.fetch_descriptor(partner.address), transport)
        verdict = partners.renew(partner, signed, now=now)
    except ComityError as error:
        return _in_words(partner, error)
    if verdict.allowed:
        return ""
    return f"What {partner.party.name} says of itself now does not count: {verdict.grounds[0].text}"


def keep_cosignature(partner: Partner, *, size: int, lines: bytes, now: datetime) -> None:
    """Keep the partner's cosignature on our checkpoint of this size, if it is that."""
    key = _witness_key(partner, now)
    if key is None:
        raise NotFound("witness key of this partner")
    log_services.cosigned(size=size, lines=lines, witness=key, now=now)
    Partner.objects.filter(pk=partner.pk, witnessed_size__lt=size).update(witnessed_size=size)


def _push(
    partner: Partner, own: Party, transport: Transport, now: datetime, random: Random
) -> tuple[int, int, str]:
    """How many were sent, how many of them receipted, and why the partner could not take some yet."""
    due = acts.due_deliveries(now, party=partner.party, limit=BATCH)
    going = delivering.claim(delivering.judged_again(due, now=now), now=now, until=now + CLAIM)
    if not going:
        return 0, 0, ""
    receipted, trouble = 0, ""
    unsent = list(going)
    for batch in _batches(going):
        reach(Step.BEFORE_SENDING)
        try:
            status = drive(_post(partner, own, objects_of(batch)), transport)
        except ComityError as error:
            words = _in_words(partner, error)
            delivering.not_sent(unsent, code=error.code, words=words, now=now, random=random)
            raise
        reach(Step.SENT)
        del unsent[: len(batch)]
        receipted += _take_status(partner, batch, status, transport, now=now, random=random)
        trouble = trouble or _put_off(partner, status)
    return len(going), receipted, trouble


def _put_off(partner: Partner, status: Status) -> str:
    """In words, the first refusal that only a person or another act can heal; empty if there is none."""
    for each in status.failures:
        if each.code in _RETRIED - {"act.out-of-order"}:
            return f"{partner.party.name} cannot take our acts: {each.message or each.code}"
    return ""


def _take_status(
    partner: Partner,
    batch: Sequence[Delivery],
    status: Status,
    transport: Transport,
    *,
    now: datetime,
    random: Random,
) -> int:
    """Note what the partner said of each act, and complete those whose receipts came along."""
    by_ref = {delivery.act.ref: delivery for delivery in batch}
    delivering.handed_over(
        [by_ref[each.id] for each in (*status.successes, *status.pendings) if each.id in by_ref],
        now=now,
        how=f"{partner.party.name} took it.",
    )
    for each in status.failures:
        if each.id in by_ref:
            _note_failure(by_ref[each.id], each, partner, now, random)
    named = {each.id for each in (*status.successes, *status.pendings, *status.failures)}
    passed_over = [delivery for ref, delivery in by_ref.items() if ref not in named]
    silence = PassedOver(f"{partner.party.name} answered, but said nothing of this act.")
    delivering.not_sent(passed_over, code=silence.code, words=silence.message, now=now, random=random)
    signed = [decode_receipt(receipt) for receipt in status.receipts]
    said = (
        inbound.take_receipts(partner, signed, now=now, read=their_log.tiles(partner, transport))
        if signed
        else []
    )
    inbound.log_refusals(partner, said)
    return sum(each.verdict.allowed for each in said)


def _note_failure(
    delivery: Delivery, failure: Outcome, partner: Partner, now: datetime, random: Random
) -> None:
    code = failure.code or "wire.partner-refused"
    text = f"{partner.party.name} did not take it: {failure.message or 'without a reason'}"
    if code in _RETRIED:
        delivering.not_sent([delivery], code=code, words=text, now=now, random=random)
    else:
        delivering.refused_there(delivery, code=code, words=text, now=now)


def _leave_for_fetching(partner: Partner, now: datetime) -> None:
    due = acts.due_deliveries(now, party=partner.party, limit=BATCH)
    going = delivering.judged_again(due, now=now)
    fetched = [each for each in going if each.state == DeliveryState.HANDED_OVER]
    words = f"{partner.party.name} fetched it; its receipt has not come yet."
    delivering.waits_for_fetch(fetched, words=words, now=now)
    words = f"In our outbox; waits until {partner.party.name} fetches it, since we cannot reach its node."
    delivering.waits_for_fetch([each for each in going if each not in fetched], words=words, now=now)


def _fetch(partner: Partner, own: Party, transport: Transport, now: datetime) -> int:
    """Look into the partner's outbox for us, from where we stopped last time."""
    found = drive(
        exchange.read_outbox(
            partner.api_root,
            outbox_id(partner.party, own),
            added_after=partner.fetch_cursor or None,
            limit=PAGE,
        ),
        transport,
    )
    said = inbound.take(
        partner,
        inbound.sort(found.objects),
        now=now,
        hand_over=False,
        read=their_log.tiles(partner, transport),
    )
    again = any(each.verdict.grounds[0].rule in _RETRIED for each in said)
    _move_cursor(partner, found.added_after, again=again, now=now)
    return sum(each.receipt is not None for each in said)


def _move_cursor(partner: Partner, added_after: str | None, *, again: bool, now: datetime) -> None:
    """Go on behind what was read; what may be taken later holds up the rest for a while only."""
    held_since = partner.fetch_held_since or now
    if again and now - held_since < HOLD:
        Partner.objects.filter(pk=partner.pk).update(fetch_held_since=held_since)
        return
    cursor = added_after or partner.fetch_cursor
    Partner.objects.filter(pk=partner.pk).update(fetch_cursor=cursor, fetch_held_since=None)


def _return_receipts(partner: Partner, own: Party, transport: Transport, now: datetime) -> int:
    """Hand over the receipts that are due; those that the partner may take later are offered again."""
    due = acts.receipts_to_return(partner.party, now, BATCH)
    if not due:
        return 0
    status = drive(_post(partner, own, [decode(bytes(receipt.wire)) for receipt in due]), transport)
    later = {each.id for each in status.failures if each.code in _RETRIED}
    receiving.receipts_returned([each for each in due if each.ref not in later], again=None)
    refused = [each for each in due if each.ref in later]
    receiving.receipts_returned(refused, again=now + RECEIPT_PAUSE)
    return len(due)


def _have_ours_cosigned(partner: Partner, transport: Transport, now: datetime) -> None:
    """Bring our newest checkpoint to the partner as a witness, with a proof from each size it asks for.

    It asks for the size it saw last, and for that of each checkpoint that came with a receipt meanwhile.
    """
    key, newest = _witness_key(partner, now), log.newest_checkpoint()
    if key is None or newest is None:
        return
    old, asked = partner.witnessed_size, set[int]()
    while old not in asked and len(asked) < PROOFS:
        asked.add(old)
        if old > newest.size:  # another worker was there with a newer one
            newest = log.newest_checkpoint() or newest
        answer = drive(_bring_checkpoint(partner, log.witness_request(old, size=newest.size)), transport)
        if isinstance(answer, bytes):
            log_services.cosigned(size=newest.size, lines=answer, witness=key, now=now)
            Partner.objects.filter(pk=partner.pk).update(witnessed_size=newest.size)
            return
        old = answer


def _in_words(partner: Partner, error: ComityError) -> str:
    if isinstance(error, Malformed):
        return f"{partner.party.name} answered something that cannot be read: {error.message}"
    return error.message


def _witness_key(partner: Partner, now: datetime) -> VerifierKey | None:
    valid = [key for key in queries.keys_of(partner) if key.use is Use.WITNESS and key.valid_at(now)]
    newest = max(valid, key=lambda key: key.since, default=None)
    return VerifierKey(partner.witness_name, newest.public, KeyKind.COSIGNATURE) if newest else None


def _post(partner: Partner, own: Party, objects: Sequence[object]) -> Conversation[Status]:
    return exchange.post_objects(partner.api_root, inbox_id(partner.party, own), objects)


def _bring_checkpoint(partner: Partner, body: bytes) -> Conversation[bytes | int]:
    """C2SP tlog-witness: the cosignature lines, or the size that the witness saw last."""
    ask = Ask(f"{partner.log_url}add-checkpoint", method="POST", accept="text/plain", body=body)
    reply = yield ask
    if reply.status == 409 and reply.body.strip().isdigit():  # noqa: PLR2004  the status the protocol gives
        return int(reply.body)
    if reply.status != 200:  # noqa: PLR2004  the status the protocol gives
        raise Malformed(ask.url, f"the witness answered {reply.status}: {reply.body[:200]!r}")
    return reply.body


def _hand_cosignature(partner: Partner, checkpoint: bytes, line: str) -> Conversation[bytes]:
    """Give the keeper of a log our cosignature on its checkpoint."""
    address = partners.descriptor_of(partner).address
    ask = Ask(
        f"{address}federation/cosignature",
        method="POST",
        content_type="text/plain",
        body=checkpoint.partition(b"\n\n")[0] + b"\n\n" + line.encode() + b"\n",
    )
    return (yield from ask_for(ask, 200, "application/json")).body


def _batches(deliveries: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    """Cut so that a post stays under its bound; one act alone may fill a post."""
    batch: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        weight = len(delivery.act.wire or b"") + sum(
            len(each.content.wire) for each in delivery.act.carried.all()
        )
        if batch and size + weight > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(delivery)
        size += weight
    yield batch


def objects_of(batch: Sequence[Delivery]) -> list[object]:
    """The contents of each act, each once, and after them the act."""
    seen: set[str] = set()
    objects: list[object] = []
    for delivery in batch:
        for each in delivery.act.carried.all():
            if each.content_id not in seen:
                seen.add(each.content_id)
                objects.append(decode(bytes(each.content.wire)))
        objects.append(decode(bytes(delivery.act.wire or b"")))
    return objects


def _note(partner: Partner, trouble: str, now: datetime) -> None:
    changes = {"trouble": trouble[:500]} | ({} if trouble else {"heard_at": now})
    Partner.objects.filter(pk=partner.pk).update(**changes)
