"""What the operations about acts are given and tell."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Any

import msgspec
from ninja import Field

from comity.base.tlp import Tlp
from comity.formats.acts import MAX_BASIS, MAX_PURPOSE
from comity.node.acts import models, queries, timeline
from comity.node.acts.kinds import Draft
from comity.node.acts.kinds import Judgement as Judged
from comity.node.acts.kinds import Kind as Registered
from comity.node.acts.models import ActState, DeliveryState
from comity.node.acts.services import composing
from comity.node.parties.actors import Actor
from comity.node.parties.api.words import (
    MAX_WORDS,
    Given,
    Ground,
    Named,
    Time,
    Told,
    Verdict,
    Window,
    named,
    verdict,
)
from comity.node.parties.roles import Role
from comity.node.site.states import Step, StepState

MOST_RECIPIENTS = 100
MOST_SELECTED = 5_000
MAX_REF = 300
MAX_NOTE = 500

Ref = Annotated[str, Field(max_length=MAX_REF)]


class NarrowActs(Window):
    """Which acts a list shows."""

    words: str = Field("", max_length=MAX_WORDS, description="Part of the title, or the whole ref")
    kind: str = Field("", max_length=40)
    state: ActState | None = None
    direction: str = Field("", pattern="^(sent|received)?$", description="sent or received")


class Erased(Given):
    """The law or the decision by which something is erased; it is kept and recorded."""

    why: str = Field(min_length=1, max_length=MAX_NOTE)


class Composed(Given):
    """What the caller wants to do. `GET /api/v1/kinds` gives the schema of each kind's body."""

    kind: str = Field(max_length=40)
    recipients: list[Ref] = Field(min_length=1, max_length=MOST_RECIPIENTS, description="refs of parties")
    body: dict[str, Any]
    tlp: Tlp = Tlp.AMBER
    purpose: str = Field("", max_length=MAX_PURPOSE)
    basis: list[Ref] = Field([], max_length=MAX_BASIS, description="refs of the agreements it rests on")
    selection: list[Ref] = Field([], max_length=MOST_SELECTED, description="refs of the objects to carry")
    in_reply_to: Ref | None = None
    expires: Annotated[str, Field(max_length=40)] | None = Field(None, description="RFC 3339, in UTC")


class Decided(Given):
    """A second person's word on an act."""

    note: str = Field("", max_length=MAX_NOTE)


class Declined(Given):
    """A second person's reason to stop an act; its composer reads it."""

    note: str = Field(min_length=1, max_length=MAX_NOTE)


class Item(Told):
    """The judgement of one object: what was removed from it, and as what it leaves, if it leaves."""

    ref: str
    title: str
    verdict: Verdict
    removed: list[str]
    leaves_as: str | None
    sha256: str | None


class Judgement(Told):
    """The verdict on a whole act, and on each object it carries; `basis` names the agreements."""

    verdict: Verdict
    items: list[Item]
    basis: list[str]


class DryRun(Judgement):
    """What composing would come to; `second_person` is the ground that asks for four eyes."""

    second_person: Ground | None


class ActRow(Told):
    """An act in a list; `deliveries` counts them by state. An erased one has no title."""

    ref: str
    kind: str
    title: str
    state: ActState
    direction: str = Field(description="sent or received")
    author: Named
    recipients: list[Named]
    tlp: Tlp
    purpose: str
    composed_at: Time
    recorded_at: Time | None
    erased_at: Time | None
    deliveries: dict[DeliveryState, int]


class TimelineStep(Told):
    """What was done, what happens now, or what is waited for."""

    state: StepState
    title: str
    text: str
    at: Time | None


class Approval(Told):
    """A second person's decision."""

    decision: models.Decision
    person: str
    note: str
    at: Time


class Delivery(Told):
    """How far the act has come with one recipient; `words` say what is waited for, or what went wrong."""

    party: str = Field(description="ref")
    state: DeliveryState
    words: str
    code: str
    attempts: int
    next_try: Time | None
    changed: Time
    aside_by: str = Field(description="who has seen that it was refused or withheld; empty if nobody")


class Receipt(Told):
    """A signed receipt; `number` leads to its bytes, and `issued` says that it is ours."""

    number: int
    ref: str
    party: str = Field(description="ref")
    issued: bool
    at: Time
    log_index: int


class Carried(Told):
    """An object that the act carries, by its digest."""

    ref: str
    modified: str
    sha256: str


