"""What indicators seek that may go to somebody now, row by row: what a device should act on, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse

from comity.engines.patterns.kinds import Value
from comity.engines.release.case import Relation
from comity.engines.release.judge import Removal
from comity.formats.exports.form import Row
from comity.node.exchange.handling import of_class
from comity.node.exchange.judging import values_leaving
from comity.node.exchange.models import StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.scores import Grouped, Scorer
from comity.node.exchange.sights import Sight
from comity.node.exchange.to_act_on import ToActOn, maker_of, row_of

STAYS = "indicators of which no part may leave alone"


@dataclass(slots=True)
class Seekers:
    """The indicators in sight of somebody; what is `told` of them counts what was left out.

    A partner is not told how much release keeps from it: only our own body's files count that.
    """

    sight: Sight
    least: int  # confidence
    least_score: int = 0
    among: Sequence[int] | None = None  # keys of objects: of these alone
    pages: str = ""  # where our own people read about an object
    told: ToActOn = field(init=False)
    _scorer: Scorer = field(init=False)

    def __post_init__(self) -> None:
        asked = self.sight.asked
        self.told = ToActOn(asked.now, self.least)
        self._scorer = Scorer(asked.holder.pk, asked.now, remarks=self.at_home)
        if self.least_score:  # time alone lowers scores: whoever polls looks again in the next hour
            self.told.changes = asked.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        if self.at_home:
            path = reverse("exchange:objects").lstrip("/")
            self.pages = f"{settings.CONFIG.address}{path}objects/"

    @property
    def at_home(self) -> bool:
        """Whether it is for the body's own devices."""
        return self.sight.asked.recipient.relation is Relation.ORGANISATION

    @property
    def classes(self) -> list[int]:
        """What may go without a second person."""
        seen = self.sight
        return [pk for pk in (*seen.whole, *seen.reduced) if not seen.releases[pk].second_person]

    def rows(self) -> Iterator[Row]:
        """A row for each value."""
        classes = set(self.classes)
        found = self.sight.objects(list(self.sight.releases)).filter(type="indicator").order_by("pk")
        if self.at_home:
            for part in self._parts(found):
                self._count_closed(dict(part.order_by().values_list("handling_id").annotate(Count("pk"))))
        wanted = found.filter(handling_id__in=classes)
        whole = wanted.select_related("handling", "source").defer("words")
        for keys in chunks(self._keys(wanted)):
            yield from self._judged(list(whole.filter(pk__in=keys)))

    def _parts(self, found: QuerySet[StixObject]) -> Iterator[QuerySet[StixObject]]:
        """All of what was found, or as many portions as databases take of what was named."""
        if self.among is None:
            yield found
        else:
            yield from (found.filter(pk__in=keys) for keys in chunks(self.among))

    def _keys(self, wanted: QuerySet[StixObject]) -> Iterator[int]:
        return (key for part in self._parts(wanted) for key in part.values_list("pk", flat=True))

    def _count_closed(self, counts: Mapping[int, int]) -> None:
        open_classes = set(self.classes)
        for pk in counts.keys() - open_classes:
            self.told.left_out[f"indicators: {self.sight.releases[pk].verdict.grounds[0].text}"] += counts[pk]

    def _judged(self, rows: list[StixObject]) -> Iterator[Row]:
        said = self._scorer.said_of(rows) if self.least_score else {}
        for row, stix in values_leaving(self.sight.asked, rows):
            if stix is not None:
                scored = partial(self._scored, row, stix, said.get(row.ref, ()))
                yield from self._sought(row, stix, scored)
            elif self.at_home:
                self.told.left_out[STAYS] += 1

    def _scored(
        self, row: StixObject, stix: Mapping[str, object], said: Sequence[Grouped], value: Value
    ) -> bool:
        """Whether a value is worth as much as is asked for, by its own kind: an address grows old faster."""
        if not self.least_score:
            return True
        score = self._scorer.score(row, stix, said, value.kind.value)
        return score is not None and score.value >= self.least_score

    def _sought(
        self, row: StixObject, stix: Mapping[str, object], scored: Callable[[Value], bool]
    ) -> Iterator[Row]:
        label = of_class(row.handling).label
        source, link = self._source(row, stix), f"{self.pages}{row.ref}/" if self.pages else ""
        for value in self.told.values(stix, label):
            if scored(value):
                yield row_of(value, stix, label, source=source, link=link)
            else:
                self.told.left_out[f"values below the score {self.least_score}"] += 1

    def _source(self, row: StixObject, stix: Mapping[str, object]) -> str:
        """The giver's name for ourselves; a partner learns no more than the object says."""
        hidden = Removal.PROVIDER in self.sight.releases[row.handling_id].removals
        if self.at_home and row.source is not None and not hidden:
            return row.source.name
        return maker_of(stix)
