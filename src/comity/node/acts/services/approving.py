"""Approve: a second person lets an act go, or declines it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db import transaction

from comity.base.errors import Conflict
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import record
from comity.node.acts import queries
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act, ActState, Approval, Decision
from comity.node.acts.services.composing import judge
from comity.node.acts.services.recording import Prepared, record_acts
from comity.node.faults import Step, reach
from comity.node.parties.actors import Actor
from comity.node.parties.models import Person
from comity.node.parties.roles import Power


class Decide(Protocol):
    """What a second person does with an act: `approve` or `decline`."""

    def __call__(self, *, actor: Actor, ref: str, now: datetime, note: str) -> Act:
        """Decide, with a note for the composer."""


@transaction.atomic
def approve(*, actor: Actor, ref: str, now: datetime, note: str = "") -> Act:
    """Let an act go that awaits approval; it is judged again, and what leaves must be what was shown."""
    act = _awaiting(actor, ref)
    draft = draft_of(act)
    judgement = judge(draft, now)
    judgement.verdict.require()
    if act.judgement is None or judgement.as_json()["items"] != act.judgement["items"]:
        text = "What may leave has changed since this act was composed; withdraw it and compose it again."
        raise Conflict(text)
    _decide(act, actor, Decision.APPROVE, note, now)
    record([LogEntry(event=Event.ACT_APPROVED, at=now, subject=act.ref)], now=now)
    reach(Step.APPROVED)
    record_acts([Prepared(act, draft.recipients, judgement.leaving)], now=now)
    return act


@transaction.atomic
def decline(*, actor: Actor, ref: str, now: datetime, note: str) -> Act:
    """Stop an act that awaits approval; the reason goes back to its composer."""
    act = _awaiting(actor, ref)
    _decide(act, actor, Decision.DECLINE, note, now)
    act.state = ActState.DECLINED
    act.save(update_fields=["state"])
    return act


def may_decide(actor: Actor, act: Act) -> Verdict:
    """Whether this actor can be the second person for this act."""
    power = actor.may(Power.APPROVE)
    if not power.allowed:
        return power
    if actor.person is None:
        return _four_eyes_no("A program approves nothing; a person with the approver's role must look at it.")
    if actor.person == act.composed_by_id:
        text = "Nobody approves their own act; a second person with the approver's role must look at it."
        return _four_eyes_no(text)
    if actor.person == act.answerable_id:
        return _four_eyes_no(
            f"{act.composed_by_name} composed it, a program that you made: its acts count as yours; "
            "a second person with the approver's role must look at it."
        )
    text = f"{actor.name} neither composed this act nor made the program that did."
    return Verdict.yes(Ground("act.four-eyes", "four eyes", text))


def _four_eyes_no(text: str) -> Verdict:
    return Verdict.no(Ground("act.four-eyes", "four eyes", text))


def draft_of(act: Act) -> Draft:
    """The draft that the act was composed from."""
    return Draft(
        kind=act.kind,
        author=act.author,
        recipients=tuple(act.recipients.order_by("ref")),
        body=act.body,
        tlp=Tlp(act.tlp),
        purpose=act.purpose,
        basis=tuple(act.basis),
        selection=tuple(act.selection),
        in_reply_to=act.in_reply_to.ref if act.in_reply_to else None,
        expires=act.expires,
    )


def _awaiting(actor: Actor, ref: str) -> Act:
    act = queries.locked_act(actor, ref)
    may_decide(actor, act).require()
    if act.state != ActState.AWAITING:
        raise Conflict(f"This act is already {act.get_state_display().lower()}; somebody was faster.")
    return act


def _decide(act: Act, actor: Actor, decision: Decision, note: str, now: datetime) -> None:
    person = Person.objects.get(pk=actor.person or 0)
    Approval.objects.create(act=act, person=person, decision=decision, note=note, at=now)
