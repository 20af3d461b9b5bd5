"""Operations about what stands around one object: relations, versions and how they differ, who sees it."""

from __future__ import annotations

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.node.exchange import arrival, comparing, queries, telling
from comity.node.exchange.api.objects import LAST_NUMBER
from comity.node.exchange.api.objects import Seen as SeenBy
from comity.node.exchange.api.shapes import Look
from comity.node.exchange.comparing import How
from comity.node.exchange.models import Remark
from comity.node.exchange.relations.around import Node, Reach, around
from comity.node.exchange.seeing import seers
from comity.node.exchange.services import telling as services
from comity.node.exchange.sights import who_may_see
from comity.node.exchange.taxii.spanning import Read
from comity.node.exchange.versions import Version, two_of, versions_for
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    Given,
    Named,
    Page,
    Time,
    Told,
    Window,
    named,
    needs,
    page_of,
)
from comity.node.parties.roles import Power
from comity.node.site.states import Step, StepState


class LookAround(Given):
    """How far the relations are followed: `near` as on the page of the object, `wide` as in its picture."""

    reach: Reach = Reach.NEAR


class LookWho(Look, Window):
    """What it would be shared for, and which part of the partners to list."""


class Compare(Given):
    """Two versions of anything that is held, by their numbers here."""

    before: int | None = Field(None, ge=0, le=LAST_NUMBER, description="Without it, the last but one")
    after: int | None = Field(None, ge=0, le=LAST_NUMBER, description="Without it, the newest")


class Joined(Told):
    """An object that is joined with another; of one that is not held nothing but its id is known."""

    ref: str
    type: str
    title: str
    tlp: str
    held: bool
    steps: int = Field(description="from the object in the middle")


class Relation(Told):
    """A relationship, or a property by which one object names another."""

    source: str
    words: str
    target: str


class NotListed(Told):
    """Links of the object in the middle that are not listed: so many of one sort."""

    words: str
    type: str = Field(description="of the other ends")
    outward: bool = Field(description="whether they lead away from the object")
    count: int


class Relations(Told):
    """What an object is joined with, at most two steps away."""

    objects: list[Joined] = Field(description="the object itself first")
    relations: list[Relation]
    more: list[NotListed]
    beyond: bool = Field(description="there are more links than are looked at")


class StepTold(Told):
    """One step of a way; `text` says what happened, or what is awaited."""

    state: StepState
    title: str
    text: str
    at: Time | None


class VersionRow(Told):
    """One version, how it came and where it went."""

    number: int = Field(description="by which it is compared")
    modified: str
    tlp: str
    source: Named | None
    added: Time
    steps: list[StepTold]


class Piece(Told):
    """A part of a text: in both, or in one of the two."""

    how: How
    text: str


class Differing(Told):
    """One property that is not the same in both; a side without pieces does not have it."""

    name: str
    how: How
    before: list[Piece]
    after: list[Piece]


class Choice(Told):
    """A version that can be compared with: of the object, or of another with the same value."""

    number: int
    words: str


class Compared(Told):
    """What differs between two versions."""

    before: int
    after: int
    alike: int = Field(description="properties that are the same")
    differences: list[Differing]
    choices: list[Choice]


class Offered(Told):
    """An act by which the object was offered to a partner, step by step."""

    act: str
    steps: list[StepTold]


class PagesRead(Told):
    """Pages of a collection that held the object; not `sure` where some types or ids alone were asked for."""

    collection: str
    first: Time
    pages: int
    sure: bool


class Way(SeenBy):
    """The judgement for one partner, and how far the object has come with it."""

    offers: list[Offered]
    read: list[PagesRead]


class WhoSees(Page[Way]):
    """Who may see an object: so many of all partners, and each with the way of the object to it."""

    may_see: int
    partners: int
    all_pages: bool = Field(description="false where more pages were given than are looked through")


class Doubted(Told):
    """An object of ours that somebody calls a false positive, and nobody has looked at."""

    object: str
    source: Named | None
    remark: str = Field(description="ref of the opinion")
    at: Time


router = Router()


@router.get("/objects/{ref}/relations", response=Relations)
@needs(Power.READ_CONTENT)
def read_relations(request: ActorRequest, ref: str, look: Query[LookAround]) -> Relations:
    """What an object is joined with, and by what: the picture on its page."""
    found = around(request.actor, queries.object_for(request.actor, ref), look.reach)
    layers = ((found.centre,), found.first, found.second)
    return Relations(
        objects=[_joined(node, steps) for steps, nodes in enumerate(layers) for node in nodes],
        relations=[
            Relation(source=each.source, words=each.words, target=each.target) for each in found.edges
        ],
        more=[
            NotListed(words=each.words, type=each.type, outward=each.outward, count=each.count)
            for each in found.more
        ],
        beyond=found.beyond,
    )


