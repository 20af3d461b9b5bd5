"""What a person does about a stricter version: begin again where it stopped, or recall what others made."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from comity.base.errors import NotFound
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act
from comity.node.acts.services.composing import compose
from comity.node.exchange import queries
from comity.node.exchange.models import Step, StricterVersion
from comity.node.exchange.services import in_place, tightening
from comity.node.exchange.services.asking_back import ask_to_delete
from comity.node.exchange.services.closed import By, ways_in
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.exchange.services.stricter import Stricter, keep, redo, stopped
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


@transaction.atomic
def begin_again(*, actor: Actor, version: StricterVersion, now: datetime) -> int:
    """Judge anew for the partners at which it stopped; gives how many they are."""
    actor.may(Power.COMPOSE).require()
    holder = _locked(actor, version)
    count = redo(stopped(version.parties.all()), now)
    tightening.try_again(holder, now, version)
    return count


@transaction.atomic
def ask_back(*, actor: Actor, version: StricterVersion, now: datetime) -> list[Act]:
    """Ask the partners that may not have it to delete the older version that we passed on."""
    actor.may(Power.COMPOSE).require()
    holder = _locked(actor, version)
    wanted = set(version.parties.filter(step=Step.ASK, settled=False).values_list("party", flat=True))
    newer = tightening.stricter(holder, [version.ref])
    itself = {(version.ref, version.modified): (ways_in(version.ways), By(version.by_id, version.by_name))}
    closed = (each for each, _ in in_place.too_wide(holder, itself, now))
    found = [each for each in (*newer, *closed) if each.given.party.pk in wanted]
    if not found:
        raise NotFound("partner to ask")

    def composed(draft: Draft, _about: Stricter) -> Act:
        return compose(actor=actor, draft=draft, now=now)

    outcomes = ask_to_delete(holder, found, composed, now)
    keep(holder, [(each, outcomes[each.given.ref, each.given.party.pk]) for each in found], now)
    return [outcome.act for outcome in outcomes.values() if outcome.act is not None]


def _locked(actor: Actor, version: StricterVersion) -> Party:
    holder = queries.own_body(actor)
    if version.holder_id != holder.pk:
        raise NotFound("stricter version")
    one_at_a_time(holder)
    return holder
