"""What has to leave collections of others, since it became stricter: the next push deletes it there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from comity.engines.release.terms import Purpose
from comity.engines.release.tightening import tightened
from comity.node.acts.kinds import Item
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.handling import of_class
from comity.node.exchange.judging import judged_items
from comity.node.exchange.models import Posted, PostState, RemoteCollection, StixObject
from comity.node.exchange.sights import asked
from comity.node.exchange.tracing import Version
from comity.node.parties.models import Party

_SENT = (PostState.TAKEN, PostState.PENDING, PostState.SENDING)
_TOLD_THERE = frozenset({"object.revoked", "object.expired"})  # who has it is told, and keeps it


def leave(holder: Party, versions: Collection[Version], now: datetime) -> None:
    """Those of these versions that may not be there any more, or not as they were posted."""
    posted = [each for each in _posted(holder, (ref for ref, _ in versions)) if _version(each) in versions]
    rows = rows_of(holder, {_version(each) for each in posted})
    for remote, party, its in _by_remote(each for each in posted if _version(each) in rows):
        wanted = [rows[_version(each)] for each in its]
        items = judged(holder, party, Purpose(remote.purpose), wanted, now)
        digests = {row.pk: item.leaving.sha256 for row in wanted if (item := items[row.pk]).leaving}
        _mark((each for each in its if digests.get(rows[_version(each)].pk) != each.sha256), now)


def leave_older(holder: Party, refs: Iterable[str], now: datetime) -> None:
    """The versions that were posted of these objects, where the newest is stricter and may not go there."""
    posted = list(_posted(holder, refs))
    newest = queries.held(holder, (each.ref for each in posted))
    older = rows_of(holder, {_version(each) for each in posted})
    stricter = [each for each in posted if each.ref in newest and _is_older(each, newest[each.ref], older)]
    for remote, party, its in _by_remote(stricter):
        wanted = [newest[each.ref] for each in its]
        items = judged(holder, party, Purpose(remote.purpose), wanted, now)
        _mark((each for each in its if _stays(items[newest[each.ref].pk])), now)


def rows_of(holder: Party, versions: Collection[Version]) -> dict[Version, StixObject]:
    """These versions, as far as they are here; definitions go with what needs them."""
    held = StixObject.objects.filter(holder=holder).select_related("handling").defer("words")
    refs = (ref for ref, _ in versions if not ref.startswith(DEFINITIONS))
    rows = (row for chunk in queries.chunks(refs) for row in held.filter(ref__in=chunk))
    return {(row.ref, row.modified): row for row in rows if (row.ref, row.modified) in versions}


def judged(
    holder: Party, party: Party, purpose: Purpose, rows: Sequence[StixObject], now: datetime
) -> dict[int, Item]:
    """The judgement of each row, by its key; no definition is among them."""
    question = asked(holder, party, purpose=purpose, now=now)
    once = list({row.pk: row for row in rows}.values())
    return {row.pk: item for row, item in zip(once, judged_items(question, once), strict=False)}


def _posted(holder: Party, refs: Iterable[str]) -> Iterator[Posted]:
    rows = Posted.objects.filter(remote__holder=holder, remote__ended_at=None, state__in=_SENT)
    for chunk in queries.chunks(ref for ref in refs if not ref.startswith(DEFINITIONS)):
        yield from rows.filter(ref__in=chunk).select_related("remote__party")


def _version(posted: Posted) -> Version:
    return posted.ref, posted.modified


def _by_remote(posted: Iterable[Posted]) -> Iterator[tuple[RemoteCollection, Party, list[Posted]]]:
    piles: dict[RemoteCollection, list[Posted]] = {}
    for each in posted:
        piles.setdefault(each.remote, []).append(each)
    return ((remote, remote.party, its) for remote, its in piles.items() if remote.party is not None)


def _is_older(posted: Posted, newest: StixObject, older: Mapping[Version, StixObject]) -> bool:
    """Whether the newest version is stricter than this one; what is gone here is taken for less strict."""
    if posted.modified == newest.modified:
        return False
    before = older.get(_version(posted))
    return before is None or bool(tightened(of_class(before.handling), of_class(newest.handling)))


def _stays(item: Item) -> bool:
    return item.leaving is None and not {each.rule for each in item.verdict.grounds} <= _TOLD_THERE


def _mark(posted: Iterable[Posted], now: datetime) -> None:
    told = {"state": PostState.LEAVING, "status": "", "words": "", "at": now}
    for chunk in queries.chunks(each.pk for each in posted):
        Posted.objects.filter(pk__in=chunk).update(**told)
