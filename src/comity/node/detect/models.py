"""Sensors, each the account of a party's program, and what they did on each day."""

from __future__ import annotations

from django.db import models

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
