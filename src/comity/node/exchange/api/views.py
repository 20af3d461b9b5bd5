"""Operations about what a partner would see of us, now and after a step about an agreement."""

from __future__ import annotations

from datetime import date
from enum import Enum

from django.utils import timezone
from ninja import Field, Query, Router

from comity.engines.release.difference import Change
from comity.engines.release.terms import Purpose
from comity.node.exchange import models, queries
from comity.node.exchange.api.shapes import MAX_REF, Look, ObjectRow, row_of
from comity.node.exchange.foreseeing import foresee_for
from comity.node.exchange.sights import Comparison, Sight, sight
from comity.node.instruments.plans import LONGEST, planned
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    MAX_WORDS,
    Ground,
    Named,
    Page,
    Told,
    Verdict,
    Window,
    named,
    needs,
    page_of,
)
from comity.node.parties.roles import Power


class Part(Enum):
    """Which part of the picture to list: what is seen whole, with something removed, or not at all."""

    ALL = "all"
    WHOLE = "whole"
    REDUCED = "reduced"
    CLOSED = "closed"


class LookOn(Look, Window):
    """What it would be shared for, and which part to list."""

    show: Part = Part.ALL
    rule: str = Field("", max_length=MAX_WORDS, description="With `closed`: only what this rule closes")


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


router = Router()


@router.get("/views/{ref}", response=View)
@needs(Power.READ_CONTENT)
def view_as_partner(request: ActorRequest, ref: str, look: Query[LookOn]) -> View:
    """What the party with this ref would see of what the caller's body holds, and why not the rest."""
    partner = queries.party_named(request.actor, ref)
    seen = sight(queries.own_body(request.actor), partner, purpose=look.purpose, now=timezone.now())
    rows = seen.listed(_classes(seen, look)).select_related("source").defer("wire", "words")
    page = page_of(rows, look, lambda row: Judged(**row_of(row), **seen.releases[row.handling_id].as_json()))
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
    rows = compared.before.listed(classes).select_related("source").defer("wire", "words")
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
        **row_of(row),
        without=Verdict.model_validate(shift.before.verdict.as_json()),
        with_it=after["verdict"],
        removals=after["removals"],
        second_person=after["second_person"],
    )


def _classes(seen: Sight, look: LookOn) -> list[int]:
    if look.show is Part.CLOSED:
        return seen.closed(look.rule)
    return {Part.WHOLE: seen.whole, Part.REDUCED: seen.reduced, Part.ALL: list(seen.releases)}[look.show]
