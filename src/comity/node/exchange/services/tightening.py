"""Bring stricter versions to the partners that have an older one: sent anew, or the older one asked back.

The order of objects is followed like a reader of TAXII follows it: whatever became the newest version, by a
file, a post or an act, passes here once. Nothing that a crash interrupts is lost, since the place is kept in
the transaction of what was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import prefetch_related_objects

from comity.base.verdict import Verdict
from comity.engines.release.tightening import Tightening, tightened
from comity.formats.stix import in_time
from comity.node.acts.services.composing import withdraw_by_node
from comity.node.exchange import queries, reaching
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import FollowedUpTo, Step, StixObject, StricterFor, StricterVersion
from comity.node.exchange.reaching import Given, Offered, Words
from comity.node.exchange.services import in_place
from comity.node.exchange.services.asking_back import ask_to_delete, by_node
from comity.node.exchange.services.closed import NOBODY, ways_in
from comity.node.exchange.services.holding import one_at_a_time
from comity.node.exchange.services.leaving_there import leave_older
from comity.node.exchange.services.stricter import AGAIN, Outcome, Stricter, keep, redo, settle
from comity.node.parties.models import Party
from comity.node.parties.queries import our_bodies

PORTION = 2_000  # objects looked at together
AT_ONCE = 200  # stricter objects in one transaction
MOST_PORTIONS = 50  # without finding anything, before the place is kept
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONLY_FOR_THOSE_WHO_HAVE_IT = frozenset({"object.revoked", "object.expired"})
_OVERTAKEN = "It has a newer version by now."


def follow(now: datetime) -> None:
    """Look at everything that is new since the last time, and try again what could not be done then."""
    for holder in our_bodies():
        while _portion(holder, now):
            pass
        in_place.follow(holder, now)
        settle(holder)
        try_again(holder, now)


def try_again(holder: Party, now: datetime, version: StricterVersion | None = None) -> None:
    """Do what could not be done before, of one version or of all whose time has come."""
    rows = StricterFor.objects.filter(version__holder=holder, settled=False, step=Step.LATER)
    due = rows.filter(version=version) if version else rows.filter(next_try__lte=now)
    told = due.values_list("pk", "version__ref", "version__modified", "version__ways")[:PORTION]
    keys = {pk: (ref, modified, ways) for pk, ref, modified, ways in told}
    if not keys:
        return
    with transaction.atomic():
        one_at_a_time(holder)
        reach(holder, stricter(holder, (ref for ref, _, _ in keys.values())), now)
        closed = {(ref, modified): (ways_in(ways), NOBODY) for ref, modified, ways in keys.values()}
        in_place.reach(holder, closed, now)
        left = rows.filter(pk__in=list(keys)).exclude(next_try=now + AGAIN)  # not among those just judged
        left.update(settled=True, words=_OVERTAKEN)


def _portion(holder: Party, now: datetime) -> bool:
    """Look at objects in their order until something is found; whether there may be more."""
    place = FollowedUpTo.objects.filter(holder=holder).values_list("at", flat=True).first()
    last, found, more = _look(holder, place or _EPOCH, now)
    if last is None:
        return False
    with transaction.atomic():
        one_at_a_time(holder)
        if not _moved(holder, place, last):
            return True  # another worker was here meanwhile
        refs = {each.given.ref for each in found}
        reach(holder, stricter(holder, refs) if refs else (), now)
    return more


def _look(holder: Party, place: datetime, now: datetime) -> tuple[datetime | None, list[Stricter], bool]:
    """The last instant that was looked at, what was found, and whether more may follow; nothing is locked."""
    last: datetime | None = None
    for _ in range(MOST_PORTIONS):
        rows = StixObject.objects.filter(holder=holder, latest=True, added__gt=last or place)
        some = list(rows.order_by("added").values_list("added", "ref")[:PORTION])
        again = _with_older(holder, (ref for _, ref in some))
        leave_older(holder, again, now)
        found = stricter(holder, again)
        named = {each.given.ref for each in found}
        first = [pair for pair in some if pair[1] in named][:AT_ONCE]
        if len(first) < len(named):  # the rest has a transaction of its own: others write in between
            going = {ref for _, ref in first}
            return first[-1][0], [each for each in found if each.given.ref in going], True
        last = some[-1][0] if some else last
        if found or len(some) < PORTION:
            return last, found, len(some) == PORTION
    return last, [], True


def _moved(holder: Party, place: datetime | None, to: datetime) -> bool:
    if place is None:
        _, made = FollowedUpTo.objects.get_or_create(holder=holder, defaults={"at": to})
        return made
    return FollowedUpTo.objects.filter(holder=holder, at=place).update(at=to) == 1


def _with_older(holder: Party, refs: Iterable[str]) -> list[str]:
    """Those of which an older version is held here: an object that came once has reached nobody before."""
    older = StixObject.objects.filter(holder=holder, latest=False)
    named = older.order_by().values_list("ref", flat=True)  # in no order: the model's own would sort them
    return list(dict.fromkeys(ref for chunk in queries.chunks(refs) for ref in named.filter(ref__in=chunk)))


def stricter(holder: Party, refs: Iterable[str]) -> list[Stricter]:
    """Which parties were given one of these in a version less strict than the newest."""
    given = reaching.behind(holder, refs)
    rows = queries.held(holder, [each.ref for each in given])
    prefetch_related_objects(list(rows.values()), "holder", "source", "brought", "act__author")
    older = _older(holder, rows)
    return [
        Stricter(rows[each.ref], each, ways) for each in given if (ways := _ways(rows[each.ref], each, older))
    ]


def _older(holder: Party, refs: Iterable[str]) -> dict[tuple[str, str], StixObject]:
    rows = StixObject.objects.filter(holder=holder).select_related("handling").defer("wire", "words")
    found = (row for chunk in queries.chunks(refs) for row in rows.filter(ref__in=chunk, latest=False))
    return {(row.ref, row.modified): row for row in found}


def _ways(
    row: StixObject, given: Given, older: Mapping[tuple[str, str], StixObject]
) -> frozenset[Tightening]:
    """Compared with the newest that the party has; what is gone here is taken for less strict."""
    before = older.get((given.ref, max((modified for _, modified in given.versions), key=in_time)))
    if before is None:
        return frozenset({Tightening.MARKING})
    return tightened(of_class(before.handling), of_class(row.handling))


def reach(holder: Party, found: Sequence[Stricter], now: datetime) -> None:
    """Send, recall or leave to a person, for each party; in the caller's transaction, under the lock."""
    _overtake(holder, found, now)
    found = _not_begun(holder, found)
    outcomes: dict[tuple[str, int], Outcome] = {}
    for words, some in _alike(found):
        offered = reaching.offer_newest(holder, [each.given for each in some], words, now)
        by_party = {each.party.pk: each for each in offered}
        outcomes |= {
            (each.given.ref, each.given.party.pk): _outcome(each, by_party[each.given.party.pk])
            for each in some
        }
    back = [each for each in found if outcomes[each.given.ref, each.given.party.pk].step == Step.RECALLED]

    outcomes |= ask_to_delete(holder, back, by_node(holder, now), now)
    keep(holder, [(each, outcomes[each.given.ref, each.given.party.pk]) for each in found], now)


