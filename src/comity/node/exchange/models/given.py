"""What came in a second time, from somebody else: the same content, or another under the same version."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.node.acts.models import Act
from comity.node.exchange.models.held import Import
from comity.node.parties.models import Party


class AlsoGiven(models.Model):
    """What was given of a version that is held here from elsewhere: kept beside that, and shown nowhere.

    A poster that may not see what is held is told that its own was taken. This row makes that true: it can be
    posted again, is contradicted by other content, and can be withdrawn, as if nothing else were held. And if
    what is held is withdrawn, or its time ends, this takes its place: nobody takes back what others gave.
    """

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    party = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="also_given")
    ref = models.CharField(max_length=300)
    modified = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(max_length=64)
    wire = models.BinaryField()
    brought = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="+")
    act = models.ForeignKey(Act, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.JSONField()  # as `handling.Origin` is written: whose it is, and under which terms it came
    at = models.DateTimeField()
    keep_until = models.DateField(null=True)

    class Meta:
        ordering = ("ref", "modified", "pk")
        constraints = (
            models.UniqueConstraint(name="also_given_once", fields=("holder", "ref", "modified", "party")),
            models.UniqueConstraint(
                name="also_given_once_by_nobody",
                fields=("holder", "ref", "modified"),
                condition=Q(party=None),
            ),
            models.CheckConstraint(
                name="also_given_one_way_in",
                condition=Q(brought__isnull=False, act=None) | Q(brought=None, act__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="also_given_by_last_day", fields=("keep_until",), condition=Q(keep_until__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} from {self.party}"
