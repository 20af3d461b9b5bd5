"""The operations of the HTTP API about acts: the list, one act, and every step that a caller can take."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db import IntegrityError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from ninja import Field, Header, Query, Router, Status

from comity.base.errors import Conflict, NotFound
from comity.base.tlp import Tlp
from comity.formats.times import decode_time
from comity.node.acts import models, queries, timeline
from comity.node.acts.kinds import Draft, kind_named, kinds
from comity.node.acts.kinds import Judgement as Judged
from comity.node.acts.kinds import Kind as Registered
from comity.node.acts.models import ActState, DeliveryState
from comity.node.acts.services import approving, composing
from comity.node.parties.access import ActorRequest
from comity.node.parties.actors import Actor
from comity.node.parties.api import (
    MAX_WORDS,
    Given,
    Ground,
    Named,
    Page,
    Time,
    Told,
    Verdict,
    Window,
    named,
    needs,
    page_of,
    parties_named,
)
from comity.node.parties.queries import party_for
from comity.node.parties.roles import Power, Role
from comity.node.site.states import Step, StepState

MOST_RECIPIENTS = 100
MOST_SELECTED = 5_000
MAX_REF = 300
MAX_NOTE = 500

_JSON = "application/json"
Ref = Annotated[str, Field(max_length=MAX_REF)]
Key = Annotated[
    str | None,
    Header(
        None,
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,128}$",
        description="Of your choice; the same key and content give the same act however often they are sent",
    ),
]


class NarrowActs(Window):
    """Which acts a list shows."""

    words: str = Field("", max_length=MAX_WORDS, description="Part of the title, or the whole ref")
    kind: str = Field("", max_length=40)
    state: ActState | None = None
    direction: str = Field("", pattern="^(sent|received)?$", description="sent or received")


class Composed(Given):
    """What the caller wants to do. `GET /api/v1/kinds` gives the schema of each kind's body."""

    kind: str = Field(max_length=40)
    recipients: list[Ref] = Field(min_length=1, max_length=MOST_RECIPIENTS, description="refs of parties")
    body: dict[str, Any]
    tlp: Tlp = Tlp.AMBER
    purpose: str = Field("", max_length=40)
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
    """An act in a list; `deliveries` counts them by state."""

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
    """One act with its path, its judgement, what it carries, and its receipts."""

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


class Kind(Told):
    """A kind of act: the JSON schema of its body, the roles that compose it, and whether the caller may."""

    name: str
    title: str
    verb: str
    composers: list[Role]
    may_compose: Verdict
    replies_to: list[str]
    body: dict[str, Any]


router = Router()


@router.get("/kinds", response=list[Kind])
@needs(Power.READ_ACTS)
def list_kinds(request: ActorRequest) -> list[Kind]:
    """Every kind of act that this node knows, on one page."""
    return [_kind(kind, request.actor) for kind in kinds()]


@router.get("/acts", response=Page[ActRow])
@needs(Power.READ_ACTS)
def list_acts(request: ActorRequest, wanted: Query[NarrowActs]) -> Page[ActRow]:
    """The acts that concern the body of the caller, newest first."""
    found = queries.listed(
        request.actor,
        kind=wanted.kind,
        state=str(wanted.state or ""),
        direction=wanted.direction,
        words=wanted.words,
    )
    return page_of(found, wanted, lambda act: ActRow(**_row(act)))


@router.post("/acts", response={200: Act, 201: Act})
@needs(Power.COMPOSE)
def compose_act(request: ActorRequest, wanted: Composed, key: Key = None) -> Status[Act]:
    """Compose an act: it is judged, and then recorded and sent, or waits for a second person."""
    now = timezone.now()
    ref, new = _composed(request.actor, _draft(request.actor, wanted), key, now)
    return Status(201 if new else 200, _act(queries.act_for(request.actor, ref)))


@router.post("/acts/judge", response=DryRun)
@needs(Power.COMPOSE)
def judge_act(request: ActorRequest, wanted: Composed) -> DryRun:
    """What composing would come to, without writing anything."""
    kind_named(wanted.kind).may_compose(request.actor).require()
    draft = _draft(request.actor, wanted)
    queries.answered_act(request.actor, draft.in_reply_to)
    judged = composing.judge(draft, timezone.now())
    return _dry_run(draft, judged)


@router.get("/acts/{ref}", response=Act)
@needs(Power.READ_ACTS)
def read_act(request: ActorRequest, ref: str) -> Act:
    """One act with everything that its page shows."""
    return _act(queries.act_for(request.actor, ref))


@router.get("/acts/{ref}/wire", openapi_extra={"responses": {200: {"content": {_JSON: {}}}}})
@needs(Power.READ_ACTS)
def read_act_wire(request: ActorRequest, ref: str) -> HttpResponse:
    """The signed bytes of an act, as they travel; there are none before it is recorded."""
    wire = queries.act_for(request.actor, ref).wire
    if wire is None:
        raise NotFound("signed act")
    return HttpResponse(bytes(wire), content_type=_JSON)


