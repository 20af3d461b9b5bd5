"""What of ours one partner may see: every class judged once, and the queries that apply the judgements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from comity.base.verdict import Answer, Ground, Verdict
from comity.engines.release.case import Recipient, Relation
from comity.engines.release.difference import Change, Difference, Shift, difference
from comity.engines.release.explain import Picture, picture
from comity.engines.release.handling import Handling
from comity.engines.release.judge import Release, judge_any
from comity.engines.release.terms import Purpose, Terms
from comity.node.acts.together import once_together
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.counts import counts_of
from comity.node.exchange.handling import of_class, of_classes
from comity.node.exchange.models import StixObject
from comity.node.federation.models import Partner, PartnerState
from comity.node.instruments import queries as agreements
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.roles import Power
from comity.node.site.prepared import Prepared

FEW = 1_000  # objects that are named one by one


@dataclass(frozen=True, slots=True)
class Asked:
    """Who would give what for, to whom, when: everything a judgement needs beside the thing itself."""

    holder: Party
    partner: Party
    recipient: Recipient
    terms: tuple[Terms, ...]
    purpose: Purpose
    now: datetime

    def judge(self, handling: Handling, *, held: bool = False) -> Release:
        """The judgement of one class; observers look after the logs and see no content at all."""
        if self.partner.kind == PartyKind.OBSERVER:
            return Release(Verdict.no(_observer(self.partner)))
        day = self.now.astimezone(UTC).date()
        standing = [terms for terms in self.terms if agreements.in_force_on(terms, day)]
        release = self._under(standing, handling, held=held)
        if not release.verdict.allowed and self.terms and not standing:
            release = self._under(self.terms, handling, held=held)  # what ended says why, and opens nothing
        return replace(release, verdict=self._in_words(release.verdict))

    def _under(self, terms: Sequence[Terms], handling: Handling, *, held: bool) -> Release:
        return judge_any(handling, self.recipient, terms, purpose=self.purpose, now=self.now, held=held)

    def _in_words(self, verdict: Verdict) -> Verdict:
        """People know the partner by its name; the engine knows its reference."""
        ref, name = self.recipient.party, self.partner.name
        return Verdict(
            verdict.answer,
            tuple(replace(each, text=each.text.replace(ref, name)) for each in verdict.grounds),
        )


def asked(holder: Party, partner: Party, *, purpose: Purpose, now: datetime) -> Asked:
    """What is to be judged when `holder` would give to `partner`, under all agreements between them."""
    terms = agreements.terms_to_judge_by(holder, partner, now.astimezone(UTC).date())
    return Asked(holder, partner, recipient_of(holder, partner), terms, purpose, now)


def asked_each(
    holder: Party, partners: Sequence[Party], *, purpose: Purpose, now: datetime
) -> list[tuple[Party, Asked]]:
    """The same for many partners, in two questions to the database."""
    terms = agreements.terms_by_partner(holder, now.astimezone(UTC).date())
    accepted = Partner.objects.filter(party__in=partners, state=PartnerState.ACCEPTED)
    near = set(accepted.values_list("party_id", flat=True))
    return [
        (
            each,
            Asked(
                holder, each, _recipient(each, accepted=each.pk in near), terms.get(each.pk, ()), purpose, now
            ),
        )
        for each in partners
    ]


def _accepted(party: int) -> QuerySet[Partner, Any]:
    return Partner.objects.filter(party=party, state=PartnerState.ACCEPTED).values_list("pk")


_ACCEPTED = Prepared(_accepted, int)


@once_together
def recipient_of(holder: Party, partner: Party) -> Recipient:
    """How near the party stands to us: a partner is one whose node a person has accepted."""
    if partner.pk == holder.pk:
        return Recipient(partner.ref, Relation.ORGANISATION)
    return _recipient(partner, accepted=bool(_ACCEPTED.rows(partner.pk)))


def _recipient(partner: Party, *, accepted: bool) -> Recipient:
    return Recipient(partner.ref, Relation.PARTNER if accepted else Relation.PUBLIC)


@dataclass(frozen=True, slots=True)
class Sight:
    """The judgement of every class that the holder has, and how many objects are in each."""

    asked: Asked
    releases: Mapping[int, Release]
    counts: Mapping[int, int]

    @property
    def whole(self) -> list[int]:
        """The classes of which everything may be seen."""
        return [
            pk for pk, release in self.releases.items() if release.verdict.allowed and not release.removals
        ]

    @property
    def reduced(self) -> list[int]:
        """The classes that may be seen with something taken out."""
        return [pk for pk, release in self.releases.items() if release.verdict.allowed and release.removals]

    def closed(self, rule: str = "", answer: Answer | None = None) -> list[int]:
        """The classes that may not be seen: all, those that this rule closes, those so answered."""
        return [
            pk
            for pk, release in self.releases.items()
            if not release.verdict.allowed
            and (not rule or rule in {g.rule for g in release.verdict.grounds})
            and answer in (None, release.verdict.answer)
        ]

    @property
    def picture(self) -> Picture:
        """Counts by reason."""
        return picture((release, self.counts[pk]) for pk, release in self.releases.items())

    def count(self, classes: Iterable[int]) -> int:
        """How many objects are in these classes; to count a million rows would take longer than to judge."""
        return sum(self.counts[pk] for pk in classes)

    def objects(self, classes: list[int]) -> QuerySet[StixObject]:
        """The holder's objects in these classes, newest version and newest arrival first."""
        rows = _objects(self.asked.holder).filter(handling_id__in=classes)
        return rows.order_by("-added")

    def listed(self, classes: list[int]) -> QuerySet[StixObject]:
        """The same for a page of them: few are named one by one.

        For them SQLite would read the holder's whole order, a million objects in 470 ms; with the holder
        beside the names too.
        """
        rows = self.objects(classes)
        if self.count(classes) > FEW:
            return rows
        named = list(rows.order_by().values_list("pk", flat=True))
        kept = StixObject.objects.filter(pk__in=named, handling_id__in=classes, latest=True)
        return kept.order_by("-added")


