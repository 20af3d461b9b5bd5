"""The operations of the HTTP API about threat information: what we hold, bring in, and let a partner see."""

from __future__ import annotations

from datetime import date
from enum import Enum
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.engines.patterns.kinds import Value as Looked
from comity.engines.patterns.query import understood
from comity.engines.release.difference import Change
from comity.engines.release.terms import Purpose
from comity.formats.exports.all import FORMS
from comity.node.exchange import models, queries, tracing
from comity.node.exchange.foreseeing import foresee_for
from comity.node.exchange.fulltext import NEWEST
from comity.node.exchange.handling import of_class
from comity.node.exchange.polling import Told as Tag
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.services import collections, erasing, exporting, importing
from comity.node.exchange.services.recalling import Said, recall
from comity.node.exchange.sights import Comparison, Sight, sight, who_may_see
from comity.node.exchange.taxii.callers import root_of
from comity.node.exchange.taxii.chosen import read_query
from comity.node.instruments.plans import LONGEST, planned
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
    json_in,
    named,
    needs,
    page_of,
    parties_named,
)
from comity.node.parties.roles import Power

MAX_REF = 300
MAX_TYPE = 250
MAX_NOTE = 200
LAST_NUMBER = 2**53 - 1
_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
        "description": "The file itself: a STIX 2.1 bundle or a MISP event",
    }
}


class Form(Enum):
    """What a file is."""

    STIX = "stix"
    MISP = "misp"


FileForm = Enum("FileForm", {name.replace("-", "_").upper(): name for name in FORMS})  # type: ignore[misc]  # of one list
_TAKEN = {
    "responses": {
        200: {
            "content": {media: {} for media in sorted({form.media for form in FORMS.values()})},
            "headers": {"ETag": {"schema": {"type": "string"}}},
        },
        304: {"description": "Nothing has changed since the answer with the ETag that If-None-Match names"},
    }
}


class Part(Enum):
    """Which part of the picture to list: what is seen whole, with something removed, or not at all."""

    ALL = "all"
    WHOLE = "whole"
    REDUCED = "reduced"
    CLOSED = "closed"


_WORDS = (
    f"All of them must be in the object; lists the newest {queries.SEARCHED:,} such. "
    f"Words of one or two letters alone are looked for in the newest {NEWEST:,} objects"
)


_VALUE = (
    "An address, a network, a domain, a digest, a URL, an e-mail address, a CVE, an AS number, defanged "
    "or not; finds what has it, the networks that hold an address, what lies beneath a network or a domain"
)


class NarrowObjects(Window):
    """Which objects a list shows; by a value or by words."""

    value: str = Field("", max_length=MAX_WORDS, description=_VALUE)
    words: str = Field("", max_length=MAX_WORDS, description=_WORDS)
    type: str = Field("", max_length=MAX_TYPE, description="A STIX type")
    tlp: str = Field("", max_length=12, description="A label, such as amber+strict; `none` for no label")
    source: str = Field("", max_length=MAX_REF, description="ref of the party that gave it")
    brought: int | None = Field(None, ge=0, le=LAST_NUMBER, description="number of an import")
    until: date | None = Field(None, description="What may be kept no longer than to this day")


class Decided(Given):
    """The law or the decision by which something is erased, or comes in again; it is recorded."""

    why: str = Field(min_length=1, max_length=500)


class RecallGiven(Given):
    """Why an object is asked back, and what the partners read."""

    reason: RecallReason
    title: str = Field(min_length=1, max_length=200)
    message: str = Field("", max_length=20_000)


class Look(Given):
    """What it would be shared for."""

    purpose: Purpose = Purpose.NETWORK_DEFENCE


class LookOn(Look, Window):
    """What it would be shared for, and which part to list."""

    show: Part = Part.ALL
    rule: str = Field("", max_length=MAX_WORDS, description="With `closed`: only what this rule closes")


class Wanted(Given):
    """Which indicators a file for devices tells of."""

    min_confidence: int = Field(
        0, ge=0, le=100, description="Only indicators of this confidence or above; 0 takes all"
    )


