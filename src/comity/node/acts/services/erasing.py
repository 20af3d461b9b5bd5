"""Erase: what an act says goes by law, and what it carries when its giver's time is over; what it was stays.

Digest, place in the log, proofs and receipts are kept: they say that there was an act, and not what it said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from comity.base.errors import Conflict
from comity.base.verdict import Ground, Verdict
from comity.formats.entries import Event, LogEntry
from comity.node.accountability import services as log
from comity.node.acts import queries
from comity.node.acts.kinds import kind_named
from comity.node.acts.models import Act, ActContent, ActState, Approval, Content, DeliveryState
from comity.node.acts.services import delivering
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

CHUNK = 500  # digests in one question to the database
_SOURCE = "erasure by law"


@transaction.atomic
def erase_act(*, actor: Actor, ref: str, why: str, now: datetime) -> Act:
    """Remove by law all that an act says; that there was one, when, between whom, and its digest stay."""
    actor.may(Power.APPROVE).require()
    act = queries.act_to_erase(actor, ref)
    _not_erased(act)
    may_erase(actor, act).require()
    _stop_deliveries(act, now)  # before the log: whoever notes receipts locks in this order
    log.erase([] if act.log_index is None else [act.log_index], actor=actor, why=why, now=now)
    log.record([_erasure(act, actor, why, now)], now=now)
    drop_contents([act])
    Approval.objects.filter(act=act).update(note="")
    _forget(act, actor, why, now)
    return queries.act_for(actor, ref)


def may_erase(actor: Actor, act: Act) -> Verdict:
    """Whether this actor can erase this act now."""
    power = actor.may(Power.APPROVE)
    if not power.allowed:
        return power
    if act.erased_at is not None:
        return _no("act.erased-before", "It was erased before; there is nothing left to erase.")
    if act.state == ActState.AWAITING:
        return _no("act.undecided", "It still awaits approval; decline or withdraw it first.")
    if act.state == ActState.RECORDED and kind_named(act.kind).in_turn:
        text = "An agreement or a key rests on it, and by that other acts are judged; it stays while they do."
        return _no("act.rests-on-it", text)
    return Verdict.yes(Ground("act.erasable", _SOURCE, "Nothing else rests on what it says."))


def keep_contents(acts: Iterable[Act], *, until: date | None) -> None:
    """What these acts carry may be kept up to and with this day; None: without an end."""
    Act.objects.filter(pk__in=[act.pk for act in acts], ours=False).update(contents_until=until)


def end_contents(acts: Sequence[Act], *, now: datetime) -> int:
    """Delete what these acts carry, in a transaction that has written to the log; gives how many went."""
    Act.objects.filter(pk__in=[act.pk for act in acts]).update(contents_ended=now)
    return drop_contents(acts)


def drop_contents(acts: Sequence[Act]) -> int:
    """Delete the contents that no other act carries.

    The log's head must be locked: whoever stores contents holds it, so none is taken for unused that is just
    being carried by another act.
    """
    return _drop(ActContent.objects.filter(act__in=[act.pk for act in acts]))


def drop_content(author: Party, receiver: Party, version: tuple[str, str]) -> int:
    """Delete one version, by ref and `modified`, from the acts of this author to this body of ours.

    The log's head must be locked, as for `drop_contents`.
    """
    ref, modified = version
    its = ActContent.objects.filter(act__ours=False, act__author=author, act__recipients=receiver)
    named = its.filter(content__ref=ref, content__modified=modified)
    return _drop(ActContent.objects.filter(pk__in=list(named.values_list("pk", flat=True))))


def _drop(carried: QuerySet[ActContent]) -> int:
    digests = sorted(set(carried.values_list("content_id", flat=True)))
    carried.delete()
    elsewhere = ActContent.objects.filter(content=OuterRef("pk"))
    gone = 0
    for start in range(0, len(digests), CHUNK):
        unused = Content.objects.filter(pk__in=digests[start : start + CHUNK]).exclude(Exists(elsewhere))
        gone += unused.only("pk").delete()[0]
    return gone


def _not_erased(act: Act) -> None:
    if act.erased_at is not None:
        raise Conflict(f"{act.ref} was erased on {act.erased_at:%Y-%m-%d} already.")


def _stop_deliveries(act: Act, now: datetime) -> None:
    """What was not sent is sent no more; what partners said of the act is erased with it."""
    rows = act.deliveries.select_for_update(of=("self",)).select_related("party").order_by("pk")
    for state, words in (
        (DeliveryState.REFUSED, "The partner refused it; its words were erased with the act."),
        (DeliveryState.WITHHELD, "It was not sent; the reason was erased with the act."),
    ):
        rows.filter(state=state).update(words=words)
    underway = list(rows.filter(state__in=(DeliveryState.WAITING, DeliveryState.HANDED_OVER)))
    delivering.give_up(underway, code=delivering.ERASED, words=delivering.ERASED_WORDS, now=now)


def _erasure(act: Act, actor: Actor, why: str, now: datetime) -> LogEntry:
    body = Party.objects.get(pk=actor.body)
    more = {"what": "act", "why": why}
    return LogEntry(Event.CONTENT_ERASED, now, act.ref, act.sha256, act.kind, body.ref, more=more)


def _forget(act: Act, actor: Actor, why: str, now: datetime) -> None:
    Act.objects.filter(pk=act.pk).update(
        title="",
        body={},
        selection=[],
        judgement=None,
        second_person=None,
        basis=[],
        purpose="",
        wire=None,
        erased_at=now,
        erased_why=why,
        erased_by=actor.name,
    )


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, _SOURCE, text))
