"""The order in which a caller is given what it may see: every object at one instant, to the microsecond.

An object stands where it was added, or in the last wave that took it up. No two stand at one instant, and
nothing ever appears before an instant that a reader may have passed.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import isqrt

from django.db.models import Exists, OuterRef, Q, QuerySet

from comity.engines.release.judge import Removal
from comity.engines.release.terms import Category, category_of
from comity.formats.stix import in_time, is_observable
from comity.node.exchange import queries
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.reducing import originals, reduced_of
from comity.node.exchange.taxii.merging import Kind, Place, Stretch, first_of
from comity.node.exchange.taxii.standing import Level, Sighted, Wave, micros, moment
from comity.node.exchange.taxii.taken_up import body_of, by_class, by_name, naming_among, taken_up
from comity.node.parties.models import Party

_EVER = 2**62
_NOTHING = 0  # the key of no object
_AT_ONCE = 1_000  # places
_MANY = 2**31


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of each object are wanted: any of these."""

    last: bool = False
    first: bool = False
    every: bool = False
    exactly: tuple[str, ...] = ()  # keys of versions

    @property
    def newest_only(self) -> bool:
        """Whether only the newest version of each object is wanted, as mostly."""
        return self.last and not (self.first or self.every or self.exactly)

    @property
    def walks_all(self) -> bool:
        """Whether every version has to be looked at."""
        return self.first or self.every


