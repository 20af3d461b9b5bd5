"""Every read of feeds, their runs and what each brought; the actor is asked."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from comity.base.errors import NotFound
from comity.node.exchange.models import Feed, FeedEntry, FeedRun, Outcome
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power


def feeds_for(actor: Actor) -> QuerySet[Feed]:
    """The open feeds of the actor's body; none without the power to read content."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Feed.objects.none()
    return Feed.objects.filter(holder_id=actor.body, closed_at=None).select_related("holder", "source")


def feeds_shown(actor: Actor, last_runs: int) -> QuerySet[Feed]:
    """The same with how many entries each holds, and its last runs: two queries for any number."""
    here = FeedEntry.objects.filter(feed=OuterRef("pk"), went=None).order_by().values("feed")
    runs = Prefetch("runs", FeedRun.objects.order_by("-at", "-pk")[:last_runs], to_attr="last_runs")
    count = Subquery(here.annotate(count=Count("pk")).values("count"))
    return feeds_for(actor).annotate(here=Coalesce(count, 0)).prefetch_related(runs)


def feeds_to_look_at(actor: Actor, failures: int) -> QuerySet[Feed]:
    """Feeds that fail again and again, or of which the last run is held back."""
    last = FeedRun.objects.filter(feed=OuterRef("pk")).order_by("-at", "-pk").values("outcome")[:1]
    found = feeds_for(actor).filter(paused_at=None).annotate(last=Subquery(last))
    return found.filter(Q(failures__gte=failures) | Q(last=Outcome.HELD))


def feed_for(actor: Actor, ref: UUID) -> Feed:
    """One open feed; raises `NotFound`."""
    found = feeds_for(actor).filter(ref=ref).first()
    if found is None:
        raise NotFound("feed")
    return found


def runs_of(actor: Actor, feed: Feed) -> QuerySet[FeedRun]:
    """All runs of a feed that are remembered, the newest first."""
    return FeedRun.objects.filter(feed__in=feeds_for(actor), feed=feed)


def run_for(actor: Actor, ref: UUID, key: int) -> FeedRun:
    """One run of a feed; raises `NotFound`."""
    rows = FeedRun.objects.filter(feed__in=feeds_for(actor), feed__ref=ref, pk=key)
    found = rows.select_related("feed", "brought").first()
    if found is None:
        raise NotFound("run")
    return found


def entries_of(run: FeedRun, *, gone: bool) -> QuerySet[FeedEntry]:
    """What came in a run, or what went."""
    found = FeedEntry.objects.filter(went=run) if gone else FeedEntry.objects.filter(came=run)
    return found.order_by("ref")


def count_here(feed: Feed) -> int:
    """How many entries stood there when it was read last."""
    return FeedEntry.objects.filter(feed=feed, went=None).count()
