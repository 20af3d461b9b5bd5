"""Follow versions that became stricter themselves: who has one and may not have it is asked to delete it.

A victim became known, a definition tells what a marking means, or whoever gave it asks for it back: there is
no newer version that could be sent. Each party that was given it is judged anew; where the very bytes that it
has may still go there, nothing is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import prefetch_related_objects

from comity.base.verdict import Verdict
from comity.engines.release.terms import Purpose
from comity.engines.release.tightening import Tightening
from comity.node.acts.models import ActContent
from comity.node.exchange import queries, reaching
from comity.node.exchange.models import ClosedInPlace, Step, StixObject
from comity.node.exchange.reaching import Given
from comity.node.exchange.services import leaving_there
from comity.node.exchange.services.asking_back import ask_to_delete, by_node
from comity.node.exchange.services.closed import By, ways_in
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.exchange.services.stricter import Outcome, Stricter, keep
from comity.node.exchange.tracing import Version
from comity.node.parties.models import Party

PORTION = 200  # versions in one transaction
_WITHOUT = "It may go with less in it than it has there; share it anew."

Closed = Mapping[Version, tuple[frozenset[Tightening], By]]


def follow(holder: Party, now: datetime) -> None:
    """Look at all that became stricter since the last time, a portion in each transaction."""
    while _portion(holder, now):
        pass


@transaction.atomic
def _portion(holder: Party, now: datetime) -> bool:
    waiting = ClosedInPlace.objects.filter(holder=holder).order_by("pk")
    if not waiting.exists():
        return False
    one_at_a_time(holder)
    rows = list(waiting[:PORTION])
    closed = {(row.ref, row.modified): (ways_in(row.ways), By(row.by_id, row.by_name)) for row in rows}
    reach(holder, closed, now)
    leaving_there.leave(holder, closed, now)
    ClosedInPlace.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return True


def reach(holder: Party, closed: Closed, now: datetime) -> None:
    """Recall ours, leave the rest to a person; in the caller's transaction, under the lock."""
    found = list(too_wide(holder, closed, now))
    outcomes = {(each.given.ref, each.given.party.pk): _outcome(each, why) for each, why in found}
    back = [each for each, _ in found if outcomes[each.given.ref, each.given.party.pk].step == Step.RECALLED]
    outcomes |= ask_to_delete(holder, back, by_node(holder, now), now)
    keep(holder, [(each, outcomes[each.given.ref, each.given.party.pk]) for each, _ in found], now)


def too_wide(holder: Party, closed: Closed, now: datetime) -> Iterator[tuple[Stricter, Verdict]]:
    """The parties that have one of these otherwise than it may go to them now, and why it may not."""
    refs = {ref for ref, _ in closed}
    rows = leaving_there.rows_of(holder, closed)
    prefetch_related_objects(list(rows.values()), "holder", "source", "brought", "act__author")
    piles: dict[tuple[Party, Purpose], list[tuple[StixObject, Given]]] = {}
    for given in reaching.given_of(holder, refs):
        for version in sorted({(given.ref, modified) for _, modified in given.versions}):
            if version in rows:
                piles.setdefault((given.party, given.purpose), []).append((rows[version], given))
    for (party, purpose), some in piles.items():
        judged = leaving_there.judged(holder, party, purpose, [row for row, _ in some], now)
        there = _there(holder, party, [given for _, given in some])
        for row, given in some:
            item = judged[row.pk]
            leaving = item.leaving.sha256 if item.leaving else ""
            wide = frozenset(
                each for each in given.versions
                if each[1] == row.modified and there.get(each, frozenset()) - {leaving}
            )  # fmt: skip  # one clause to a line
            if wide:
                ways, by = closed[row.ref, row.modified]
                part = replace(given, versions=wide, arrived=wide & given.arrived)
                yield Stricter(row, part, ways, by), item.verdict


def _there(holder: Party, party: Party, given: Sequence[Given]) -> dict[Version, frozenset[str]]:
    """The digests of what the party was given, by name there and version."""
    names = {name for each in given for name, _ in each.versions}
    ours = ActContent.objects.filter(act__ours=True, act__author=holder, act__recipients=party)
    found: dict[Version, frozenset[str]] = {}
    for chunk in queries.chunks(names):
        told = ours.filter(content__ref__in=chunk)
        for name, modified, sha256 in told.values_list("content__ref", "content__modified", "content_id"):
            found[name, modified] = found.get((name, modified), frozenset()) | {sha256}
    return found


def _outcome(each: Stricter, why: Verdict) -> Outcome:
    words = _WITHOUT if why.allowed else " ".join(ground.text for ground in why.grounds)
    if not each.given.arrived:
        return Outcome(Step.NOTHING, words=f"It did not get there. {words}", settled=True)
    return Outcome(Step.RECALLED if each.ours else Step.ASK, words=words)
