"""Operations about feeds: what is read again and again, how each does, and what its runs brought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.feeds.ready import Ready, ready_feeds
from comity.node.exchange import models
from comity.node.exchange.api.ids import id_of
from comity.node.exchange.feeds import queries as asked
from comity.node.exchange.models import Outcome
from comity.node.exchange.services import feeds
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
    parties_named,
)
from comity.node.parties.roles import Power

_MOST_MEMBERS = 50  # of a mapping


class WishedFeed(Given):
    """A feed; `settings` are the mapping of a list, a table or JSON."""

    name: str = Field(min_length=1, max_length=200)
    kind: str = Field(max_length=12, description="`lines`, `csv`, `json` or `misp`")
    address: str = Field(max_length=2_000, description="https://…, or file:NAME")
    settings: dict[str, Any] = Field(default_factory=dict, max_length=_MOST_MEMBERS)
    credential: str = Field("", max_length=80, description="Name of a file in the folder of credentials")
    source: str | None = Field(None, max_length=100, description="ref of the party that publishes it")
    note: str = Field("", max_length=200, description="Who publishes it, in words")
    label: Tlp | None = Field(None, description="What carries no label is")
    purpose: Purpose = Field(
        Purpose.NETWORK_DEFENCE, description="Of a party: the oldest agreement for it binds what comes"
    )
    licence: str = Field("", max_length=300)
    confidence: int | None = Field(None, ge=0, le=100)
    expiry: int | None = Field(None, ge=1, le=3_650, description="Days")
    strict: bool = False
    every: int = Field(3_600, ge=300, le=2_678_400, description="Seconds between two runs")


class Why(Given):
    """Why something is done."""

    why: str = Field("", max_length=500)


class FeedRow(Told):
    """A feed, and where it stands."""

    id: UUID
    name: str
    kind: str
    address: str
    settings: dict[str, Any]
    source: Named | None
    note: str
    label: str
    purpose: Purpose
    licence: str
    confidence: int | None
    expiry: int | None
    strict: bool
    every: int
    opened: Time
    paused: Time | None
    paused_why: str
    last_success: Time | None
    last_attempt: Time | None
    failures: int
    problem: str
    due: Time | None


class RunRow(Told):
    """One run of a feed; `told` are the first of what was not taken, each with the reason."""

    key: int
    at: Time
    outcome: Outcome
    problem: str
    milliseconds: int
    bytes: int
    sha256: str
    entries: int
    new: int
    changed: int
    known: int
    gone: int
    refused: int
    unmapped: int
    told: list[list[str]]


class GlimpseRow(Told):
    """One entry as it would be taken."""

    value: str
    kind: str
    said: str


class FeedGlimpse(Told):
    """What a feed would bring."""

    count: int
    unmapped: int
    first: list[GlimpseRow]
    not_mapped: list[list[str]]


class ReadyRow(Told):
    """A public feed whose mapping is ready; `confirmed` says whether its terms were read for this release."""

    name: str
    title: str
    publisher: str
    kind: str
    address: str
    settings: dict[str, Any]
    every: int = Field(description="Seconds")
    expiry: int | None
    terms: str
    terms_url: str
    confirmed: bool


router = Router()


@router.get("/feeds", response=Page[FeedRow])
@needs(Power.READ_CONTENT)
def list_feeds(request: ActorRequest, wanted: Query[Window]) -> Page[FeedRow]:
    """The feeds of the caller's body, and how each does."""
    return page_of(asked.feeds_for(request.actor), wanted, _feed)


@router.get("/feeds/ready", response=Page[ReadyRow])
@needs(Power.READ_CONTENT)
def list_ready_feeds(request: ActorRequest, wanted: Query[Window]) -> Page[ReadyRow]:
    """Public feeds whose mapping is ready; their terms are as far as we know."""
    del request
    return page_of(list(ready_feeds().values()), wanted, _ready)


@router.post("/feeds/try", response=FeedGlimpse)
@needs(Power.APPROVE)
def try_feed(request: ActorRequest, given: WishedFeed) -> FeedGlimpse:
    """What a feed would bring, before anything of it is kept."""
    found = feeds.try_feed(actor=request.actor, wish=_wish(request, given), now=timezone.now())
    return FeedGlimpse(
        count=found.count,
        unmapped=found.unmapped_count,
        first=[GlimpseRow(value=each.value, kind=each.kind, said=each.said) for each in found.rows],
        not_mapped=[list(each) for each in (*found.unmapped, *found.doubts)],
    )


@router.post("/feeds", response={201: FeedRow})
@needs(Power.APPROVE)
def open_feed(request: ActorRequest, given: WishedFeed) -> Status[FeedRow]:
    """Read something again and again from now on; the first run begins within a minute."""
    made = feeds.open_feed(actor=request.actor, wish=_wish(request, given), ref=uuid4(), now=timezone.now())
    return Status(201, _feed(made))


