"""What a feed held when it was read last: the memory against which a run tells what came and what went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.node.exchange import queries
from comity.node.exchange.feeds.pulling import HeldBack
from comity.node.exchange.models import Feed, FeedEntry, FeedRun
from comity.node.site.bulk import insert

FALL = 10  # so many times fewer entries than before are held back for a person
FEW = 20  # below so many, a fall says little: only none at all is held back
_BATCH = 500
_REMEMBERED = ("ref", "pk", "mark", "since", "until", "came_id", "went_id")
_COLUMNS = ("feed_id", "ref", "mark", "since", "until", "came_id", "went_id")


@dataclass(frozen=True, slots=True)
class Held:
    """What is remembered of one entry."""

    key: int
    mark: str
    since: datetime
    until: datetime | None
    came: int  # key of the run
    gone: bool


@dataclass(frozen=True, slots=True)
class Before:
    """All that a feed held, by the id of the object or event."""

    entries: Mapping[str, Held]

    @property
    def count(self) -> int:
        """How many stood there when it was read last."""
        return sum(1 for _ in self.present())

    def present(self) -> Iterator[str]:
        """What stood there when it was read last."""
        return (ref for ref, each in self.entries.items() if not each.gone)

    def end(self, refs: Sequence[str], run: FeedRun) -> None:
        """Remember that these are gone."""
        for chunk in queries.chunks(refs):
            FeedEntry.objects.filter(feed=run.feed, ref__in=chunk).update(went=run)


def held_before(feed: Feed) -> Before:
    """What is remembered of a feed."""
    rows = FeedEntry.objects.filter(feed=feed).values_list(*_REMEMBERED)
    return Before(
        {
            ref: Held(key, mark, since, until, came, went is not None)
            for ref, key, mark, since, until, came, went in rows.iterator()
        }
    )


def require_likely(feed: Feed, before: int, now: int) -> None:
    """Raise `HeldBack` where most of a feed is gone at once: more often a fault there than good news."""
    fell = now * FALL < before if before >= FEW else now == 0 < before
    if not fell or (feed.floor is not None and now >= feed.floor):
        return
    raise HeldBack(f"It had {before:,} entries, and has {now:,} now. Nothing was changed; a person decides.")


def keep_entries(
    run: FeedRun, before: Before, rows: Mapping[str, tuple[str, datetime, datetime | None]]
) -> None:
    """Remember these, each with its mark and times, as standing there in this run."""
    fresh = [(ref, told) for ref, told in rows.items() if ref not in before.entries]
    insert(FeedEntry, _COLUMNS, [(run.feed.pk, ref, *told, run.pk, None) for ref, told in fresh])
    again = [_row(run, before.entries[ref], told) for ref, told in rows.items() if ref in before.entries]
    FeedEntry.objects.bulk_update(again, ["mark", "until", "came", "went"], batch_size=_BATCH)


def _row(run: FeedRun, held: Held, told: tuple[str, datetime, datetime | None]) -> FeedEntry:
    """The row of an entry that was there before; it came in this run if it was gone or says otherwise now."""
    mark, _, until = told
    came = run.pk if held.gone or held.mark != mark else held.came
    return FeedEntry(pk=held.key, mark=mark, until=until, came_id=came, went=None)
