"""Compare what came in with what others say, in the order in which it became visible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from django.db import transaction

from comity.node.exchange.contradicted import ATTRIBUTED, STATING, Found, compare
from comity.node.exchange.models import ComparedUpTo, Contradiction, Link, Remark, StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.remarks import REMARKING
from comity.node.exchange.services.holding import BATCH
from comity.node.parties.models import Party

PORTION = 500  # objects in one transaction
PORTIONS = 20  # of one holder at a time; the rest waits for the next time
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_SPEAKING = (STATING, "relationship", *sorted(REMARKING))


def compare_new(now: datetime) -> int:
    """Look at what came in since the last time; how many contradictions were found."""
    return sum(_of(holder, now) for holder in Party.objects.filter(ours=True).order_by("pk"))


def _of(holder: Party, now: datetime) -> int:
    count = 0
    for _ in range(PORTIONS):
        looked, found = _portion(holder, now)
        count += found
        if looked < PORTION:
            break
    return count


@transaction.atomic
def _portion(holder: Party, now: datetime) -> tuple[int, int]:
    """How many objects were looked at, and how many contradictions they brought."""
    ComparedUpTo.objects.get_or_create(holder=holder, defaults={"at": _BEGINNING})
    cursor = ComparedUpTo.objects.select_for_update().get(holder=holder)  # one worker at a time
    later = StixObject.objects.filter(holder=holder, latest=True, type__in=_SPEAKING, added__gt=cursor.at)
    rows = list(later.only("pk", "ref", "type", "relation", "added").order_by("added")[:PORTION])
    if not rows:
        return 0, 0
    found = compare(_subjects(holder, rows), now)
    _keep(holder, found)
    cursor.at = rows[-1].added
    cursor.save(update_fields=["at"])
    return len(rows), len(found)


def _subjects(holder: Party, rows: Sequence[StixObject]) -> list[StixObject]:
    """The objects that these speak of: themselves, or what a remark or an attribution names."""
    refs = {row.ref for row in rows if row.type == STATING}
    remarking = [row.pk for row in rows if row.type in REMARKING]
    attributing = [row.pk for row in rows if row.relation == ATTRIBUTED]
    said = Remark.objects.filter(object__in=remarking).values_list("ref", flat=True)
    of = Link.objects.filter(object__in=attributing, path="source_ref").values_list("ref", flat=True)
    held = StixObject.objects.filter(holder=holder, latest=True).select_related("source", "brought")
    slim = held.defer("words")
    return [row for chunk in chunks({*refs, *said, *of}) for row in slim.filter(ref__in=chunk)]


def _keep(holder: Party, found: Iterable[Found]) -> None:
    """What is between two indicators stands with both of them."""
    made = []
    for each in found:
        one, other = sorted((each.one.pk, each.other.pk))
        for about in _about(each):
            rule = each.rule.name
            made.append(Contradiction(holder=holder, object_id=about, one_id=one, other_id=other, rule=rule))
    Contradiction.objects.bulk_create(made, ignore_conflicts=True, batch_size=BATCH)


def _about(each: Found) -> Iterator[int]:
    yield each.about.pk
    if each.one.type == each.other.type == STATING:
        yield next(row.pk for row in (each.one, each.other) if row.pk != each.about.pk)
