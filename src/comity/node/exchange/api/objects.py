"""Operations about objects: lists, one object, what is erased by law and what is asked back."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.errors import Malformed
from comity.engines.patterns.kinds import Value as Looked
from comity.engines.patterns.query import understood
from comity.node.exchange import models, queries, searching, tracing
from comity.node.exchange.api.shapes import MAX_REF, Look, ObjectRow, row_of
from comity.node.exchange.fulltext import NEWEST
from comity.node.exchange.handling import of_class
from comity.node.exchange.narrowing import Days, Narrow, Order
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.relations.related import MOST_RELATED, related_to
from comity.node.exchange.services import erasing
from comity.node.exchange.services.recalling import Said, recall
from comity.node.exchange.sights import who_may_see
from comity.node.parties.access import ActorRequest
from comity.node.parties.actors import Actor
from comity.node.parties.api.words import (
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
)
from comity.node.parties.roles import Power

MAX_TYPE = 250
LAST_NUMBER = 2**53 - 1
_WORDS = (
    f"All of them must be in the object; lists the newest {searching.SEARCHED:,} such. "
    f"Words of one or two letters alone are looked for in the newest {NEWEST:,} objects"
)
_RELATED = (
    "A name, a number such as T1566 or an id, after a type of relationship or alone: what is joined to it; "
    f"the newest {MOST_RELATED:,} relationships count"
)
_VALUE = (
    "An address, a network, a domain, a digest, a URL, an e-mail address, a CVE, an AS number, defanged "
    "or not; finds what has it, the networks that hold an address, what lies beneath a network or a domain"
)


class Narrowing(Given):
    """Which objects a list holds; by a value or by words, and by all the rest together."""

    value: str = Field("", max_length=MAX_WORDS, description=_VALUE)
    words: str = Field("", max_length=MAX_WORDS, description=_WORDS)
    type: str = Field("", max_length=MAX_TYPE, description="A STIX type")
    tlp: str = Field("", max_length=12, description="A label, such as amber+strict; `none` for no label")
    source: str = Field("", max_length=MAX_REF, description="ref of the party that gave it")
    brought: int | None = Field(None, ge=0, le=LAST_NUMBER, description="number of an import")
    until: date | None = Field(None, description="What may be kept no longer than to this day")
    label: str = Field("", max_length=MAX_WORDS, description="A label or a sector, the whole of it")
    related: str = Field("", max_length=MAX_REF, description=_RELATED)
    confidence: int | None = Field(None, ge=0, le=100, description="At least this")
    sighted: bool = Field(default=False, description="Only what was seen somewhere")
    contradicted: bool = Field(
        default=False, description="Only that of which two givers say what cannot both hold"
    )
    valid: date | None = Field(None, description="Valid on this day, by its maker's word")
    added_from: date | None = Field(None, description="Days are in UTC, and both ends are among them")
    added_to: date | None = None
    created_from: date | None = None
    created_to: date | None = None
    modified_from: date | None = None
    modified_to: date | None = None
    order: Order = Field(
        Order.NEWEST,
        description="Of words, values and labels, the newest are sorted; by score, the newest 1,000",
    )

    def narrow(self, actor: Actor) -> Narrow:
        """The same as a value; raises `Malformed` if nobody understands the value that is looked for."""
        return Narrow(
            words=self.words,
            value=_value(self),
            kind=self.type,
            tlp=self.tlp,
            source=self.source,
            brought="" if self.brought is None else str(self.brought),
            until=self.until,
            label=self.label,
            added=Days(self.added_from, self.added_to),
            created=Days(self.created_from, self.created_to),
            modified=Days(self.modified_from, self.modified_to),
            valid=self.valid,
            confidence=self.confidence,
            related=related_to(actor, self.related),
            sighted=self.sighted,
            contradicted=self.contradicted,
            order=self.order,
        )


class NarrowObjects(Narrowing, Window):
    """Which objects a list shows, and which part of it."""


class Decided(Given):
    """The law or the decision by which something is erased, or comes in again; it is recorded."""

    why: str = Field(min_length=1, max_length=500)


class RecallGiven(Given):
    """Why an object is asked back, and what the partners read."""

    reason: RecallReason
    title: str = Field(min_length=1, max_length=200)
    message: str = Field("", max_length=20_000)


class Seen(Told):
    """The judgement of one object for one partner: what would be removed, and what the receiver owes."""

    party: Named
    verdict: Verdict
    removals: list[str]
    second_person: bool
    duties: list[Ground]


class Object(ObjectRow):
    """One object: what it says, how it is handled, and who may see it."""

    sha256: str
    object: dict[str, Any]
    handling: dict[str, Any]
    act: str | None = Field(description="ref of the act that brought it")
    brought: int | None = Field(description="number of the import that brought it")
    versions: list[str]
    seen_by: list[Seen]
    recalled: Time | None = Field(description="when it was asked back: by its giver, or by us")
    had_by: list[Had]


class RecallAsked(Told):
    """The acts that ask partners to delete an object, one for each."""

    acts: list[str] = Field(description="refs of acts, which await approval")


class Had(Told):
    """A partner that was given the object: its newest version there, its receipt, and a recall on its way."""

    party: Named
    newest: str
    receipted: Time | None
    recall: str | None = Field(description="ref of an act")
    recall_state: str = Field(description="state of the act, or of its delivery; empty without one")


class Erasure(Told):
    """An object that was erased by law."""

    ref: str
    at: Time
    why: str
    by: str


class Erased(Erasure):
    """An object that has just been erased, and the acts that carry it still."""

    carried_by: list[str] = Field(description="refs of acts")


router = Router()


@router.get("/objects", response=Page[ObjectRow])
@needs(Power.READ_CONTENT)
def list_objects(request: ActorRequest, wanted: Query[NarrowObjects]) -> Page[ObjectRow]:
    """The objects that the caller's body holds, newest first; search them by a value or by words."""
    end = wanted.cursor + wanted.limit
    narrow, now = wanted.narrow(request.actor), timezone.now()
    keys = searching.keys_found(request.actor, narrow, wanted.cursor, end + 1, now=now)
    rows = searching.rows_of(keys[: wanted.limit])
    return Page(
        items=[ObjectRow(**row_of(row)) for row in rows], next=end if len(keys) > wanted.limit else None
    )


