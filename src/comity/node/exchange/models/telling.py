"""Standing rules: which givers are told by themselves what was seen of what they gave us."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.node.parties.models import Party, Person


class TellingRule(models.Model):
    """What we report of a partner's objects is shared with it at once, by the path of every share."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    ended_by_name = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                name="telling_rule_once", fields=("holder", "party"), condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="telling_rule_ended_by_somebody",
                condition=Q(ended_at=None, ended_by_name="")
                | Q(~Q(ended_by_name=""), ended_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.holder} tells {self.party}"
