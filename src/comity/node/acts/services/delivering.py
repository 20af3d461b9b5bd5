"""Deliver: what became of each sending, in words that the act's page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from django.db import transaction
from django.db.models import F

from comity.base.verdict import Ground, Verdict
from comity.node.acts.kinds import kind_named
from comity.node.acts.models import Delivery, DeliveryState
from comity.node.acts.together import together

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
RECEIPT_WAIT = timedelta(minutes=10)  # a receipt that has not come by then is asked for by sending again
WORDS = 500
ERASED = "act.erased"  # the code with which the delivery of an erased act ends
ERASED_WORDS = "It was erased here by law."


def wait_after(attempts: int, random: Random) -> timedelta:
    """How long to rest after this many failed attempts: doubling up to a bound, with half of it as jitter."""
    full = min(FIRST_WAIT * (1 << min(attempts, 20)), LONGEST_WAIT)
    return full * (0.5 + random.random() / 2)


@transaction.atomic
def judged_again(deliveries: Sequence[Delivery], *, now: datetime) -> list[Delivery]:
    """Those that may still go; the others are withheld, with the ground in words."""
    with together(ref for each in deliveries for ref in each.act.selection):
        judged = [(delivery, _still_allowed(delivery, now)) for delivery in deliveries]
    for delivery, verdict in judged:
        if not verdict.allowed:
            _stop(delivery, verdict.grounds[0].rule, verdict.grounds[0].text, now)
    return [delivery for delivery, verdict in judged if verdict.allowed]


@transaction.atomic
def claim(deliveries: Sequence[Delivery], *, now: datetime, until: datetime) -> list[Delivery]:
    """Those that no other worker has claimed since they were found due; until `until` they are ours alone."""
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries], next_try__lte=now)
    ours = set(rows.select_for_update().values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=ours).update(next_try=until)
    return [delivery for delivery in deliveries if delivery.pk in ours]


@transaction.atomic
def handed_over(deliveries: Iterable[Delivery], *, now: datetime, how: str) -> None:
    """The partner's node has taken these; `how` says by which way. Their receipts are awaited."""
    going = [delivery for delivery in deliveries if delivery.state != DeliveryState.RECEIPTED]
    awaited = {
        "state": DeliveryState.HANDED_OVER,
        "next_try": now + RECEIPT_WAIT,
        "code": "",
        "words": f"{how} Its receipt is awaited."[:WORDS],
        "changed": now,
    }
    # One statement for all, and never over a receipt that another process noted meanwhile.
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in going])
    rows.exclude(state=DeliveryState.RECEIPTED).update(attempts=F("attempts") + 1, **awaited)


@transaction.atomic
def not_sent(deliveries: Iterable[Delivery], *, code: str, words: str, now: datetime, random: Random) -> None:
    """These could not be sent now; they are tried again after a rest that grows."""
    for delivery in deliveries:
        delivery.next_try = now + wait_after(delivery.attempts, random)
        delivery.attempts += 1
        again = f"Next try {delivery.next_try:%Y-%m-%d %H:%M:%S} UTC."
        _note(delivery, code, f"{words[: WORDS - 60]} {again}", now)


@transaction.atomic
def waits_for_fetch(deliveries: Iterable[Delivery], *, words: str, now: datetime) -> None:
    """These wait until the partner fetches them; nothing is tried from here."""
    for delivery in deliveries:
        delivery.next_try = None
        _note(delivery, "", words, now)


@transaction.atomic
def refused_there(delivery: Delivery, *, code: str, words: str, now: datetime) -> None:
    """The partner's node refused the act for good; its code and words are kept."""
    _finish(delivery, DeliveryState.REFUSED, code, words, now)


@transaction.atomic
def try_again(deliveries: Iterable[Delivery], *, words: str, now: datetime) -> None:
    """Put deliveries back into the outbox, for example because the partner can be reached in another way."""
    for delivery in deliveries:
        delivery.state = DeliveryState.WAITING
        delivery.next_try = now
        _note(delivery, "", words, now)


def _still_allowed(delivery: Delivery, now: datetime) -> Verdict:
    if delivery.act.erased_at is not None:  # meanwhile: a sending that had begun may have put it back
        return Verdict.no(Ground(ERASED, "erasure by law", ERASED_WORDS))
    return kind_named(delivery.act.kind).still_allowed(delivery.act, delivery.party, now)


@transaction.atomic
def explain(deliveries: Iterable[Delivery], *, words: str, now: datetime) -> None:
    """Say what these wait for now; when they are tried does not change."""
    for delivery in deliveries:
        _note(delivery, "", words, now)


@transaction.atomic
def give_up(deliveries: Iterable[Delivery], *, code: str, words: str, now: datetime) -> None:
    """Try these no longer, for a reason that is on our side."""
    for delivery in deliveries:
        _stop(delivery, code, words, now)


def _stop(delivery: Delivery, code: str, words: str, now: datetime) -> None:
    """What the partner took already is not withheld: only its receipt is not asked for again."""
    if delivery.state == DeliveryState.HANDED_OVER:
        told = f"{delivery.party.name} took it, and its receipt never came. Not sent again: {words}"
        _finish(delivery, DeliveryState.HANDED_OVER, code, told, now)
    else:
        _finish(delivery, DeliveryState.WITHHELD, code, f"Not sent: {words}", now)


def _finish(delivery: Delivery, state: DeliveryState, code: str, words: str, now: datetime) -> None:
    delivery.state = state
    delivery.next_try = None
    _note(delivery, code, words, now)


def _note(delivery: Delivery, code: str, words: str, now: datetime) -> None:
    delivery.code = code
    delivery.words = words[:WORDS]
    delivery.changed = now
    # Only what a sending changes, and never over a receipt that another process noted meanwhile.
    Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.RECEIPTED).update(
        state=delivery.state,
        attempts=delivery.attempts,
        next_try=delivery.next_try,
        code=delivery.code,
        words=delivery.words,
        changed=now,
    )
