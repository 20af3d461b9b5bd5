"""STIX objects that a body of ours holds, the handling class of each, and whom they may not reveal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.engines.release.terms import Purpose
from comity.node.acts.models import Act
from comity.node.exchange.reasons import CHOICES
from comity.node.exchange.values import LONGEST_KEY, LONGEST_KIND
from comity.node.parties.models import Party, Person


class HandlingClass(models.Model):
    """Everything that a release judgement looks at; objects of one class get one judgement."""

    key = models.CharField(max_length=64, unique=True)
    facts = models.JSONField()
    keep_until = models.DateField(null=True)  # as in the facts: the last day on which it may be kept

    class Meta:
        verbose_name_plural = "handling classes"
        indexes = (
            models.Index(
                name="class_by_last_day", fields=("keep_until",), condition=Q(keep_until__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.key


FORMS = [("stix", "STIX 2.1 bundle"), ("misp", "MISP event"), ("taxii", "TAXII 2.1 envelope")]


class Import(models.Model):
    """A file that a person brought in, or what a party posted; rows are only ever added."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="imports")
    form = models.CharField(max_length=8, choices=FORMS)
    sha256 = models.CharField(max_length=64)  # of the file
    source = models.ForeignKey(Party, null=True, on_delete=models.PROTECT, related_name="imports_given")
    note = models.CharField(max_length=200, blank=True)  # where it comes from, in words
    unmarked_as = models.CharField(max_length=12, blank=True)  # the label given to what carries none
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="imports")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    strict = models.BooleanField(default=False)  # whether objects that break the standard were refused
    ended = models.BooleanField(default=False)  # False while it is kept, and for ever if that broke off
    report = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.get_form_display()} of {self.at:%Y-%m-%d %H:%M}"


class StixObject(models.Model):
    """One version of one object in the hands of one body of ours."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="objects_held", db_index=False)
    ref = models.CharField(max_length=300)
    type = models.CharField(max_length=250)
    modified = models.CharField(max_length=40, blank=True)  # as written; observables have none
    created_by_ref = models.CharField(max_length=60, blank=True)
    sha256 = models.CharField(max_length=64)  # of the canonical form
    wire = models.BinaryField()  # as it came
    title = models.CharField(max_length=200)
    words = models.TextField()  # what the search looks at
    tlp = models.CharField(max_length=12, blank=True)  # of its class, for lists
    latest = models.BooleanField(default=True)
    handling = models.ForeignKey(
        HandlingClass, on_delete=models.PROTECT, related_name="members", db_index=False
    )
    source = models.ForeignKey(
        Party, null=True, on_delete=models.PROTECT, related_name="objects_given", db_index=False
    )
    brought = models.ForeignKey(
        Import, null=True, on_delete=models.PROTECT, related_name="brought", db_index=False
    )
    act = models.ForeignKey(
        Act, null=True, on_delete=models.PROTECT, related_name="objects_brought", db_index=False
    )
    added = models.DateTimeField()  # no two of a holder alike, in the order in which they became visible

    class Meta:
        ordering = ("-added",)
        constraints = (
            models.UniqueConstraint(name="object_version_once", fields=("holder", "ref", "modified")),
            models.UniqueConstraint(name="object_place_once", fields=("holder", "added")),
            models.CheckConstraint(
                name="object_has_one_way_in",
                condition=Q(brought__isnull=False, act=None) | Q(brought=None, act__isnull=False),
            ),
        )
        # Every index costs each object that comes in: these are all that the questions of the pages need.
        indexes = (
            models.Index(name="object_by_source", fields=("holder", "source"), condition=Q(latest=True)),
            # These two answer the counts of the list and of what a partner sees without reading the rows.
            models.Index(name="object_by_type", fields=("holder", "type"), condition=Q(latest=True)),
            # This one gives TAXII its pages as well: what may be seen of a class, in order.
            models.Index(
                name="object_by_class",
                fields=("holder", "handling", "added", "type"),
                condition=Q(latest=True),
            ),
            models.Index(name="object_of_import", fields=("brought",), condition=Q(brought__isnull=False)),
            models.Index(name="object_of_act", fields=("act",), condition=Q(act__isnull=False)),
        )

    def __str__(self) -> str:
        return self.ref


class Link(models.Model):
    """An object names another, whether or not we hold it."""

    object = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="links")
    path = models.CharField(max_length=100)  # source_ref, object_refs, …
    ref = models.CharField(max_length=300, db_index=True)

    def __str__(self) -> str:
        return f"{self.path}: {self.ref}"


class Value(models.Model):
    """A value by which an object is found: an address, a domain, a digest, with the key that sorts it."""

    object = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="values")
    kind = models.CharField(max_length=LONGEST_KIND)
    key = models.CharField(max_length=LONGEST_KEY)

    class Meta:
        indexes = (models.Index(name="value_by_key", fields=("kind", "key", "object")),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.key}"


class Label(models.Model):
    """An object carries a label, or is about a sector: what collections choose by."""

    object = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="labels_carried")
    name = models.CharField(max_length=120)  # `label:` or `sector:` and the word itself

    def __str__(self) -> str:
        return self.name


class VictimHow(models.TextChoices):
    """How we know that an identity is a victim."""

    TARGET = "misp-target", "A MISP attribute names it as the target"
    SIGHTED = "where-sighted", "A sighting took place there"
    HAND = "by-hand", "A person marked it"


class Victim(models.Model):
    """An identity that may have to be made unrecognisable before anything leaves."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="victims")
    ref = models.CharField(max_length=60)
    name = models.CharField(max_length=500, blank=True)  # empty as long as nobody told us
    how = models.CharField(max_length=14, choices=VictimHow.choices)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("name", "ref")
        constraints = (
            models.UniqueConstraint(name="victim_once", fields=("holder", "ref")),
            models.CheckConstraint(name="victim_is_identity", condition=Q(ref__startswith="identity--")),
        )

    def __str__(self) -> str:
        return self.name or self.ref