class Act(ActRow):
    """One act with its path, its judgement, what it carries, and its receipts.

    Of one that was erased, `body`, `basis`, `judgement` and `contents` are empty.
    """

    body: dict[str, Any]
    basis: list[str]
    in_reply_to: str | None
    answers: list[str]
    expires: Time | None
    composed_by: str
    sha256: str | None
    log_index: int | None
    second_person: Ground | None
    judgement: Judgement | None = Field(description="null for a partner's act: its judgement stays there")
    approval: Approval | None
    timeline: list[TimelineStep]
    delivered: list[Delivery]
    receipts: list[Receipt]
    contents: list[Carried]
    contents_until: date | None = Field(description="the last day on which what it carries is kept")
    contents_ended: Time | None
    erased_why: str
    erased_by: str


class Kind(Told):
    """A kind of act: the JSON schema of its body, the roles that compose it, and whether the caller may."""

    name: str
    title: str
    verb: str
    composers: list[Role]
    may_compose: Verdict
    replies_to: list[str]
    body: dict[str, Any]


def kind_told(kind: Registered, actor: Actor) -> Kind:
    """A kind as it is registered, and whether this caller may compose it."""
    return Kind(
        name=kind.name,
        title=kind.title,
        verb=kind.verb.value,
        composers=sorted(kind.composers, key=lambda role: role.value),
        may_compose=verdict(kind.may_compose(actor)),
        replies_to=sorted(kind.replies_to),
        body=msgspec.json.schema(kind.body),
    )


def dry_run(draft: Draft, judged: Judged) -> DryRun:
    """A judgement that nothing came of, with the ground for a second person."""
    second = composing.needs_second_person(draft, judged)
    return DryRun.model_validate(judged.as_json() | {"second_person": second.as_json() if second else None})


def row_told(act: models.Act) -> ActRow:
    """An act of `queries.listed`."""
    return ActRow(**_row(act))


def _row(act: models.Act) -> dict[str, Any]:
    return {
        "ref": act.ref,
        "kind": act.kind,
        "title": act.title,
        "state": act.state,
        "direction": "sent" if act.ours else "received",
        "author": named(act.author),
        "recipients": [named(party) for party in act.recipients.all()],
        "tlp": act.tlp,
        "purpose": act.purpose,
        "composed_at": act.composed_at,
        "recorded_at": act.recorded_at,
        "erased_at": act.erased_at,
        "deliveries": Counter(delivery.state for delivery in act.deliveries.all()),
    }


def act_told(act: models.Act) -> Act:
    """An act of `queries.act_for`."""
    carried = [{"ref": c.ref, "modified": c.modified, "sha256": c.sha256} for c in queries.contents_of(act)]
    return Act(
        **_row(act),
        body=act.body,
        basis=act.basis,
        in_reply_to=act.in_reply_to.ref if act.in_reply_to else None,
        answers=[answer.ref for answer in act.answers.all()],
        expires=act.expires,
        composed_by=act.composed_by_name,
        sha256=act.sha256,
        log_index=act.log_index,
        second_person=act.second_person,
        judgement=act.judgement,
        approval=_approval(act),
        timeline=[_step(step) for step in timeline.steps(act)],
        delivered=[_delivery(delivery) for delivery in act.deliveries.all()],
        receipts=[_receipt(receipt) for receipt in act.receipts.all()],
        contents=[Carried(**each) for each in carried],
        contents_until=act.contents_until,
        contents_ended=act.contents_ended,
        erased_why=act.erased_why,
        erased_by=act.erased_by,
    )


def _approval(act: models.Act) -> Approval | None:
    found: models.Approval | None = getattr(act, "approval", None)
    if found is None:
        return None
    decision = models.Decision(found.decision)
    return Approval(decision=decision, person=str(found.person), note=found.note, at=found.at)


def _step(step: Step) -> TimelineStep:
    return TimelineStep(state=step.state, title=step.title, text=step.text, at=step.at)


def _delivery(row: models.Delivery) -> Delivery:
    return Delivery(
        party=row.party.ref,
        state=DeliveryState(row.state),
        words=row.words,
        code=row.code,
        attempts=row.attempts,
        next_try=row.next_try,
        changed=row.changed,
        aside_by=row.aside_by,
    )


def _receipt(row: models.Receipt) -> Receipt:
    return Receipt(
        number=row.pk, ref=row.ref, party=row.party.ref, issued=row.issued, at=row.at, log_index=row.log_index
    )
