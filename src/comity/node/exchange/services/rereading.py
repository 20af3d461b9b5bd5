"""Put objects into the classes that they have now: a definition or a victim became known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from comity.engines.release.handling import Handling
from comity.engines.release.redact import Parties
from comity.formats.stix import StixObject as Found
from comity.formats.stix import is_observable
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS, links_of
from comity.node.exchange.handling import of_class, reread
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.services.holding import BATCH, naming, show_anew
from comity.node.parties.models import Party


def reread_older(
    holder: Party,
    news: Sequence[Found],
    definitions: Mapping[str, Found],
    victims: Parties,
    *,
    everything: bool,
    now: datetime,
) -> None:
    """Look again at what names the definitions among what came in; at everything if a victim is new."""
    defined = [found.id for found in news if found.type in DEFINITIONS]
    rows = StixObject.objects.filter(holder=holder).select_related("handling")
    if everything:
        reread_rows(rows.iterator(chunk_size=BATCH), holder, definitions, victims, now)
    elif defined:
        links = Link.objects.filter(ref__in=defined).values("object_id")
        reread_rows(rows.filter(pk__in=links).iterator(chunk_size=BATCH), holder, definitions, victims, now)


def reread_rows(
    rows: Iterable[StixObject],
    holder: Party,
    definitions: Mapping[str, Found],
    victims: Parties,
    now: datetime,
) -> None:
    """Put these objects into the classes that they have now, at the end of the order."""
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
    classes = keys_of(handling for _, handling in changed)
    for row, handling in changed:
        row.handling_id = classes[handling]
        row.tlp = handling.label.value if handling.label else ""
    StixObject.objects.bulk_update([row for row, _ in changed], ["handling", "tlp"], batch_size=BATCH)
    observables = (row.ref for row, _ in changed if is_observable(row.ref))
    show_anew(holder, sorted({row.pk for row, _ in changed} | set(naming(holder, observables))), now)
