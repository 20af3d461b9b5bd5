"""Webhooks: addresses that are called when a party can read something new of a collection."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.formats.webhooks import CallKind
from comity.node.exchange.models.collections import Collection
from comity.node.parties.models import Party


class HookForm(models.TextChoices):
    """What a call carries."""

    NOTICE = "notice", "A notice: how many objects are new, and from where on to read them"
    CONTENT = "content", "The objects themselves"


class HookState(models.TextChoices):
    """How far a subscription has come."""

    ASKED = "asked", "Asked whether it wants to be called"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"


class Webhook(models.Model):
    """An address of a party's program, called when the party can read something new of a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="webhooks")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="webhooks", db_index=False)
    address = models.URLField(max_length=500)
    form = models.CharField(max_length=8, choices=HookForm.choices)
    state = models.CharField(max_length=8, choices=HookState.choices, default=HookState.ASKED.value)
    challenge = models.CharField(max_length=43)  # what the address has to answer before it is called
    cursor = models.BigIntegerField()  # the instant up to which it was told, in µs
    seen = models.BigIntegerField(default=0)  # the last instant of the holder's order at the last look
    looked_at = models.DateTimeField(null=True)
    next_try = models.DateTimeField(null=True)  # None: it is not called
    attempts = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    words = models.CharField(max_length=500, blank=True)  # what happened last
    called_at = models.DateTimeField(null=True)  # the last call that was taken
    told = models.BigIntegerField(default=0)  # objects, in all calls that were taken
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                name="webhook_once",
                fields=("collection", "party", "address"),
                condition=~Q(state="ended"),
            ),
            models.CheckConstraint(
                name="webhook_called_while_it_may_be",
                condition=Q(state__in=["asked", "active"], next_try__isnull=False)
                | Q(state__in=["paused", "ended"], next_try=None),
            ),
        )
        indexes = (
            models.Index(name="webhook_due", fields=("next_try",), condition=Q(next_try__isnull=False)),
        )

    def __str__(self) -> str:
        return self.address


class HookCall(models.Model):
    """One of the last calls of a webhook."""

    hook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="calls")
    kind = models.CharField(max_length=9, choices=[(kind.value, kind.value) for kind in CallKind])
    at = models.DateTimeField()
    taken = models.BooleanField()
    status = models.PositiveSmallIntegerField(null=True)  # None: it did not answer
    count = models.PositiveIntegerField()  # objects of which it told
    words = models.CharField(max_length=500)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.words
