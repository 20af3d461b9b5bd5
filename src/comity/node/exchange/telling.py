"""Who gave us an object, what we report of it that they were not told yet, and the rules that stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from comity.engines.release.terms import Purpose
from comity.engines.scoring.remarks import Kind, Opinion
from comity.node.exchange.models import Remark, StixObject, TellingRule
from comity.node.exchange.reaching import given_of
from comity.node.exchange.scores import names_here, standing_remarks
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

MOST_SHOWN = 100  # remarks of one object on its page
MOST_TOLD = 500  # remarks in one act


@dataclass(frozen=True, slots=True)
class Line:
    """What one party said of an object in one sighting or opinion."""

    remark: Remark
    told: bool  # our own: whether the giver was given it

    @property
    def ours(self) -> bool:
        """Whether our own body says it."""
        return self.remark.source_id == self.remark.holder_id

    @property
    def doubting(self) -> bool:
        """Whether somebody else calls it a false positive, and nobody has looked at that."""
        wrong = self.remark.kind == Kind.FALSE_POSITIVE.value
        return wrong and not self.ours and self.remark.looked_at is None

    @property
    def words(self) -> str:
        """What it says."""
        kind, times = Kind(self.remark.kind), self.remark.count
        if kind is Kind.SEEN:
            return f"seen {times:,} time{'' if times == 1 else 's'}" if times else "looked for, not seen"
        if kind is Kind.OPINION:
            return Opinion(self.remark.opinion).value.replace("-", " ")
        return "a false positive" if kind is Kind.FALSE_POSITIVE else "over"


def giver_of(row: StixObject) -> Party | None:
    """The party that gave us the object, if it is not a body of this node."""
    return None if row.source is None or row.source.ours else row.source


def purpose_of(row: StixObject) -> Purpose:
    """For what it was given to us; the defence of networks where no act says it."""
    return Purpose((row.act and row.act.purpose) or Purpose.NETWORK_DEFENCE.value)


def remarks_on(actor: Actor, row: StixObject) -> list[Line]:
    """What is said of an object, the newest first."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return []
    rows = standing_remarks(actor.body).filter(ref__in=list(names_here([row.ref])))
    related = rows.select_related("object", "source").defer("object__wire", "object__words")
    found = list(related.order_by("-at", "-pk")[:MOST_SHOWN])
    giver = giver_of(row)
    ours = [each.object for each in found if each.source_id == each.holder_id]
    told = _told(row.holder, giver, ours) if giver else set()
    return [Line(each, each.object.ref in told) for each in found]


def untold(row: StixObject) -> list[str]:
    """The remarks of ours on an object that its giver was not given in their newest version."""
    giver = giver_of(row)
    if giver is None:
        return []
    rows = standing_remarks(row.holder_id).filter(ref=row.ref, source=row.holder)
    ours = [each.object for each in rows.select_related("object").order_by("pk")[:MOST_TOLD]]
    told = _told(row.holder, giver, ours)
    return list(dict.fromkeys(each.ref for each in ours if each.ref not in told))


def _told(holder: Party, party: Party, ours: Sequence[StixObject]) -> set[str]:
    """Those that the party was given, or that are on their way, in their newest version."""
    newest = {each.ref: each.modified for each in ours}
    given = given_of(holder, newest) if newest else []
    return {each.ref for each in given if each.party.pk == party.pk and not each.lacks(newest[each.ref])}


def rules_of(actor: Actor) -> QuerySet[TellingRule]:
    """The rules in force for the actor's body."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return TellingRule.objects.none()
    return TellingRule.objects.filter(holder_id=actor.body, ended_at=None).select_related("party")


def told_by_rule(holder: Party, parties: Iterable[Party]) -> set[int]:
    """Those of the parties, by key, for which a rule stands."""
    keys = [party.pk for party in parties]
    rows = TellingRule.objects.filter(holder=holder, party__in=keys, ended_at=None)
    return set(rows.values_list("party_id", flat=True))


def doubts_of_ours(actor: Actor) -> QuerySet[Remark]:
    """False positives that others report of what is our own work, and that nobody has looked at."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Remark.objects.none()
    ours = StixObject.objects.filter(holder_id=actor.body, source_id=actor.body, latest=True)
    rows = standing_remarks(actor.body).filter(kind=Kind.FALSE_POSITIVE.value, looked_at=None)
    theirs = rows.exclude(source_id=actor.body)
    return theirs.filter(Exists(ours.filter(ref=OuterRef("ref")))).select_related("source", "object")


def at_once(row: StixObject, rules: set[int]) -> bool:
    """Whether the giver of an object is told by itself."""
    giver = giver_of(row)
    return giver is not None and giver.pk in rules