def _not_begun(holder: Party, found: Sequence[Stricter]) -> list[Stricter]:
    """Those of which nothing was begun for this version; an act may wait for approval for days."""
    rows = StricterFor.objects.filter(version__holder=holder).exclude(step=Step.LATER)
    told = rows.values_list("version__ref", "version__modified", "party")
    refs = queries.chunks(each.row.ref for each in found)
    begun = {row for chunk in refs for row in told.filter(version__ref__in=chunk)}
    return [each for each in found if (each.row.ref, each.row.modified, each.given.party.pk) not in begun]


def _outcome(each: Stricter, offered: Offered) -> Outcome:
    ref = each.given.ref
    if ref in offered.acts:
        return Outcome(Step.SENT, offered.acts[ref])
    if ref in offered.later:
        return Outcome(Step.LATER, words=_why(offered.later[ref]))
    why = offered.stays[ref]
    if not each.given.arrived:
        return Outcome(Step.NOTHING, words=f"The older version did not get there. {_why(why)}", settled=True)
    if not each.given.receipted and {g.rule for g in why.grounds} <= _ONLY_FOR_THOSE_WHO_HAVE_IT:
        return Outcome(Step.LATER, words=f"It has not receipted the older version yet. {_why(why)}")
    return Outcome(Step.RECALLED if each.ours else Step.ASK, words=_why(why))


def _alike(found: Sequence[Stricter]) -> Iterator[tuple[Words, list[Stricter]]]:
    """What partners can be told in the same words, and for which the same person answers."""
    piles: dict[Words, list[Stricter]] = {}
    for each in found:
        told = " and ".join(way.words for way in Tightening if way in each.ways)
        words = Words(f"A newer version of what we gave you: {told}", answerable=each.answerable)
        piles.setdefault(words, []).append(each)
    yield from piles.items()


def _overtake(holder: Party, found: Sequence[Stricter], now: datetime) -> None:
    """What was begun for a version that is not the newest any more ends; the rest of its acts is redone."""
    open_ = StricterFor.objects.filter(version__holder=holder, settled=False).select_related("version")
    newest = {(each.row.ref, each.row.modified) for each in found}
    for chunk in queries.chunks(each.row.ref for each in found):
        rows = list(open_.filter(version__ref__in=chunk).exclude(step=Step.LATER))
        old = [each for each in rows if (each.version.ref, each.version.modified) not in newest]
        StricterFor.objects.filter(pk__in=[each.pk for each in old]).update(
            settled=True, words=_OVERTAKEN, changed=now
        )
        for act in {each.act_id for each in old if each.act_id is not None}:
            if withdraw_by_node(author=holder, key=act) is not None:
                redo(open_.filter(act=act, settled=False), now)


def _why(verdict: Verdict) -> str:
    return " ".join(ground.text for ground in verdict.grounds)