@router.get("/feeds/{ref}", response=FeedRow)
@needs(Power.READ_CONTENT)
def read_feed(request: ActorRequest, ref: str) -> FeedRow:
    """One feed, and where it stands."""
    return _feed(asked.feed_for(request.actor, id_of(ref, "feed")))


@router.get("/feeds/{ref}/runs", response=Page[RunRow])
@needs(Power.READ_CONTENT)
def list_runs(request: ActorRequest, ref: str, wanted: Query[Window]) -> Page[RunRow]:
    """The runs of a feed, the newest first."""
    feed = asked.feed_for(request.actor, id_of(ref, "feed"))
    return page_of(asked.runs_of(request.actor, feed), wanted, _run)


@router.post("/feeds/{ref}/change", response=FeedRow)
@needs(Power.APPROVE)
def change_feed(request: ActorRequest, ref: str, given: WishedFeed) -> FeedRow:
    """Make a feed another; all of it is read anew."""
    wish = _wish(request, given)
    return _feed(
        feeds.change_feed(actor=request.actor, ref=id_of(ref, "feed"), wish=wish, now=timezone.now())
    )


@router.post("/feeds/{ref}/run", response=FeedRow)
@needs(Power.IMPORT)
def run_feed_now(request: ActorRequest, ref: str) -> FeedRow:
    """Let the worker read the feed next."""
    return _feed(feeds.ask_for_run(actor=request.actor, ref=id_of(ref, "feed"), now=timezone.now()))


@router.post("/feeds/{ref}/pause", response=FeedRow)
@needs(Power.IMPORT)
def pause_feed(request: ActorRequest, ref: str, given: Why) -> FeedRow:
    """Leave the feed alone until somebody resumes it."""
    return _feed(
        feeds.pause_feed(actor=request.actor, ref=id_of(ref, "feed"), why=given.why, now=timezone.now())
    )


@router.post("/feeds/{ref}/resume", response=FeedRow)
@needs(Power.IMPORT)
def resume_feed(request: ActorRequest, ref: str) -> FeedRow:
    """Read a paused feed again."""
    return _feed(feeds.resume_feed(actor=request.actor, ref=id_of(ref, "feed"), now=timezone.now()))


@router.post("/feeds/{ref}/accept", response=FeedRow)
@needs(Power.APPROVE)
def accept_fall(request: ActorRequest, ref: str) -> FeedRow:
    """Take as it is what was held back, with the next run."""
    return _feed(feeds.accept_fall(actor=request.actor, ref=id_of(ref, "feed"), now=timezone.now()))


@router.post("/feeds/{ref}/close", response={204: None})
@needs(Power.APPROVE)
def close_feed(request: ActorRequest, ref: str) -> Status[None]:
    """Read it no more; what it brought stays."""
    feeds.close_feed(actor=request.actor, ref=id_of(ref, "feed"), now=timezone.now())
    return Status(204, None)


def _wish(request: ActorRequest, given: WishedFeed) -> feeds.Wish:
    said = given.model_dump(exclude={"source", "every"})
    source = parties_named(request.actor, [given.source])[given.source] if given.source else None
    return feeds.Wish(
        **{**said, "label": given.label, "purpose": given.purpose},
        source=source,
        every=timedelta(seconds=given.every),
    )


def _feed(row: models.Feed) -> FeedRow:
    same = ("name", "kind", "address", "settings", "note", "label", "purpose", "licence", "confidence")
    more = ("expiry", "strict", "every", "paused_why", "failures", "problem", "due")
    return FeedRow(
        **{name: getattr(row, name) for name in (*same, *more)},
        id=row.ref,
        source=named(row.source) if row.source else None,
        opened=row.opened_at,
        paused=row.paused_at,
        last_success=row.succeeded_at,
        last_attempt=row.attempted_at,
    )


def _run(row: models.FeedRun) -> RunRow:
    same = (
        "at",
        "problem",
        "sha256",
        "entries",
        "new",
        "changed",
        "known",
        "gone",
        "refused",
        "unmapped",
        "told",
    )
    return RunRow(
        **{name: getattr(row, name) for name in same},
        key=row.pk,
        outcome=Outcome(row.outcome),
        milliseconds=row.took,
        bytes=row.size,
    )


def _ready(each: Ready) -> ReadyRow:
    same = ("name", "title", "publisher", "kind", "address", "expiry", "terms", "terms_url", "confirmed")
    said = {name: getattr(each, name) for name in same}
    return ReadyRow(**said, settings=dict(each.settings), every=each.every * 60)
