"""One run of a feed, as its kind sees it: what is set, how it is reached, where what was found is put."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import transaction

from comity.base.errors import ComityError
from comity.base.tlp import Tlp
from comity.engines.release.handling import Ownership
from comity.engines.release.terms import Purpose, Terms
from comity.formats.stix import StixObject as Found
from comity.node.exchange.feeds.reaching import Reach
from comity.node.exchange.handling import Origin, kept_until
from comity.node.exchange.models import Feed, FeedRun, Import, VictimHow
from comity.node.exchange.services.also_given import Given, stand_beside
from comity.node.exchange.services.storing import MOST_LISTED, Report, Way, store
from comity.node.exchange.validity import errors_of
from comity.node.instruments import queries as agreements

PORTION = 2_000  # objects in one transaction
LONGEST = 900.0  # seconds after which a run asks for nothing more; the next goes on
_LONGEST_TOLD = 500


class HeldBack(ComityError):
    """What stands there now looks so unlike what stood there before that a person decides."""

    code = "feed-held"


class NothingNew(ComityError):
    """The server says that nothing changed since the last run."""

    code = "feed-unchanged"


@dataclass(slots=True)
class Pull:
    """What a kind is given for one run; `run` counts, and is saved when the run ends."""

    feed: Feed
    run: FeedRun
    reach: Reach
    now: datetime
    report: Report = field(default_factory=Report)
    _told: list[list[str]] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)

    @property
    def by(self) -> str:
        """In whose name objects are kept."""
        return f"feed {self.feed.name}"[:200]

    @property
    def late(self) -> bool:
        """Whether the run has taken so long that others should have a turn."""
        return time.monotonic() - self._begun >= LONGEST

    def begin(self) -> None:
        """Make the import that the run's objects stand under, before a transaction that may be undone."""
        self._import()

    def keep(self, objects: Sequence[Found], *, victims: Mapping[str, VictimHow] | None = None) -> Report:
        """Keep what is new of these, in one transaction, and count it; what breaks the standard is told.

        The caller counts in `run` what it calls new, changed, known and gone.
        """
        broken = {each.id: errors for each in objects if (errors := errors_of(each))}
        told = tuple((ref, " ".join(each.text for each in errors)) for ref, errors in broken.items())
        strict = self.feed.strict
        kept = [each for each in objects if not (strict and each.id in broken)]
        way = self._way()
        with transaction.atomic():
            report = store(kept, way, victims=victims)
            given = Given(way.holder, way.source, way.brought, {}, self.now, way.origin)
            stand_beside(kept, report, given)
        report = report.joined(Report(refused=told) if strict else Report(faulty=told))
        self.report = self.report.joined(report)
        self.run.refused += len(report.refused) + report.more.get("refused", 0)
        self.tell(report.refused)
        return report

    def unmapped(self, told: Iterable[tuple[str, str]]) -> None:
        """Count entries of which nothing could be made, and list the first of them."""
        found = list(told)
        self.run.unmapped += len(found)
        self.tell(found)

    def tell(self, told: Iterable[tuple[str, str]]) -> None:
        """List what was not taken, with the reason, as long as the list is short enough for a page."""
        for what, why in told:
            if len(self._told) < MOST_LISTED:
                self._told.append([what[:_LONGEST_TOLD], why[:_LONGEST_TOLD]])

    def end(self) -> None:
        """Put what was told into the run, and the report into its import."""
        self.run.told = self._told
        row = self.run.brought
        if row is not None:
            row.sha256, row.report, row.ended = self.run.sha256, self.report.as_json(), True
            row.save(update_fields=["sha256", "report", "ended"])

    def _way(self) -> Way:
        feed = self.feed
        giver = feed.source.ref if feed.source else feed.note
        label = Tlp(feed.label) if feed.label else None
        terms = self._terms()
        until = kept_until(terms, self.now.astimezone(UTC).date())
        origin = Origin(Ownership.RECEIVED, giver, terms, until, unmarked_as=label)
        return Way(feed.holder, origin, feed.source, self._import(), acts={}, by=self.by, now=self.now)

    def _terms(self) -> Terms | None:
        """What a party gives is bound as what it shares or posts here, though it is we who fetch it."""
        feed = self.feed
        if feed.source is None:
            return None
        return agreements.terms_covering(feed.holder, feed.source, Purpose(feed.purpose), self.now)

    def _import(self) -> Import:
        """The import that the run's objects stand under, made when the first of them is kept."""
        if self.run.brought is None:
            feed = self.feed
            self.run.brought = Import.objects.create(
                holder=feed.holder,
                form="feed",
                source=feed.source,
                note=feed.name,
                unmarked_as=feed.label,
                by_name=self.by,
                at=self.now,
                strict=feed.strict,
                report=Report().as_json(),
            )
            self.run.save(update_fields=["brought"])
        return self.run.brought
