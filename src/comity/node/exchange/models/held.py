"""STIX objects that a body of ours holds, how each came in, and the handling class of each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.node.acts.models import Act
from comity.node.exchange.content import LONGEST_RELATION
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


FACETS = ("type", "tlp", "source", "confidence", "created", "modified", "valid_from", "valid_until")
BROUGHT_AS = [
    ("stix", "STIX 2.1 bundle"),
    ("misp", "MISP event"),
    ("taxii", "TAXII 2.1 envelope"),  # posted here by a party
    ("pull", "TAXII 2.1 collection"),  # read by us at a server of another
    ("feed", "Feed"),
]


def _in_words(source: Party | None) -> str:
    if source is None:
        return ""
    return "ourselves" if source.ours else source.name


class Import(models.Model):
    """A file that a person brought in, what a party posted or a feed said; rows are only ever added."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="imports")
    form = models.CharField(max_length=8, choices=BROUGHT_AS)
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

    @property
    def giver(self) -> str:
        """Whom it is from, in words; reads `source`."""
        return _in_words(self.source) or self.note or "a file"


class StixObject(models.Model):
    """One version of one object in the hands of one body of ours."""

    holder = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="objects_held", db_index=False)
    ref = models.CharField(max_length=300)
    type = models.CharField(max_length=250)
    modified = models.CharField(
        max_length=40, blank=True
    )  # `formats.stix.version_key` of it; observables have none
    created_by_ref = models.CharField(max_length=60, blank=True)
    # What lists are narrowed by, as the object says it; empty where it says nothing that can be compared.
    relation = models.CharField(max_length=LONGEST_RELATION, blank=True)  # of a relationship
    confidence = models.PositiveSmallIntegerField(null=True)
    created = models.CharField(max_length=40, blank=True)
    valid_from = models.CharField(max_length=40, blank=True)
    valid_until = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(max_length=64)  # of the canonical form
    wire = models.BinaryField()  # as it came
    title = models.CharField(max_length=200)
    words = models.TextField()  # what the search looks at, folded
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
    added = models.DateTimeField()  # no two of a holder alike; what became visible later stands later

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
            # And this one their older versions, of which there are few.
            models.Index(
                name="object_older", fields=("holder", "handling", "added"), condition=Q(latest=False)
            ),
            # A list that is narrowed by none of these reads this one through, and no rows: 100,000 in 15 ms.
            models.Index(
                name="object_facets",
                fields=("holder", "added", *FACETS, "id"),
                condition=Q(latest=True),
            ),
            models.Index(name="object_of_import", fields=("brought",), condition=Q(brought__isnull=False)),
            models.Index(name="object_of_act", fields=("act",), condition=Q(act__isnull=False)),
        )

    def __str__(self) -> str:
        return self.ref

    @property
    def giver(self) -> str:
        """Whom it is from, in words; reads `source` and `brought`."""
        return _in_words(self.source) or (self.brought.note if self.brought is not None else "") or "a file"


class ClassCount(models.Model):
    """How many newest versions, without definitions, a holder has in a class; `counts` keeps it."""

    holder = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="+", db_index=False)
    handling = models.ForeignKey(HandlingClass, on_delete=models.CASCADE, related_name="+", db_index=False)
    held = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(name="class_counted_once", fields=("holder", "handling")),)

    def __str__(self) -> str:
        return f"{self.held} of {self.handling}"


class Link(models.Model):
    """An object names another, whether or not we hold it."""

    object = models.ForeignKey(StixObject, on_delete=models.CASCADE, related_name="links")
    path = models.CharField(max_length=100)  # source_ref, object_refs, …
    ref = models.CharField(max_length=300)

    class Meta:
        # What names a thing, by the property that names it: a hub is asked for a few of its thousands.
        indexes = (models.Index(name="link_by_ref", fields=("ref", "path", "object")),)

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

    class Meta:
        indexes = (models.Index(name="label_by_name", fields=("name", "object")),)

    def __str__(self) -> str:
        return self.name


class HolderClock(models.Model):
    """The last instant of a holder's order that is taken; what comes next stands behind it."""

    holder = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.holder}: {self.at}"
