"""The operations of the HTTP API about acts: the list, one act, and every step that a caller can take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db import IntegrityError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from ninja import Header, Query, Router, Status

from comity.base.errors import Conflict, NotFound
from comity.base.times import decode_time
from comity.node.acts import queries
from comity.node.acts.api.shapes import (
    Act,
    ActRow,
    Composed,
    Decided,
    Declined,
    DryRun,
    Erased,
    Kind,
    NarrowActs,
    act_told,
    dry_run,
    kind_told,
    row_told,
)
from comity.node.acts.kinds import Draft, kind_named, kinds
from comity.node.acts.services import approving, composing, erasing, noting
from comity.node.parties.access import ActorRequest
from comity.node.parties.actors import Actor
from comity.node.parties.api.words import Page, needs, page_of, parties_named
from comity.node.parties.queries import party_for
from comity.node.parties.roles import Power

_JSON = "application/json"
Key = Annotated[
    str | None,
    Header(
        None,
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,128}$",
        description="Of your choice; the same key and content give the same act however often they are sent",
    ),
]


router = Router()


@router.get("/kinds", response=list[Kind])
@needs(Power.READ_ACTS)
def list_kinds(request: ActorRequest) -> list[Kind]:
    """Every kind of act that this node knows, on one page."""
    return [kind_told(kind, request.actor) for kind in kinds()]


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
    return page_of(found, wanted, row_told)


@router.post("/acts", response={200: Act, 201: Act})
@needs(Power.COMPOSE)
def compose_act(request: ActorRequest, wanted: Composed, key: Key = None) -> Status[Act]:
    """Compose an act: it is judged, and then recorded and sent, or waits for a second person."""
    now = timezone.now()
    ref, new = _composed(request.actor, _draft(request.actor, wanted), key, now)
    return Status(201 if new else 200, act_told(queries.act_for(request.actor, ref)))


@router.post("/acts/judge", response=DryRun)
@needs(Power.COMPOSE)
def judge_act(request: ActorRequest, wanted: Composed) -> DryRun:
    """What composing would come to, without writing anything."""
    kind_named(wanted.kind).may_compose(request.actor).require()
    draft = _draft(request.actor, wanted)
    judged = composing.judge(draft, timezone.now())
    return dry_run(draft, judged)


@router.get("/acts/{ref}", response=Act)
@needs(Power.READ_ACTS)
def read_act(request: ActorRequest, ref: str) -> Act:
    """One act with everything that its page shows."""
    return act_told(queries.act_for(request.actor, ref))


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
    return act_told(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/decline", response=Act)
@needs(Power.APPROVE)
def decline_act(request: ActorRequest, ref: str, declined: Declined) -> Act:
    """Stop an act that waits for a second person; a person does that, never a program."""
    approving.decline(actor=request.actor, ref=ref, now=timezone.now(), note=declined.note)
    return act_told(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/withdraw", response=Act)
@needs(Power.COMPOSE)
def withdraw_act(request: ActorRequest, ref: str) -> Act:
    """Take back an act that still waits for a second person."""
    composing.withdraw(actor=request.actor, ref=ref, now=timezone.now())
    return act_told(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/put-aside", response=Act)
@needs(Power.COMPOSE)
def put_act_aside(request: ActorRequest, ref: str) -> Act:
    """Note that what of it was refused or withheld has been seen: the first page tells it no more."""
    noting.put_aside(actor=request.actor, ref=ref)
    return act_told(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/take-up", response=Act)
@needs(Power.COMPOSE)
def take_act_up(request: ActorRequest, ref: str) -> Act:
    """Let the first page tell again what of it was refused or withheld."""
    noting.take_up(actor=request.actor, ref=ref)
    return act_told(queries.act_for(request.actor, ref))


@router.post("/acts/{ref}/erase", response=Act)
@needs(Power.APPROVE)
def erase_act(request: ActorRequest, ref: str, decided: Erased) -> Act:
    """Erase by law what an act says, for good; a person does that, never a program."""
    return act_told(erasing.erase_act(actor=request.actor, ref=ref, why=decided.why, now=timezone.now()))


def _draft(actor: Actor, wanted: Composed) -> Draft:
    parties = parties_named(actor, wanted.recipients)
    return Draft(
        kind=wanted.kind,
        author=party_for(actor, actor.body),
        recipients=tuple(parties[ref] for ref in sorted(wanted.recipients)),
        body=wanted.body,
        tlp=wanted.tlp,
        purpose=wanted.purpose,
        basis=tuple(wanted.basis),
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
    if kept.erased_at is not None:
        raise Conflict(f"This Idempotency-Key was used for {kept.ref}, which was erased by law.")
    if approving.draft_of(kept) != draft:
        raise Conflict(
            f"This Idempotency-Key was used for {kept.ref}, which says something else; take a new one."
        )
    return True


def _ref(identifier: UUID) -> str:
    return f"comity-act--{identifier}"
