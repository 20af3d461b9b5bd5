"""Who is a victim, learnt from what comes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from comity.formats.stix import IDENTITY_ID
from comity.formats.stix import StixObject as Found
from comity.node.exchange import queries
from comity.node.exchange.models import Victim, VictimHow
from comity.node.parties.models import Party, PartyKind

LONGEST_NAME = 500

# A sighting "at" one of these was made by it: it watches, and nobody attacked it.
WATCHERS = frozenset({
    PartyKind.STATE,
    PartyKind.REGIONAL_ORGANISATION,
    PartyKind.NATIONAL_CERT,
    PartyKind.SECTOR_CERT,
    PartyKind.MINISTRY,
    PartyKind.POLICE_CONTACT,
    PartyKind.OBSERVER,
})  # fmt: skip  # one kind to a line


def learn_victims(
    objects: Iterable[Found], holder: Party, *, named: Mapping[str, VictimHow], by: str, now: datetime
) -> list[str]:
    """Note the victims in what comes in, and the names of those known without one; gives those learnt of."""
    found = tuple(objects)
    refs = dict.fromkeys(_sighted_at(found), VictimHow.SIGHTED) | dict(named)
    names = {
        each.id: str(each.value.get("name", ""))[:LONGEST_NAME] for each in found if each.type == "identity"
    }
    names |= queries.titles_held(holder, refs.keys() - names.keys())
    known = {row.ref: row for row in Victim.objects.filter(holder=holder)}
    fresh = [
        Victim(holder=holder, ref=ref, name=names.get(ref, ""), how=how, by_name=by, at=now)
        for ref, how in refs.items()
        if ref not in known
    ]
    renamed = [row for row in known.values() if not row.name and names.get(row.ref)]
    for row in renamed:
        row.name = names[row.ref]
    Victim.objects.bulk_create(fresh)
    Victim.objects.bulk_update(renamed, ["name"])
    return [str(row) for row in (*fresh, *renamed)]


def _sighted_at(objects: Iterable[Found]) -> set[str]:
    """Identities at which something was sighted, without those that only watch."""
    refs: set[str] = set()
    for each in objects:
        listed = each.value.get("where_sighted_refs")
        if each.type == "sighting" and isinstance(listed, list):
            refs |= {ref for ref in listed if isinstance(ref, str) and IDENTITY_ID.fullmatch(ref)}
    watching = Party.objects.filter(kind__in=WATCHERS).values_list("ref", flat=True)
    return refs - {ref for chunk in queries.chunks(refs) for ref in watching.filter(ref__in=chunk)}
