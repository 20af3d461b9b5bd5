"""Receive: a partner's acts enter the record with a receipt each, and receipts for ours complete deliveries.

What comes in here has passed the checks of the wire (signature, sender, addressee, time, contents), which
the federation makes; here the record is asked: known already, in order, of a known kind, admissible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID, uuid4

from django.db import transaction

from comity.base.errors import Malformed
from comity.base.times import encode_time
from comity.base.verdict import Ground, Verdict, all_of
from comity.formats.act_checks import SKEW, check_first, check_kind, check_order
from comity.formats.acts import SignedAct, decode_act
from comity.formats.entries import Event, LogEntry
from comity.formats.receipts import SignedReceipt
from comity.node.accountability.services import record
from comity.node.acts import queries
from comity.node.acts.kinds import Arrived, Leaving, kind_named, kinds
from comity.node.acts.models import Act, ActState, Delivery, DeliveryState, Receipt
from comity.node.acts.services.recording import link_recipients, store_contents
from comity.node.acts.together import together
from comity.node.acts.wire import ToReceipt, issue_receipts
from comity.node.faults import Step, reach
from comity.node.parties.models import Party

REPLAYED = "act.replayed"  # the rule by which an act is known to be here already: not an error for the sender


@dataclass(frozen=True, slots=True)
class Arrival:
    """A partner's act that passed the checks of the wire, with everything it carries."""

    signed: SignedAct
    author: Party
    recipients: tuple[Party, ...]  # those of them that are bodies of this node
    contents: tuple[Leaving, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """The act is in our record; `again` if it was before. The receipt is the same each time."""

    ref: str
    version: str
    receipt: bytes
    again: bool


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The act is not in our record, and why."""

    ref: str
    version: str
    verdict: Verdict


Outcome = Taken | NotTaken


@transaction.atomic
def receive(
    arrivals: Sequence[Arrival],
    *,
    now: datetime,
    hand_over: bool,
    new_id: Callable[[], UUID] = uuid4,
) -> list[Outcome]:
    """Record what can be taken, all in one checkpoint, and say of each what became of it.

    With `hand_over` the caller gives the receipts to the author's node at once; otherwise they wait in our
    outbox of receipts.
    """
    reach(Step.ARRIVED)
    _one_at_a_time(arrivals)
    here = queries.known_acts(
        ref for each in arrivals for ref in (each.signed.act.id, each.signed.act.in_reply_to) if ref
    )
    verdicts: list[Verdict] = []
    for turn in _turns(arrivals):
        fresh: dict[str, tuple[Arrival, Act]] = {}
        with together():
            verdicts += [_admit(arrival, here, fresh, now) for arrival in turn]
        _record(fresh, now, hand_over=hand_over, new_id=new_id)
    judged = list(zip((each.signed for each in arrivals), verdicts, strict=True))
    if not hand_over:
        _return_again([signed.act.id for signed, verdict in judged if _is_replayed(verdict)], now)
    receipts = _receipts_of(
        signed.act.id for signed, verdict in judged if verdict.allowed or _is_replayed(verdict)
    )
    return [_outcome(signed, verdict, receipts) for signed, verdict in judged]


@transaction.atomic
def note_receipts(receipts: Sequence[SignedReceipt], *, party: Party, now: datetime) -> int:
    """Complete deliveries by verified receipts of one partner; returns how many were news."""
    ours = queries.known_acts(each.receipt.act for each in receipts)
    pending = {each.act_id: each for each in _open_deliveries(party, ours.values())}
    news = {each.receipt.act: each for each in receipts if _completes(each, ours, pending)}
    if not news:
        return 0
    entries = [_receipt_entry(each, now) for each in news.values()]
    recorded = record(entries, now=now)
    rows = []
    for signed, place in zip(news.values(), recorded, strict=True):
        act = ours[signed.receipt.act]
        rows.append(
            Receipt(
                act=act,
                party=party,
                issued=False,
                ref=signed.receipt.id,
                wire=signed.raw,
                sha256=signed.sha256,
                at=signed.receipt.received,
                log_index=place.index,
            )
        )
    Receipt.objects.bulk_create(rows)
    _complete(rows, pending, party, now)
    reach(Step.RECEIPT_NOTED)
    return len(rows)


@transaction.atomic
def receipts_returned(receipts: Sequence[Receipt], *, again: datetime | None) -> None:
    """These receipts were handed to the author's node (`again` None), or are tried again then."""
    Receipt.objects.filter(pk__in=[each.pk for each in receipts]).update(return_due=again)


def _one_at_a_time(arrivals: Sequence[Arrival]) -> None:
    """The same act may be posted and fetched at once: the second waits here, and then finds it replayed."""
    concerned = {party.pk for each in arrivals for party in (each.author, *each.recipients)}
    # Not the keys: at its end a composing transaction, which holds the log, must still see that they exist.
    list(Party.objects.select_for_update(no_key=True).filter(pk__in=concerned).order_by("pk"))


def _turns(arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Acts that are judged together: what comes after one of a kind `in_turn` waits for its effects."""
    in_turn = {kind.name for kind in kinds() if kind.in_turn}
    turn: list[Arrival] = []
    for arrival in arrivals:
        turn.append(arrival)
        if arrival.signed.act.kind in in_turn:
            yield turn
            turn = []
    yield turn


def _is_replayed(verdict: Verdict) -> bool:
    return not verdict.allowed and verdict.grounds[0].rule == REPLAYED


def _outcome(signed: SignedAct, verdict: Verdict, receipts: Mapping[str, bytes]) -> Outcome:
    ref, version = signed.act.id, encode_time(signed.act.created)
    if verdict.allowed or _is_replayed(verdict):
        return Taken(ref, version, receipts[ref], again=not verdict.allowed)
    return NotTaken(ref, version, verdict)


def _admit(
    arrival: Arrival, here: dict[str, Act], fresh: dict[str, tuple[Arrival, Act]], now: datetime
) -> Verdict:
    """Whether the record can take the act; if so it stands in `here` and `fresh` afterwards."""
    signed = arrival.signed
    kept = here.get(signed.act.id)
    answered = here.get(signed.act.in_reply_to) if signed.act.in_reply_to else None
    answerable = {answered.ref} if answered and _concerns(answered, arrival) else set()
    for verdict in (
        check_first(signed, kept.sha256 or "" if kept else None),
        check_kind(signed.act, {kind.name for kind in kinds()}),
        check_order(signed.act, answerable),
    ):
        if not verdict.allowed:
            return verdict
    verdict = _admissible(arrival, answered, now)
    if verdict.allowed:
        here[signed.act.id] = _row(arrival, answered)
        fresh[signed.act.id] = (arrival, here[signed.act.id])
    return verdict


def _concerns(answered: Act, arrival: Arrival) -> bool:
    """Whether the act passed between them: nobody answers, or learns of, an act that was not for them."""
    between = _parties_of(answered)
    return arrival.author.ref in between and any(body.ref in between for body in arrival.recipients)


def _parties_of(act: Act) -> set[str]:
    """As it was signed; of an erased act those that are known to us, of one that never left nobody."""
    if act.erased_at is not None and act.sha256 is not None:
        return {act.author.ref, *act.recipients.values_list("ref", flat=True)}
    if act.wire is None:
        return set()
    passed = decode_act(bytes(act.wire)).act
    return {passed.author, *passed.recipients}


def _admissible(arrival: Arrival, answered: Act | None, now: datetime) -> Verdict:
    spoken = arrival.signed.act
    kind = kind_named(spoken.kind)
    try:
        kind.read_body(spoken.body)
    except Malformed as error:
        return Verdict.no(Ground("act.malformed", f"the kind {kind.name}", error.message))
    arrived = Arrived(
        spoken.kind,
        arrival.author,
        arrival.recipients,
        spoken.body,
        arrival.contents,
        answered,
        spoken.created,
        spoken.purpose or "",
        spoken.basis,
    )
    own = kind.admissible(arrived, now)
    return all_of((own, kind.may_answer(answered), _after(answered, spoken.created)))


def _after(answered: Act | None, created: datetime) -> Verdict:
    """An answer is not older than what it answers, beyond what clocks differ by."""
    if answered is None or created >= answered.composed_at - SKEW:
        return Verdict.yes(Ground("act.in-time", "path of an act", "It is not older than what it answers."))
    text = f"It says that it was made at {created:%Y-%m-%d %H:%M} UTC, before the act that it answers."
    return Verdict.no(Ground("act.before-question", "path of an act", text))


def _row(arrival: Arrival, answered: Act | None) -> Act:
    spoken = arrival.signed.act
    return Act(
        ref=spoken.id,
        kind=spoken.kind,
        state=ActState.RECORDED,
        ours=False,
        author=arrival.author,
        in_reply_to=answered,
        tlp=spoken.tlp.value,
        purpose=spoken.purpose or "",
        title=str(spoken.body["title"]),
        basis=list(spoken.basis),
        body=dict(spoken.body),
        composed_by_name=arrival.author.name,
        composed_at=spoken.created,
        expires=spoken.expires,
        wire=arrival.signed.raw,
        sha256=arrival.signed.sha256,
    )


def _record(
    fresh: Mapping[str, tuple[Arrival, Act]], now: datetime, *, hand_over: bool, new_id: Callable[[], UUID]
) -> None:
    if not fresh:
        return
    rows = [act for _, act in fresh.values()]
    recorded = record([_arrival_entry(arrival, now) for arrival, _ in fresh.values()], now=now)
    for act, place in zip(rows, recorded, strict=True):
        act.recorded_at, act.log_index = place.at, place.index
    _insert(rows)
    link_recipients((act, arrival.recipients) for arrival, act in fresh.values())
    store_contents((act, arrival.contents) for arrival, act in fresh.values())
    arrived = [
        ToReceipt(act, arrival.recipients[0], now, place.index)
        for (arrival, act), place in zip(fresh.values(), recorded, strict=True)
    ]
    due = None if hand_over else now
    Receipt.objects.bulk_create(issue_receipts(arrived, return_due=due, new_id=new_id))
    reach(Step.ARRIVAL_LOGGED)
    for kind, acts in groupby(rows, lambda act: act.kind):
        kind_named(kind).on_arrived(list(acts), now)


def _insert(rows: Sequence[Act]) -> None:
    """Those that answer an act of the same batch need its key, so they are inserted after it."""
    rest = list(rows)
    while rest:
        ready = [row for row in rest if row.in_reply_to is None or row.in_reply_to.pk]
        Act.objects.bulk_create(ready)
        for row in rest:
            row.in_reply_to = row.in_reply_to  # takes over the key that the answered row has just got
        rest = [row for row in rest if not row.pk]


def _return_again(refs: Iterable[str], now: datetime) -> None:
    """Acts fetched though they were here: the receipt that we handed over before may have been lost."""
    Receipt.objects.filter(act__ref__in=refs, issued=True, return_due=None).update(return_due=now)


def _complete(rows: Iterable[Receipt], pending: Mapping[int, Delivery], party: Party, now: datetime) -> None:
    """A statement for each time of signing: those of one batch have one."""
    signed: dict[datetime, list[int]] = {}
    for row in rows:
        signed.setdefault(row.at, []).append(pending[row.act_id].pk)
    for at, keys in signed.items():
        words = f"{party.name} signed a receipt at {at:%Y-%m-%d %H:%M:%S} UTC."
        Delivery.objects.filter(pk__in=keys).update(
            state=DeliveryState.RECEIPTED, next_try=None, code="", words=words, changed=now
        )


def _receipts_of(refs: Iterable[str]) -> dict[str, bytes]:
    found = Receipt.objects.filter(act__ref__in=set(refs), issued=True).values_list("act__ref", "wire")
    return {ref: bytes(wire) for ref, wire in found}


def _open_deliveries(party: Party, acts: Iterable[Act]) -> list[Delivery]:
    rows = Delivery.objects.select_for_update().filter(party=party, act__in=[act.pk for act in acts])
    return list(rows.exclude(state=DeliveryState.RECEIPTED))


def _completes(signed: SignedReceipt, ours: Mapping[str, Act], pending: Mapping[int, Delivery]) -> bool:
    act = ours.get(signed.receipt.act)
    return act is not None and act.ours and act.sha256 == signed.receipt.act_sha256 and act.pk in pending


def _arrival_entry(arrival: Arrival, now: datetime) -> LogEntry:
    spoken = arrival.signed.act
    return LogEntry(
        event=Event.ACT_RECEIVED,
        at=now,
        subject=spoken.id,
        digest=arrival.signed.sha256,
        kind=spoken.kind,
        sender=spoken.author,
        to=spoken.recipients,
    )


def _receipt_entry(signed: SignedReceipt, now: datetime) -> LogEntry:
    return LogEntry(
        event=Event.RECEIPT_RECEIVED,
        at=now,
        subject=signed.receipt.act,
        digest=signed.sha256,
        sender=signed.receipt.author,
        to=signed.receipt.recipients,
    )
