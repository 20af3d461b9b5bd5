"""What a step about agreements would change in what the partner sees, before anybody takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from comity.engines.release.difference import Change
from comity.engines.release.terms import Purpose
from comity.node.exchange.sights import Comparison, compare
from comity.node.instruments.foresight import Effect, Line
from comity.node.instruments.plans import Plan
from comity.node.instruments.wording import PURPOSES
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A step, judged for one purpose."""

    plan: Plan
    purpose: Purpose
    comparison: Comparison

    def address(self, **more: str) -> str:
        """The page that lists what changes."""
        asked = {"purpose": self.purpose.value, **self.plan.said, **more}
        return f"{reverse('exchange:if', args=[self.plan.partner.ref])}?{urlencode(asked)}"

    @property
    def lines(self) -> tuple[Line, ...]:
        """The changes that there are, with the lists of their objects."""
        told = self.comparison.difference
        return tuple(
            Line(told.count(each), each.words, self.address(show=each.value))
            for each in Change
            if told.count(each)
        )


def foresee(plan: Plan, now: datetime, purpose: Purpose | None = None) -> Foreseen:
    """Compare what the partner sees on the first day of the step, without it and with it."""
    chosen = purpose or next(iter(plan.purposes), Purpose.NETWORK_DEFENCE)
    compared = compare(plan.ours, plan.partner, plan.before, plan.after, purpose=chosen, now=plan.moment(now))
    return Foreseen(plan, chosen, compared)


def foresee_for(actor: Actor, plan: Plan, now: datetime, purpose: Purpose | None = None) -> Foreseen:
    """The same for those who may see the objects themselves."""
    actor.may(Power.READ_CONTENT).require()
    return foresee(plan, now, purpose)


def effect(actor: Actor, plan: Plan, now: datetime) -> Effect | None:
    """The same for the pages of agreements; None for those who may not know what is held."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return None
    foreseen = foresee(plan, now)
    purpose = PURPOSES[foreseen.purpose]
    return Effect(
        title=f"What {plan.partner.name} would see of us, for {purpose}",
        lines=foreseen.lines,
        none="The same as without it.",
        url=foreseen.address(),
    )
