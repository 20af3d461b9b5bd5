"""Versions that are stricter than what partners were given, and how far each has come with each partner."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.node.acts.models import Act
from comity.node.parties.models import Party, Person


class FollowedUpTo(models.Model):
    """How far in a holder's order we have looked for newer versions of what partners have."""

    holder = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.holder} up to {self.at}"


class ClosedInPlace(models.Model):
    """A version that became stricter itself, until it is looked at whether a partner has it that may not."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    ref = models.CharField(max_length=300)
    modified = models.CharField(max_length=40, blank=True)
    ways = models.CharField(max_length=60)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="closed_in_place_once", fields=("holder", "ref", "modified")),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.modified}"


class StricterVersion(models.Model):
    """A version that is stricter than one that partners were given."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    ref = models.CharField(max_length=300)
    modified = models.CharField(max_length=40, blank=True)
    ways = models.CharField(max_length=60)  # of the engine's Tightening, in order, between spaces
    source = models.ForeignKey(  # whose version it is; None: our own
        Party, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(name="stricter_version_once", fields=("holder", "ref", "modified")),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.modified}"


class Step(models.TextChoices):
    """What was done so that a stricter version counts at a partner."""

    SENT = "sent", "The newer version is sent"
    RECALLED = "recalled", "Asked to delete what it has"
    ASK = "ask", "May not have it: somebody decides whether to recall"
    LATER = "later", "Nothing can be brought there now"
    NOTHING = "nothing", "Nothing to do"


class StricterFor(models.Model):
    """A partner that was given an older version than a stricter one."""

    version = models.ForeignKey(StricterVersion, on_delete=models.CASCADE, related_name="parties")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    step = models.CharField(max_length=8, choices=Step.choices)
    act = models.ForeignKey(Act, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=500, blank=True)
    settled = models.BooleanField(default=False)  # receipted, or overtaken by a still newer version
    next_try = models.DateTimeField(null=True)
    changed = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(name="stricter_for_once", fields=("version", "party")),
            models.CheckConstraint(
                name="stricter_by_an_act",
                condition=Q(step__in=["sent", "recalled"], act__isnull=False)
                | Q(step__in=["ask", "later", "nothing"], act=None),
            ),
        )
        indexes = (models.Index(name="stricter_open", fields=("party",), condition=Q(settled=False)),)

    def __str__(self) -> str:
        return f"{self.version_id} at {self.party_id}: {self.step}"
