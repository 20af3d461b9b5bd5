"""What is known of stricter versions, and what was done for each partner: the rows that pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from comity.engines.release.handling import Ownership
from comity.engines.release.tightening import Tightening
from comity.node.acts.models import Act, ActState, Delivery, DeliveryState
from comity.node.exchange import queries
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Step, StixObject, StricterFor, StricterVersion
from comity.node.exchange.reaching import Given
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.services.closed import By, written
from comity.node.exchange.services.holding import BATCH
from comity.node.parties.models import Party

AGAIN = timedelta(minutes=10)
LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Stricter:
    """An object whose newest version is stricter than what one party was given."""

    row: StixObject
    given: Given
    ways: frozenset[Tightening]
    by: By | None = None  # who made this very version stricter; None: whoever brought it

    @property
    def in_place(self) -> bool:
        """Whether what the party was given is this version itself."""
        return any(modified == self.row.modified for _, modified in self.given.versions)

    @property
    def ours(self) -> bool:
        """Whether it is ours to recall without asking anybody."""
        return of_class(self.row.handling).ownership is Ownership.OWN

    @property
    def maker(self) -> str:
        """Who brought the version, or whose act did."""
        if self.by is not None and self.by.name:
            return self.by.name
        brought, act = self.row.brought, self.row.act
        return brought.by_name if brought else act.author.name if act else ""

    @property
    def answerable(self) -> int | None:
        """Who brought the version in by a file; nobody here answers for what a partner made."""
        if self.by is not None and self.by.person:
            return self.by.person
        return self.row.brought.by_id if self.row.brought else None

    @property
    def reason(self) -> RecallReason:
        """What a partner is told that has to delete what it has."""
        return RecallReason.REVOKED if Tightening.REVOKED in self.ways else RecallReason.STRICTER


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done for one party and object."""

    step: Step
    act: Act | None = None
    words: str = ""
    settled: bool = False


def keep(holder: Party, done: Sequence[tuple[Stricter, Outcome]], now: datetime) -> None:
    """Keep what was done for each party, in place of what was there before; in a few statements."""
    keys = _versions(holder, [each for each, _ in done], now)
    rows = [
        StricterFor(
            version_id=keys[each.row.ref, each.row.modified],
            party=each.given.party,
            step=outcome.step,
            act=outcome.act,
            words=outcome.words[:LONGEST_WORDS],
            settled=outcome.settled,
            next_try=now + AGAIN if outcome.step == Step.LATER else None,
            changed=now,
        )
        for each, outcome in done
    ]
    StricterFor.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["version", "party"],
        update_fields=["step", "act", "words", "settled", "next_try", "changed"],
        batch_size=BATCH,
    )


def settle(holder: Party) -> None:
    """What a partner has receipted needs nobody's attention any more."""
    there = Delivery.objects.filter(
        act=OuterRef("act"), party=OuterRef("party"), state=DeliveryState.RECEIPTED
    )
    waiting = StricterFor.objects.filter(version__holder=holder, settled=False, act__isnull=False)
    keys = list(waiting.filter(Exists(there)).values_list("pk", flat=True))
    for chunk in queries.chunks(keys):
        StricterFor.objects.filter(pk__in=chunk).update(settled=True)


def redo(rows: QuerySet[StricterFor], now: datetime) -> int:
    """Let these be judged again with the next round."""
    keys = list(rows.values_list("pk", flat=True))
    changes = {"step": Step.LATER, "act": None, "next_try": now, "changed": now}
    return sum(StricterFor.objects.filter(pk__in=chunk).update(**changes) for chunk in queries.chunks(keys))


def stopped(rows: QuerySet[StricterFor]) -> QuerySet[StricterFor]:
    """Those whose act goes no further by itself: a person decided so, or one of the two nodes."""
    ends = Delivery.objects.filter(
        act=OuterRef("act"), party=OuterRef("party"),
        state__in=(DeliveryState.REFUSED, DeliveryState.WITHHELD),
    )  # fmt: skip  # one clause to a line
    halted = Act.objects.filter(pk=OuterRef("act"), state__in=(ActState.DECLINED, ActState.WITHDRAWN))
    return rows.filter(settled=False).filter(Exists(ends) | Exists(halted))


def _versions(holder: Party, found: Sequence[Stricter], now: datetime) -> dict[tuple[str, str], int]:
    """The keys of the rows of these versions; those that are missing are made."""
    ways: dict[tuple[str, str], frozenset[Tightening]] = {}
    news: dict[tuple[str, str], StricterVersion] = {}
    for each in found:
        version = each.row.ref, each.row.modified
        ways[version] = ways.get(version, frozenset()) | each.ways
        news[version] = StricterVersion(
            holder=holder,
            ref=each.row.ref,
            modified=each.row.modified,
            ways=written(ways[version]),
            source=None if each.ours else each.row.source,
            by_id=each.answerable,
            by_name=each.maker,
            at=now,
        )
    StricterVersion.objects.bulk_create(news.values(), ignore_conflicts=True, batch_size=BATCH)
    rows = StricterVersion.objects.filter(holder=holder).values_list("ref", "modified", "pk")
    chunks = queries.chunks(ref for ref, _ in news)
    return {(ref, at): pk for chunk in chunks for ref, at, pk in rows.filter(ref__in=chunk)}
