"""What would stand between two parties if something were done: proposed, accepted, replaced or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from comity.base.errors import Malformed, NotFound
from comity.engines.release.terms import Purpose, Terms
from comity.formats.canonical import canonical
from comity.formats.strict_json import Limits, decode
from comity.node.instruments import queries
from comity.node.instruments.bodies import ProposalBody, read_terms, written_terms
from comity.node.instruments.models import Agreement
from comity.node.instruments.wording import day_in_words
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party

UNTITLED = "The proposed terms"
LONGEST = 4_000  # of terms in an address
_NEW = "agreement--proposed"  # what is not proposed yet has no reference


@dataclass(frozen=True, slots=True)
class Plan:
    """The terms between two parties without a step and with it; `said` is the step for an address.

    Both are meant for the first day on which the step has effect: what differs then is its doing alone.
    """

    ours: Party
    partner: Party
    words: str  # the step, for example "the agreement “Memorandum” were in force"
    before: tuple[Terms, ...]
    after: tuple[Terms, ...]
    day: date
    purposes: tuple[Purpose, ...]  # for which the step changes something, in the order of the list
    said: Mapping[str, str]

    def moment(self, now: datetime) -> datetime:
        """When to judge: now, or at the beginning of a later first day."""
        return max(now, datetime.combine(self.day, time(), UTC))


def with_terms(ours: Party, partner: Party, terms: Terms, *, replaces: str = "", today: date) -> Plan:
    """If these terms, which nobody has proposed yet, were in force."""
    begins = replace(terms, agreement=terms.agreement or _NEW, since=max(terms.since, today))
    concluded = queries.all_terms_between(ours, partner)
    said = {"terms": canonical({"title": terms.title, **written_terms(terms)}).decode()}
    said |= {"replaces": replaces} if replaces else {}
    return _beginning((ours, partner), concluded, begins, replaces, said)


def with_agreement(agreement: Agreement, today: date) -> Plan:
    """If this agreement, proposed or concluded, were in force from its first day."""
    ours, partner = agreement.ours, agreement.partner
    terms = queries.terms_of(agreement)
    begins = terms if agreement.since else replace(terms, since=max(terms.since, today))
    old = agreement.replaces
    others = tuple(
        replace(each, withdrawn=None) if _ended_by_this(old, each, begins) else each
        for each in queries.all_terms_between(ours, partner)
        if each.agreement != agreement.ref
    )
    return _beginning((ours, partner), others, begins, old.ref if old else "", {"agreement": agreement.ref})


def without_agreement(agreement: Agreement, day: date) -> Plan:
    """If this agreement had no effect from the day on."""
    ours, partner = agreement.ours, agreement.partner
    before = queries.all_terms_between(ours, partner)
    after = tuple(_ended(each, day) if each.agreement == agreement.ref else each for each in before)
    return Plan(
        ours=ours,
        partner=partner,
        words=f"“{agreement.title}” ended on {day_in_words(day)}",
        before=before,
        after=after,
        day=day,
        purposes=_in_order(queries.terms_of(agreement)),
        said={"agreement": agreement.ref, "withdrawn": day.isoformat()},
    )


def planned(actor: Actor, partner: Party, said: Mapping[str, str], today: date) -> Plan:
    """The step that an address names; raises `Malformed` or `NotFound`."""
    if said.get("terms"):
        terms = _read(said["terms"])
        ours = queries.own_body(actor)
        return with_terms(ours, partner, terms, replaces=said.get("replaces", ""), today=today)
    agreement = queries.agreement_for(actor, said.get("agreement", ""))
    if agreement.partner_id != partner.pk:
        raise NotFound(f"agreement with {partner.name}")
    if said.get("withdrawn"):
        return without_agreement(agreement, _day(said["withdrawn"]))
    return with_agreement(agreement, today)


def said_of(proposal: bytes) -> dict[str, str]:
    """The step that the body of a proposal asks for, as an address names it; raises `Malformed`."""
    try:
        body = msgspec.convert(decode(proposal, limits=Limits(size=LONGEST)), ProposalBody)
    except msgspec.ValidationError as error:
        raise Malformed("proposal", str(error)) from error
    said = {"terms": canonical({**body.terms, "title": body.title}).decode()}
    return said | ({"replaces": body.replaces} if body.replaces else {})


def _beginning(
    sides: tuple[Party, Party],
    others: tuple[Terms, ...],
    begins: Terms,
    replaces: str,
    said: dict[str, str],
) -> Plan:
    ours, partner = sides
    ends = tuple(_ended(each, begins.since) if each.agreement == replaces else each for each in others)
    return Plan(
        ours=ours,
        partner=partner,
        words=f"“{begins.title}” stood from {day_in_words(begins.since)}",
        before=others,
        after=(*ends, begins),
        day=begins.since,
        purposes=_in_order(begins, *(each for each in others if each.agreement == replaces)),
        said=said,
    )


def _ended(terms: Terms, day: date) -> Terms:
    """The same with an end on this day, unless it ends before."""
    return replace(terms, withdrawn=min(day, terms.withdrawn) if terms.withdrawn else day)


def _ended_by_this(old: Agreement | None, terms: Terms, begins: Terms) -> bool:
    """Whether it would go on if the new one, which has replaced it, did not stand."""
    replaced = old is not None and old.ref == terms.agreement and old.withdrawal_id is None
    return replaced and terms.withdrawn == begins.since


def _in_order(*terms: Terms) -> tuple[Purpose, ...]:
    covered = {purpose for each in terms for purpose in each.purposes}
    return tuple(purpose for purpose in Purpose if purpose in covered)


def _read(text: str) -> Terms:
    raw: Any = decode(text.encode(), limits=Limits(size=LONGEST))
    if not isinstance(raw, dict):
        raise Malformed("terms", "expected the terms of an agreement, as JSON.")
    title = raw.pop("title", "")
    return read_terms(_NEW, title if isinstance(title, str) and title else UNTITLED, raw)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Malformed("withdrawn", "expected a day, such as 2026-11-22.") from error
