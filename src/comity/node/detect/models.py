"""Sensors and what they did on each day, and how useful the indicators of each source have been."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.formats.sensors import LONGEST_NAME
from comity.node.exchange.models import TaxiiAccount
from comity.node.parties.models import Party


class Counts(models.Model):
    """What is counted of a sensor, in all or on one day."""

    rows = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    unreadable = models.BigIntegerField(default=0)  # rows
    matches = models.BigIntegerField(default=0)
    sightings = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


COUNTED = ("rows", "bytes", "unreadable", "matches", "sightings")


class Sensor(Counts):
    """An account that has told of itself as a sensor; `told` is its last report, decoded and written anew."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="sensors")
    account = models.OneToOneField(TaxiiAccount, on_delete=models.PROTECT, related_name="sensor")
    first_heard = models.DateTimeField()
    heard = models.DateTimeField()
    every = models.PositiveIntegerField()  # seconds until it is to be heard again
    began = models.DateTimeField()  # since when its numbers count
    software = models.CharField(max_length=LONGEST_NAME)
    indicators = models.BigIntegerField()
    indicators_at = models.DateTimeField(null=True)
    newest = models.DateTimeField(null=True)  # event in the log that is furthest behind
    last_match = models.DateTimeField(null=True)
    logs = models.JSONField(default=list)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ("account__name", "pk")

    def __str__(self) -> str:
        return self.account.name


class SensorDay(Counts):
    """What a sensor did on a day in UTC."""

    sensor = models.ForeignKey(Sensor, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()

    class Meta:
        ordering = ("-day",)
        constraints = (models.UniqueConstraint(name="sensor_day_once", fields=("sensor", "day")),)

    def __str__(self) -> str:
        return f"{self.sensor} on {self.day}"


class Usefulness(models.Model):
    """What became of the indicators of one source in the hands of one body, as it was counted last."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=200, blank=True)  # the source, where no party gave them
    indicators = models.BigIntegerField()  # held now
    met = models.BigIntegerField()  # of which a sighting by another than the giver is held
    wrong = models.BigIntegerField()  # that another called a false positive
    wait = models.BigIntegerField(null=True)  # median seconds until the first sighting
    at = models.DateTimeField()

    class Meta:
        ordering = ("-met", "-indicators", "pk")
        constraints = (
            models.UniqueConstraint(name="usefulness_of_party_once", fields=("holder", "party")),
            models.UniqueConstraint(
                name="usefulness_of_words_once", fields=("holder", "words"), condition=Q(party=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.met} of {self.indicators} from {self.party or self.words}"

    @property
    def source(self) -> str:
        """The source in words; reads `party`."""
        if self.party is None:
            return self.words
        return "ourselves" if self.party_id == self.holder_id else self.party.name
