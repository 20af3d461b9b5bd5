"""Acts, what they carry, who approved them, and how far each has come with each recipient.

An act is never changed after it is recorded: its bytes, digest and place in the log stand together. What it
says can be erased by law; digest and place stay.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.base.tlp import Tlp
from comity.node.parties.models import Party, Person


class ActState(models.TextChoices):
    """How far an act has come in our house."""

    AWAITING = "awaiting-approval", "Awaiting approval"
    RECORDED = "recorded", "Recorded"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Act(models.Model):
    """One act of cooperation, ours or a partner's."""

    ref = models.CharField(max_length=60, unique=True)  # comity-act--<uuid>
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=20, choices=ActState.choices)
    ours = models.BooleanField()
    author = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="acts_authored")
    recipients = models.ManyToManyField(Party, related_name="acts_received")
    in_reply_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="answers")
    tlp = models.CharField(max_length=12, choices=[(label.value, label.label) for label in Tlp])
    purpose = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    basis = models.JSONField(default=list)
    body = models.JSONField()
    selection = models.JSONField(
        default=list
    )  # what the composer chose; the judgement decides what of it leaves
    judgement = models.JSONField(null=True)  # None for a partner's act: its judgement stays at home
    second_person = models.JSONField(null=True)  # the ground that asks for four eyes, if one does
    composed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="acts_composed")
    # Whoever composed it, or made the program that did: never its second person.
    answerable = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    composed_by_name = models.CharField(max_length=200)
    composed_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True)
    expires = models.DateTimeField(null=True)
    wire = models.BinaryField(null=True)  # the signed canonical bytes
    sha256 = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  unsigned acts have no digest
    log_index = models.BigIntegerField(null=True, unique=True)
    contents_until = models.DateField(
        null=True
    )  # the last day on which its giver lets us keep what it carries
    contents_ended = models.DateTimeField(null=True)  # when that was deleted
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=500, blank=True)
    erased_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-composed_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="act_recorded_whole",
                condition=Q(
                    Q(wire__isnull=False) | Q(erased_at__isnull=False),
                    state="recorded",
                    sha256__isnull=False,
                    log_index__isnull=False,
                    recorded_at__isnull=False,
                )
                | Q(
                    ~Q(state="recorded"),
                    wire=None,
                    sha256=None,
                    log_index=None,
                    recorded_at=None,
                ),
            ),
            models.CheckConstraint(
                name="act_of_others_is_recorded", condition=Q(ours=True) | Q(state="recorded")
            ),
            models.CheckConstraint(
                name="act_whole_or_erased",
                condition=Q(~Q(title=""), erased_at=None, erased_why="", erased_by="")
                | Q(
                    ~Q(erased_why=""),
                    ~Q(erased_by=""),
                    ~Q(state="awaiting-approval"),
                    erased_at__isnull=False,
                    title="",
                    judgement__isnull=True,
                    wire=None,
                ),
            ),
            models.CheckConstraint(
                name="act_contents_end_in_time",
                condition=Q(contents_ended=None) | Q(contents_until__isnull=False, ours=False),
            ),
        )
        indexes = (
            # In the order of the lists; by what the first ends with, skipping and searching reads no rows.
            models.Index(name="act_newest", fields=("-composed_at", "-id", "author", "title")),
            models.Index(name="act_by_direction", fields=("ours", "-composed_at", "-id")),
            models.Index(name="act_by_state", fields=("state", "-composed_at", "-id")),
            models.Index(name="act_by_author", fields=("author", "-composed_at", "-id")),
            models.Index(name="act_by_kind", fields=("kind", "-composed_at", "-id")),
            models.Index(
                name="act_contents_due",
                fields=("contents_until",),
                condition=Q(contents_until__isnull=False, contents_ended=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.called}"

    @property
    def called(self) -> str:
        """What people call it: its title, or that it was erased."""
        return "Erased by law" if self.erased_at else self.title


class Content(models.Model):
    """A STIX object as it left or arrived: its canonical bytes under their digest."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    ref = models.CharField(max_length=300, db_index=True)
    modified = models.CharField(max_length=40, blank=True)
    wire = models.BinaryField()

    def __str__(self) -> str:
        return self.ref


class ActContent(models.Model):
    """An act carries a content, in its place."""

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="carried")
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="carried_by")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="content_place_once", fields=("act", "position")),
            models.UniqueConstraint(name="content_once_per_act", fields=("act", "content")),
        )

    def __str__(self) -> str:
        return f"{self.act_id}:{self.position}"


class Decision(models.TextChoices):
    """What a second person says of an act."""

    APPROVE = "approve", "Approved"
    DECLINE = "decline", "Declined"


class Approval(models.Model):
    """A second person's decision on an act."""

    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="approval")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="approvals")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.decision} by {self.person}"


class DeliveryState(models.TextChoices):
    """How far an act of ours has come with one recipient."""

    WAITING = "waiting", "Waiting to be sent"
    HANDED_OVER = "handed-over", "Handed over, receipt awaited"
    RECEIPTED = "receipted", "Receipted"
    REFUSED = "refused", "Refused by the partner"
    WITHHELD = "withheld", "Withheld by us"


class Delivery(models.Model):
    """An act of ours on its way to one recipient; `words` say what happened last and what is awaited."""

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="deliveries")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="deliveries")
    state = models.CharField(
        max_length=12, choices=DeliveryState.choices, default=DeliveryState.WAITING.value
    )
    position = models.BigIntegerField()  # the act's place in our log: the exact order of the outbox
    added = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField(null=True)  # None: nothing more to try
    code = models.CharField(max_length=60, blank=True)
    words = models.CharField(max_length=500)
    changed = models.DateTimeField()
    aside_by = models.CharField(max_length=200, blank=True)  # who has seen that it goes no further

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="delivery_once", fields=("act", "party")),
            models.CheckConstraint(
                name="delivery_done_is_not_tried",
                condition=Q(next_try=None) | Q(state__in=["waiting", "handed-over"]),
            ),
        )
        indexes = (
            models.Index(name="delivery_outbox", fields=("party", "position")),
            models.Index(name="delivery_by_state", fields=("state", "party", "changed")),
            models.Index(name="delivery_due", fields=("next_try",), condition=Q(next_try__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.act_id} to {self.party_id}: {self.state}"


class Receipt(models.Model):
    """A signed receipt: one we issued for a partner's act, or one a partner issued for ours."""

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="receipts")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="receipts")  # the receiver
    issued = models.BooleanField()  # by us
    ref = models.CharField(max_length=60)
    wire = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()
    log_index = models.BigIntegerField()  # ours: of the arrival if issued, of the receipt itself if not
    return_due = models.DateTimeField(null=True)  # issued, and still to be handed to the author's node

    class Meta:
        constraints = (
            models.UniqueConstraint(name="receipt_once", fields=("act", "party")),
            models.CheckConstraint(
                name="receipt_return_only_ours", condition=Q(return_due=None) | Q(issued=True)
            ),
        )
        indexes = (
            models.Index(name="receipt_due", fields=("return_due",), condition=Q(return_due__isnull=False)),
        )

    def __str__(self) -> str:
        return self.ref
