"""Runs of feeds: the worker does what is due, a person asks for one at once; how each went is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from comity.base.errors import ComityError
from comity.node.exchange.feeds.credentials import read_credential
from comity.node.exchange.feeds.kinds import kind_of
from comity.node.exchange.feeds.pulling import HeldBack, NothingNew, Pull
from comity.node.exchange.feeds.reaching import (
    FILE,
    FeedUnavailable,
    Folder,
    Reach,
    Web,
    check_address,
    hosts_allowed,
)
from comity.node.exchange.models import Feed, FeedEntry, FeedRun, Outcome
from comity.node.exchange.models.feeds import LONGEST_PROBLEM
from comity.node.exchange.services.remotes import require_cooperation

CLAIM = timedelta(minutes=30)  # a run is cut short long before; another worker begins only then
FIRST_REST = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=6)  # between two tries of a feed that fails, unless it is read more seldom
KEPT = timedelta(days=90)  # how long runs that brought nothing are known, and what others could not take
_AT_ONCE = 20
_WHAT_IT_IS = (
    *(
        "address",
        "settings",
        "credential",
        "source_id",
        "note",
        "label",
        "purpose",
        "licence",
        "confidence",
        "expiry",
    ),
    *("name", "strict"),
)
_WHERE_IT_STANDS = (
    *("etag", "last_modified", "cursor", "floor", "attempted_at", "succeeded_at", "failures", "problem"),
)


def run_due(now: datetime) -> list[FeedRun]:
    """Run every feed that is due and that no other worker has claimed."""
    due = Feed.objects.filter(due__lte=now).exclude(going_on(now)).order_by("due")
    done: list[FeedRun] = []
    for feed in due.select_related("holder", "source")[:_AT_ONCE]:
        claimed = Feed.objects.filter(pk=feed.pk, due=feed.due).update(due=now + CLAIM)
        if claimed:
            done.append(run_feed(feed, now=now))
    return done


def going_on(now: datetime) -> Exists:
    """Whether a feed is being read: two runs at once would both find an entry missing."""
    begun = FeedRun.objects.filter(outcome=Outcome.BEGUN, at__gt=now - CLAIM)
    return Exists(begun.filter(feed=OuterRef("pk")))


def run_feed(feed: Feed, *, now: datetime, by: str = "", reach: Reach | None = None) -> FeedRun:
    """One run, whatever becomes of it; a failure is kept as one, and raised to nobody."""
    run = FeedRun.objects.create(feed=feed, at=now, by=by)
    begun = time.monotonic()
    error: ComityError | None = None
    pull: Pull | None = None
    with ExitStack() as stack:
        try:
            require_cooperation(feed.source)
            way = reach or stack.enter_context(reaching(feed.address, feed.credential))
            pull = Pull(feed, run, way, now)
            kind_of(feed.kind).pull(pull)
        except ComityError as raised:
            error = raised
    run.took = int((time.monotonic() - begun) * 1_000)
    with transaction.atomic():
        if pull is not None:
            pull.end()
        _end(feed, run, error, now)
    return run


@contextmanager
def reaching(address: str, credential: str) -> Iterator[Reach]:
    """How a feed is reached."""
    config = settings.CONFIG
    check_address(address, config)
    if address.startswith(FILE):
        yield Folder(config.feeds)
        return
    secret = read_credential(config.credentials, credential)
    with Web(hosts_allowed(config), config.feed_timeout, secret) as web:
        yield web


def rest_after(failures: int, every: timedelta, asked: timedelta = timedelta()) -> timedelta:
    """How long a feed is left alone after so many failures in a row: twice as long each time, up to a cap."""
    doubled = FIRST_REST * (1 << min(failures - 1, 20))
    return max(min(doubled, max(every, LONGEST_REST)), asked)


def _outcome(error: ComityError | None) -> Outcome:
    if error is None:
        return Outcome.DONE
    if isinstance(error, NothingNew):
        return Outcome.UNCHANGED
    return Outcome.HELD if isinstance(error, HeldBack) else Outcome.FAILED


def _end(feed: Feed, run: FeedRun, error: ComityError | None, now: datetime) -> None:
    outcome = _outcome(error)
    wrong = error if outcome in (Outcome.HELD, Outcome.FAILED) else None
    run.outcome, run.problem = outcome, wrong.message[:LONGEST_PROBLEM] if wrong else ""
    run.save()
    every = timedelta(seconds=feed.every)
    feed.attempted_at, feed.problem, rest = now, run.problem, every
    changed = _changed_meanwhile(feed)
    if outcome is Outcome.FAILED:
        feed.failures += 1
        asked = error.wait if isinstance(error, FeedUnavailable) else 0
        rest = rest_after(feed.failures, every, timedelta(seconds=asked))
    else:
        feed.failures = 0
    if outcome in (Outcome.DONE, Outcome.UNCHANGED):
        feed.succeeded_at = now
        feed.floor = None
    if changed:  # it is read anew, from the beginning
        feed.etag, feed.last_modified, feed.cursor = "", "", {}
    feed.save(update_fields=[*_WHERE_IT_STANDS])
    if not changed:
        Feed.objects.filter(pk=feed.pk, paused_at=None, closed_at=None).update(due=now + rest)
    _forget(feed, now)


def _changed_meanwhile(feed: Feed) -> bool:
    """Whether a person made it another while it was read; its row is locked."""
    row = Feed.objects.select_for_update().get(pk=feed.pk)
    return any(getattr(row, name) != getattr(feed, name) for name in _WHAT_IT_IS)


def _forget(feed: Feed, now: datetime) -> None:
    """Runs that brought nothing go, and what others could not take: it may quote what is erased elsewhere."""
    old = FeedRun.objects.filter(feed=feed, at__lt=now - KEPT)
    old.exclude(told=[]).update(told=[])
    empty = old.filter(brought=None)
    named = FeedEntry.objects.filter(Q(came=OuterRef("pk")) | Q(went=OuterRef("pk")))
    empty.exclude(Exists(named)).delete()
