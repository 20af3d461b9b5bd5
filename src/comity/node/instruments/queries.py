"""Every read of agreements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

import msgspec
from django.db.models import F, Q, QuerySet

from comity.base.errors import NotFound
from comity.engines.release.terms import Purpose, Terms
from comity.node.acts.models import DeliveryState
from comity.node.acts.together import once_together
from comity.node.instruments.bodies import read_terms
from comity.node.instruments.models import Agreement, AgreementState
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from comity.node.site.prepared import Prepared, columns_of, made

_ACTS = ("proposal__author", "answer__author", "withdrawal__author")


def agreements_for(actor: Actor) -> QuerySet[Agreement]:
    """The agreements of the body this actor acts for; none without the power to read acts."""
    if not actor.may(Power.READ_ACTS).allowed:
        return Agreement.objects.none()
    return Agreement.objects.filter(ours_id=actor.body).select_related("ours", "partner")


def agreement_for(actor: Actor, ref: str) -> Agreement:
    """One agreement with the acts it rests on; raises `NotFound`."""
    related = agreements_for(actor).select_related("ours", "partner", "replaces", *_ACTS)
    # An address may hold anything, and PostgreSQL refuses some of it.
    found = related.prefetch_related("replaced_by").filter(ref=ref).first() if ref.isprintable() else None
    if found is None:
        raise NotFound("agreement")
    return found


def awaiting_answer(actor: Actor, now: datetime) -> QuerySet[Agreement]:
    """The proposals of partners that can still be answered."""
    open_still = Q(proposal__expires=None) | Q(proposal__expires__gte=now)
    theirs = agreements_for(actor).filter(state=AgreementState.PROPOSED, proposal__author=F("partner"))
    return theirs.filter(open_still)


def locked_agreement(ref: str) -> Agreement:
    """One agreement, locked until the transaction ends."""
    return Agreement.objects.select_for_update(of=("self",)).select_related("proposal").get(ref=ref)


def agreement_known(ref: str) -> bool:
    """Whether the reference is taken, whoever the parties are."""
    return Agreement.objects.filter(ref=ref).exists()


def agreement_between(ref: str, party: Party) -> Agreement | None:
    """The agreement, if `party` is one of its two sides."""
    sides = Q(ours=party) | Q(partner=party)
    related = Agreement.objects.select_related("ours", "partner", "proposal", "withdrawal")
    return related.filter(sides, ref=ref).first()


@lru_cache(maxsize=2_000)
def _proposed(ref: str, title: str, terms: bytes) -> Terms:
    """The terms as they were proposed, decoded once in each process: a page judges by hundreds."""
    return read_terms(ref, title, msgspec.json.decode(terms))


def terms_of(agreement: Agreement) -> Terms:
    """The terms with what became of them: first day in force, and the day of a withdrawal."""
    proposed = _proposed(agreement.ref, agreement.title, msgspec.json.encode(agreement.terms))
    since, withdrawn = agreement.since or proposed.since, agreement.ended or proposed.withdrawn
    return replace(proposed, since=since, withdrawn=withdrawn)


def terms_between(ours: Party, partner: Party, day: date) -> tuple[Terms, ...]:
    """The terms in force between the two on that day, oldest first."""
    return tuple(terms for terms in _concluded(ours, partner) if in_force_on(terms, day))


def terms_covering(ours: Party, partner: Party, purpose: Purpose, now: datetime) -> Terms | None:
    """The oldest agreement in force that covers the purpose: it binds what is given without an act."""
    standing = terms_between(ours, partner, now.astimezone(UTC).date())
    return next((each for each in standing if purpose in each.purposes), None)


def terms_to_judge_by(ours: Party, partner: Party, day: date) -> tuple[Terms, ...]:
    """Those in force on the day; if none is, the last that was concluded: a refusal then says what ended."""
    return terms_by_partner(ours, day).get(partner.pk, ())


@once_together
def terms_by_partner(ours: Party, day: date) -> dict[int, tuple[Terms, ...]]:
    """For every partner, by key, the terms to judge by."""
    concluded: dict[int, tuple[Terms, ...]] = {}
    for cells in _CONCLUDED.rows(ours.pk):
        row = made(Agreement, cells)
        concluded[row.partner_id] = (*concluded.get(row.partner_id, ()), terms_of(row))
    return {
        partner: tuple(each for each in terms if in_force_on(each, day)) or terms[-1:]
        for partner, terms in concluded.items()
    }


def terms_named(ref: str, ours: Party, partner: Party) -> Terms | None:
    """The terms of one concluded agreement between the two, whether or not it is in force now."""
    return next((terms for terms in _concluded(ours, partner) if terms.agreement == ref), None)


def all_terms_between(ours: Party, partner: Party) -> tuple[Terms, ...]:
    """The terms of every agreement that the two have concluded, oldest first, ended and to come included."""
    return _concluded(ours, partner)


@once_together
def _concluded(ours: Party, partner: Party) -> tuple[Terms, ...]:
    return tuple(terms_of(row) for row in _concluded_rows().filter(ours=ours, partner=partner))


def _concluded_rows() -> QuerySet[Agreement]:
    """Agreements that entered into force; an acceptance of ours that the other node refused binds nobody."""
    rows = Agreement.objects.filter(since__isnull=False).order_by("since", "pk")
    return rows.exclude(answer__deliveries__state=DeliveryState.REFUSED)


_CONCLUDED = Prepared(
    lambda ours: _concluded_rows().filter(ours=ours).values_list(*columns_of(Agreement)), int
)


def in_force_on(terms: Terms, day: date) -> bool:
    """Whether these terms speak on that day."""
    ended = (terms.withdrawn is not None and day >= terms.withdrawn) or (
        terms.until is not None and day > terms.until
    )
    return terms.since <= day and not ended


def partners_to_propose(actor: Actor) -> QuerySet[Party]:
    """The accepted partners of this node."""
    if not actor.may(Power.READ_PARTIES).allowed:
        return Party.objects.none()
    return Party.objects.filter(partner__state="accepted", ours=False)


def own_body(actor: Actor) -> Party:
    """The body that the actor acts for."""
    return Party.objects.get(pk=actor.body)


def state_now(agreement: Agreement, day: date) -> str:
    """The state for people: a concluded agreement may have yet to begin, or be over."""
    if agreement.since is None or (agreement.state == AgreementState.WITHDRAWN and agreement.ended is None):
        return agreement.state
    terms = terms_of(agreement)
    if day < terms.since:
        return "not-begun"
    if in_force_on(terms, day):
        return "in-force"
    return "ended" if terms.withdrawn is not None and day >= terms.withdrawn else "expired"
