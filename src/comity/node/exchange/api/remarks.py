"""Operations about what is said of objects: reports, scores, and telling whoever gave them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.engines.contradictions.rules import RULE_NAMED
from comity.node.exchange import contradicted, queries, reports, telling
from comity.node.exchange.api.shapes import MAX_REF
from comity.node.exchange.models import Contradiction
from comity.node.exchange.reaching import Offered
from comity.node.exchange.reports import LONGEST_WHERE, LONGEST_WHY, MOST_COUNT, What
from comity.node.exchange.scores import Seen, score_of, sightings_of
from comity.node.exchange.seekers import reports_of
from comity.node.exchange.services import reporting
from comity.node.exchange.services import telling as services
from comity.node.exchange.services.renewing import Change, bring_newest, renew
from comity.node.parties.access import ActorRequest
from comity.node.parties.api.words import (
    Given,
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

MOST_REPORTS = 1_000
Moment = Annotated[str, Field(max_length=40)]


class ReportGiven(Given):
    """What was seen of an object, or what is wrong with it; by its ref, or by the value that a sensor met."""

    object: str = Field("", max_length=MAX_REF, description="ref of the object")
    value: str = Field(
        "", max_length=reports.LONGEST_OBJECT, description="instead: all indicators that seek this value"
    )
    what: What = What.SEEN
    count: int = Field(1, ge=0, le=MOST_COUNT)
    first_seen: Moment | None = Field(None, description="RFC 3339, in UTC")
    last_seen: Moment | None = Field(None, description="RFC 3339, in UTC; without it, now")
    where: str = Field(
        "", max_length=LONGEST_WHERE, description="ref of an identity or a location, or the name of a victim"
    )
    why: str = Field("", max_length=LONGEST_WHY)
    tlp: Tlp | None = Field(None, description="a stricter label than that of the object")

    def report(self) -> reports.Report:
        """The report as a value."""
        return reports.Report(
            what=self.what,
            count=self.count,
            first=_time(self.first_seen, "first_seen"),
            last=_time(self.last_seen, "last_seen"),
            where=self.where,
            why=self.why,
            tlp=self.tlp,
        )


class ReportsGiven(Given):
    """Reports of one sensor or one analyst, kept all or none."""

    reports: list[ReportGiven] = Field(min_length=1, max_length=MOST_REPORTS)


class GiverTold(Told):
    """What became of telling a giver by its rule: the act, or why nothing went."""

    party: Named
    act: str | None = Field(description="ref of the act")
    why: Verdict | None


class Reported(Told):
    """The objects that keep the reports, in their order; one for each indicator where a value was named."""

    number: int = Field(description="of the import they are kept by")
    objects: list[str] = Field(description="refs of sightings and opinions")
    told: list[GiverTold]


class Part(Told):
    """What one rule added to a score, or took."""

    rule: str
    points: int
    text: str


class RemarkShown(Told):
    """What somebody says of the object; `source` is null for what a file brought."""

    object: str = Field(description="ref of the sighting or the opinion")
    source: Named | None
    what: str
    count: int
    opinion: str
    at: Time


class Remarks(Told):
    """The score of an object now, and what is said of it: the newest of each."""

    score: int | None
    parts: list[Part]
    seen: int
    last_seen: Time | None
    false_positives: int
    remarks: list[RemarkShown]


class ChangeGiven(Given):
    """What is said anew of our own work; what is null stays as it is."""

    confidence: int | None = Field(None, ge=0, le=100)
    valid_until: Moment | None = Field(None, description="RFC 3339, in UTC; of an indicator")
    revoked: bool = Field(default=False, description="for good")


class BroughtThere(Told):
    """What became of bringing the newest version to one party: the act, or why it stays."""

    party: Named
    act: str | None = Field(description="ref of the act")
    why: Verdict | None


class NewVersion(Told):
    """The new version; a stricter one is brought to whoever has an older one within seconds."""

    modified: str
    stricter: bool
    brought: list[BroughtThere]


class Newest(Told):
    """What became of bringing the newest version to each party that has an older one."""

    brought: list[BroughtThere]


class Side(Told):
    """One of two statements; `source` is null for what a file brought."""

    object: str = Field(description="ref")
    source: Named | None


class Contradicting(Told):
    """Two statements about an object that cannot both hold; nothing is decided."""

    object: str = Field(description="ref of what they are about")
    rule: str
    text: str
    one: Side
    other: Side


class ToldAct(Told):
    """The act that tells the giver."""

    act: str = Field(description="ref of the act")


router = Router()


@router.post("/reports", response={201: Reported})
@needs(Power.IMPORT)
def report_sightings(request: ActorRequest, given: ReportsGiven) -> Status[Reported]:
    """Record sightings, false positives and ends, as our own work; a sensor may name the value it met."""
    now = timezone.now()
    pairs = [
        pair
        for each in given.reports
        for pair in reports_of(request.actor, each.object, each.value, each.report())
    ]
    done = reporting.record_reports(actor=request.actor, reports=pairs, now=now)
    told = [
        GiverTold(
            party=named(each.party),
            act=each.act.ref if each.act else None,
            why=Verdict(**each.why.as_json()) if each.why is not None else None,
        )
        for each in done.told
    ]
    return Status(201, Reported(number=done.brought.pk, objects=list(done.refs), told=told))


@router.get("/objects/{ref}/remarks", response=Remarks)
@needs(Power.READ_CONTENT)
def read_remarks(request: ActorRequest, ref: str) -> Remarks:
    """The score of an object with its parts, and what is said of it."""
    row = queries.object_for(request.actor, ref)
    score = score_of([row], timezone.now()).get(row.pk)
    seen = sightings_of(request.actor, [row.ref]).get(row.ref, Seen())
    lines = telling.remarks_on(request.actor, row)
    return Remarks(
        score=score.value if score else None,
        parts=[Part(**each.as_json()) for each in (score.parts if score else ())],
        seen=seen.count,
        last_seen=seen.last,
        false_positives=seen.false,
        remarks=[RemarkShown(**_shown(each)) for each in lines],
    )


@router.post("/objects/{ref}/change", response={201: NewVersion})
@needs(Power.IMPORT)
def change_object(request: ActorRequest, ref: str, given: ChangeGiven) -> Status[NewVersion]:
    """Make a new version of our own work, and bring it to every party that was given an older one."""
    until = _time(given.valid_until, "valid_until")
    change = Change(confidence=given.confidence, valid_until=until, revoked=given.revoked)
    done = renew(actor=request.actor, ref=ref, change=change, now=timezone.now())
    brought = [_brought(ref, each) for each in done.offered]
    return Status(201, NewVersion(modified=done.row.modified, stricter=done.stricter, brought=brought))


@router.post("/objects/{ref}/bring", response={201: Newest})
@needs(Power.COMPOSE)
def bring_object(request: ActorRequest, ref: str) -> Status[Newest]:
    """Share the newest version with every party that was given an older one, as far as release lets it go."""
    found = bring_newest(actor=request.actor, ref=ref, now=timezone.now())
    return Status(201, Newest(brought=[_brought(ref, each) for each in found]))


@router.get("/contradictions", response=Page[Contradicting])
@needs(Power.READ_CONTENT)
def list_contradictions(request: ActorRequest, wanted: Query[Window]) -> Page[Contradicting]:
    """What different givers say and cannot both hold, with both sides, as it was found when they said it."""
    return page_of(contradicted.found_for(request.actor), wanted, _contradicting)


@router.post("/objects/{ref}/tell", response={201: ToldAct})
@needs(Power.COMPOSE)
def tell_giver(request: ActorRequest, ref: str) -> Status[ToldAct]:
    """Share what we report of an object with whoever gave it to us, as far as it was not told yet."""
    act = services.tell(actor=request.actor, ref=ref, now=timezone.now())
    return Status(201, ToldAct(act=act.ref))


def _contradicting(row: Contradiction) -> Contradicting:
    one, other = (
        Side(object=each.ref, source=named(each.source) if each.source else None)
        for each in (row.one, row.other)
    )
    text = RULE_NAMED[row.rule].text
    return Contradicting(object=row.object.ref, rule=row.rule, text=text, one=one, other=other)


def _brought(ref: str, each: Offered) -> BroughtThere:
    act, why = each.acts.get(ref), (each.stays | each.later).get(ref)
    return BroughtThere(
        party=named(each.party),
        act=act.ref if act else None,
        why=Verdict(**why.as_json()) if why is not None else None,
    )


def _time(text: str | None, where: str) -> datetime | None:
    return None if text is None else decode_time(text, where)


def _shown(line: telling.Line) -> dict[str, Any]:
    each = line.remark
    return {
        "object": each.object.ref,
        "source": named(each.source) if each.source else None,
        "what": each.kind,
        "count": each.count,
        "opinion": each.opinion,
        "at": each.at,
    }
