"""What indicators seek that may go to somebody now, row by row: what a device should act on, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.engines.patterns.alone import values_alone
from comity.engines.patterns.kinds import Value
from comity.engines.patterns.parser import parse
from comity.engines.release.case import Relation
from comity.engines.release.judge import Removal
from comity.formats.exports.form import Row
from comity.node.exchange.handling import of_class
from comity.node.exchange.judging import values_leaving
from comity.node.exchange.models import StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.scores import Grouped, Scorer
from comity.node.exchange.sights import Sight

STAYS = "indicators of which no part may leave alone"


@dataclass(slots=True)
class Seekers:
    """The indicators in sight of somebody; after them, what was left out, and when time alone changes that.

    A partner is not told how much release keeps from it: only our own body's files count that.
    """

    sight: Sight
    least: int  # confidence
    least_score: int = 0
    among: Sequence[int] | None = None  # keys of objects: of these alone
    left_out: Counter[str] = field(default_factory=Counter)
    changes: datetime | None = None
    label: Tlp | None = None  # the strictest of all rows
    pages: str = ""  # where our own people read about an object
    _scorer: Scorer = field(init=False)

    def __post_init__(self) -> None:
        asked = self.sight.asked
        self._scorer = Scorer(asked.holder.pk, asked.now, remarks=self.at_home)
        if self.least_score:  # time alone lowers scores: whoever polls looks again in the next hour
            self.changes = asked.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
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
            self.left_out[f"indicators: {self.sight.releases[pk].verdict.grounds[0].text}"] += counts[pk]

    def _judged(self, rows: list[StixObject]) -> Iterator[Row]:
        said = self._scorer.said_of(rows) if self.least_score else {}
        for row, stix in values_leaving(self.sight.asked, rows):
            if stix is not None:
                scored = partial(self._scored, row, stix, said.get(row.ref, ()))
                yield from self._sought(row, stix, scored)
            elif self.at_home:
                self.left_out[STAYS] += 1

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
        try:
            values = self._to_act_on(stix)
        except Malformed:
            self.left_out["indicators that cannot be read"] += 1
            return
        if not values:
            return
        handling = of_class(row.handling)
        self.label = max(filter(None, (self.label, handling.label)), default=None)
        source = self._source(row, stix)
        for value in values:
            if not scored(value):
                self.left_out[f"values below the score {self.least_score}"] += 1
                continue
            yield Row(
                kind=value.kind.value,
                value=value.text,
                ref=str(stix["id"]),
                name=str(stix.get("name", "")),
                labels=tuple(map(str, [*_listed(stix, "indicator_types"), *_listed(stix, "labels")])),
                confidence=_confidence(stix),
                valid_from=str(stix.get("valid_from", "")),
                valid_until=str(stix.get("valid_until", "")),
                tlp=handling.label.label if handling.label else "",
                source=source,
                link=f"{self.pages}{row.ref}/" if self.pages else "",
            )

    def _to_act_on(self, stix: Mapping[str, object]) -> tuple[Value, ...]:
        reason = self._why_not(stix)
        values = () if reason else values_alone(parse(str(stix.get("pattern"))))
        if not values:
            self.left_out[reason or "indicators of no value that is alone what they seek"] += 1
        return values

    def _why_not(self, stix: Mapping[str, object]) -> str | None:
        now = self.sight.asked.now
        begin, end = _moment(stix, "valid_from"), _moment(stix, "valid_until")
        coming = [moment for moment in (begin, end, self.changes) if moment is not None and moment > now]
        self.changes = min(coming, default=None)
        if stix.get("revoked") is True:
            return "indicators that their makers revoked"
        if stix.get("pattern_type", "stix") != "stix":
            return "indicators in another language than that of STIX patterns"
        if end is not None and end <= now:
            return "indicators that are no longer valid"
        if begin is not None and begin > now:
            return "indicators that are not valid yet"
        if self.least > (_confidence(stix) or 0):
            return f"indicators below the confidence {self.least}, or without one"
        return None

    def _source(self, row: StixObject, stix: Mapping[str, object]) -> str:
        """The giver's name for ourselves; a partner learns no more than the object says."""
        hidden = Removal.PROVIDER in self.sight.releases[row.handling_id].removals
        if self.at_home and row.source is not None and not hidden:
            return row.source.name
        return str(stix.get("created_by_ref", ""))


def _confidence(stix: Mapping[str, object]) -> int | None:
    value = stix.get("confidence")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100 else None  # noqa: PLR2004  as STIX has it


def _listed(stix: Mapping[str, object], name: str) -> list[object]:
    value = stix.get(name)
    return value if isinstance(value, list) else []


def _moment(stix: Mapping[str, object], name: str) -> datetime | None:
    value = stix.get(name)
    return decode_time(value, f"/{name}") if isinstance(value, str) else None
