"""The operations of the HTTP API about the log: its head, its checkpoint, its entries, and alarms."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from ninja import Field, Query, Router

from comity.base.errors import NotFound
from comity.formats.entries import Event
from comity.node.accountability import models, queries, readers
from comity.node.accountability.models import AlarmDecision
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import Given, Page, Time, Told, Verdict, needs
from comity.node.parties.roles import Power

MAX_SUBJECT = 300
LAST_INDEX = 2**53 - 1
_TEXT = "text/plain"


class NarrowEntries(Given):
    """Which entries a list shows; a page holds fifty, the newest first."""

    event: Event | None = None
    subject: str = Field("", max_length=MAX_SUBJECT, description="A ref; finds what the caller may see")
    cursor: int | None = Field(None, ge=0, le=LAST_INDEX, description="`next` of the page before")


class CosignedBy(Told):
    """A witness says that it saw the checkpoint, and that the log only grew."""

    witness: str
    at: Time


class Head(Told):
    """How far the log has come, and the key by which anybody checks it."""

    origin: str
    size: int
    root: str = Field(description="base64")
    at: Time
    vkey: str
    cosignatures: list[CosignedBy]


class Entry(Told):
    """One line of the log; `subject` is empty where the caller may not see it."""

    index: int
    at: Time
    event: str
    commitment: str = Field(description="SHA-256, in hexadecimal")
    erased: bool
    opened: bool
    subject: str


class Proven(Told):
    """An entry with its proof of inclusion; `opening` is null if hidden from the caller, or erased."""

    entry: Entry
    opening: dict[str, Any] | None
    proof: dict[str, Any]


class Alarm(Told):
    """Two checkpoints of one log that cannot both be true, and what a person decided about them."""

    number: int
    log: str
    seen: str
    offered: str
    verdict: Verdict
    raised_at: Time
    decided_at: Time | None
    decided_by: str
    decision: AlarmDecision | None
    why: str


router = Router()


@router.get("/log", response=Head)
@needs(Power.READ_LOG)
def read_log(request: ActorRequest) -> Head:
    """The newest checkpoint of the log, who cosigned it, and its key."""
    state = readers.log_state()
    if state is None:
        raise NotFound("entry of the log")
    return Head(
        origin=state.origin,
        size=state.size,
        root=state.root,
        at=state.at,
        vkey=state.vkey,
        cosignatures=[CosignedBy(witness=each.witness, at=each.at) for each in state.cosignatures],
    )


@router.get("/log/checkpoint", openapi_extra={"responses": {200: {"content": {_TEXT: {}}}}})
@needs(Power.READ_LOG)
def read_checkpoint(request: ActorRequest) -> HttpResponse:
    """The newest checkpoint with its cosignatures, as a C2SP signed note."""
    return HttpResponse(queries.latest_checkpoint(), content_type=f"{_TEXT}; charset=utf-8")


@router.get("/log/entries", response=Page[Entry])
@needs(Power.READ_LOG)
def list_entries(request: ActorRequest, wanted: Query[NarrowEntries]) -> Page[Entry]:
    """The entries of the log, newest first, fifty at a time."""
    event = wanted.event.value if wanted.event else ""
    page = readers.log_page(request.actor, event=event, subject=wanted.subject, before=wanted.cursor)
    return Page(items=[_entry(line) for line in page.lines], next=page.older)


@router.get("/log/entries/{int:index}", response=Proven)
@needs(Power.READ_LOG)
def read_entry(request: ActorRequest, index: int) -> Proven:
    """One entry with its proof under the newest checkpoint, as a receipt carries it."""
    line, opening = readers.line_for(request.actor, index)
    proof = readers.proof_for(request.actor, index).as_json()
    return Proven(entry=_entry(line), opening=json.loads(opening.entry) if opening else None, proof=proof)


@router.get("/log/alarms", response=list[Alarm])
@needs(Power.READ_LOG)
def list_alarms(request: ActorRequest) -> list[Alarm]:
    """Every log of others that contradicted itself, on one page, those that wait for a decision first."""
    return [_alarm(alarm) for alarm in readers.alarms_for(request.actor)]


def _entry(line: readers.LogLine) -> Entry:
    return Entry(
        index=line.index,
        at=line.at,
        event=line.event,
        commitment=line.commitment,
        erased=line.erased,
        opened=line.opened,
        subject=line.subject,
    )


def _alarm(alarm: models.LogAlarm) -> Alarm:
    return Alarm(
        number=alarm.pk,
        log=alarm.log.origin,
        seen=bytes(alarm.seen_note).decode(),
        offered=bytes(alarm.offered_note).decode(),
        verdict=Verdict.model_validate(alarm.verdict),
        raised_at=alarm.raised_at,
        decided_at=alarm.decided_at,
        decided_by=alarm.decided_by_name,
        decision=AlarmDecision(alarm.decision) if alarm.decision else None,
        why=alarm.why,
    )
