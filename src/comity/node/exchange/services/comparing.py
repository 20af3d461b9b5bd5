"""Compare what came in with what others say, in the order in which it became visible."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from django.db import transaction

from comity.node.exchange.contradicted import ATTRIBUTED, STATING, Found, compare
from comity.node.exchange.models import ComparedUpTo, Contradiction, Link, Remark, StixObject
from comity.node.exchange.queries import chunks
from comity.node.exchange.remarks import REMARKING
from comity.node.exchange.services.holding import BATCH, one_at_a_time
from comity.node.exchange.services.places import last_instant
from comity.node.parties.models import Party

PORTION = 500  # objects looked at together
LONGEST = 20.0  # seconds in one go: a million that wait are looked at in some ten minutes, beside all else
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_SPEAKING = (STATING, "relationship", *sorted(REMARKING))


def compare_new(now: datetime) -> int:
    """Look at what came in since the last time; how many contradictions were found.

    The holders take turns: what one of them took in by the million keeps no other waiting.
    """
    begun, count = time.monotonic(), 0
    waiting = deque(Party.objects.filter(ours=True).order_by("pk"))
    while waiting and time.monotonic() - begun < LONGEST:
        holder = waiting.popleft()
        more, found = _portion(holder, now)
        count += found
        waiting += [holder] if more else []
    return count


def _portion(holder: Party, now: datetime) -> tuple[bool, int]:
    """Whether there may be more to look at, and how many contradictions these brought.

    Nothing is locked while it is looked, and what is kept is kept in a moment.
    """
    cursor, _ = ComparedUpTo.objects.get_or_create(holder=holder, defaults={"at": _BEGINNING})
    end = last_instant(holder)
    if end is None or end <= cursor.at:
        return False, 0
    held = StixObject.objects.filter(holder=holder, latest=True).select_related("source", "brought")
    slim = held.defer("words")
    later = slim.filter(type__in=_SPEAKING, added__gt=cursor.at, added__lte=end)
    rows = list(later.order_by("added")[:PORTION])
    at = rows[-1].added if len(rows) == PORTION else end  # past all that states nothing
    stating = {row.ref: row for row in rows if row.type == STATING}
    others = (
        row for chunk in chunks(_spoken_of(rows) - stating.keys()) for row in slim.filter(ref__in=chunk)
    )
    found = compare([*stating.values(), *others], now)
    with transaction.atomic():
        one_at_a_time(holder)  # nothing of it is deleted from here on
        moved = ComparedUpTo.objects.filter(pk=cursor.pk, at=cursor.at).update(at=at)
        found = _still_there(found) if moved else []  # else another worker was here
        _keep(holder, found)
    return len(rows) == PORTION, len(found)


def _still_there(found: Sequence[Found]) -> list[Found]:
    """Those of which nothing was deleted while they were looked at."""
    keys = {row.pk for each in found for row in (each.about, each.one, each.other)}
    held = StixObject.objects.order_by()
    there = {pk for chunk in chunks(keys) for pk in held.filter(pk__in=chunk).values_list("pk", flat=True)}
    return [each for each in found if {each.about.pk, each.one.pk, each.other.pk} <= there]


def _spoken_of(rows: Sequence[StixObject]) -> set[str]:
    """What remarks and attributions among these name."""
    remarking = [row.pk for row in rows if row.type in REMARKING]
    attributing = [row.pk for row in rows if row.relation == ATTRIBUTED]
    said = Remark.objects.filter(object__in=remarking).values_list("ref", flat=True)
    of = Link.objects.filter(object__in=attributing, path="source_ref").values_list("ref", flat=True)
    return {*said, *of}


def _keep(holder: Party, found: Iterable[Found]) -> None:
    """What is between two indicators stands with both of them."""
    made = []
    for each in found:
        one, other = sorted((each.one.pk, each.other.pk))
        for about in _about(each):
            rule = each.rule.name
            made.append(Contradiction(holder=holder, object_id=about, one_id=one, other_id=other, rule=rule))
    named = {key for each in made for key in (each.object_id, each.one_id, each.other_id)}
    here = {
        key
        for chunk in chunks(named)
        for key in StixObject.objects.filter(pk__in=chunk).order_by().values_list("pk", flat=True)
    }
    standing = [each for each in made if {each.object_id, each.one_id, each.other_id} <= here]
    Contradiction.objects.bulk_create(standing, ignore_conflicts=True, batch_size=BATCH)


def _about(each: Found) -> Iterator[int]:
    yield each.about.pk
    if each.one.type == each.other.type == STATING:
        yield next(row.pk for row in (each.one, each.other) if row.pk != each.about.pk)
