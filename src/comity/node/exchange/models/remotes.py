"""Collections at servers of others: what is read of them, and what became of all that was posted to them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.engines.release.terms import Purpose
from comity.node.credentials import Scheme
from comity.node.parties.models import Party

_PURPOSES = [(purpose.value, purpose.words) for purpose in Purpose]
_SCHEMES = [(scheme.value, scheme.value) for scheme in Scheme]


class RemoteCollection(models.Model):
    """A TAXII 2.1 collection at a server of somebody else, from which we read, or to which we post."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="remotes")
    ref = models.UUIDField(unique=True)  # also the name of the file that holds its token or password
    name = models.CharField(max_length=80)
    api_root = models.CharField(max_length=500)
    collection = models.CharField(max_length=200)  # its id there, or its alias
    scheme = models.CharField(max_length=10, choices=_SCHEMES)
    party = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="remotes_of")
    note = models.CharField(max_length=200, blank=True)  # whose it is in words, where that is no party
    gives = models.BooleanField(default=False)  # whether we post what release lets the party see
    purpose = models.CharField(max_length=30, choices=_PURPOSES)
    unmarked_as = models.CharField(max_length=12, blank=True)
    strict = models.BooleanField(default=False)
    types = models.JSONField(default=list)  # STIX types that are read; none means all
    overlap = models.PositiveIntegerField(default=0)  # seconds that are read again each time
    added_after = models.CharField(max_length=40, blank=True)  # X-TAXII-Date-Added-Last, as it was written
    read_at = models.DateTimeField(null=True)  # when all that there was had been read
    posted_at = models.DateTimeField(null=True)  # when all that there was to give had been given
    trouble = models.CharField(max_length=500, blank=True)  # what kept the last attempt from its end
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                name="remote_name_once", fields=("holder", "name"), condition=Q(ended_at=None)
            ),
            models.CheckConstraint(name="remote_has_source", condition=Q(party__isnull=False) | ~Q(note="")),
            models.CheckConstraint(
                name="remote_gives_to_party", condition=Q(gives=False) | Q(party__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.name


class PostState(models.TextChoices):
    """What became of a version that was posted."""

    SENDING = "sending", "on its way; whether it arrived is not known"
    PENDING = "pending", "there, and not decided yet"
    TAKEN = "taken", "taken"
    REFUSED = "refused", "refused"
    LEAVING = "leaving", "to be deleted there"
    ASKED = "asked", "asked to delete it there"
    WITHDRAWN = "withdrawn", "taken back"


MAY_BE_THERE = (PostState.TAKEN, PostState.PENDING, PostState.SENDING, PostState.LEAVING, PostState.ASKED)


class Posted(models.Model):
    """One version of one object that we posted to a collection of a partner, and what the server said."""

    remote = models.ForeignKey(
        RemoteCollection, on_delete=models.PROTECT, related_name="posted", db_index=False
    )
    ref = models.CharField(max_length=300)  # here
    modified = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300)  # its id there: another one after a removal
    sha256 = models.CharField(max_length=64)  # of what left
    state = models.CharField(max_length=10, choices=PostState.choices)
    status = models.CharField(max_length=200, blank=True)  # its id there, while it is pending
    words = models.CharField(max_length=500, blank=True)  # of the server
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(name="posted_once", fields=("remote", "ref", "modified", "name")),
        )
        indexes = (
            models.Index(name="posted_by_state", fields=("remote", "state", "at")),
            models.Index(name="posted_by_name", fields=("name",)),
            models.Index(name="posted_by_ref", fields=("ref",)),
        )

    def __str__(self) -> str:
        return f"{self.ref} to {self.remote}: {self.get_state_display()}"
