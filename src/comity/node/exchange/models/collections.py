"""What parties read by TAXII 2.1: collections, what each party was found to be allowed, accounts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.engines.release.terms import Purpose
from comity.node.parties.models import Party

_PURPOSES = [(purpose.value, purpose.words) for purpose in Purpose]


class Collection(models.Model):
    """A part of what a body of ours holds, chosen by a query, which callers read by TAXII 2.1."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="collections")
    ref = models.UUIDField(unique=True)
    alias = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=2_000, blank=True)
    purpose = models.CharField(max_length=30, choices=_PURPOSES)
    query = models.JSONField(default=dict)
    may_post = models.BooleanField(default=False)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # Since its query last changed: what was there before is given anew from this instant on.
    since = models.DateTimeField(null=True)
    scatter = models.JSONField(default=list)  # how: as in a wave of `Standing`

    class Meta:
        ordering = ("title", "pk")
        constraints = (
            models.UniqueConstraint(
                name="collection_alias_once",
                fields=("holder", "alias"),
                condition=Q(closed_at=None) & ~Q(alias=""),
            ),
            models.CheckConstraint(
                name="collection_purpose_known", condition=Q(purpose__in=[each for each, _ in _PURPOSES])
            ),
        )

    def __str__(self) -> str:
        return self.title


class Standing(models.Model):
    """What a party was last found to be allowed of a holder's classes, and what opened later."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=30, choices=_PURPOSES)
    levels = models.JSONField(default=dict)  # of each class by its key
    # [first instant in µs, how keys are scattered from there on (`taxii.scattering`), classes]
    waves = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(name="standing_once", fields=("holder", "party", "purpose")),)

    def __str__(self) -> str:
        return f"{self.party} with {self.holder} for {self.purpose}"


class ReducedName(models.Model):
    """The id under which an object was given after a removal; who was told it may ask for it."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=300)
    ref = models.CharField(max_length=300)  # of the object as it is held

    class Meta:
        constraints = (models.UniqueConstraint(name="reduced_name_once", fields=("holder", "name")),)

    def __str__(self) -> str:
        return f"{self.name} for {self.ref}"


class TaxiiAccount(models.Model):
    """A party's program that reads collections with a token; only the digest of the token is kept."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="taxii_accounts")
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    last_used = models.DateField(null=True)  # the day is enough to find tokens that nobody uses
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                name="taxii_account_once", fields=("name",), condition=Q(revoked_at=None)
            ),
        )

    def __str__(self) -> str:
        return self.name
