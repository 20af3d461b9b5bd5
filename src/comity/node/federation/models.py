"""Partners, their keys and ours, and the doors between the nodes."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from comity.node.keys import KeyUse
from comity.node.parties.models import Party, Person

_ENDS_LATER = Q(until=None) | Q(until__gt=F("since"))


class PartnerState(models.TextChoices):
    """How far the trust in a partner's node has come."""

    INTRODUCED = "introduced", "Introduced, fingerprint not yet compared"
    ACCEPTED = "accepted", "Accepted"
    SUSPENDED = "suspended", "Suspended, a decision is needed"
    ENDED = "ended", "Ended"


class Reach(models.TextChoices):
    """How acts come to the partner's node."""

    PUSH = "push", "We send to its inbox"
    FETCH = "fetch", "It fetches from our outbox"


class Partner(models.Model):
    """A party's node: where it is, how we reach it, and what we last heard of it."""

    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="partner")
    address = models.URLField(max_length=300, unique=True)
    state = models.CharField(max_length=12, choices=PartnerState.choices)
    state_words = models.CharField(max_length=500)
    state_since = models.DateTimeField()
    reach = models.CharField(max_length=6, choices=Reach.choices, default=Reach.PUSH.value)
    # Whether we look into the partner's outbox as well: then its acts come even if it cannot reach us.
    fetches = models.BooleanField(default=False)
    descriptor = models.BinaryField()
    descriptor_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=200)  # the twelve words that a person compares
    api_root = models.URLField(max_length=300)
    log_origin = models.CharField(max_length=300, unique=True)
    log_url = models.URLField(max_length=300)
    witness_name = models.CharField(max_length=300)
    fetch_cursor = models.CharField(max_length=100, blank=True)
    fetch_held_since = models.DateTimeField(null=True)  # an act that came too early holds the cursor back
    fetch_due = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # when we last asked its node who it is now
    changed_at = models.DateTimeField(null=True)  # when it last said something else of itself, and what
    changed_words = models.CharField(max_length=500, blank=True)
    heard_at = models.DateTimeField(null=True)
    trouble = models.CharField(
        max_length=500, blank=True
    )  # the last thing that went wrong; empty when all is well
    witnessed_size = models.BigIntegerField(default=0)  # the size of our log that this partner cosigned last
    accepted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("party__name",)
        constraints = (
            models.CheckConstraint(
                name="partner_accepted_by_person",
                condition=Q(state="introduced") | Q(accepted_by__isnull=False) | Q(state="ended"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.party} at {self.address}"


class PartnerKey(models.Model):
    """A public key of a partner's node, for one use, from a time until a time."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="keys")
    kid = models.CharField(max_length=43)  # RFC 7638 thumbprint
    use = models.CharField(max_length=8, choices=[(use.value, use.value) for use in KeyUse])
    public = models.BinaryField()  # 32 raw bytes
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="partner_key_once", fields=("partner", "kid", "use")),
            models.CheckConstraint(name="partner_key_ends", condition=_ENDS_LATER),
        )

    def __str__(self) -> str:
        return f"{self.use} {self.kid}"


class OwnKey(models.Model):
    """A public key of ours, past or present; the private halves are files (see `comity.node.keys`)."""

    kid = models.CharField(max_length=43)
    use = models.CharField(max_length=8, choices=[(use.value, use.value) for use in KeyUse])
    public = models.BinaryField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="own_key_once", fields=("kid", "use")),
            models.CheckConstraint(name="own_key_ends", condition=_ENDS_LATER),
            models.UniqueConstraint(name="own_key_one_current", fields=("use",), condition=Q(until=None)),
        )

    def __str__(self) -> str:
        return f"{self.use} {self.kid}"
