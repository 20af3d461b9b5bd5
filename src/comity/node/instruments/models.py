"""Agreements, each with the acts it rests on; an amended agreement is a new one that names the old."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from comity.node.acts.models import Act
from comity.node.parties.models import Party


class AgreementState(models.TextChoices):
    """How far an agreement has come."""

    PROPOSED = "proposed", "Proposed"
    IN_FORCE = "in-force", "Concluded"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Agreement(models.Model):
    """A sharing agreement between a body of ours and a partner; `ref` is the same on both nodes."""

    ref = models.CharField(max_length=60, unique=True)  # agreement--<uuid>
    title = models.CharField(max_length=200)
    ours = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="agreements_as_ours")
    partner = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="agreements_as_partner")
    state = models.CharField(max_length=12, choices=AgreementState.choices)
    terms = models.JSONField()  # as proposed, to the letter: the answer names their digest
    terms_sha256 = models.CharField(max_length=64)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    proposal = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="agreement_proposed")
    answer = models.OneToOneField(Act, null=True, on_delete=models.PROTECT, related_name="agreement_answered")
    withdrawal = models.OneToOneField(
        Act, null=True, on_delete=models.PROTECT, related_name="agreement_withdrawn"
    )
    since = models.DateField(null=True)  # first day in force
    ended = models.DateField(null=True)  # first day on which a withdrawal or a replacement has effect

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(name="agreement_two_parties", condition=~Q(ours=F("partner"))),
            models.CheckConstraint(
                name="agreement_rests_on_acts",
                condition=Q(state="proposed", answer=None, since=None, ended=None, withdrawal=None)
                | Q(state="in-force", answer__isnull=False, since__isnull=False, withdrawal=None)
                | Q(state="declined", answer__isnull=False, since=None, ended=None, withdrawal=None)
                | Q(state="withdrawn", withdrawal__isnull=False, ended__isnull=False),
            ),
        )
        indexes = (models.Index(name="agreement_between", fields=("ours", "partner", "state")),)

    def __str__(self) -> str:
        return self.title