def _value(wanted: Narrowing) -> Looked | None:
    """The value that is looked for; raises `Malformed` if nobody understands it, or words stand beside it."""
    if not wanted.value:
        return None
    found = understood(wanted.value)
    if found is None or wanted.words:
        raise Malformed("value", "expected one value of a kind that is known here, and no words beside it")
    return found


@router.get("/objects/{ref}", response=Object)
@needs(Power.READ_CONTENT)
def read_object(request: ActorRequest, ref: str, look: Query[Look]) -> Object:
    """One object in its newest version, with its provenance and who may see it."""
    row = queries.object_for(request.actor, ref)
    partners = list(queries.partners(request.actor))
    seen = who_may_see(row, partners, purpose=look.purpose, now=timezone.now())
    versions = queries.versions_of(request.actor, ref).values_list("modified", flat=True)
    recalled = tracing.recall_for(request.actor, ref)
    return Object(
        **row_of(row),
        sha256=row.sha256,
        object=queries.decoded(row).value,
        handling=of_class(row.handling).as_json(),
        act=row.act.ref if row.act else None,
        brought=row.brought_id,
        versions=list(versions),
        seen_by=[Seen(party=named(party), **release.as_json()) for party, release in seen],
        recalled=recalled.at if recalled else None,
        had_by=[_had(each) for each in tracing.had_for(request.actor, ref)],
    )


def _had(each: tracing.Had) -> Had:
    return Had(
        party=named(each.party),
        newest=each.newest,
        receipted=each.receipted,
        recall=each.recall.act.ref if each.recall else None,
        recall_state=each.recall.state if each.recall else "",
    )


@router.post("/objects/{ref}/erase", response=Erased)
@needs(Power.APPROVE)
def erase_object(request: ActorRequest, ref: str, decided: Decided) -> Erased:
    """Erase by law all versions of an object, for good; a person does that, never a program."""
    erased = erasing.erase_object(actor=request.actor, ref=ref, why=decided.why, now=timezone.now())
    carrying = queries.acts_carrying(request.actor, ref).values_list("ref", flat=True)
    return Erased(**_erasure(erased), carried_by=list(carrying))


@router.post("/objects/{ref}/recall", response={201: RecallAsked})
@needs(Power.COMPOSE)
def recall_object(request: ActorRequest, ref: str, given: RecallGiven) -> Status[RecallAsked]:
    """Close an object at once, and ask every partner that has it to delete it, once a person approves."""
    said = Said(given.reason, given.title, given.message)
    acts = recall(actor=request.actor, ref=ref, said=said, now=timezone.now())
    return Status(201, RecallAsked(acts=[act.ref for act in acts]))


@router.get("/erasures", response=Page[Erasure])
@needs(Power.READ_CONTENT)
def list_erasures(request: ActorRequest, wanted: Query[Window]) -> Page[Erasure]:
    """The objects that the caller's body has erased by law, and refuses if they come again."""
    found = queries.erasures_for(request.actor)
    return page_of(found, wanted, lambda each: Erasure(**_erasure(each)))


@router.post("/erasures/{ref}/lift", response={204: None})
@needs(Power.APPROVE)
def lift_erasure(request: ActorRequest, ref: str, decided: Decided) -> Status[None]:
    """Let an erased object in again; what was erased does not come back by that."""
    erasing.lift(actor=request.actor, ref=ref, why=decided.why, now=timezone.now())
    return Status(204, None)


def _erasure(row: models.ErasedObject) -> dict[str, Any]:
    return {"ref": row.ref, "at": row.at, "why": row.why, "by": row.by_name}
