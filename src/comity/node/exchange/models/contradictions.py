"""Contradictions that were found when statements came in, so that lists can show what is in doubt."""

from __future__ import annotations

from django.db import models

from comity.engines.contradictions.rules import RULES
from comity.node.exchange.models.held import StixObject
from comity.node.parties.models import Party

LONGEST_RULE = 20
RULE_NAMES = [(rule.name, rule.text) for rule in RULES]


class ComparedUpTo(models.Model):
    """How far in a holder's order statements were compared with what others say."""

    holder = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.holder} up to {self.at}"


class Contradiction(models.Model):
    """Two statements about an object, or it and another, that cannot both hold; while all are the newest."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    object = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="contradictions")
    one = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="+")
    rule = models.CharField(max_length=LONGEST_RULE, choices=RULE_NAMES)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(name="contradiction_once", fields=("object", "one", "other", "rule")),
        )
        indexes = (models.Index(name="contradiction_by_holder", fields=("holder", "id")),)

    def __str__(self) -> str:
        return f"{self.object_id}: {self.rule}"
