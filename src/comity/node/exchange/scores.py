"""For lists and pages: what was seen of objects, and their scores now; a fixed number of questions each.

`sightings_of(actor, refs)` gives `Seen` by ref, for those of which anybody said something: one question for
each 500 refs. `score_of(rows, now)` gives a `Score` by key, for those that can be scored, of rows of one
holder: at most three questions. `Scorer` does the same for whoever has decoded the objects already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.engines.patterns.values import values_of_object
from comity.engines.scoring import parameters
from comity.engines.scoring.parameters import Model, Parameters
from comity.engines.scoring.remarks import Kind, Opinion, Standing
from comity.engines.scoring.remarks import Remark as Said
from comity.engines.scoring.score import Facts, Score, score
from comity.formats.strict_json import Limits, decode
from comity.node.exchange.models import Remark, StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.tracing import names_of
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

_SEEN = Q(kind=Kind.SEEN.value, count__gt=0)
_FALSE = Q(kind=Kind.FALSE_POSITIVE.value)
_TOLD = {
    "times": Sum("count", filter=_SEEN, default=0),
    "newest": Max("at", filter=_SEEN),
    "false": Count("pk", filter=_FALSE),
}
_MOST_CONFIDENCE = 100
_STATED = ("last_seen", "last_observed")  # beside `modified`: when its maker last saw it itself


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of an object: how often, when last; how often it was called a false positive."""

    count: int = 0
    last: datetime | None = None
    false: int = 0

    def joined(self, other: Seen) -> Seen:
        """Both in one."""
        last = max((each for each in (self.last, other.last) if each), default=None)
        return Seen(self.count + other.count, last, self.false + other.false)


def standing_remarks(holder: int) -> QuerySet[Remark]:
    """The remarks that the newest versions of what a body holds make."""
    newest = StixObject.objects.filter(pk=OuterRef("object_id"), latest=True)
    return Remark.objects.filter(Exists(newest), holder_id=holder)


def sightings_of(actor: Actor, refs: Iterable[str]) -> dict[str, Seen]:
    """What was seen of these objects, as far as the actor's body was told."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return {}
    names = names_here(refs)
    rows = standing_remarks(actor.body).filter(_SEEN | _FALSE).order_by().values_list("ref")
    found: dict[str, Seen] = {}
    for chunk in chunks(names):
        for name, *seen in rows.filter(ref__in=chunk).annotate(**_TOLD):
            found[names[name]] = found.get(names[name], Seen()).joined(Seen(*seen))
    return found


def seen_by(actor: Actor, ref: str) -> list[tuple[str, Seen]]:
    """What was seen of one object by each body that told us, by its name; an empty name is a file's."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return []
    rows = standing_remarks(actor.body).filter(_SEEN | _FALSE, ref__in=list(names_here([ref])))
    counted = rows.order_by("source__name").values_list("source__name").annotate(**_TOLD)
    return [(name or "", Seen(*seen)) for name, *seen in counted]


def names_here(refs: Iterable[str]) -> dict[str, str]:
    """The ref here of each name under which an object may have left: partners speak of it by that."""
    return {name: ref for ref in refs for name in names_of(ref)}


def score_of(rows: Sequence[StixObject], now: datetime) -> dict[int, Score]:
    """The scores of objects of one holder, with what was said of them since."""
    holder = next((row.holder_id for row in rows), None)
    if holder is None:
        return {}
    values = {pk: _decoded(wire) for pk, wire in _wires(rows)}
    here = {row.source.pk: row.source for row in rows if StixObject.source.is_cached(row) and row.source}
    scorer = Scorer(holder, now, _parties=here)
    return scorer.scores([(row, values[row.pk]) for row in rows if row.pk in values])


def _wires(rows: Sequence[StixObject]) -> Iterator[tuple[int, bytes]]:
    """What the objects say, by key; one question for those that were read without it."""
    bare = [row.pk for row in rows if "wire" in row.get_deferred_fields()]
    yield from ((row.pk, bytes(row.wire)) for row in rows if "wire" not in row.get_deferred_fields())
    told = StixObject.objects.values_list("pk", "wire")
    for chunk in chunks(bare):
        yield from ((pk, bytes(wire)) for pk, wire in told.filter(pk__in=chunk))


