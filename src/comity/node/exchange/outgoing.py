"""What of many objects may leave together, judged portion by portion.

Memory holds one portion, and the names of what goes. What joins others is judged last, since it goes only
where both its ends go or are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from comity.node.acts.kinds import Leaving
from comity.node.exchange.content import JOINING
from comity.node.exchange.judging import SECOND_PERSON, judged_items
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.sights import Asked


def outgoing(question: Asked, keys: Sequence[int]) -> Iterator[tuple[StixObject | None, Leaving]]:
    """Each object as it leaves with its row, and once the definitions that they need, which have none.

    What needs a second person is not among them: that leaves by an act alone.
    """
    gone: set[str] = set()
    for portion in _in_turn(keys):
        rows = _read(portion)
        known = {row.ref: row for row in rows}
        for item in judged_items(question, rows, going=gone):
            alone = all(ground.rule != SECOND_PERSON for ground in item.verdict.grounds)
            if item.leaving is None or not alone or item.leaving.ref in gone:
                continue
            gone.add(item.leaving.ref)
            yield known.get(item.ref), item.leaving


def _in_turn(keys: Iterable[int]) -> Iterator[Sequence[int]]:
    """First what joins nothing, then what joins it, and last what joins something that joins."""
    joining: list[int] = []
    for portion in chunks(keys):
        found = StixObject.objects.order_by().filter(pk__in=portion, type__in=JOINING)
        later = set(found.values_list("pk", flat=True))
        joining += (key for key in portion if key in later)
        yield [key for key in portion if key not in later]
    last: list[int] = []
    for portion in chunks(joining):
        later = _joining_what_joins(portion)
        last += (key for key in portion if key in later)
        yield [key for key in portion if key not in later]
    yield from chunks(last)


def _joining_what_joins(keys: Sequence[int]) -> set[int]:
    links = Link.objects.order_by().filter(object__in=keys)
    return {key for key, ref in links.values_list("object", "ref") if ref.startswith(_JOINS)}


def _read(keys: Sequence[int]) -> list[StixObject]:
    found = StixObject.objects.select_related("handling", "source").defer("words").in_bulk(keys)
    return [found[key] for key in keys if key in found]


_JOINS = tuple(f"{each}--" for each in JOINING)
