"""All sources of indicators as one set to be looked for: judged, and of each indicator the newest version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from comity.base.errors import ComityError
from comity.base.verdict import Ground
from comity.detection.sources import Found, Source
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.judging.loading import Looked, Report, Unread, load
from comity.engines.patterns.judging.own import Own

_NEVER = datetime.min.replace(tzinfo=UTC)
_OLDER = "detect.older"


@dataclass(slots=True)
class Indicators:
    """What is looked for, by id, and what became of every source."""

    looked: dict[str, Looked] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    broken: list[ComityError] = field(default_factory=list)  # sources that could not be read to their end
    _newest: dict[str, tuple[datetime, int]] = field(default_factory=dict)  # and in which source it stands

    def take(self, sources: Iterable[Source], known: KnownGood, own: Own, now: datetime) -> None:
        """Judge all sources; a version counts only where no newer one stands anywhere."""
        loaded = []
        for number, source in enumerate(sources):
            found = load(source.name, self._noted(self._whole(source.read()), number), known, own, now)
            loaded.append(found)
            self.reports.append(found.report)
        for number, one in enumerate(loaded):
            for each in one.looked:
                self._keep(each, number, one.report)

    @property
    def read(self) -> int:
        """How many stand in all sources."""
        return sum(each.read for each in self.reports)

    def _whole(self, found: Found) -> Iterator[Indicator | Unread]:
        """What can be read; where a source breaks off, the rest of it is missing and the others go on."""
        try:
            yield from found
        except ComityError as error:
            self.broken.append(error)

    def _noted(self, found: Iterable[Indicator | Unread], number: int) -> Iterator[Indicator | Unread]:
        for each in found:
            if isinstance(each, Indicator):
                stated = each.stated or _NEVER
                if each.id not in self._newest or stated > self._newest[each.id][0]:
                    self._newest[each.id] = stated, number
            yield each

    def _keep(self, each: Looked, number: int, report: Report) -> None:
        ref, stated = each.indicator.id, each.indicator.stated or _NEVER
        if self._newest[ref] == (stated, number) and ref not in self.looked:
            self.looked[ref] = each
            return
        report.looked_for -= 1
        text = "It stands there once more, or a newer version of it does."
        report.note(ref, Ground(_OLDER, "STIX 2.1, section 3.6", text))
