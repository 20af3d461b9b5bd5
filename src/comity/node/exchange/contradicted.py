"""What contradicts itself of what is held: statements of different givers about one object or one value.

`compare(rows, now)` looks anew, for the page of an object; `found_for(actor)` gives what was found when
statements came in, and `keys_found(actor)` the keys of the objects concerned, for lists. Nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from comity.base.errors import Malformed
from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.engines.contradictions.claims import Claim
from comity.engines.contradictions.rules import RULE_NAMED, Rule, contradictions
from comity.engines.contradictions.rules import Contradiction as Pair
from comity.engines.scoring.remarks import Kind, Opinion
from comity.node.exchange.content import confidence_of
from comity.node.exchange.models import Contradiction, Link, Remark, StixObject, Value
from comity.node.exchange.queries import chunks, decoded
from comity.node.exchange.scores import names_here, standing_remarks
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

MOST_VALUES = 20  # of one indicator that are compared
MOST_SHARERS = 50  # indicators of one value that are compared, the newest
MOST_REMARKS = 100  # about one object
MOST_ABOUT = 50  # contradictions about some objects
MOST_KEYS = 1_000  # objects that a list is narrowed to
ATTRIBUTED = "attributed-to"
STATING = "indicator"


@dataclass(frozen=True, slots=True)
class Found:
    """A contradiction about an object: the rule, and both statements with whoever they are from."""

    rule: Rule
    about: StixObject
    one: StixObject
    other: StixObject

    @property
    def sides(self) -> tuple[tuple[str, StixObject], tuple[str, StixObject]]:
        """Who says what."""
        return (who_gave(self.one), self.one), (who_gave(self.other), self.other)


def who_gave(row: StixObject) -> str:
    """The giver of an object in words."""
    if row.source is not None:
        return row.source.name
    return f"a file: {row.brought.note}" if row.brought is not None and row.brought.note else "a file"


def compare(rows: Sequence[StixObject], now: datetime) -> list[Found]:
    """The contradictions about these newest versions of one holder's objects."""
    return list(_Comparing(rows, now).all()) if rows else []