@router.get("/acts/{ref}/receipts/{int:number}", openapi_extra={"responses": {200: {"content": {_JSON: {}}}}})
@needs(Power.READ_ACTS)
def read_receipt(request: ActorRequest, ref: str, number: int) -> HttpResponse:
    """The signed bytes of a receipt, for `comity verify`."""
    found = queries.receipt_of(queries.act_for(request.actor, ref), number)
    return HttpResponse(bytes(found.wire), content_type=_JSON)


@router.post("/acts/{ref}/approve", response=Act)
@needs(Power.APPROVE)
def approve_act(request: ActorRequest, ref: str, decided: Decided) -> Act:
    """Let an act go that waits for a second person; a person does that, never a program."""
    approving.approve(actor=request.actor, ref=ref, now=timezone.now(), note=decided.note)
    return _act(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/decline", response=Act)
@needs(Power.APPROVE)
def decline_act(request: ActorRequest, ref: str, declined: Declined) -> Act:
    """Stop an act that waits for a second person; a person does that, never a program."""
    approving.decline(actor=request.actor, ref=ref, now=timezone.now(), note=declined.note)
    return _act(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/withdraw", response=Act)
@needs(Power.COMPOSE)
def withdraw_act(request: ActorRequest, ref: str) -> Act:
    """Take back an act that still waits for a second person."""
    composing.withdraw(actor=request.actor, ref=ref, now=timezone.now())
    return _act(queries.act_for(request.actor, ref))


def _draft(actor: Actor, wanted: Composed) -> Draft:
    parties = parties_named(actor, wanted.recipients)
    return Draft(
        kind=wanted.kind,
        author=party_for(actor, actor.body),
        recipients=tuple(parties[ref] for ref in sorted(wanted.recipients)),
        body=wanted.body,
        tlp=wanted.tlp,
        purpose=wanted.purpose,
        selection=tuple(wanted.selection),
        in_reply_to=wanted.in_reply_to,
        expires=decode_time(wanted.expires, "/expires") if wanted.expires else None,
    )


def _composed(actor: Actor, draft: Draft, key: str | None, now: datetime) -> tuple[str, bool]:
    """The ref of the act, and whether it is new. A key gives the act its ref, so that it exists once."""
    if key is None:
        return composing.compose(actor=actor, draft=draft, now=now).ref, True
    identifier = _identifier(actor, key)
    if _repeated(actor, identifier, draft):
        return _ref(identifier), False
    try:
        return composing.compose(actor=actor, draft=draft, now=now, new_id=lambda: identifier).ref, True
    except IntegrityError:
        if not _repeated(actor, identifier, draft):
            raise
        return _ref(identifier), False  # two came at once, and the other was faster


def _identifier(actor: Actor, key: str) -> UUID:
    """A UUID that only this node can compute, so that nobody else's act can take its place."""
    whose = f"{actor.body}\n{actor.person or actor.name}\n{key}"
    digest = salted_hmac("comity.node.acts.api", whose, algorithm="sha256").digest()
    return UUID(bytes=digest[:16], version=4)


def _repeated(actor: Actor, identifier: UUID, draft: Draft) -> bool:
    """Whether the key was used for the same; raises `Conflict` if it was used for something else."""
    try:
        kept = queries.act_for(actor, _ref(identifier))
    except NotFound:
        return False
    if approving.draft_of(kept) != draft:
        raise Conflict(
            f"This Idempotency-Key was used for {kept.ref}, which says something else; take a new one."
        )
    return True


def _ref(identifier: UUID) -> str:
    return f"comity-act--{identifier}"


def _kind(kind: Registered, actor: Actor) -> Kind:
    return Kind(
        name=kind.name,
        title=kind.title,
        verb=kind.verb.value,
        composers=sorted(kind.composers, key=lambda role: role.value),
        may_compose=Verdict.model_validate(kind.may_compose(actor).as_json()),
        replies_to=sorted(kind.replies_to),
        body=msgspec.json.schema(kind.body),
    )


def _dry_run(draft: Draft, judged: Judged) -> DryRun:
    second = composing.needs_second_person(draft, judged)
    return DryRun.model_validate(judged.as_json() | {"second_person": second.as_json() if second else None})


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
        "deliveries": Counter(delivery.state for delivery in act.deliveries.all()),
    }


def _act(act: models.Act) -> Act:
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
    )


def _receipt(row: models.Receipt) -> Receipt:
    return Receipt(
        number=row.pk, ref=row.ref, party=row.party.ref, issued=row.issued, at=row.at, log_index=row.log_index
    )
