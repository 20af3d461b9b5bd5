"""Compose shares: one act for each partner, under the agreement that lets most of the selection go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling
from comity.engines.release.terms import Purpose, Terms
from comity.node.acts.kinds import Draft, Judgement
from comity.node.acts.models import Act
from comity.node.acts.services import composing
from comity.node.exchange import queries
from comity.node.exchange.arriving import is_clear
from comity.node.exchange.handling import of_class
from comity.node.exchange.judging import receipted
from comity.node.exchange.kinds import NAME, highest_label, selected
from comity.node.exchange.models import StixObject
from comity.node.exchange.sights import Asked, asked
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to share, before anything is judged."""

    refs: tuple[str, ...]
    purpose: Purpose
    title: str
    message: str = ""
    tlp: Tlp | None = None  # None: as strict as what leaves


def preview(actor: Actor, wish: Wish, partner: Party, now: datetime) -> Judgement:
    """What would leave and what would stay, without writing anything."""
    actor.may(Power.READ_CONTENT).require()
    return composing.judge(draft_for(actor, wish, partner, now), now)


@transaction.atomic
def share(*, actor: Actor, wish: Wish, partners: Sequence[Party], now: datetime) -> list[Act]:
    """Share with these partners, all or none; raises `Refused` where nothing of it may go."""
    actor.may(Power.READ_CONTENT).require()
    drafts = [draft_for(actor, wish, partner, now) for partner in partners]
    return composing.compose_all(actor=actor, drafts=drafts, now=now)


def draft_for(actor: Actor, wish: Wish, partner: Party, now: datetime) -> Draft:
    """The draft of one share of the actor's body."""
    return draft_of(queries.own_body(actor), wish, partner, now)


def draft_of(holder: Party, wish: Wish, partner: Party, now: datetime) -> Draft:
    """The draft of one share, with the agreement it rests on and the label that what leaves needs."""
    rows = selected(holder, wish.refs)
    agreement, leaving = _best(asked(holder, partner, purpose=wish.purpose, now=now), rows)
    return Draft(
        kind=NAME,
        author=holder,
        recipients=(partner,),
        body={"title": wish.title, "message": wish.message},
        tlp=wish.tlp or highest_label(leaving),
        purpose=wish.purpose.value,
        basis=(agreement,) if agreement else (),
        selection=wish.refs,
    )


def _best(question: Asked, rows: Sequence[StixObject]) -> tuple[str | None, list[StixObject]]:
    """The agreement under which most of the rows may go, the newest of equals; and those rows.

    None is taken where it lets as much go; if nothing may go at all, an agreement that ended says why.
    """
    facts = {row.handling_id: of_class(row.handling) for row in rows}
    held = receipted(question, (row.ref for row in rows))
    ways: list[tuple[Terms, ...]] = [(), *((terms,) for terms in reversed(question.terms))]
    leaving = [_leaving(replace(question, terms=way), rows, facts, held) for way in ways]
    best = max(range(len(ways)), key=lambda place: len(leaving[place]))
    if not leaving[best] and question.terms:
        return question.terms[-1].agreement, []
    return ways[best][0].agreement if ways[best] else None, leaving[best]


def _leaving(
    question: Asked, rows: Sequence[StixObject], facts: Mapping[int, Handling], held: AbstractSet[str]
) -> list[StixObject]:
    """What may go; `held` are those of which the partner has a version, which a revocation still reaches."""
    cases = {(row.handling_id, row.ref in held) for row in rows}
    open_cases = {case for case in cases if question.judge(facts[case[0]], held=case[1]).verdict.allowed}
    may_go = [row for row in rows if (row.handling_id, row.ref in held) in open_cases]
    # Without an agreement only what bears the label itself is TLP:CLEAR for the receiver as well.
    return may_go if question.terms else [row for row in may_go if is_clear(bytes(row.wire))]