def found_for(actor: Actor) -> QuerySet[Contradiction]:
    """What was found and still stands, the newest first."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Contradiction.objects.none()
    newest = StixObject.objects.filter(latest=True)
    standing = (Exists(newest.filter(pk=OuterRef(side))) for side in ("object", "one", "other"))
    rows = Contradiction.objects.filter(*standing, holder_id=actor.body)
    sides = [f"{side}__{name}" for side in ("one", "other") for name in ("source", "brought")]
    bytes_of = [f"{side}__{name}" for side in ("object", "one", "other") for name in ("wire", "words")]
    return rows.select_related("object", *sides).defer(*bytes_of)


def contradictions_about(actor: Actor, keys: Sequence[int]) -> list[Found]:
    """What was found about these objects, each pair of statements once; one question for all."""
    rows = found_for(actor).filter(object__in=keys)[:MOST_ABOUT]
    found = [Found(RULE_NAMED[each.rule], each.object, each.one, each.other) for each in rows]
    return list({(each.rule.name, each.one.pk, each.other.pk): each for each in found}.values())


def keys_found(actor: Actor) -> list[int]:
    """The keys of the objects about which a contradiction stands, at most so many as a list can show."""
    rows = found_for(actor).order_by().values_list("object_id", flat=True)
    return list(rows.distinct()[:MOST_KEYS])


@dataclass
class _Comparing:
    """Objects with all that is said about them, in a fixed number of questions for each chunk of them."""

    subjects: Sequence[StixObject]
    now: datetime
    _rows: dict[str, StixObject] = field(default_factory=dict)  # every statement, by its ref

    @property
    def holder(self) -> int:
        """Whose objects these are."""
        return self.subjects[0].holder_id

    def all(self) -> Iterator[Found]:
        """Every contradiction, by object."""
        self._know(self.subjects)
        sharers, remarks, attributions = self._sharers(), self._remarks(), self._attributions()
        for subject in self.subjects:
            others = sharers.get(subject.pk, ())
            said = [*remarks.get(subject.ref, ()), *attributions.get(subject.ref, ())]
            if not others and not said:
                continue  # most of what comes in: nobody else speaks of it
            own = self._stated(subject)
            of_value = (pair for each in others for pair in self._pairs([own, each]))
            about = [own, *said]
            for pair in (*of_value, *self._pairs(about)):
                yield Found(pair.rule, subject, self._rows[pair.one.ref], self._rows[pair.other.ref])

    def _pairs(self, claims: Iterable[Claim]) -> Iterator[Pair]:
        return contradictions(claims, self.now)

    @cached_property
    def _held(self) -> QuerySet[StixObject]:
        rows = StixObject.objects.filter(holder_id=self.holder, latest=True)
        return rows.select_related("source", "brought").defer("words")

    def _know(self, rows: Iterable[StixObject]) -> None:
        self._rows.update((row.ref, row) for row in rows)

    def _sharers(self) -> dict[int, list[Claim]]:
        """The indicators of others that have a value in common with each."""
        seeking = [row.pk for row in self.subjects if row.type == STATING]
        keys: dict[tuple[str, str], set[int]] = {}
        for chunk in chunks(seeking):
            for pk, kind, key in _few_values(chunk):
                keys.setdefault((kind, key), set()).add(pk)
        shared: dict[int, set[int]] = {}
        for kind, key, other in self._having(keys):
            for pk in keys[kind, key] - {other}:
                shared.setdefault(pk, set()).add(other)
        rows = {row.pk: row for chunk in chunks({pk for some in shared.values() for pk in some})
                for row in self._held.filter(pk__in=chunk, type=STATING)}  # fmt: skip  # one clause to a line
        self._know(rows.values())
        claims = {pk: self._stated(row) for pk, row in rows.items()}
        return {pk: [claims[each] for each in sorted(some) if each in claims] for pk, some in shared.items()}

    def _having(self, keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, int]]:
        """The newest objects that have each value."""
        kinds: dict[str, list[str]] = {}
        for kind, key in keys:
            kinds.setdefault(kind, []).append(key)
        held = StixObject.objects.filter(pk=OuterRef("object"), holder_id=self.holder, latest=True)
        place = Window(RowNumber(), partition_by=(F("kind"), F("key")), order_by=F("object").desc())
        for kind, some in kinds.items():
            for chunk in chunks(some):
                rows = Value.objects.filter(Exists(held), kind=kind, key__in=chunk).annotate(place=place)
                yield from rows.filter(place__lte=MOST_SHARERS).values_list("kind", "key", "object")

    def _remarks(self) -> dict[str, list[Claim]]:
        """What is said about each."""
        found: dict[str, list[Claim]] = {}
        names = names_here(row.ref for row in self.subjects)
        place = Window(RowNumber(), partition_by=F("ref"), order_by=F("at").desc())
        for chunk in chunks(names):
            rows = standing_remarks(self.holder).filter(ref__in=chunk).annotate(place=place)
            said = list(rows.filter(place__lte=MOST_REMARKS).order_by())
            objects = self._held.in_bulk([each.object_id for each in said])
            self._know(objects.values())
            for each in said:
                found.setdefault(names[each.ref], []).append(_said(each, objects[each.object_id]))
        return found

    def _attributions(self) -> dict[str, list[Claim]]:
        """To whom each is attributed, and by whom."""
        found: dict[str, list[Claim]] = {}
        for chunk in chunks(row.ref for row in self.subjects):
            of = dict(
                Link.objects.filter(ref__in=chunk, path="source_ref")
                .filter(Exists(self._held.filter(pk=OuterRef("object"), relation=ATTRIBUTED)))
                .values_list("object_id", "ref")
            )
            rows = self._held.in_bulk(list(of))
            self._know(rows.values())
            for pk, row in rows.items():
                value = decoded(row).value
                if value.get("revoked") is not True:
                    target = str(value.get("target_ref", ""))
                    found.setdefault(of[pk], []).append(
                        Claim(_key(row), row.ref, row.added, attributed=target)
                    )
        return found

    def _stated(self, row: StixObject) -> Claim:
        """What an object says itself."""
        value = decoded(row).value
        listed = value.get("indicator_types")
        return Claim(
            who=_key(row),
            ref=row.ref,
            at=row.added,
            stands=row.type == STATING,
            types=frozenset(map(str, listed)) if isinstance(listed, list) else frozenset(),
            confidence=confidence_of(value),
            tlp=Tlp(row.tlp) if row.tlp else None,
            ends=_time(value, "valid_until"),
            revoked=value.get("revoked") is True,
        )


def _few_values(keys: Sequence[int]) -> QuerySet[Value, tuple[int, str, str]]:
    place = Window(RowNumber(), partition_by=F("object"), order_by=F("pk").asc())
    rows = Value.objects.filter(object__in=keys).annotate(place=place).filter(place__lte=MOST_VALUES)
    return rows.values_list("object_id", "kind", "key")


def _said(remark: Remark, row: StixObject) -> Claim:
    kind = Kind(remark.kind)
    return Claim(
        who=_key(row),
        ref=row.ref,
        at=remark.at,
        leaning=Opinion(remark.opinion).leaning if remark.opinion else 0,
        false_positive=kind is Kind.FALSE_POSITIVE,
        seen=kind is Kind.SEEN and remark.count > 0,
    )


def _key(row: StixObject) -> str:
    """One giver, however many objects it gave."""
    if row.source is not None:
        return row.source.ref
    return f"file {row.brought.note}" if row.brought is not None else "file"


def _time(value: Mapping[str, object], name: str) -> datetime | None:
    text = value.get(name)
    try:
        return decode_time(text, name) if isinstance(text, str) else None
    except Malformed:
        return None
