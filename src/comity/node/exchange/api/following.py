"""Operations about what is followed up: recalls, stricter versions, and telling givers by themselves."""

from __future__ import annotations

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.node.exchange import queries, stricter, telling, tracing
from comity.node.exchange.api.objects import RecallAsked
from comity.node.exchange.models import Recall, StricterVersion, TellingRule
from comity.node.exchange.models import Step as Taken
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.services import closing, overseeing
from comity.node.exchange.services import telling as services
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import Named, Page, Time, Told, Window, named, needs, page_of
from comity.node.parties.roles import Power


class RecallRow(Told):
    """A version that was asked back: by whoever gave it (`source`), or by us of our partners (null)."""

    object: str
    modified: str
    title: str = Field(description="empty once it is deleted")
    source: Named | None
    act: str | None = Field(description="ref of the act that asked us")
    reason: RecallReason
    by: str
    at: Time
    deleted: Time | None
    deleted_by: str


class Deleted(Told):
    """How many versions were deleted."""

    versions: int


class StricterRow(Told):
    """A version that is stricter than what partners were given."""

    number: int
    object: str
    modified: str
    ways: str = Field(description="in which ways it is stricter, in words")
    source: Named | None = Field(description="whose version it is; null for our own")
    by: str
    at: Time
    partners: int = Field(description="that were given a wider version")
    behind: int = Field(description="of these, that have not come to it yet")


class PartnerBehind(Told):
    """What was done for one partner, and how far that has come."""

    party: Named
    step: Taken
    state: str
    words: str
    act: str | None
    at: Time


class Tightened(StricterRow):
    """One stricter version, partner by partner."""

    lines: list[PartnerBehind]


class JudgedAnew(Told):
    """For how many partners it was judged anew."""

    partners: int


class TellingRow(Told):
    """A giver that is told by itself what we report of its objects."""

    party: Named
    since: Time
    by: str


router = Router()


@router.get("/recalls", response=Page[RecallRow])
@needs(Power.READ_CONTENT)
def list_recalls(request: ActorRequest, wanted: Query[Window]) -> Page[RecallRow]:
    """What was asked back, of the caller's body and by it, the newest first."""
    return page_of(tracing.recalls_for(request.actor), wanted, _recall)


@router.post("/objects/{ref}/reopen", response={204: None})
@needs(Power.APPROVE)
def reopen_object(request: ActorRequest, ref: str) -> Status[None]:
    """Take back a recall of ours; what partners were told stays told."""
    closing.reopen(actor=request.actor, ref=ref, now=timezone.now())
    return Status(204, None)


@router.post("/objects/{ref}/delete", response=Deleted)
@needs(Power.IMPORT)
def delete_recalled(request: ActorRequest, ref: str) -> Deleted:
    """Delete what its giver has asked back, also from the acts that brought it."""
    return Deleted(versions=closing.delete_recalled(actor=request.actor, ref=ref, now=timezone.now()))


@router.get("/stricter", response=Page[StricterRow])
@needs(Power.READ_CONTENT)
def list_stricter(request: ActorRequest, wanted: Query[Window]) -> Page[StricterRow]:
    """Versions that are stricter than what partners were given, the newest first."""
    return page_of(stricter.versions_for(request.actor), wanted, _stricter)


@router.get("/stricter/{int:number}", response=Tightened)
@needs(Power.READ_CONTENT)
def read_stricter(request: ActorRequest, number: int) -> Tightened:
    """One of them: what was done for each partner, and how far that has come."""
    row = stricter.version_for(request.actor, number)
    lines = [_line(each) for each in stricter.lines_of(row)]
    return Tightened(**_stricter(row).model_dump(), lines=lines)


@router.post("/stricter/{int:number}/again", response=JudgedAnew)
@needs(Power.COMPOSE)
def judge_stricter_again(request: ActorRequest, number: int) -> JudgedAnew:
    """Judge anew for the partners at which it stopped."""
    row = stricter.version_for(request.actor, number)
    count = overseeing.begin_again(actor=request.actor, version=row, now=timezone.now())
    return JudgedAnew(partners=count)


@router.post("/stricter/{int:number}/recall", response={201: RecallAsked})
@needs(Power.COMPOSE)
def recall_older(request: ActorRequest, number: int) -> Status[RecallAsked]:
    """Ask the partners that may not have it to delete the older version, once a person approves."""
    row = stricter.version_for(request.actor, number)
    acts = overseeing.ask_back(actor=request.actor, version=row, now=timezone.now())
    return Status(201, RecallAsked(acts=[act.ref for act in acts]))


@router.get("/telling", response=Page[TellingRow])
@needs(Power.READ_PARTIES)
def list_telling(request: ActorRequest, wanted: Query[Window]) -> Page[TellingRow]:
    """The givers that are told by themselves what we report of their objects."""
    return page_of(telling.rules_of(request.actor), wanted, _rule)


@router.post("/telling/{ref}/begin", response=TellingRow)
@needs(Power.APPROVE)
def begin_telling(request: ActorRequest, ref: str) -> TellingRow:
    """From now on tell the party with this ref by itself."""
    party = queries.party_named(request.actor, ref)
    return _rule(services.begin_rule(actor=request.actor, party=party, now=timezone.now()))


@router.post("/telling/{ref}/end", response={204: None})
@needs(Power.APPROVE)
def end_telling(request: ActorRequest, ref: str) -> Status[None]:
    """From now on a person decides each time whether it is told."""
    party = queries.party_named(request.actor, ref)
    services.end_rule(actor=request.actor, party=party, now=timezone.now())
    return Status(204, None)


def _recall(row: Recall) -> RecallRow:
    return RecallRow(
        object=row.ref,
        modified=row.modified,
        title=row.title,
        source=named(row.source) if row.source else None,
        act=row.act.ref if row.act else None,
        reason=RecallReason(row.reason),
        by=row.by_name,
        at=row.at,
        deleted=row.deleted_at,
        deleted_by=row.deleted_by,
    )


def _stricter(row: StricterVersion) -> StricterRow:
    counts = {name: getattr(row, name) for name in ("all", "open")}  # of the query
    return StricterRow(
        number=row.pk,
        object=row.ref,
        modified=row.modified,
        ways=stricter.ways_of(row),
        source=named(row.source) if row.source else None,
        by=row.by_name,
        at=row.at,
        partners=counts["all"],
        behind=counts["open"],
    )


def _line(line: stricter.Line) -> PartnerBehind:
    return PartnerBehind(
        party=named(line.party),
        step=line.step,
        state=line.state,
        words=line.words,
        act=line.act.ref if line.act else None,
        at=line.at,
    )


def _rule(row: TellingRule) -> TellingRow:
    return TellingRow(party=named(row.party), since=row.made_at, by=row.made_by_name)
