"""Put objects into the classes that they have now: a definition or a victim became known.

What is held may be a million objects. So it is read in portions of the table, without decoding what surely
names no victim, and only what may change is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min

from comity.engines.release.redact import Parties
from comity.formats.markings import explains
from comity.formats.stix import StixObject as Found
from comity.formats.stix import is_observable
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS, links_of
from comity.node.exchange.handling import of_class, of_classes, reread
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.services.closed import By, note_closed
from comity.node.exchange.services.holding import BATCH, naming, show_anew
from comity.node.parties.models import Party

PORTION = 2_000  # keys of the table that are read at once


def reread_older(
    holder: Party,
    news: Sequence[Found],
    definitions: Mapping[str, Found],
    victims: Parties,
    *,
    everything: bool,
    by: By,
    now: datetime,
) -> None:
    """Look again at what names the definitions among what came in; at everything if a victim is new."""
    defined = [found.id for found in news if found.type in DEFINITIONS and explains(found)]
    links = Link.objects.filter(ref__in=defined).order_by() if defined else Link.objects.none()
    keys = sorted(set(links.values_list("object_id", flat=True).iterator()))
    moved = _all_reread(keys, _Known(holder, definitions, victims, by))
    if everything:
        moved |= _reread_for_victims(_Known(holder, definitions, victims, by))
    show_anew(holder, moved, now)


def reread_for_victims(
    holder: Party, definitions: Mapping[str, Found], victims: Parties, by: By, now: datetime
) -> None:
    """Look again at all that may name one of the victims and was not known to name any."""
    show_anew(holder, _reread_for_victims(_Known(holder, definitions, victims, by)), now)


def _naming_perhaps(holder: Party, victims: Parties) -> Iterator[list[int]]:
    """By stretches of keys: asked by holder as well, SQLite would sort all that it holds for each."""
    ends = StixObject.objects.aggregate(first=Min("pk"), last=Max("pk"))
    rows = StixObject.objects.order_by("pk").values_list("pk", "holder_id", "handling_id", "wire")
    for start in range(ends["first"] or 0, (ends["last"] or -1) + 1, PORTION):
        found = [
            (key, handling)
            for key, whose, handling, wire in rows.filter(pk__gte=start, pk__lt=start + PORTION)
            if whose == holder.pk and not victims.surely_not_in(bytes(wire))
        ]
        facts = of_classes(handling for _, handling in found)
        yield [key for key, handling in found if not facts[handling].names_victims]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known now, and who brought it to light."""

    holder: Party
    definitions: Mapping[str, Found]
    victims: Parties
    by: By


def _reread_for_victims(known: _Known) -> set[int]:
    found = (_all_reread(keys, known) for keys in _naming_perhaps(known.holder, known.victims))
    return set[int]().union(*found)


def _all_reread(keys: Iterable[int], known: _Known) -> set[int]:
    """Read these again; what has to be shown anew, which is done with all together."""
    return set[int]().union(*(_reread(chunk, known) for chunk in queries.chunks(keys)))


def _reread(keys: Iterable[int], known: _Known) -> set[int]:
    """Put these objects into the classes that they have now; those that are now in another, or name one."""
    rows = list(StixObject.objects.filter(holder=known.holder, pk__in=list(keys)).select_related("handling"))
    found = [queries.decoded(row) for row in rows]
    named = {ref for each in found for _, ref in links_of(each.value) if ref.startswith(DEFINITIONS)}
    around = {**queries.definitions_held(known.holder, named - known.definitions.keys()), **known.definitions}
    read = [
        (row, reread(of_class(row.handling), each, around, known.victims))
        for row, each in zip(rows, found, strict=True)
    ]
    changed = [(row, after) for row, after in read if after != of_class(row.handling)]
    note_closed(known.holder, changed, known.by)
    classes = keys_of(handling for _, handling in changed)
    for row, handling in changed:
        row.handling_id = classes[handling]
        row.tlp = handling.label.value if handling.label else ""
    StixObject.objects.bulk_update([row for row, _ in changed], ["handling", "tlp"], batch_size=BATCH)
    observables = (row.ref for row, _ in changed if is_observable(row.ref))
    return {row.pk for row, _ in changed}.union(naming(known.holder, observables))