class LookIf(Window):
    """A step about an agreement: one that is held begins, or ends, or new terms are concluded."""

    agreement: str = Field("", max_length=MAX_REF, description="ref of an agreement, proposed or concluded")
    withdrawn: date | None = Field(None, description="With `agreement`: it has no effect from this day on")
    terms: str = Field(
        "", max_length=LONGEST, description="Instead: new terms, as JSON, as in the body of a proposal"
    )
    replaces: str = Field("", max_length=MAX_REF, description="With `terms`: ref of the agreement that ends")
    purpose: Purpose | None = Field(None, description="Without it, the first that the terms cover")
    show: Change | None = Field(None, description="Only what changes so")


class Brought(Given):
    """What a file is, and where it comes from: a party, a few words, or both."""

    form: Form = Form.STIX
    source: str = Field(
        "", max_length=MAX_REF, description="ref of the party; that of your own body: made by us"
    )
    note: str = Field("", max_length=MAX_NOTE)
    unmarked_as: Tlp | None = Field(
        None, description="Label of what carries none; without it, that stays here"
    )
    strict: bool = Field(default=False, description="Refuse objects that break STIX 2.1")


class ObjectRow(Told):
    """An object in a list; `tlp` is empty for one that carries no label."""

    ref: str
    type: str
    modified: str
    title: str
    tlp: str
    source: Named | None
    added: Time


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


class Import(Told):
    """What became of the objects of a file; `refused` and `faulty` pair a ref with the reason."""

    number: int
    form: Form
    sha256: str
    at: Time
    new: int
    known: int
    ended: bool = Field(description="false if it broke off; the same file again completes it")
    refused: list[tuple[str, str]]
    faulty: list[tuple[str, str]] = Field(description="kept, though they break STIX 2.1")
    more: dict[str, int] = Field(description="how many of `refused` and `faulty` are not listed")
    victims: list[str]
    notes: list[str]


class Reason(Told):
    """A ground that closed the door, and for how many objects it did."""

    answer: str
    ground: Ground
    objects: int


class Picture(Told):
    """Counts of objects; one that is refused for several reasons counts under each of them."""

    whole: int
    reduced: int
    refused: int
    undecided: int
    reasons: list[Reason]


class Judged(ObjectRow):
    """An object with its judgement for the partner."""

    verdict: Verdict
    removals: list[str]
    second_person: bool
    duties: list[Ground]


class View(Page[Judged]):
    """What one partner would see of what the caller's body holds, and why not the rest."""

    partner: Named
    purpose: Purpose
    picture: Picture


class Changed(ObjectRow):
    """An object with its judgement for the partner without the step and with it."""

    without: Verdict
    with_it: Verdict
    removals: list[str] = Field(description="with it")
    second_person: bool = Field(description="with it")


class Foreseen(Page[Changed]):
    """What a step about an agreement would change in what one partner sees; nothing is written."""

    partner: Named
    purpose: Purpose
    day: date = Field(description="the first day on which the step has effect: both are judged on it")
    changes: dict[str, int] = Field(description="how many objects change how")
    lost: list[Reason] = Field(description="why some would no longer be seen")
    before: Picture
    after: Picture


class Chosen(Given):
    """What a collection holds; an empty part chooses everything, and all parts must fit."""

    types: list[str] = Field([], max_length=100, description="STIX types")
    labels: list[str] = Field([], max_length=100, description="Labels, of which an object carries one")
    sectors: list[str] = Field([], max_length=100, description="Sectors, of which an object names one")
    sources: list[str] = Field([], max_length=100, description="refs of parties that gave it, or `own`")
    up_to: Tlp | None = Field(None, description="The highest label")


class Wished(Given):
    """A collection; release judges for its purpose what each party may see of it."""

    title: str = Field(min_length=1, max_length=200)
    purpose: Purpose = Purpose.NETWORK_DEFENCE
    description: str = Field("", max_length=2_000)
    alias: str = Field("", max_length=80, description="Stands in place of the id in addresses")
    query: Chosen = Field(default_factory=lambda: Chosen.model_validate({}))
    may_post: bool = False


class CollectionRow(Told):
    """A collection that parties read by TAXII 2.1."""

    id: UUID
    address: str
    title: str
    purpose: Purpose
    description: str
    alias: str
    query: dict[str, Any]
    may_post: bool
    since: Time