NEWEST = Versions(last=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the collection a request asks for; None means that it does not matter."""

    types: frozenset[str] | None = None
    refs: tuple[str, ...] | None = None
    versions: Versions = NEWEST
    nothing: bool = False  # of a version of STIX that is not here

    @property
    def narrow(self) -> bool:
        """Whether some types or ids alone are asked for."""
        return self.types is not None or self.refs is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see of a collection: its classes, and from when on."""

    holder: Party
    sighted: Sighted
    classes: frozenset[int]  # of the collection
    types: frozenset[str] | None = None
    labels: frozenset[str] = frozenset()
    waves: tuple[Wave, ...] = ()  # by instant, that of the collection among them
    given: frozenset[int] = field(default=frozenset())  # all that may be seen, in any collection

    @property
    def removals(self) -> dict[int, frozenset[Removal]]:
        """What is taken out of the objects of those classes of which something is."""
        levels = self.sighted.levels
        return {key: levels[key].removals for key in self.classes if levels[key].removals}

    def secret(self, moved: frozenset[int]) -> frozenset[int]:
        """The classes of observables that may not be named here, or whose naming objects stand elsewhere."""
        return frozenset(
            key
            for key, handling in self.sighted.facts.items()
            if handling.category is Category.OBSERVATION
            and (self.sighted.levels[key] is Level.CLOSED or key in moved)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Places in their order; `names` has the ids of the objects of which something is taken out."""

    places: list[Place] = field(default_factory=list)
    names: Mapping[int, str] = field(default_factory=dict)


def places(scope: Scope, choice: Choice, *, after: int, count: int) -> Found:
    """The next places after an instant, at most so many."""
    types = _types(scope, choice)
    if choice.nothing or (types is not None and not types):
        return Found()
    search = _Search(scope, choice, types, _of_types(scope, types), after, count, scope.removals)
    return Found(list(islice(search.found(), count)), search.names)


def _types(scope: Scope, choice: Choice) -> frozenset[str] | None:
    if scope.types is None or choice.types is None:
        return scope.types if choice.types is None else choice.types
    return scope.types & choice.types


def _of_types(scope: Scope, types: frozenset[str] | None) -> frozenset[int]:
    """The classes in which they can be: a class holds objects of one category only."""
    if types is None:
        return scope.classes
    wanted = {category_of(each) for each in types}
    facts = scope.sighted.facts
    return frozenset(key for key in scope.classes if facts[key].category in wanted)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for, after which instant, and how much at once."""

    scope: Scope
    choice: Choice
    types: frozenset[str] | None
    classes: frozenset[int]
    after: int
    count: int
    removals: Mapping[int, frozenset[Removal]]
    names: dict[int, str] = field(default_factory=dict)  # of what was found and is given with less in it

    def found(self) -> Iterator[Place]:
        """The stretches of instants one after the other: waves, and what was added between them."""
        waves, horizon, begin = self.scope.waves, self.scope.sighted.horizon, 0
        for place, wave in enumerate((*waves, None)):
            start = max(self.after + 1, begin)
            end = min(wave.first if wave else _EVER, horizon + 1)
            if start < end:
                yield from self._added(start, end, taken_up(waves[place:]))
            if wave is None or wave.first > horizon:
                return
            yield from self._waved(wave, taken_up(waves[place + 1 :]))
            begin = wave.first

    def _added(self, start: int, end: int, moved: frozenset[int] | None) -> Iterator[Place]:
        """What stands where it was added, between two instants; what moved stands in a later wave."""
        left = frozenset() if moved is None else self.classes - moved
        if moved is None or not left:
            return

        def ask(begin: int) -> list[Place]:
            if self.choice.refs is None:
                stretch = Stretch(self.scope.holder.pk, moment(begin), moment(end))
                some = [first_of(kind, stretch, sorted(left), self.count) for kind in self._kinds()]
                return list(islice(heapq.merge(*some), self.count))
            rows = self._selected().filter(handling_id__in=left, added__lt=moment(end))
            rows = rows.filter(added__gte=moment(begin)).order_by("added")
            return [(micros(at), key) for at, key in rows.values_list("added", "pk")[: self.count]]

        yield from self._shown(ask, start, moved)

    def _waved(self, wave: Wave, moved: frozenset[int] | None) -> Iterator[Place]:
        """What a wave took up: older objects of its classes, and those that name an observable of these."""
        left = frozenset() if moved is None else self.classes - moved
        start = max(self.after + 1, wave.first)
        if moved is None or not left or start >= wave.end:
            return
        few = self._few(wave, left)

        def ask(begin: int) -> list[Place]:
            if few is None:
                return list(islice(self._walked(wave, left, begin), self.count))
            place = bisect_left(few, (begin, _NOTHING))
            return few[place : place + self.count]

        yield from self._shown(ask, start, moved)

    def _few(self, wave: Wave, left: frozenset[int]) -> list[Place] | None:
        """The places of a wave at which something stands that is looked for, if there are few.

        As many as it takes no longer to put in order than to look at so many places as hold a page of them.
        """
        named_few = self.choice.refs is not None  # some hundreds
        most = _MANY if named_few else isqrt(self.count * wave.scatter.length)
        rows, named = self._selected(), by_name(wave, self.scope.holder, self.scope.sighted.facts)
        parts = [rows.filter(by_class(wave, left))]
        if named is not None:
            apart = rows if named_few else self._narrowed(body_of(self.scope.holder))
            parts.append(apart.filter(named, handling_id__in=left))
        keys: set[int] = set()
        for part in parts:
            older = part.filter(added__lt=moment(wave.first)).order_by()
            keys.update(older.values_list("pk", flat=True)[: most + 1])
            if len(keys) > most:
                return None
        return sorted((wave.at(key), key) for key in keys)

    def _walked(self, wave: Wave, left: frozenset[int], begin: int) -> Iterator[Place]:
        """The places of a wave one after the other, as far as anything stands there that is looked for."""
        for start in range(begin, wave.end, _AT_ONCE):
            keys = [wave.key(at) for at in range(start, min(start + _AT_ONCE, wave.end))]
            rows = self._narrowed(body_of(self.scope.holder).filter(pk__in=keys)).order_by()
            # By their keys alone: PostgreSQL would rather walk the classes, if it knows little of the table.
            told = rows.values_list("pk", "handling_id", "added")
            found = {key: its for key, its, at in told if its in left and at < moment(wave.first)}
            own = {key for key, its in found.items() if wave.classes is None or its in wave.classes}
            others = [key for key in found if key not in own]
            own |= naming_among(others, wave, self.scope.holder, self.scope.sighted.facts)
            yield from sorted((wave.at(key), key) for key in own)

    def _shown(self, ask: Callable[[int], list[Place]], begin: int, moved: frozenset[int]) -> Iterator[Place]:
        """Of what is found from an instant on, what names no observable that is secret or stands later."""
        secret = self.scope.secret(moved)
        while True:
            found = ask(begin)
            keys = [key for _, key in found]
            hidden = {
                *_hidden(keys, self.scope, self.choice, secret),
                *self._kept_back(keys),
                *self._outlived(keys),
                *self._neither_first(keys),
            }
            yield from [each for each in found if each[1] not in hidden] if hidden else found
            if len(found) < self.count:
                return
            begin = found[-1][0] + 1

    def _kept_back(self, keys: Sequence[int]) -> set[int]:
        """Those of which nothing can be given, or nothing under a name that was asked for."""
        if not self.removals or not keys:
            return set()
        rows = StixObject.objects.filter(pk__in=keys).order_by().values_list("pk", "ref", "handling_id")
        held = {key: (ref, handling) for key, ref, handling in rows}
        some = [key for key, (_, handling) in held.items() if handling in self.removals]
        reduced = reduced_of(self.scope.holder, self.removals, some)
        self.names.update({key: each.ref for key, each in reduced.items()})
        names = {
            key: self.names.get(key, ref)
            for key, (ref, handling) in held.items()
            # Whatever was put into another class just now is left for its new place.
            if key in reduced or (handling in self.classes and handling not in self.removals)
        }
        asked = self.choice.refs
        return {key for key in keys if key not in names or (asked is not None and names[key] not in asked)}

    def _selected(self) -> QuerySet[StixObject]:
        """The holder's objects by everything but their class and place."""
        rows = StixObject.objects.filter(holder=self.scope.holder)
        return self._narrowed(rows if self.choice.refs is None else self._named(self.choice.refs))

    def _narrowed(self, rows: QuerySet[StixObject]) -> QuerySet[StixObject]:
        return self._kind().narrowed(_of_versions(rows, self.scope, self.choice.versions))

    def _named(self, refs: Sequence[str]) -> QuerySet[StixObject]:
        """The versions of these objects, by their keys."""
        more = originals(self.scope.holder, refs) if self.removals else ()
        held = StixObject.objects.filter(holder=self.scope.holder, ref__in={*refs, *more})
        keys = held.order_by().values_list("pk", flat=True)
        return body_of(self.scope.holder).filter(
            pk__in=[_NOTHING, *keys]
        )  # asked of what is not there as well

    def _kinds(self) -> Iterator[Kind]:
        """The newest versions and the older ones, as far as they are wanted."""
        wanted, kind = self.choice.versions, self._kind()
        if wanted.last or wanted.walks_all:
            yield kind
        elif wanted.exactly:
            yield replace(kind, times=wanted.exactly)
        if wanted.walks_all or wanted.exactly:
            yield replace(kind, latest=False, times=None if wanted.walks_all else wanted.exactly)

    def _outlived(self, keys: Sequence[int]) -> set[int]:
        """The older versions of what may not be seen any more."""
        if self.choice.versions.newest_only or not keys:
            return set()
        refs = _refs_of(keys)
        rows = StixObject.objects.filter(holder=self.scope.holder, latest=True).order_by()
        newest = rows.values_list("ref", "handling_id")
        seen = {
            ref
            for chunk in queries.chunks(refs.values())
            for ref, handling in newest.filter(ref__in=chunk)
            if handling in self.scope.given
        }
        return {key for key in keys if refs.get(key) not in seen}

    def _neither_first(self, keys: Sequence[int]) -> set[int]:
        """Those that are neither the first version that may be seen nor wanted otherwise.

        To look for the first ones alone, the databases would walk past all that is hidden.
        """
        wanted = self.choice.versions
        if not wanted.first or wanted.every or not keys:
            return set()
        first: dict[str, tuple[str, int]] = {}
        chosen: set[int] = set()
        rows = StixObject.objects.filter(holder=self.scope.holder).order_by()
        told = rows.values_list("pk", "ref", "modified", "latest", "handling_id")
        for chunk in queries.chunks(_refs_of(keys).values()):
            for key, ref, modified, latest, handling in told.filter(ref__in=chunk):
                if handling in self.scope.given:
                    first[ref] = min(first.get(ref, (in_time(modified), key)), (in_time(modified), key))
                if (wanted.last and latest) or modified in wanted.exactly:
                    chosen.add(key)
        return set(keys) - chosen - {key for _, key in first.values()}

    def _kind(self) -> Kind:
        return Kind(None if self.types is None else tuple(sorted(self.types)), self.scope.labels)


def _hidden(keys: Sequence[int], scope: Scope, choice: Choice, secret: frozenset[int]) -> Collection[int]:
    """Those that name an observable of a secret class; the newest version decides for the older ones."""
    if not keys or not secret:
        return frozenset()
    newest = {key: key for key in keys}
    if not choice.versions.newest_only:
        rows = StixObject.objects.filter(holder=scope.holder)
        refs = _refs_of(keys)
        last = dict(rows.filter(ref__in=set(refs.values()), latest=True).values_list("ref", "pk"))
        newest = {key: last.get(refs.get(key, ""), key) for key in keys}
    links = Link.objects.filter(object_id__in={*keys, *newest.values()}).values_list("object_id", "ref")
    named = [(key, ref) for key, ref in links if is_observable(ref)]
    held = StixObject.objects.filter(holder=scope.holder, latest=True).values_list("ref", "handling_id")
    closed = {
        ref
        for chunk in queries.chunks(ref for _, ref in named)
        for ref, handling in held.filter(ref__in=chunk)
        if handling in secret
    }
    telling = {key for key, ref in named if ref in closed}
    return {key for key in keys if key in telling or newest[key] in telling}


def _refs_of(keys: Sequence[int]) -> dict[int, str]:
    """By their keys and no other condition: SQLite would rather walk all of a holder than look them up."""
    return dict(StixObject.objects.filter(pk__in=keys).order_by().values_list("pk", "ref"))


def _of_versions(rows: QuerySet[StixObject], scope: Scope, wanted: Versions) -> QuerySet[StixObject]:
    """The versions that are wanted, of objects whose newest version may be seen."""
    if wanted.newest_only:
        return rows.filter(latest=True)
    others = StixObject.objects.filter(holder=scope.holder, ref=OuterRef("ref"), handling_id__in=scope.given)
    rows = rows.filter(Exists(others.filter(latest=True)))
    if wanted.walks_all:
        return rows
    chosen = Q(modified__in=wanted.exactly)
    return rows.filter(chosen | Q(latest=True) if wanted.last else chosen)