@dataclass(frozen=True)
class Scorer:
    """Scores for one body at one time; without remarks, for whoever is not told what others said."""

    holder: int
    now: datetime
    remarks: bool = True
    _parties: dict[int, Party] = field(default_factory=dict)

    @cached_property
    def model(self) -> Model:
        """The parameters in force."""
        return in_force(self.now)

    def scores(
        self, pairs: Sequence[tuple[StixObject, Mapping[str, Any]]], kind: str = ""
    ) -> dict[int, Score]:
        """The scores of these rows, with what each says; as a value of this kind, if one is named."""
        said = self.said_of([row for row, _ in pairs])
        found = {row.pk: self.score(row, value, said.get(row.ref, ()), kind) for row, value in pairs}
        return {pk: each for pk, each in found.items() if each is not None}

    def score(
        self, row: StixObject, value: Mapping[str, Any], said: Iterable[Grouped], kind: str = ""
    ) -> Score | None:
        """The score of one object."""
        facts = Facts(
            kinds=(kind,) if kind else kinds_of(value),
            givers=self._givers(row.source_id),
            stated=self._stated(row, value),
            confidence=_confidence(value),
            ends=_time(value, "valid_until"),
            revoked=value.get("revoked") is True,
            remarks=tuple(self._remark(row, each) for each in said),
        )
        return score(facts, self.model, self.now)

    def said_of(self, rows: Sequence[StixObject]) -> dict[str, list[Grouped]]:
        """What each party said of each, grouped by the database: a thousand sightings are one line."""
        self._know(row.source_id for row in rows)
        if not self.remarks:
            return {}
        groups = standing_remarks(self.holder).order_by().values_list("ref", "kind", "source", "opinion")
        counted = groups.annotate(times=Sum("count", default=0), newest=Max("at"))
        found: dict[str, list[Grouped]] = {}
        names = names_here(row.ref for row in rows)
        for chunk in chunks(names):
            for name, *rest in counted.filter(ref__in=chunk):
                found.setdefault(names[name], []).append(Grouped(*rest))
        self._know(each.source for some in found.values() for each in some)
        return found

    def _know(self, keys: Iterable[int | None]) -> None:
        missing = {key for key in keys if key is not None} - self._parties.keys()
        if missing:
            self._parties.update(Party.objects.in_bulk(list(missing)))

    def _givers(self, source: int | None) -> tuple[str, ...]:
        party = self._parties.get(source) if source is not None else None
        if party is None:
            return (parameters.OTHER,)
        return (party.ref, parameters.OWN if party.pk == self.holder else parameters.PARTNER)

    def _remark(self, row: StixObject, each: Grouped) -> Said:
        party = self._parties.get(each.source) if each.source is not None else None
        standing = Standing.OTHER
        if each.source is not None and each.source in {self.holder, row.source_id}:
            standing = Standing.OWN if each.source == self.holder else Standing.GIVER
        return Said(
            kind=Kind(each.kind),
            by=party.ref if party else "",
            at=each.at,
            standing=standing,
            count=each.count,
            opinion=Opinion(each.opinion) if each.opinion else None,
            state=party.state if party else "",
        )

    def _stated(self, row: StixObject, value: Mapping[str, Any]) -> datetime:
        """When its maker last stood by it; a time to come counts from when it came in."""
        said = [_time(value, name) for name in ("modified", *_STATED)]
        return min(max((each for each in said if each), default=row.added), row.added)


@dataclass(frozen=True, slots=True)
class Grouped:
    """All that one party said of one object in one kind."""

    kind: str
    source: int | None
    opinion: str
    count: int
    at: datetime


def kinds_of(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds of the object's values; its type where it has none."""
    kinds = tuple(dict.fromkeys(each.kind.value for each in values_of_object(value)))
    return kinds or (str(value.get("type")),)


def in_force(now: datetime) -> Model:
    """The parameters of scores on the day of this time."""
    return _on(settings.CONFIG.scoring, now.astimezone(UTC).date())


def read_parameters(name: str) -> Parameters:
    """The parameters in the node's own file, or those that come with the product."""
    if not name:
        return parameters.shipped()
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(name, f"cannot be read: {error}") from error
    return parameters.read_parameters(text, name)


@lru_cache(maxsize=8)
def _on(name: str, day: date) -> Model:
    return read_parameters(name).on(day)


def _decoded(wire: bytes) -> dict[str, Any]:
    """What an object says that is held: it was checked when it came."""
    return cast("dict[str, Any]", decode(wire, limits=Limits(size=len(wire))))


def _confidence(value: Mapping[str, Any]) -> int | None:
    said = value.get("confidence")
    return said if type(said) is int and 0 <= said <= _MOST_CONFIDENCE else None


def _time(value: Mapping[str, Any], name: str) -> datetime | None:
    text = value.get(name)
    try:
        return decode_time(text, name) if isinstance(text, str) else None
    except Malformed:
        return None