router = Router()


@router.get("/objects", response=Page[ObjectRow])
@needs(Power.READ_CONTENT)
def list_objects(request: ActorRequest, wanted: Query[NarrowObjects]) -> Page[ObjectRow]:
    """The objects that the caller's body holds, newest first; search them by a value or by words."""
    found = queries.listed(
        request.actor,
        min(wanted.cursor + wanted.limit + 1, queries.SEARCHED),
        words=wanted.words,
        value=_value(wanted),
        kind=wanted.type,
        tlp=wanted.tlp,
        source=wanted.source,
        brought="" if wanted.brought is None else str(wanted.brought),
        until="" if wanted.until is None else wanted.until.isoformat(),
    )
    return page_of(found, wanted, lambda row: ObjectRow(**_row(row)))


def _value(wanted: NarrowObjects) -> Looked | None:
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
        **_row(row),
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


@router.post("/imports", response={201: Import}, openapi_extra=_FILE)
@needs(Power.IMPORT)
def import_file(request: ActorRequest, given: Query[Brought]) -> Status[Import]:
    """Bring in a STIX 2.1 bundle or a MISP event, which is the body of the request."""
    service = importing.import_misp if given.form is Form.MISP else importing.import_bundle
    json_in(request)
    source = _source(request.actor, given)
    row = service(actor=request.actor, file=BytesIO(request.body), source=source, now=timezone.now())
    return Status(201, _import(row))


@router.get("/imports/{int:number}", response=Import)
@needs(Power.READ_CONTENT)
def read_import(request: ActorRequest, number: int) -> Import:
    """What became of the objects of a file."""
    return _import(queries.import_for(request.actor, number))


@router.get("/exports/{form}", openapi_extra=_TAKEN)
@needs(Power.READ_CONTENT)
def export_file(request: ActorRequest, form: FileForm, wanted: Query[Wanted]) -> HttpResponseBase:
    """What valid indicators seek, as a file that devices of the caller's own body read; made to be polled."""
    now, least, name = timezone.now(), wanted.min_confidence, str(form.value)
    standing = exporting.standing(name, actor=request.actor, least=least, now=now)
    if Tag.still(request.headers.get("If-None-Match", ""), standing, now):
        answer: HttpResponseBase = HttpResponse(status=304)
        answer.headers["ETag"] = request.headers["If-None-Match"].strip()
        return answer
    done = exporting.export_as(name, actor=request.actor, least=least, now=now)
    answer = StreamingHttpResponse(done, content_type=done.form.media)
    answer.headers["Content-Length"] = str(done.size)
    answer.headers["Content-Disposition"] = f'attachment; filename="comity-{name}.{done.form.suffix}"'
    answer.headers["ETag"] = Tag(standing, done.changes).text
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@router.get("/views/{ref}", response=View)
@needs(Power.READ_CONTENT)
def view_as_partner(request: ActorRequest, ref: str, look: Query[LookOn]) -> View:
    """What the party with this ref would see of what the caller's body holds, and why not the rest."""
    partner = queries.party_named(request.actor, ref)
    seen = sight(queries.own_body(request.actor), partner, purpose=look.purpose, now=timezone.now())
    rows = seen.objects(_classes(seen, look)).select_related("source").defer("wire", "words")
    page = page_of(rows, look, lambda row: Judged(**_row(row), **seen.releases[row.handling_id].as_json()))
    return View(
        items=page.items,
        next=page.next,
        partner=named(partner),
        purpose=look.purpose,
        picture=Picture.model_validate(seen.picture.as_json()),
    )


@router.get("/views/{ref}/if", response=Foreseen)
@needs(Power.READ_CONTENT)
def foresee_view(request: ActorRequest, ref: str, look: Query[LookIf]) -> Foreseen:
    """What a step about an agreement with this party would change in what it sees of us."""
    partner = queries.party_named(request.actor, ref)
    now = timezone.now()
    said = {name: str(value) for name, value in look.model_dump(mode="json").items() if value}
    plan = planned(request.actor, partner, said, now.date())
    foreseen = foresee_for(request.actor, plan, now, look.purpose)
    compared = foreseen.comparison
    classes = compared.classes(look.show) if look.show else compared.changed
    rows = compared.before.objects(classes).select_related("source").defer("wire", "words")
    page = page_of(rows, look, lambda row: _changed(row, compared))
    return Foreseen(
        items=page.items,
        next=page.next,
        partner=named(partner),
        purpose=foreseen.purpose,
        day=plan.day,
        **compared.difference.as_json(),
    )


