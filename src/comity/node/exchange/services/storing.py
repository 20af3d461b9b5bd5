"""Keep objects that came in, each version once, in its handling class; the same for files and for acts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from comity.base.times import decode_time
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.redact import Parties
from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Act
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS, JOINING, describe, links_of, title_of
from comity.node.exchange.handling import Origin, handling_of, of_class, reread
from comity.node.exchange.models import HandlingClass, Import, Link, StixObject, VictimHow
from comity.node.exchange.services.victims import learn_victims
from comity.node.parties.models import Party

BATCH = 500  # rows in one statement
OWN_PATH = frozenset({"comity-act", "comity-receipt"})  # they come by the path of acts, never as content

Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


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
class Report:
    """What became of every object that came in; `notes` are for people and about none in particular."""

    new: int = 0
    known: int = 0
    refused: tuple[tuple[str, str], ...] = ()  # (ref, why)
    victims: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as it is kept with an import."""
        return {
            "new": self.new,
            "known": self.known,
            "refused": [list(pair) for pair in self.refused],
            "victims": list(self.victims),
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class _Sorted:
    """The objects that came in, each in its pile."""

    new: list[Found] = field(default_factory=list)
    known: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def store(
    objects: Sequence[Found],
    way: Way,
    *,
    victims: Mapping[str, VictimHow] | None = None,
    progress: Progress = silent,
) -> Report:
    """Keep what is new, in the caller's transaction; what contradicts a version held here is refused."""
    one_at_a_time(way.holder)
    piles = _sorted(objects, way.holder)
    learnt = learn_victims(piles.new, way.holder, named=victims or {}, by=way.by, now=way.now)
    definitions = _definitions(piles.new, way.holder)
    known_parties = _other_parties(piles.new)
    protected = queries.victims_of(way.holder)
    pairs = [
        (found, handling_of(found, definitions, _origin_of(found, way, known_parties), protected))
        for found in piles.new
    ]
    _insert(pairs, way, progress)
    choose_latest(way.holder, [found.id for found in piles.new])
    _reread_older(way.holder, piles.new, definitions, protected, everything=bool(learnt))
    return Report(len(piles.new), piles.known, tuple(piles.refused), tuple(learnt))


def classes_of(handlings: Iterable[Handling]) -> dict[Handling, int]:
    """The key of the row of each class; rows that are missing are made."""
    keys = {handling: handling.key() for handling in set(handlings)}
    HandlingClass.objects.bulk_create(
        [
            HandlingClass(key=key, facts=handling.as_json(), keep_until=handling.keep_until)
            for handling, key in keys.items()
        ],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    rows = HandlingClass.objects.values_list("key", "pk")
    found = {key: pk for chunk in queries.chunks(keys.values()) for key, pk in rows.filter(key__in=chunk)}
    return {handling: found[key] for handling, key in keys.items()}


def one_at_a_time(holder: Party) -> None:
    """Two imports at once would both find an object missing: the second waits here, as does a deletion."""
    Party.objects.select_for_update(no_key=True).get(pk=holder.pk)


def _sorted(objects: Sequence[Found], holder: Party) -> _Sorted:
    piles = _Sorted()
    here = queries.versions_held(holder, (found.id for found in objects))
    erased = queries.erased_among(holder, (found.id for found in objects))
    for found in objects:
        digest = found.sha256
        kept = here.get((found.id, found.modified or ""))
        if found.type in OWN_PATH:
            piles.refused.append((found.id, "Acts and receipts come by the path of acts, not as content."))
        elif found.id in erased:
            piles.refused.append((found.id, erased[found.id]))
        elif kept is None:
            here[found.id, found.modified or ""] = digest
            piles.new.append(found)
        elif kept == digest:
            piles.known += 1
        else:
            piles.refused.append((found.id, contradiction(kept, digest)))
    return piles


def contradiction(kept: str, offered: str) -> str:
    """What is said of one version with two contents."""
    return (
        f"This version is held here with other content: {kept} here, {offered} offered. Nothing was changed."
    )


def _definitions(objects: Iterable[Found], holder: Party) -> dict[str, Found]:
    """The definitions that the objects' markings name: from beside them, or held already."""
    beside = {found.id: found for found in objects if found.type in DEFINITIONS}
    named = {ref for found in objects for _, ref in links_of(found.value) if ref.startswith(DEFINITIONS)}
    return queries.definitions_held(holder, named - beside.keys()) | beside


def _other_parties(objects: Iterable[Found]) -> set[str]:
    """Authors that are parties known here and not ours: what they made is theirs, whoever hands it over."""
    authors = {str(found.value.get("created_by_ref", "")) for found in objects} - {""}
    rows = Party.objects.filter(ours=False).values_list("ref", flat=True)
    return {ref for chunk in queries.chunks(authors) for ref in rows.filter(ref__in=chunk)}


def _origin_of(found: Found, way: Way, known_parties: set[str]) -> Origin:
    author = str(found.value.get("created_by_ref", ""))
    if way.origin.ownership is Ownership.OWN and author in known_parties:
        return replace(way.origin, ownership=Ownership.RECEIVED, party=author)
    return way.origin


def _insert(pairs: Sequence[tuple[Found, Handling]], way: Way, progress: Progress) -> None:
    classes = classes_of(handling for _, handling in pairs)
    names = _names([found for found, _ in pairs], way.holder)
    for start in range(0, len(pairs), BATCH):
        portion = pairs[start : start + BATCH]
        described = [describe(found.value, names) for found, _ in portion]
        rows = StixObject.objects.bulk_create(
            StixObject(
                holder=way.holder,
                ref=found.id,
                type=found.type,
                modified=found.modified or "",
                created_by_ref=str(found.value.get("created_by_ref", "")),
                sha256=found.sha256,
                wire=found.raw,
                title=shown.title,
                words=shown.words,
                tlp=handling.label.value if handling.label else "",
                latest=False,
                handling_id=classes[handling],
                source=way.source,
                brought=way.brought,
                act=way.acts.get((found.id, found.modified or "")),
                added=way.now,
            )
            for (found, handling), shown in zip(portion, described, strict=True)
        )
        Link.objects.bulk_create(
            [
                Link(object=row, path=path, ref=ref)
                for row, shown in zip(rows, described, strict=True)
                for path, ref in shown.links
            ],
            batch_size=BATCH,
        )
        progress(start + len(portion), len(pairs))


def _names(objects: Sequence[Found], holder: Party) -> dict[str, str]:
    """The titles of these objects and of those held that they join, for the titles of what joins them."""
    beside = {found.id: title_of(found.value, {}) for found in objects}
    joined = {ref for found in objects if found.type in JOINING for _, ref in links_of(found.value)}
    return queries.titles_held(holder, joined - beside.keys()) | beside


def retitle(holder: Party, gone: Iterable[str]) -> None:
    """What joins objects bears their titles: the title of one that is gone must not live on in another's."""
    joining = StixObject.objects.filter(holder=holder, type__in=JOINING)
    for chunk in queries.chunks(gone):
        rows = list(joining.filter(pk__in=Link.objects.filter(ref__in=chunk).values("object_id")))
        found = [queries.decoded(row) for row in rows]
        names = _names(found, holder)
        for row, each in zip(rows, found, strict=True):
            row.title = title_of(each.value, names)
        StixObject.objects.bulk_update(rows, ["title"], batch_size=BATCH)


def choose_latest(holder: Party, refs: Sequence[str]) -> None:
    """Mark the newest version of each of these objects, and no other."""
    rows = StixObject.objects.filter(holder=holder)
    for chunk in queries.chunks(refs):
        newest: dict[str, tuple[datetime | None, int]] = {}
        for pk, ref, modified in rows.filter(ref__in=chunk).values_list("pk", "ref", "modified"):
            at = decode_time(modified, ref) if modified else None
            kept = newest.get(ref)
            if kept is None or (at is not None and kept[0] is not None and at > kept[0]):
                newest[ref] = (at, pk)
        rows.filter(ref__in=chunk, latest=True).update(latest=False)
        rows.filter(pk__in=[pk for _, pk in newest.values()]).update(latest=True)


def _reread_older(
    holder: Party,
    news: Sequence[Found],
    definitions: Mapping[str, Found],
    victims: Parties,
    *,
    everything: bool,
) -> None:
    """Classes can change when a definition of a marking or a victim becomes known."""
    defined = [found.id for found in news if found.type in DEFINITIONS]
    rows = StixObject.objects.filter(holder=holder).select_related("handling")
    if everything:
        reread_rows(rows.iterator(chunk_size=BATCH), holder, definitions, victims)
    elif defined:
        naming = Link.objects.filter(ref__in=defined).values("object_id")
        reread_rows(rows.filter(pk__in=naming).iterator(chunk_size=BATCH), holder, definitions, victims)


def reread_rows(
    rows: Iterable[StixObject], holder: Party, definitions: Mapping[str, Found], victims: Parties
) -> None:
    """Put these objects into the classes that they have now."""
    changed: list[tuple[StixObject, Handling]] = []
    for row in rows:
        found = queries.decoded(row)
        named = {ref for _, ref in links_of(found.value) if ref.startswith(DEFINITIONS)}
        missing = named - definitions.keys()
        around = {**(queries.definitions_held(holder, missing) if missing else {}), **definitions}
        before = of_class(row.handling)
        after = reread(before, found, around, victims)
        if after != before:
            changed.append((row, after))
    classes = classes_of(handling for _, handling in changed)
    for row, handling in changed:
        row.handling_id = classes[handling]
        row.tlp = handling.label.value if handling.label else ""
    StixObject.objects.bulk_update([row for row, _ in changed], ["handling", "tlp"], batch_size=BATCH)
