"""Operations about one value, and about what people write of objects."""

from __future__ import annotations

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.engines.patterns.query import understood
from comity.engines.scoring.remarks import Opinion
from comity.node.exchange import comments, correlating
from comity.node.exchange.comments import Said
from comity.node.exchange.services import commenting
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import MAX_WORDS, Given, Named, Time, Told, named, needs
from comity.node.parties.roles import Power


class Which(Given):
    """The value, as somebody would type it."""

    value: str = Field(min_length=1, max_length=MAX_WORDS)


class BySource(Told):
    """What one source says of the value: `source` is null for files from elsewhere."""

    source: Named | None
    types: dict[str, int] = Field(description="how many objects of each type")
    first: Time = Field(description="when the first came in here")
    last: Time
    confidence: int | None = Field(description="the highest")


class Value(Told):
    """One value and what every source says of it; sightings are those of the newest objects with it."""

    kind: str
    text: str
    sources: list[BySource]
    seen: int
    last_seen: Time | None
    false_positives: int


class Written(Given):
    """A note, or with `opinion` an opinion, about one object."""

    text: str = Field("", max_length=comments.LONGEST_TEXT, description="The content, or the explanation")
    opinion: Opinion | None = None
    abstract: str = Field("", max_length=comments.LONGEST_ABSTRACT, description="Of a note alone")
    authors: list[str] = Field(default_factory=list, max_length=comments.MOST_AUTHORS)
    tlp: Tlp | None = Field(None, description="As the object or stricter; without it, as the object")


class Kept(Told):
    """The object that was made."""

    ref: str


router = Router()


@router.get("/values", response=Value)
@needs(Power.READ_CONTENT)
def read_value(request: ActorRequest, which: Query[Which]) -> Value:
    """What every source says of one value, and how often it was seen; its objects are in `GET /objects`."""
    found = understood(which.value)
    if found is None:
        raise Malformed("value", "expected one value of a kind that is known here")
    seen = correlating.sighted(request.actor, correlating.keys_with(request.actor, found))
    return Value(
        kind=found.kind.value,
        text=found.text,
        sources=[_source(each) for each in correlating.by_source(request.actor, found)],
        seen=seen.seen,
        last_seen=seen.last,
        false_positives=seen.false,
    )


def _source(each: correlating.BySource) -> BySource:
    return BySource(
        source=named(each.source) if each.source else None,
        types=dict(each.types),
        first=each.first,
        last=each.last,
        confidence=each.confidence,
    )


@router.post("/objects/{ref}/comments", response={201: Kept})
@needs(Power.IMPORT)
def comment_on_object(request: ActorRequest, ref: str, given: Written) -> Status[Kept]:
    """Write a note or an opinion about an object; it is our own work, and stays here until it is shared."""
    told = Said(
        text=given.text,
        opinion=given.opinion,
        abstract=given.abstract,
        authors=tuple(given.authors),
        tlp=given.tlp,
    )
    row = commenting.comment(actor=request.actor, ref=ref, said=told, now=timezone.now())
    return Status(201, Kept(ref=row.ref))


@router.post("/objects/{ref}/take-back", response=Kept)
@needs(Power.IMPORT)
def take_back_comment(request: ActorRequest, ref: str) -> Kept:
    """Revoke a note or an opinion of our own, by a newer version."""
    return Kept(ref=commenting.take_back(actor=request.actor, ref=ref, now=timezone.now()).ref)