def _changed(row: models.StixObject, compared: Comparison) -> Changed:
    shift = compared.shift(row.handling_id)
    after = shift.after.as_json()
    return Changed(
        **_row(row),
        without=Verdict.model_validate(shift.before.verdict.as_json()),
        with_it=after["verdict"],
        removals=after["removals"],
        second_person=after["second_person"],
    )


@router.get("/collections", response=Page[CollectionRow])
@needs(Power.READ_PARTIES)
def list_collections(request: ActorRequest, wanted: Query[Window]) -> Page[CollectionRow]:
    """The collections that parties read of the caller's body by TAXII 2.1."""
    return page_of(queries.collections_of(request.actor), wanted, _collection)


@router.post("/collections", response={201: CollectionRow})
@needs(Power.APPROVE)
def open_collection(request: ActorRequest, given: Wished) -> Status[CollectionRow]:
    """Let parties read a part of what the body holds, as far as release lets it go to each."""
    made = collections.open_collection(
        actor=request.actor, wish=_wish(given), ref=uuid4(), now=timezone.now()
    )
    return Status(201, _collection(made))


@router.post("/collections/{ref}/change", response=CollectionRow)
@needs(Power.APPROVE)
def change_collection(request: ActorRequest, ref: str, given: Wished) -> CollectionRow:
    """Make a collection another; with another query or purpose all of it is given anew."""
    found = collections.change_collection(
        actor=request.actor, ref=_collection_id(ref), wish=_wish(given), now=timezone.now()
    )
    return _collection(found)


@router.post("/collections/{ref}/close", response={204: None})
@needs(Power.APPROVE)
def close_collection(request: ActorRequest, ref: str) -> Status[None]:
    """Let nobody read the collection any more."""
    collections.close_collection(actor=request.actor, ref=_collection_id(ref), now=timezone.now())
    return Status(204, None)


def _collection_id(ref: str) -> UUID:
    """The id in an address; raises `NotFound` for what is none."""
    try:
        return UUID(ref)
    except ValueError as error:
        raise NotFound("collection") from error


def _wish(given: Wished) -> collections.Wish:
    chosen = given.query.model_dump()
    return collections.Wish(
        title=given.title,
        purpose=given.purpose,
        description=given.description,
        alias=given.alias,
        query=read_query(chosen | {"up_to": given.query.up_to.value if given.query.up_to else ""}),
        may_post=given.may_post,
    )


def _collection(row: models.Collection) -> CollectionRow:
    return CollectionRow(
        id=row.ref,
        address=f"{root_of(row.holder)}collections/{row.ref}/",
        title=row.title,
        purpose=Purpose(row.purpose),
        description=row.description,
        alias=row.alias,
        query=row.query,
        may_post=row.may_post,
        since=row.made_at,
    )


def _classes(seen: Sight, look: LookOn) -> list[int]:
    if look.show is Part.CLOSED:
        return seen.closed(look.rule)
    return {Part.WHOLE: seen.whole, Part.REDUCED: seen.reduced, Part.ALL: list(seen.releases)}[look.show]


def _source(actor: Actor, given: Brought) -> importing.Source:
    party = parties_named(actor, [given.source])[given.source] if given.source else None
    return importing.Source(party=party, note=given.note, unmarked_as=given.unmarked_as, strict=given.strict)


def _row(row: models.StixObject) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "type": row.type,
        "modified": row.modified,
        "title": row.title,
        "tlp": row.tlp,
        "source": named(row.source) if row.source else None,
        "added": row.added,
    }


def _erasure(row: models.ErasedObject) -> dict[str, Any]:
    return {"ref": row.ref, "at": row.at, "why": row.why, "by": row.by_name}


def _import(row: models.Import) -> Import:
    return Import(
        number=row.pk, form=Form(row.form), sha256=row.sha256, at=row.at, ended=row.ended, **row.report
    )
