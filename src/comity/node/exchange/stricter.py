"""What people see of stricter versions: which there are, and how far each has come with each partner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from comity.base.errors import NotFound
from comity.engines.release.tightening import Tightening
from comity.node.acts.models import Act, ActState, Delivery, DeliveryState
from comity.node.exchange.models import Step, StricterFor, StricterVersion
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

_NOT_BY_ITSELF = {Step.ASK: "awaiting", Step.LATER: "waiting", Step.NOTHING: "done"}


@dataclass(frozen=True, slots=True)
class Line:
    """How far a stricter version has come with one partner."""

    party: Party
    step: Step
    state: str
    words: str
    act: Act | None
    at: datetime


def versions_for(actor: Actor) -> QuerySet[StricterVersion]:
    """The stricter versions of the actor's body, with how many partners have not come to it yet."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return StricterVersion.objects.none()
    rows = StricterVersion.objects.filter(holder_id=actor.body).select_related("source")
    return rows.annotate(open=_counted(settled=False), all=_counted())


def version_for(actor: Actor, key: int) -> StricterVersion:
    """One of them; raises `NotFound`."""
    found = versions_for(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("stricter version")
    return found


def version_of(actor: Actor, ref: str) -> StricterVersion | None:
    """The newest of one object."""
    return versions_for(actor).filter(ref=ref).first()


def lines_of(version: StricterVersion) -> list[Line]:
    """Its partners by name, each with the state of what was done for it."""
    rows = StricterFor.objects.filter(version=version).select_related("party", "act")
    sent = Delivery.objects.filter(act__in=rows.values("act"))
    states = {(each.act_id, each.party_id): each for each in sent}
    return [
        _line(each, states.get((each.act_id or 0, each.party_id))) for each in rows.order_by("party__name")
    ]


def ways_of(version: StricterVersion) -> str:
    """In which ways it is stricter, in words."""
    return " and ".join(Tightening(each).words for each in version.ways.split())


def is_itself_stricter(version: StricterVersion) -> bool:
    """Whether it is the very version that partners have, of which more became known."""
    return not {Tightening.VICTIM.value, Tightening.RECALLED.value}.isdisjoint(version.ways.split())


def partners_behind(actor: Actor) -> int:
    """How many partners have an older, wider version of something, as the last round of the worker knows.

    Asked of each party: a change of ten thousand objects leaves as many rows for each.
    """
    waiting = StricterFor.objects.filter(party=OuterRef("pk"), settled=False, version__holder_id=actor.body)
    return Party.objects.filter(Exists(waiting)).count()


def _counted(**narrowed: bool) -> Coalesce:
    """The partners of each version, counted for the rows that are shown alone."""
    rows = StricterFor.objects.filter(version=OuterRef("pk"), **narrowed).order_by().values("version")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def _line(row: StricterFor, way: Delivery | None) -> Line:
    step = Step(row.step)
    if row.act is None:
        return Line(row.party, step, _NOT_BY_ITSELF[step], row.words, None, row.changed)
    if row.settled and (way is None or way.state != DeliveryState.RECEIPTED):
        return Line(row.party, step, "superseded", row.words, row.act, row.changed)
    if way is not None:
        return Line(row.party, step, way.state, way.words, row.act, way.changed)
    return Line(row.party, step, row.act.state, ActState(row.act.state).label, row.act, row.act.composed_at)
