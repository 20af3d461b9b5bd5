"""What others say of objects: each sighting and opinion that is held, read once when it comes in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.engines.scoring.remarks import Kind, Opinion
from comity.node.exchange.models.held import StixObject
from comity.node.parties.models import Party

KINDS = [(kind.value, kind.value.replace("-", " ")) for kind in Kind]
OPINIONS = [(opinion.value, opinion.value.replace("-", " ")) for opinion in Opinion]


class Remark(models.Model):
    """What one held object says of another, whether or not that is held; counts and scores rest on it."""

    object = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="remarks")  # that says it
    # As of the object that says it: lists are answered without reading that.
    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    ref = models.CharField(max_length=300)  # of what it says it
    kind = models.CharField(max_length=14, choices=KINDS)
    count = models.BigIntegerField(default=1)  # times seen
    opinion = models.CharField(max_length=17, choices=OPINIONS, blank=True)
    at = models.DateTimeField()  # last seen, or said; never after it came in
    looked_at = models.DateTimeField(null=True)  # when a person put a partner's false positive aside

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="remark_opinion_if_one",
                condition=Q(kind=Kind.OPINION.value) & ~Q(opinion="")
                | ~Q(kind=Kind.OPINION.value) & Q(opinion=""),
            ),
        )
        indexes = (
            models.Index(name="remark_by_ref", fields=("holder", "ref", "kind")),
            models.Index(
                name="remark_to_look_at",
                fields=("holder", "source"),
                condition=Q(kind=Kind.FALSE_POSITIVE.value, looked_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.ref}"
