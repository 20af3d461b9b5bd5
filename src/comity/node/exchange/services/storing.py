"""Keep objects that came in, each version once, in its handling class; the same for files and for acts."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from comity.formats.stix import StixObject as Found
from comity.formats.stix import in_time
from comity.node.acts.models import Act
from comity.node.exchange import counts, queries, wordindex
from comity.node.exchange.content import DEFINITIONS, facets_of, labels_of, links_of, title_of, words_of
from comity.node.exchange.handling import Origin
from comity.node.exchange.models import Import, Label, Link, Remark, StixObject, Value, VictimHow
from comity.node.exchange.remarks import REMARKING, remarks_of
from comity.node.exchange.services.classing import Classifier
from comity.node.exchange.services.closed import By
from comity.node.exchange.services.holding import names_beside, one_at_a_time
from comity.node.exchange.services.places import Seeds, take_places
from comity.node.exchange.services.rereading import reread_older
from comity.node.exchange.services.victims import learn_victims
from comity.node.exchange.tracing import recalled_among, taken_back_among
from comity.node.exchange.values import keys_of
from comity.node.faults import Step, reach
from comity.node.parties.models import Party
from comity.node.site.ahead import ahead
from comity.node.site.among import Among
from comity.node.site.bulk import Row, insert, reserve
from comity.node.site.prepared import Prepared

MOST_LISTED = 500  # objects that a report lists with their reasons
_LISTS = ("refused", "faulty")
PORTION = 1_000  # objects between two reports of progress
_AT_ONCE = 250  # objects whose rows are inserted while those of the next are made
_FEW = 50  # objects for which no thread is started
OWN_PATH = frozenset({"comity-act", "comity-receipt"})  # they come by the path of acts, never as content

_OBJECT = (
    *("id", "ref", "type", "modified", "latest", "created_by_ref", "sha256", "wire", "title", "words"),
    *("relation", "confidence", "created", "valid_from", "valid_until"),
    *("handling_id", "tlp", "holder_id", "source_id", "brought_id", "act_id", "added"),
)
_LINK = ("object_id", "path", "ref")
_VALUE = ("object_id", "kind", "key")
_LABEL = ("object_id", "name")
_REMARK = ("object_id", "holder_id", "source_id", "ref", "kind", "count", "opinion", "at")

Progress = Callable[[int, int], None]
Check = Callable[[Found], str]
_Batch = tuple[type[Model], Sequence[str], Sequence[Row]]


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def unchecked(_found: Found) -> str:
    """Nobody asks how it breaks the standard."""
    return ""


@dataclass(frozen=True, slots=True)
class Way:
    """How objects came in: to whom, from whom, and by which file or acts."""

    holder: Party
    origin: Origin
    source: Party | None
    brought: Import | None
    acts: Mapping[tuple[str, str], Act]  # which act brought a version, by ref and version
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object that was not kept: its place among those that came, and why."""

    place: int
    ref: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every object that came in; `notes` are for people and about none in particular."""

    new: int = 0
    known: int = 0
    refused: tuple[tuple[str, str], ...] = ()  # (ref, why)
    faulty: tuple[tuple[str, str], ...] = ()  # kept, though they break the standard: (ref, how)
    victims: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    more: Mapping[str, int] = field(default_factory=dict)  # how many are not listed, by the list's name
    # Of one portion, for whoever answers object by object: what was refused, and where what was known stood.
    refusals: tuple[Refusal, ...] = ()
    again: tuple[int, ...] = ()

    def joined(self, other: Report) -> Report:
        """Both in one; the lists stay short enough for a page."""
        return Report(
            self.new + other.new,
            self.known + other.known,
            notes=self.notes + other.notes,
            victims=tuple(dict.fromkeys(self.victims + other.victims)),
            refused=(self.refused + other.refused)[:MOST_LISTED],
            faulty=(self.faulty + other.faulty)[:MOST_LISTED],
            more={name: count for name in _LISTS if (count := self.beyond(name, other))},
        )

    def beyond(self, name: str, other: Report) -> int:
        """How many of both are not in the list that joins them."""
        listed = len(getattr(self, name)) + len(getattr(other, name))
        return max(0, listed - MOST_LISTED) + self.more.get(name, 0) + other.more.get(name, 0)

    def as_json(self) -> dict[str, Any]:
        """The report as it is kept with an import."""
        return {
            "new": self.new,
            "known": self.known,
            "refused": [list(pair) for pair in self.refused],
            "faulty": [list(pair) for pair in self.faulty],
            "victims": list(self.victims),
            "notes": list(self.notes),
            "more": dict(self.more),
        }


@dataclass(slots=True)
class _Incoming:
    """A version that is not held yet, and what was read of it once."""

    found: Found
    place: int
    links: tuple[tuple[str, str], ...]
    latest: bool = False
    number: int = -1  # of its class
    broken: str = ""  # how it breaks the standard


@dataclass(slots=True)
class _Sorted:
    """The objects that came in, each in its pile."""

    new: list[_Incoming] = field(default_factory=list)
    again: list[int] = field(default_factory=list)  # places of what is held already
    refused: list[Refusal] = field(default_factory=list)
    surpassed: list[int] = field(default_factory=list)  # keys of held versions that are not the newest now


def store(
    objects: Sequence[Found],
    way: Way,
    *,
    victims: Mapping[str, VictimHow] | None = None,
    progress: Progress = silent,
    check: Check = unchecked,
    seeds: Seeds = secrets.token_bytes,
) -> Report:
    """Keep what is new, in the caller's transaction; what contradicts a version held here is refused.

    `check` says how an object breaks the standard; it must not ask the database.
    """
    one_at_a_time(way.holder)
    piles = _sorted(objects, way.holder, way.source)
    news = [each.found for each in piles.new]
    learnt = learn_victims(news, way.holder, named=victims or {}, by=way.by, now=way.now)
    definitions = _definitions(piles.new, way.holder)
    protected = queries.victims_of(way.holder)
    classifier = Classifier(way.origin, definitions, _other_parties(news), protected)
    for each in piles.new:
        each.number = classifier.number(each.found)
    if piles.surpassed:
        StixObject.objects.filter(pk__in=piles.surpassed).update(latest=False)
    places = take_places(way.holder, len(piles.new), way.now, seeds=seeds)
    _insert(list(zip(piles.new, places, strict=True)), classifier.rows(), way, progress, check)
    by = By(way.brought.by_id if way.brought else None, way.by)
    reread_older(way.holder, news, definitions, protected, everything=bool(learnt), by=by, now=way.now)
    reach(Step.CONTENT_WRITTEN)
    refused = tuple((each.ref, each.why) for each in piles.refused)
    return Report(
        len(piles.new),
        len(piles.again),
        refused,
        _faulty(objects, piles.new, check),
        victims=tuple(learnt),
        refusals=tuple(piles.refused),
        again=tuple(piles.again),
    )


def contradiction(kept: str, offered: str) -> str:
    """What is said of one version with two contents."""
    return (
        f"This version is held here with other content: {kept} here, {offered} offered. Nothing was changed."
    )


def _sorted(objects: Sequence[Found], holder: Party, source: Party | None) -> _Sorted:
    piles = _Sorted()
    refs = {found.id for found in objects}
    here, newest = _held(holder, refs)
    erased = queries.erased_among(holder, refs)
    versions = [found.version for found in objects]
    recalled = recalled_among(holder, versions)
    taken_back = taken_back_among(holder, source, versions)
    best: dict[str, _Incoming] = {}
    for place, (found, version) in enumerate(zip(objects, versions, strict=True)):
        kept = here.get(version)
        if found.type in OWN_PATH:
            why = "Acts and receipts come by the path of acts, not as content."
            piles.refused.append(Refusal(place, found.id, "share.contents", why))
        elif found.id in erased:
            piles.refused.append(Refusal(place, found.id, "share.erased", erased[found.id]))
        elif version in taken_back or (kept is None and version in recalled):
            told = taken_back.get(version) or recalled[version]
            piles.refused.append(Refusal(place, found.id, "share.recalled", told))
        elif kept is None:
            here[version] = found.sha256
            each = _Incoming(found, place, links_of(found.value))
            piles.new.append(each)
            rival = best.get(found.id)
            if rival is None or _is_newer(version[1], rival.found.version[1]):
                best[found.id] = each
        elif kept == found.sha256:
            piles.again.append(place)
        else:
            why = contradiction(kept, found.sha256)
            piles.refused.append(Refusal(place, found.id, "share.contradiction", why))
    for ref, each in best.items():
        modified, key = newest.get(ref, ("", 0))
        each.latest = not key or _is_newer(each.found.version[1], modified)
        piles.surpassed += [key] if key and each.latest else []
    return piles


def _versions(holder: int, refs: tuple[str, ...]) -> QuerySet[StixObject, Any]:
    rows = StixObject.objects.filter(Among("ref", refs), holder=holder).order_by()
    return rows.values_list("ref", "modified", "sha256", "latest", "pk")


_VERSIONS = Prepared(_versions, int, tuple)


def _held(
    holder: Party, refs: Iterable[str]
) -> tuple[dict[tuple[str, str], str], dict[str, tuple[str, int]]]:
    """The digests of all versions held of these objects, and the newest of each with its key."""
    versions: dict[tuple[str, str], str] = {}
    newest: dict[str, tuple[str, int]] = {}
    for ref, modified, sha256, latest, key in _VERSIONS.rows(holder.pk, tuple(refs)):
        versions[ref, modified] = sha256
        if latest:
            newest[ref] = modified, key
    return versions, newest


def _is_newer(one: str, other: str) -> bool:
    """Whether a version is later than another; observables have one version only."""
    return bool(one and other) and in_time(one) > in_time(other)


def _definitions(news: Iterable[_Incoming], holder: Party) -> dict[str, Found]:
    """The definitions that the objects' markings name: from beside them, or held already."""
    beside = {each.found.id: each.found for each in news if each.found.type in DEFINITIONS}
    named = {ref for each in news for _, ref in each.links if ref.startswith(DEFINITIONS)}
    return queries.definitions_held(holder, named - beside.keys()) | beside


