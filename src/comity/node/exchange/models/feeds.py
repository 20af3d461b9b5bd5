"""Feeds that a body reads by itself: where each stands, what it held last, and how each run went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.node.exchange.models.held import Import
from comity.node.parties.models import Party

LONGEST_PROBLEM = 1_000
MOST_CONFIDENT = 100
_PURPOSES = [(purpose.value, purpose.words) for purpose in Purpose]


class Feed(models.Model):
    """Something public or agreed that is read again and again; of what kind it is, the registry knows."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="feeds")
    ref = models.UUIDField(unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12)
    address = models.CharField(max_length=2_000)  # https://…, or file:NAME in the folder of feeds
    settings = models.JSONField(default=dict)  # as its kind reads them: for lists, the mapping
    credential = models.CharField(max_length=80, blank=True)  # name of a file with what the address asks for
    source = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="feeds_given")
    note = models.CharField(max_length=200, blank=True)  # where it comes from, in words
    label = models.CharField(max_length=12, blank=True, choices=[(each.value, each.label) for each in Tlp])
    purpose = models.CharField(max_length=30, choices=_PURPOSES, default=Purpose.NETWORK_DEFENCE.value)
    licence = models.CharField(max_length=300, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True)  # 0 to 100, of what says none itself
    expiry = models.PositiveIntegerField(null=True)  # days after which what it said last is valid no more
    strict = models.BooleanField(default=False)  # whether objects that break the standard are refused
    every = models.PositiveIntegerField()  # seconds between two runs
    opened_by = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=200, blank=True)
    paused_why = models.CharField(max_length=500, blank=True)
    # Where the last run left it.
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    cursor = models.JSONField(default=dict)  # of its kind: where the next run goes on
    floor = models.PositiveIntegerField(null=True)  # so few entries a person has said may be taken
    attempted_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    problem = models.CharField(max_length=LONGEST_PROBLEM, blank=True)  # of the last run, in words
    due = models.DateTimeField(null=True)  # None while paused, and for ever once closed

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                name="feed_name_once", fields=("holder", "name"), condition=Q(closed_at=None)
            ),
            models.CheckConstraint(
                name="feed_says_its_source", condition=Q(source__isnull=False) | ~Q(note="")
            ),
            models.CheckConstraint(
                name="feed_confidence_in_bounds",
                condition=Q(confidence=None) | Q(confidence__lte=MOST_CONFIDENT),
            ),
            models.CheckConstraint(
                name="feed_paused_by_somebody",
                condition=Q(paused_at=None, paused_by="") | Q(~Q(paused_by=""), paused_at__isnull=False),
            ),
            models.CheckConstraint(
                name="feed_at_rest_is_not_due",
                condition=Q(paused_at=None, closed_at=None) | Q(due=None),
            ),
        )
        indexes = (models.Index(name="feed_due", fields=("due",), condition=Q(due__isnull=False)),)

    def __str__(self) -> str:
        return self.name


class Outcome(models.TextChoices):
    """How a run ended; one that has not ended is going on, or was cut short."""

    BEGUN = "begun", "Going on, or cut short"
    DONE = "done", "Taken"
    UNCHANGED = "unchanged", "Nothing new there"
    HELD = "held", "Held back: a person decides"
    FAILED = "failed", "Failed"


class FeedRun(models.Model):
    """One look at a feed, and what became of each of its entries."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="runs", db_index=False)
    at = models.DateTimeField()
    took = models.PositiveIntegerField(default=0)  # milliseconds
    by = models.CharField(max_length=200, blank=True)  # who asked for it; empty: the schedule
    outcome = models.CharField(max_length=9, choices=Outcome.choices, default=Outcome.BEGUN)
    problem = models.CharField(max_length=LONGEST_PROBLEM, blank=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes that came over the line
    sha256 = models.CharField(max_length=64, blank=True)  # of what was read, unpacked
    entries = models.PositiveIntegerField(default=0)  # that could be mapped
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)  # objects that were not kept
    unmapped = models.PositiveIntegerField(default=0)  # entries of which nothing could be made
    told = models.JSONField(default=list)  # what was refused or not mapped: [what, why]
    brought = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="feed_runs")

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(name="run_of_feed", fields=("feed", "at")),)

    def __str__(self) -> str:
        return f"{self.feed}, {self.at:%Y-%m-%d %H:%M}"

    @property
    def not_taken(self) -> int:
        """What could not be mapped, or was refused."""
        return self.unmapped + self.refused

    @property
    def seconds(self) -> str:
        """How long it took."""
        return f"{self.took / 1_000:.1f}"


class FeedEntry(models.Model):
    """One thing that a feed held when it was read last, or held before: a value's object, an event."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="entries", db_index=False)
    ref = models.CharField(max_length=300)  # id of the object, or uuid of the event
    mark = models.CharField(max_length=64)  # changes with what the feed says of it
    since = models.DateTimeField()  # when it was seen first
    until = models.DateTimeField(null=True)  # valid_until of the version that is held
    came = models.ForeignKey(FeedRun, on_delete=models.PROTECT, related_name="came")
    went = models.ForeignKey(FeedRun, null=True, on_delete=models.PROTECT, related_name="went")

    class Meta:
        constraints = (models.UniqueConstraint(name="feed_entry_once", fields=("feed", "ref")),)

    def __str__(self) -> str:
        return self.ref
