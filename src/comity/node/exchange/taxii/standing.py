"""What a party may see of a holder's classes now, and since when: each class is judged once.

A judgement is kept in the process under everything that it depends on: holder, party, purpose, day, how near
the party stands, the terms between the two, and the facts of the class. Classes with a policy of FIRST's are
judged anew each time, since a policy begins and ends at an instant.

A class that opens for a party later than its objects came must still reach a reader who is past them: from
the instant at which the change was noticed, its objects are given once more, each at an instant of its own.
Such a stretch of instants is a wave.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from comity.base.errors import Unavailable
from comity.engines.release.case import Recipient
from comity.engines.release.handling import Handling
from comity.engines.release.judge import Removal
from comity.engines.release.terms import Purpose, Terms
from comity.node.exchange.handling import of_classes
from comity.node.exchange.models import HandlingClass, Standing, StixObject
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.exchange.services.places import INSTANT, Seeds, last_instant, take_stretch
from comity.node.exchange.sights import Asked, asked
from comity.node.exchange.taxii.scattering import SEED, Scatter
from comity.node.parties.models import Party
from comity.node.site.prepared import Prepared

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_QUESTIONS = 200  # parties with their terms on a day whose judgements are kept
_TRIES = 5


class Level(IntEnum):
    """How far a class is open to a party, and what has to be taken out of its objects."""

    CLOSED = 0
    BY_ACT = 1  # a second person approves
    WITHOUT_BOTH = 2
    WITHOUT_VICTIMS = 3
    WITHOUT_PROVIDER = 4
    WHOLE = 5

    @property
    def given(self) -> bool:
        """Whether objects of the class leave by TAXII, in whatever form."""
        return self > Level.BY_ACT

    @property
    def removals(self) -> frozenset[Removal]:
        """What is taken out of an object that is given."""
        return _REMOVALS.get(self, frozenset())


_REMOVALS = {
    Level.WITHOUT_BOTH: frozenset(Removal),
    Level.WITHOUT_VICTIMS: frozenset({Removal.VICTIMS}),
    Level.WITHOUT_PROVIDER: frozenset({Removal.PROVIDER}),
}


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything that a judgement depends on beside the class."""

    holder: str
    party: str
    kind: str
    recipient: Recipient
    terms: tuple[Terms, ...]
    purpose: Purpose
    day: date


@dataclass(frozen=True, slots=True)
class _Classes:
    """All classes that there are: the digests and the facts of each by its key."""

    digests: Mapping[int, str]
    facts: Mapping[int, Handling]
    passing: frozenset[int]  # whose judgement depends on the instant


@dataclass(frozen=True, slots=True)
class _Answers:
    """The level of each of these classes for one question."""

    classes: _Classes
    levels: Mapping[int, Level]


@dataclass(frozen=True, slots=True)
class Wave:
    """A stretch of instants from `first` on at which older objects are given, each at the place of its key.

    None as classes means all: the query of the collection has changed.
    """

    first: int
    scatter: Scatter
    classes: frozenset[int] | None

    def at(self, key: int) -> int:
        """The instant at which the object of this key stands."""
        return self.first + self.scatter.place(key)

    def key(self, at: int) -> int:
        """The key whose place this instant is."""
        return self.scatter.key(at - self.first)

    @property
    def end(self) -> int:
        """The first instant behind it."""
        return self.first + self.scatter.length


@dataclass(frozen=True, slots=True)
class Sighted:
    """What a party may see now: the level and the facts of each class, and the waves.

    `horizon` is the last instant that was taken before anything else was read: what comes later, or opens
    later, lies behind it.
    """

    horizon: int
    levels: Mapping[int, Level]
    facts: Mapping[int, Handling]
    waves: tuple[Wave, ...]


_answers: dict[_Question, _Answers] = {}
_classes = _Classes({}, {}, frozenset())


def micros(at: datetime) -> int:
    """An instant as a whole number."""
    return (at - EPOCH) // INSTANT


def moment(at: int) -> datetime:
    """The instant of this number."""
    return EPOCH + timedelta(microseconds=at)


def _standing(holder: int, party: int, purpose: str) -> QuerySet[Standing, Any]:
    rows = Standing.objects.filter(holder=holder, party=party, purpose=purpose)
    return rows.values_list("levels", "waves")


_STANDING = Prepared(_standing, int, int, str)
_CLASSES = Prepared(lambda: HandlingClass.objects.values_list("pk", "key"))


