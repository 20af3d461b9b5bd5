"""What is given of versions that are held already: kept beside these, each giver's for itself.

A party that may not see what is held must not find out by giving the same version with other content: it is
told what it would be told if only its own were here. And what a giver takes back, or may be kept no longer,
goes without what others gave: theirs takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.engines.release.terms import category_of
from comity.formats.canonical import canonical
from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Act
from comity.node.exchange import queries
from comity.node.exchange.handling import Origin
from comity.node.exchange.models import AlsoGiven, Import, StixObject
from comity.node.exchange.services.storing import Report, Way, store
from comity.node.parties.models import Party
from comity.node.site.among import Among

CONTRADICTION = "share.contradiction"
POSTED = "taxii"  # the form of what a party posted here, and may take back

Version = tuple[str, str]
Seen = Callable[[Sequence[int]], Collection[int]]  # those of these rows that the party may see


@dataclass(frozen=True, slots=True)
class Given:
    """Whose it is, and how it came: by an import, or version by version by acts."""

    holder: Party
    party: Party | None
    brought: Import | None
    acts: Mapping[Version, Act]
    now: datetime
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the party is told something else than what became of its object, by its place."""

    taken: frozenset[int] = frozenset()  # refused, since something hidden contradicts it
    contradicted: frozenset[int] = frozenset()  # held already, and contradicts what the party gave before


@dataclass(frozen=True, slots=True)
class _Held:
    key: int
    sha256: str
    source: int | None
    posted: bool  # its giver may take it back


def settle(objects: Sequence[Found], report: Report, given: Given, party: Party, *, seen: Seen) -> Settled:
    """Keep what was given of what others had given, in the caller's transaction under the holder's lock."""
    refused = {each.place for each in report.refusals if each.rule == CONTRADICTION}
    places = sorted(refused.union(report.again))
    if not places:
        return Settled()
    here = _held(given.holder, (objects[place].id for place in places))
    others = [place for place in places if here[objects[place].version].source != party.pk]
    own = queries.also_given(given.holder, party, (objects[place].id for place in others))
    visible = set(seen([here[objects[place].version].key for place in others if place in refused]))
    taken, contradicted, rows = set[int](), set[int](), list[AlsoGiven]()
    for place in others:
        found, held = objects[place], here[objects[place].version]
        before = own.get(found.version)
        if before is None and place in refused and held.key in visible:
            continue  # what it contradicts can be read: it is told so
        if before is None:
            before = own[found.version] = found.sha256
            rows.append(_row(found, given))
        if place in refused and before == found.sha256:
            taken.add(place)
        elif place not in refused and before != found.sha256:
            contradicted.add(place)
    AlsoGiven.objects.bulk_create(rows, batch_size=queries.CHUNK)
    return Settled(frozenset(taken), frozenset(contradicted))


def stand_beside(objects: Sequence[Found], report: Report, given: Given) -> None:
    """Keep what people here or a feed brought of what a party gave, in the caller's transaction: it stays."""
    again = [objects[place] for place in report.again]
    here = _held(given.holder, (each.id for each in again))
    whose = given.party.pk if given.party else None
    fleeting = [each for each in again if _may_go(here[each.version], given.holder, whose)]
    known = _known(given, (each.id for each in fleeting))
    rows = {each.version: _row(each, given) for each in fleeting if each.version not in known}
    AlsoGiven.objects.bulk_create(rows.values(), batch_size=queries.CHUNK)


def succeed(holder: Party, versions: Iterable[Version], now: datetime) -> None:
    """Let what stands beside these versions, which are gone, take their places; our own goes first."""
    gone = set(versions)
    refs = {ref for ref, _ in gone}
    rows = AlsoGiven.objects.filter(Among("ref", refs), holder=holder).order_by("pk")
    rows = rows.select_related("party", "brought", "act__author")
    first: dict[Version, AlsoGiven] = {}
    for each in sorted(rows, key=lambda row: row.party_id != holder.pk):
        if (each.ref, each.modified) in gone:
            first.setdefault((each.ref, each.modified), each)
    AlsoGiven.objects.filter(pk__in=[each.pk for each in first.values()]).delete()
    for way, some in _by_way(first.values(), holder, now):
        store([Found.read(bytes(each.wire), each.ref) for each in some], way)


def _by_way(rows: Iterable[AlsoGiven], holder: Party, now: datetime) -> Iterator[tuple[Way, list[AlsoGiven]]]:
    """What came by one way is kept together."""
    piles: dict[tuple[int | None, int | None, int | None, bytes], list[AlsoGiven]] = {}
    for each in rows:
        alike = (each.party_id, each.brought_id, each.act_id, canonical(each.origin))
        piles.setdefault(alike, []).append(each)
    for pile in piles.values():
        one = pile[0]
        by = one.brought.by_name if one.brought else one.act.author.name if one.act else ""
        acts = {(each.ref, each.modified): each.act for each in pile if each.act}
        origin = Origin.from_json(one.origin)
        yield Way(holder, origin, one.party, one.brought, acts, by, now), pile


def _may_go(held: _Held, holder: Party, giver: int | None) -> bool:
    """Whether a party can take it away that is not the one who gives it now, or only by a post of its own."""
    return held.source not in (None, holder.pk) and (held.posted or held.source != giver)


def _known(given: Given, refs: Iterable[str]) -> set[Version]:
    """The versions of which this giver stands beside already."""
    rows = AlsoGiven.objects.filter(Among("ref", set(refs)), holder=given.holder, party=given.party)
    return set(rows.order_by().values_list("ref", "modified"))


def _held(holder: Party, refs: Iterable[str]) -> dict[Version, _Held]:
    rows = StixObject.objects.filter(holder=holder)
    asked = rows.values_list("ref", "modified", "pk", "sha256", "source_id", "brought__form")
    return {
        (ref, modified): _Held(key, sha256, source, form == POSTED)
        for chunk in queries.chunks(refs)
        for ref, modified, key, sha256, source, form in asked.filter(ref__in=chunk)
    }


def _row(found: Found, given: Given) -> AlsoGiven:
    ref, modified = found.version
    return AlsoGiven(
        holder=given.holder, party=given.party, ref=ref, modified=modified, sha256=found.sha256,
        wire=found.raw, brought=given.brought, act=given.acts.get((ref, modified)), at=given.now,
        origin=given.origin.as_json(category_of(found.type)), keep_until=given.origin.keep_until,
    )  # fmt: skip  # a row