def _other_parties(objects: Iterable[Found]) -> frozenset[str]:
    """Authors that are parties known here and not ours."""
    authors = {str(found.value.get("created_by_ref", "")) for found in objects} - {""}
    if not authors:
        return frozenset()
    rows = Party.objects.filter(Among("ref", authors), ours=False).order_by()
    return frozenset(rows.values_list("ref", flat=True))


def _insert(
    news: Sequence[tuple[_Incoming, datetime]],
    classes: Sequence[tuple[int, str]],
    way: Way,
    progress: Progress,
    check: Check,
) -> None:
    names = names_beside([each.found for each, _ in news], way.holder)
    for start in range(0, len(news), PORTION):
        portion = news[start : start + PORTION]
        keys = reserve(StixObject, len(portion))
        pairs = [(key, each) for key, (each, _) in zip(keys, portion, strict=True)]
        ends = [(*classes[each.number], *_came(each.found, way), added) for each, added in portion]
        batches = _batches(pairs, ends, names, way, check)
        for model, columns, rows in ahead(batches) if len(portion) > _FEW else batches:
            insert(model, columns, rows)
        wordindex.keep_up()
        counts.keep_up()
        progress(start + len(portion), len(news))


def _batches(
    pairs: Sequence[tuple[int, _Incoming]],
    ends: Sequence[Row],
    names: Mapping[str, str],
    way: Way,
    check: Check,
) -> Iterator[_Batch]:
    """The rows of new objects; at last each object is checked, while the last rows are inserted."""
    for start in range(0, len(pairs), _AT_ONCE):
        some = zip(pairs[start : start + _AT_ONCE], ends[start : start + _AT_ONCE], strict=True)
        yield StixObject, _OBJECT, [(key, *_described(each, names), *end) for (key, each), end in some]
    yield Value, _VALUE, [(key, *value) for key, each in pairs for value in keys_of(each.found.value)]
    yield Link, _LINK, [(key, *link) for key, each in pairs for link in each.links]
    yield Label, _LABEL, [(key, name) for key, each in pairs for name in labels_of(each.found.value)]
    saying = [(key, each.found.value) for key, each in pairs if each.found.type in REMARKING]
    if saying:
        yield Remark, _REMARK, _remarks(saying, way)
    for _, each in pairs:
        each.broken = check(each.found)


def _faulty(objects: Sequence[Found], news: Iterable[_Incoming], check: Check) -> tuple[tuple[str, str], ...]:
    """What breaks the standard, and how: of what is not new it is asked now."""
    checked = {each.place: each.broken for each in news}
    told = (checked[place] if place in checked else check(found) for place, found in enumerate(objects))
    return tuple((found.id, broken) for found, broken in zip(objects, told, strict=True) if broken)


def _remarks(saying: Iterable[tuple[int, Mapping[str, Any]]], way: Way) -> list[Row]:
    whose = (way.holder.pk, way.source and way.source.pk)
    return [(key, *whose, *remark) for key, value in saying for remark in remarks_of(value, way.now)]


def _described(each: _Incoming, names: Mapping[str, str]) -> Row:
    found, value = each.found, each.found.value
    author, words = str(value.get("created_by_ref", "")), words_of(value)
    version = (found.id, found.type, found.version[1], each.latest)
    told = (title_of(value, names), words, *facets_of(value))
    return (*version, author, found.sha256, found.raw, *told)


def _came(found: Found, way: Way) -> Row:
    act = way.acts.get(found.version)
    source, brought = way.source and way.source.pk, way.brought and way.brought.pk
    return (way.holder.pk, source, brought, act and act.pk)
