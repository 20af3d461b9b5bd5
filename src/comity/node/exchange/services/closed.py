"""Note versions that became stricter themselves, in the transaction that made them so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.engines.release.handling import Handling
from comity.engines.release.tightening import Tightening, closed_in_place
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import ClosedInPlace, StixObject
from comity.node.exchange.services.holding import BATCH
from comity.node.parties.models import Party


@dataclass(frozen=True, slots=True)
class By:
    """Who brought to light what makes them stricter: that person is never the second one."""

    person: int | None = None
    name: str = ""


NOBODY = By()


def note_closed(holder: Party, changed: Iterable[tuple[StixObject, Handling]], by: By = NOBODY) -> None:
    """Remember those of these versions, each with its new class, that become stricter by it."""
    ways = ((row, closed_in_place(of_class(row.handling), after)) for row, after in changed)
    rows = [
        ClosedInPlace(
            holder=holder,
            ref=row.ref,
            modified=row.modified,
            ways=written(stricter),
            by_id=by.person,
            by_name=by.name,
        )
        for row, stricter in ways
        if stricter
    ]
    ClosedInPlace.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)


def written(ways: Iterable[Tightening]) -> str:
    """As it is kept: the ways in their order."""
    found = set(ways)
    return " ".join(way.value for way in Tightening if way in found)


def ways_in(text: str) -> frozenset[Tightening]:
    """As it was kept."""
    return frozenset(Tightening(each) for each in text.split())
