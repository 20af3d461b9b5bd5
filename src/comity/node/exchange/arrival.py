"""How far an object has come with each partner: offered, judged, queued, delivered, receipted, or why not.

Acts tell all of that; what was read by TAXII the log tells (`taxii/spanning.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from comity.node.acts.models import Act, ActContent, ActState, Delivery, DeliveryState
from comity.node.exchange import queries
from comity.node.exchange.models import StixObject
from comity.node.exchange.taxii.spanning import Read, pages_with
from comity.node.exchange.tracing import names_of
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from comity.node.site.states import Step, StepState

SHARES = 500  # of the newest shares, those in which an object that stayed is looked for
OFFERS = 200  # of the newest acts that carry it, those that are told
_ENDED = {
    ActState.AWAITING: (StepState.WAITING, "Waits for a second person"),
    ActState.DECLINED: (StepState.FAILED, "Declined by a second person"),
    ActState.WITHDRAWN: (StepState.FAILED, "Withdrawn"),
}

_ON_THE_WAY = {
    DeliveryState.WAITING: (StepState.CURRENT, "On its way"),
    DeliveryState.HANDED_OVER: (StepState.CURRENT, "Delivered, and the receipt is awaited"),
    DeliveryState.REFUSED: (StepState.FAILED, "Refused by the partner"),
    DeliveryState.WITHHELD: (StepState.FAILED, "Withheld by us"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One act by which the object was offered to one partner, step by step."""

    act: Act
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Everything that is known of the object's way to one partner."""

    offers: tuple[Offer, ...] = ()
    reads: tuple[Read, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The ways to all partners that were asked for; whether everything was looked through."""

    by_party: Mapping[int, Arrival]
    all_pages: bool

    def of(self, party: Party) -> Arrival:
        """The way to one partner."""
        return self.by_party.get(party.pk, Arrival())


def arrivals(actor: Actor, row: StixObject, parties: Sequence[Party]) -> Arrivals:
    """How far the object has come with these parties; nothing without the power to read acts."""
    if not actor.may(Power.READ_ACTS).allowed:
        return Arrivals({}, all_pages=True)
    holder = queries.own_body(actor)
    offers = _offers(holder, row, parties)
    reads, whole = pages_with(holder, row, parties)
    keys = offers.keys() | reads.keys()
    found = {key: Arrival(tuple(offers.get(key, ())), tuple(reads.get(key, ()))) for key in keys}
    return Arrivals(found, whole)


def _offers(holder: Party, row: StixObject, parties: Sequence[Party]) -> dict[int, list[Offer]]:
    wanted = {each.pk: each for each in parties}
    acts = _acts(holder, row.ref)
    sent = {
        (each.act_id, each.party_id): each
        for each in Delivery.objects.filter(act__in=[act.pk for act in acts], party__in=wanted)
    }
    found: dict[int, list[Offer]] = defaultdict(list)
    for act in acts:
        for party in act.recipients.all():
            if party.pk in wanted:
                steps = _steps(act, row.ref, party, sent.get((act.pk, party.pk)))
                found[party.pk].append(Offer(act, tuple(steps)))
    return found


def _acts(holder: Party, ref: str) -> list[Act]:
    """The shares that carry the object, and of the newest those in which it was chosen at all."""
    shares = Act.objects.filter(ours=True, author=holder, kind="share")
    keys = set(ActContent.objects.filter(content__ref__in=names_of(ref)).values_list("act", flat=True))
    newest = list(shares.order_by("-composed_at", "-pk").values_list("pk", flat=True)[:SHARES])
    chosen = Act.objects.filter(pk__in=newest).alias(text=Cast("selection", TextField()))
    keys |= set(chosen.filter(text__contains=f'"{ref}"').values_list("pk", flat=True))
    rows = shares.filter(pk__in=keys).defer("wire", "body").select_related("approval__person")
    return list(rows.prefetch_related("recipients", "receipts").order_by("-pk")[:OFFERS])


def _steps(act: Act, ref: str, party: Party, delivery: Delivery | None) -> Iterator[Step]:
    """What happened to the object in this act, as far as it came."""
    yield Step(StepState.DONE, "Offered", f"by {act.composed_by_name}", act.composed_at)
    judged = _judged(act, ref)
    yield judged
    if judged.state is StepState.FAILED:
        return
    approval = getattr(act, "approval", None)
    if approval is not None and act.state == ActState.RECORDED:
        yield Step(StepState.DONE, "Approved", f"by {approval.person.name}", approval.at)
    if act.state in _ENDED:
        state, words = _ENDED[ActState(act.state)]
        yield Step(state, words, approval.note if approval else "", approval.at if approval else None)
    elif delivery is not None:
        yield Step(StepState.DONE, "Queued", "", delivery.added)
        yield _delivered(act, party, delivery)


def _judged(act: Act, ref: str) -> Step:
    items: list[dict[str, Any]] = (act.judgement or {}).get("items", [])
    item = next((each for each in items if each["ref"] == ref), None)
    if item is None:
        return Step(StepState.DONE, "Judged", "what was judged has been erased by law")
    if item["leaves_as"] is None:
        why = " ".join(ground["text"] for ground in item["verdict"]["grounds"])
        return Step(StepState.FAILED, "Judged: it stayed here", why)
    removed = f"without {', '.join(item['removed'])}" if item["removed"] else ""
    return Step(StepState.DONE, "Judged: it may leave", removed)


def _delivered(act: Act, party: Party, delivery: Delivery) -> Step:
    if delivery.state == DeliveryState.RECEIPTED:
        at = next((each.at for each in act.receipts.all() if each.party_id == party.pk), delivery.changed)
        return Step(StepState.DONE, "Receipted", delivery.words, at)
    state, words = _ON_THE_WAY[DeliveryState(delivery.state)]
    return Step(state, words, delivery.words, delivery.changed)
