"""What bounds the handling of an object: victims whom it may not reveal, erasure by law, recalls."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.node.acts.models import Act
from comity.node.exchange.reasons import CHOICES
from comity.node.parties.models import Party


class VictimHow(models.TextChoices):
    """How we know that an identity is a victim."""

    TARGET = "misp-target", "A MISP attribute names it as the target"
    SIGHTED = "where-sighted", "A sighting took place there"
    HAND = "by-hand", "A person marked it"


class Victim(models.Model):
    """An identity that may have to be made unrecognisable before anything leaves."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="victims")
    ref = models.CharField(max_length=60)
    name = models.CharField(max_length=500, blank=True)  # empty as long as nobody told us
    how = models.CharField(max_length=14, choices=VictimHow.choices)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("name", "ref")
        constraints = (
            models.UniqueConstraint(name="victim_once", fields=("holder", "ref")),
            models.CheckConstraint(name="victim_is_identity", condition=Q(ref__startswith="identity--")),
        )

    def __str__(self) -> str:
        return self.name or self.ref


class Recall(models.Model):
    """One version of an object that was asked back, by us of our partners or by whoever gave it to us."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="recalls", db_index=False)
    ref = models.CharField(max_length=300)
    modified = models.CharField(max_length=40, blank=True)
    source = models.ForeignKey(  # whose recall it is; None: our own
        Party, null=True, on_delete=models.PROTECT, related_name="recalls_made", db_index=False
    )
    act = models.ForeignKey(Act, null=True, on_delete=models.PROTECT, related_name="recalls_brought")
    title = models.CharField(max_length=200, blank=True)  # of the object; gone when that is deleted
    reason = models.CharField(max_length=24, choices=CHOICES)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(name="recall_version_once", fields=("holder", "ref", "modified")),
            models.CheckConstraint(
                name="recall_by_an_act_of_its_source",
                condition=Q(source=None, act=None) | Q(source__isnull=False, act__isnull=False),
            ),
            models.CheckConstraint(
                name="recall_deleted_by_somebody",
                condition=Q(deleted_at=None, deleted_by="") | Q(~Q(deleted_by=""), deleted_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="recall_to_delete",
                fields=("holder", "source"),
                condition=Q(source__isnull=False, deleted_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.ref


class TakenBack(models.Model):
    """A version that a party gave and asked back, and that others had given before: it stays open here.

    The party is told what it would be told if only its own were here, and so learns nothing of the others.
    """

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    ref = models.CharField(max_length=300)
    modified = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="taken_back_once", fields=("holder", "party", "ref", "modified")),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.modified}"


class RecallNotice(models.Model):
    """An act of ours asks one partner for an object back; `ref` is the object's name here."""

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="recall_notices", db_index=False)
    ref = models.CharField(max_length=300, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="recall_notice_once", fields=("act", "ref")),)

    def __str__(self) -> str:
        return self.ref


class ErasedObject(models.Model):
    """An object that a body has erased by law: it is not taken in again while this row stands."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="objects_erased")
    ref = models.CharField(max_length=300)
    at = models.DateTimeField()
    why = models.CharField(max_length=500)
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(name="object_erased_once", fields=("holder", "ref")),
            models.CheckConstraint(name="object_erased_says_why", condition=~Q(why="")),
        )

    def __str__(self) -> str:
        return self.ref
