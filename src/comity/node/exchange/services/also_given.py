"""What a party gives of versions that are held already: kept beside these, so that it learns nothing by it.

A party that may not see what is held must not find out by giving the same version with other content: it is
told what it would be told if only its own were here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Act
from comity.node.exchange import queries
from comity.node.exchange.models import AlsoGiven, Import, StixObject
from comity.node.exchange.services.storing import Report
from comity.node.parties.models import Party

CONTRADICTION = "share.contradiction"

Version = tuple[str, str]
Seen = Callable[[Sequence[int]], Collection[int]]  # those of these rows that the party may see


@dataclass(frozen=True, slots=True)
class Given:
    """Whose it is, and how it came: by a post, or version by version by acts."""

    holder: Party
    party: Party
    brought: Import | None
    acts: dict[Version, Act]
    now: datetime
    keep_until: date | None


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


def settle(objects: Sequence[Found], report: Report, given: Given, *, seen: Seen) -> Settled:
    """Keep what was given of what others had given, in the caller's transaction under the holder's lock."""
    refused = {each.place for each in report.refusals if each.rule == CONTRADICTION}
    places = sorted(refused.union(report.again))
    if not places:
        return Settled()
    here = _held(given.holder, (objects[place].id for place in places))
    others = [place for place in places if here[objects[place].version].source != given.party.pk]
    own = queries.also_given(given.holder, given.party, (objects[place].id for place in others))
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


def _held(holder: Party, refs: Iterable[str]) -> dict[Version, _Held]:
    rows = StixObject.objects.filter(holder=holder)
    asked = rows.values_list("ref", "modified", "pk", "sha256", "source_id")
    return {
        (ref, modified): _Held(key, sha256, source)
        for chunk in queries.chunks(refs)
        for ref, modified, key, sha256, source in asked.filter(ref__in=chunk)
    }


def _row(found: Found, given: Given) -> AlsoGiven:
    ref, modified = found.version
    return AlsoGiven(
        holder=given.holder, party=given.party, ref=ref, modified=modified, sha256=found.sha256,
        wire=found.raw, brought=given.brought, act=given.acts.get((ref, modified)), at=given.now,
        keep_until=given.keep_until,
    )  # fmt: skip  # a row