class Recall(models.Model):
    """One version of an object that was asked back, by us of our partners or by whoever gave it to us."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="recalls", db_index=False)
    ref = models.CharField(max_length=300)
    modified = models.CharField(max_length=40, blank=True)
    source = models.ForeignKey(  # whose recall it is; None: our own
        Party, null=True, on_delete=models.PROTECT, related_name="recalls_made", db_index=False
    )
    act = models.ForeignKey(Act, null=True, on_delete=models.PROTECT, related_name="recalls_brought")
    title = models.CharField(max_length=200, blank=True)  # of the object; gone when that is deleted
    reason = models.CharField(max_length=24, choices=CHOICES)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(name="recall_version_once", fields=("holder", "ref", "modified")),
            models.CheckConstraint(
                name="recall_by_an_act_of_its_source",
                condition=Q(source=None, act=None) | Q(source__isnull=False, act__isnull=False),
            ),
            models.CheckConstraint(
                name="recall_deleted_by_somebody",
                condition=Q(deleted_at=None, deleted_by="") | Q(~Q(deleted_by=""), deleted_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="recall_to_delete",
                fields=("holder", "source"),
                condition=Q(source__isnull=False, deleted_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.ref


class RecallNotice(models.Model):
    """An act of ours asks one partner for an object back; `ref` is the object's name here."""

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="recall_notices", db_index=False)
    ref = models.CharField(max_length=300, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="recall_notice_once", fields=("act", "ref")),)

    def __str__(self) -> str:
        return self.ref


class ErasedObject(models.Model):
    """An object that a body has erased by law: it is not taken in again while this row stands."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="objects_erased")
    ref = models.CharField(max_length=300)
    at = models.DateTimeField()
    why = models.CharField(max_length=500)
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(name="object_erased_once", fields=("holder", "ref")),
            models.CheckConstraint(name="object_erased_says_why", condition=~Q(why="")),
        )

    def __str__(self) -> str:
        return self.ref


_PURPOSES = [(purpose.value, purpose.words) for purpose in Purpose]


class Collection(models.Model):
    """A part of what a body of ours holds, chosen by a query, which callers read by TAXII 2.1."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="collections")
    ref = models.UUIDField(unique=True)
    alias = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=2_000, blank=True)
    purpose = models.CharField(max_length=30, choices=_PURPOSES)
    query = models.JSONField(default=dict)
    may_post = models.BooleanField(default=False)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # Since its query last changed: what was there before is given anew from this instant on.
    since = models.DateTimeField(null=True)
    since_key = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("title", "pk")
        constraints = (
            models.UniqueConstraint(
                name="collection_alias_once",
                fields=("holder", "alias"),
                condition=Q(closed_at=None) & ~Q(alias=""),
            ),
            models.CheckConstraint(
                name="collection_purpose_known", condition=Q(purpose__in=[each for each, _ in _PURPOSES])
            ),
        )

    def __str__(self) -> str:
        return self.title


class Standing(models.Model):
    """What a party was last found to be allowed of a holder's classes, and what opened later."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=30, choices=_PURPOSES)
    levels = models.JSONField(default=dict)  # of each class by its key
    waves = models.JSONField(default=list)  # [first instant in µs, key of the object given at it, classes]

    class Meta:
        constraints = (models.UniqueConstraint(name="standing_once", fields=("holder", "party", "purpose")),)

    def __str__(self) -> str:
        return f"{self.party} with {self.holder} for {self.purpose}"


class HolderClock(models.Model):
    """The last instant of a holder that is taken, if it is not that of an object which is still there."""

    holder = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.holder}: {self.at}"


class TaxiiAccount(models.Model):
    """A party's program that reads collections with a token; only the digest of the token is kept."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="taxii_accounts")
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    last_used = models.DateField(null=True)  # the day is enough to find tokens that nobody uses
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                name="taxii_account_once", fields=("name",), condition=Q(revoked_at=None)
            ),
        )

    def __str__(self) -> str:
        return self.name