def look(holder: Party, party: Party, *, purpose: Purpose, now: datetime) -> Sighted:
    """What the party may see now; a change since it last looked is noticed first."""
    for _ in range(_TRIES):
        last = last_instant(holder)
        levels, facts = _judged(holder, party, purpose, now)
        row = _STANDING.first(holder.pk, party.pk, purpose.value)
        if row is not None and row[0] == _as_json(levels):
            return Sighted(micros(last or EPOCH), levels, facts, tuple(read_wave(each) for each in row[1]))
        _notice(holder, party, purpose, now)
    raise Unavailable("What you may see here is changing just now; ask again in a moment.")


@transaction.atomic
def _notice(holder: Party, party: Party, purpose: Purpose, now: datetime) -> None:
    """Keep the levels as they are now; what opened later than its objects came becomes a wave."""
    one_at_a_time(holder)
    levels, _ = _judged(holder, party, purpose, now)
    row, begun = Standing.objects.get_or_create(holder=holder, party=party, purpose=purpose.value)
    # A class that was not known when the party last looked has only objects that are newer than that. One of
    # which more or less is taken out than before gives its objects under other names.
    before: dict[str, int] = row.levels
    risen = frozenset(
        key for key, level in levels.items() if level.given and level != before.get(str(key), level)
    )
    waves = [_without(read_wave(each), risen, levels) for each in row.waves]
    if risen and not begun:
        waves.append(replace(begin_wave(holder, now), classes=risen))
    row.levels = _as_json(levels)
    row.waves = [[each.first, each.scatter.as_json(), sorted(each.classes)] for each in waves if each.classes]
    row.save(update_fields=["levels", "waves"])


def begin_wave(holder: Party, now: datetime, *, seeds: Seeds = secrets.token_bytes) -> Wave:
    """Take a stretch in which each object there is has a place; it ends now, if that is free."""
    keys = StixObject.objects.order_by("pk").values_list("pk", flat=True)
    scatter = Scatter.over(keys.first() or 0, keys.last() or 0, seeds(SEED))
    first = take_stretch(holder, scatter.length, now - scatter.length * INSTANT)
    return Wave(micros(first), scatter, None)


def _without(wave: Wave, risen: frozenset[int], levels: Mapping[int, Level]) -> Wave:
    """What closed is not given, and what opened again is in a later wave."""
    left = frozenset(
        key for key in (wave.classes or ()) if levels.get(key, Level.CLOSED).given and key not in risen
    )
    return replace(wave, classes=left)


def _judged(
    holder: Party, party: Party, purpose: Purpose, now: datetime
) -> tuple[Mapping[int, Level], Mapping[int, Handling]]:
    """The level and the facts of every class that there is, by its key."""
    question, classes = asked(holder, party, purpose=purpose, now=now), _all_classes()
    levels = _levels(question, classes)
    if classes.passing:
        levels = {**levels, **{key: _level(question, classes.facts[key]) for key in classes.passing}}
    return levels, classes.facts


def _all_classes() -> _Classes:
    """The classes, decoded when one is new: mostly none is, and comparing digests is all there is to do."""
    global _classes  # noqa: PLW0603  one value that is replaced whole, so that threads see either
    digests: dict[int, str] = dict(_CLASSES.rows())
    if digests != _classes.digests:
        facts = of_classes(digests)
        passing = frozenset(key for key, handling in facts.items() if handling.policies)
        _classes = _Classes(digests, facts, passing)
    return _classes


def _levels(question: Asked, classes: _Classes) -> Mapping[int, Level]:
    """The judgements that are kept for this question; those of new classes are added."""
    key = _Question(
        question.holder.ref,
        question.partner.ref,
        question.partner.kind,
        question.recipient,
        question.terms,
        question.purpose,
        question.now.astimezone(UTC).date(),
    )
    found = _answers.get(key)
    if found is None or found.classes is not classes:
        if len(_answers) >= _MOST_QUESTIONS:
            _answers.clear()
        found = _answers[key] = _Answers(classes, _all_levels(question, classes, found))
    return found.levels


def _all_levels(question: Asked, classes: _Classes, known: _Answers | None) -> Mapping[int, Level]:
    kept = known.levels if known else {}
    digests: Mapping[int, str] = known.classes.digests if known else {}
    return {
        key: kept[key] if digests.get(key) == classes.digests[key] else _level(question, handling)
        for key, handling in classes.facts.items()
    }


def _level(question: Asked, handling: Handling) -> Level:
    release = question.judge(handling)
    if not release.verdict.allowed:
        return Level.CLOSED
    if release.second_person:
        return Level.BY_ACT
    return next(level for level in Level if level.given and level.removals == release.removals)


def _as_json(levels: Mapping[int, Level]) -> dict[str, int]:
    return {str(key): int(level) for key, level in levels.items()}


def read_wave(kept: list[Any]) -> Wave:
    """As it was kept."""
    first, scatter, classes = kept
    return Wave(first, Scatter.from_json(scatter), frozenset(classes))