def sight(holder: Party, partner: Party, *, purpose: Purpose, now: datetime) -> Sight:
    """Judge every class that the holder has, for one partner."""
    return _sights(holder, [asked(holder, partner, purpose=purpose, now=now)])[0]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a partner sees under some terms, and what it would see under others."""

    before: Sight
    after: Sight

    def shift(self, key: int) -> Shift:
        """Both judgements of one class."""
        return Shift(self.before.releases[key], self.after.releases[key])

    def classes(self, change: Change) -> list[int]:
        """The classes that change so."""
        return [key for key in self.before.releases if change in self.shift(key).changes]

    @property
    def changed(self) -> list[int]:
        """The classes that change in any way."""
        return [key for key in self.before.releases if self.shift(key).changes]

    @property
    def difference(self) -> Difference:
        """Counts by change."""
        counts = self.before.counts
        return difference((self.shift(key), counts[key]) for key in self.before.releases)


def compare(
    holder: Party,
    partner: Party,
    before: tuple[Terms, ...],
    after: tuple[Terms, ...],
    *,
    purpose: Purpose,
    now: datetime,
) -> Comparison:
    """Judge every class under these terms and under those: as many judgements as classes, twice."""
    recipient = recipient_of(holder, partner)
    questions = [Asked(holder, partner, recipient, terms, purpose, now) for terms in (before, after)]
    return Comparison(*_sights(holder, questions))


def _sights(holder: Party, questions: Sequence[Asked]) -> list[Sight]:
    """The answers to several questions about the same objects."""
    counts = counts_of(holder)
    facts = of_classes(counts)
    return [Sight(each, {pk: each.judge(known) for pk, known in facts.items()}, counts) for each in questions]


def sight_for(actor: Actor, partner: Party, *, purpose: Purpose, now: datetime) -> Sight:
    """What the partner may see of what the actor's body holds, for those who may see it themselves."""
    actor.may(Power.READ_CONTENT).require()
    return sight(queries.own_body(actor), partner, purpose=purpose, now=now)


def who_may_see(
    row: StixObject, partners: Sequence[Party], *, purpose: Purpose, now: datetime
) -> list[tuple[Party, Release]]:
    """The judgement of one object for each of these parties."""
    handling = of_class(row.handling)
    each = asked_each(row.holder, partners, purpose=purpose, now=now)
    return [(party, question.judge(handling)) for party, question in each]


def _objects(holder: Party) -> QuerySet[StixObject]:
    return StixObject.objects.filter(holder=holder, latest=True).exclude(type__in=DEFINITIONS)


def _observer(partner: Party) -> Ground:
    text = f"{partner.name} is an observer: it checks the logs, and sees no content."
    return Ground("observer.no-content", "roles of parties", text)