@router.get("/objects/{ref}/versions", response=Page[VersionRow])
@needs(Power.READ_CONTENT)
def list_versions(request: ActorRequest, ref: str, wanted: Query[Window]) -> Page[VersionRow]:
    """The newest versions of an object: who brought each, when it came, and whom it was given."""
    queries.object_for(request.actor, ref)
    return page_of(versions_for(request.actor, ref), wanted, _version)


@router.get("/objects/{ref}/compare", response=Compared)
@needs(Power.READ_CONTENT)
def compare_versions(request: ActorRequest, ref: str, which: Query[Compare]) -> Compared:
    """What differs between two versions of an object, or between it and another with the same value."""
    row = queries.object_for(request.actor, ref)
    found = two_of(request.actor, row, which.before, which.after)
    one, other = (queries.decoded(each).value for each in (found.before, found.after))
    return Compared(
        before=found.before.pk,
        after=found.after.pk,
        alike=comparing.alike_count(one, other),
        differences=[_differing(each) for each in comparing.differences(one, other)],
        choices=[Choice(number=key, words=words) for key, words in found.choices],
    )


@router.get("/objects/{ref}/seen", response=WhoSees)
@needs(Power.READ_CONTENT)
def read_who_sees(request: ActorRequest, ref: str, look: Query[LookWho]) -> WhoSees:
    """Who may see an object and why, and how far it has come with each partner."""
    actor, now = request.actor, timezone.now()
    row = queries.object_for(actor, ref)
    page = page_of(queries.partners(actor).order_by("name", "pk"), look, lambda party: party)
    told = arrival.arrivals(actor, row, page.items)
    who = seers(actor, [row.handling_id], purpose=look.purpose, now=now)
    judged = who_may_see(row, page.items, purpose=look.purpose, now=now)
    return WhoSees(
        items=[
            Way(
                party=named(party),
                **release.as_json(),
                offers=[_offered(each) for each in told.of(party).offers],
                read=[_read(each) for each in told.of(party).reads],
            )
            for party, release in judged
        ],
        next=page.next,
        may_see=who.by_class[row.handling_id],
        partners=who.partners,
        all_pages=told.all_pages,
    )


@router.get("/doubts", response=Page[Doubted])
@needs(Power.READ_CONTENT)
def list_doubts(request: ActorRequest, wanted: Query[Window]) -> Page[Doubted]:
    """Our own work that others call a false positive, and that nobody has looked at."""
    found = telling.doubts_of_ours(request.actor).order_by("-at", "-pk")
    return page_of(found, wanted, _doubted)


@router.post("/objects/{ref}/looked-at", response={204: None})
@needs(Power.IMPORT)
def mark_looked_at(request: ActorRequest, ref: str) -> Status[None]:
    """Put aside what others call a false positive of ours; what was said stays, and counts in the score."""
    services.look_at(actor=request.actor, ref=ref, now=timezone.now())
    return Status(204, None)


def _joined(node: Node, steps: int) -> Joined:
    return Joined(ref=node.ref, type=node.type, title=node.title, tlp=node.tlp, held=node.held, steps=steps)


def _version(each: Version) -> VersionRow:
    row = each.row
    return VersionRow(
        number=row.pk,
        modified=row.modified,
        tlp=row.tlp,
        source=named(row.source) if row.source else None,
        added=row.added,
        steps=[_step(step) for step in each.steps],
    )


def _step(step: Step) -> StepTold:
    return StepTold(state=step.state, title=step.title, text=step.text, at=step.at)


def _differing(each: comparing.Difference) -> Differing:
    before, after = (
        [Piece(how=piece.how, text=piece.text) for piece in side] for side in (each.before, each.after)
    )
    return Differing(name=each.name, how=each.how, before=before, after=after)


def _offered(offer: arrival.Offer) -> Offered:
    return Offered(act=offer.act.ref, steps=[_step(step) for step in offer.steps])


def _read(read: Read) -> PagesRead:
    return PagesRead(collection=read.collection, first=read.at, pages=read.pages, sure=read.sure)


def _doubted(row: Remark) -> Doubted:
    return Doubted(
        object=row.ref, source=named(row.source) if row.source else None, remark=row.object.ref, at=row.at
    )
