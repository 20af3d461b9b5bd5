"""The rows of our log, append-only, and what was seen of the logs of others.

Hashes are the engine's: a row that was altered no longer fits the checkpoints that others have cosigned.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from comity.engines.ledger.checkpoint import MAX_ORIGIN, Checkpoint
from comity.engines.ledger.note import Note
from comity.engines.ledger.tiles import FULL_TILE, HASH_SIZE, TILE_WIDTH
from comity.engines.ledger.tree import Tree
from comity.node.parties.models import Party, Person

HEAD = 1  # the one row of `LogHead`


class LogHead(models.Model):
    """How far our log has come; whoever appends holds this row locked until the end of the transaction."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=HEAD)
    origin = models.CharField(max_length=MAX_ORIGIN)  # stays when the node's address changes
    size = models.BigIntegerField(default=0)
    edge = models.BinaryField(default=b"")  # the tiles that are not yet full, level after level
    root = models.BinaryField(max_length=HASH_SIZE)
    last_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="log_head_is_one", condition=Q(id=HEAD)),
            models.CheckConstraint(name="log_head_size", condition=Q(size__gte=0)),
        )

    def __str__(self) -> str:
        return f"{self.origin} at {self.size} entries"

    @property
    def tree(self) -> Tree:
        """The tree of the engine, from which the log grows."""
        return Tree(self.size, _levels(self.size, bytes(self.edge)))


class LogEntry(models.Model):
    """An entry: its commitment for ever, what opens it until the law orders that to be erased."""

    index = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(unique=True)  # grows with the index: either is a cursor over all that happened
    event = models.CharField(max_length=40)
    subject = models.CharField(max_length=300)
    commitment = models.BinaryField(max_length=HASH_SIZE)
    salt = models.BinaryField(max_length=HASH_SIZE, null=True)
    entry = models.BinaryField(null=True)
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("index",)
        verbose_name_plural = "log entries"
        constraints = (
            models.CheckConstraint(name="log_entry_index", condition=Q(index__gte=0)),
            models.CheckConstraint(
                name="log_entry_whole_or_erased",
                condition=Q(salt__isnull=False, entry__isnull=False, erased_at=None, erased_why="")
                | Q(Q(salt=None, entry=None, erased_at__isnull=False), ~Q(erased_why="")),
            ),
        )
        indexes = (
            models.Index(name="log_entry_by_subject", fields=("subject", "index")),
            models.Index(name="log_entry_by_event", fields=("event", "index")),
        )

    def __str__(self) -> str:
        return f"{self.index}: {self.event}"


class LogTile(models.Model):
    """A full tile: 256 hashes that never change again."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField(max_length=FULL_TILE)

    class Meta:
        constraints = (models.UniqueConstraint(name="log_tile_once", fields=("level", "index")),)

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LogCheckpoint(models.Model):
    """A state of our log that we have signed."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=HASH_SIZE)
    note = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(name="log_checkpoint_size", condition=Q(size__gte=1)),)

    def __str__(self) -> str:
        return f"checkpoint at {self.size} entries"


class Cosignature(models.Model):
    """A witness says: I saw this checkpoint, and the log only grew."""

    checkpoint = models.ForeignKey(LogCheckpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=MAX_ORIGIN)
    key_id = models.CharField(max_length=8)
    line = models.TextField()
    at = models.DateTimeField()  # as the witness wrote it

    class Meta:
        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(name="cosignature_once", fields=("checkpoint", "witness", "key_id")),
        )
        indexes = (models.Index(name="cosignature_by_witness", fields=("witness", "-checkpoint")),)

    def __str__(self) -> str:
        return f"{self.witness} on {self.checkpoint_id}"


class Opened(models.Model):
    """An entry was opened to a party that may otherwise see no content."""

    entry = models.ForeignKey(LogEntry, on_delete=models.PROTECT, related_name="openings")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="entries_opened")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    why = models.CharField(max_length=500)

    class Meta:
        ordering = ("at",)
        verbose_name_plural = "opened"
        constraints = (models.UniqueConstraint(name="opened_once", fields=("entry", "party")),)

    def __str__(self) -> str:
        return f"{self.entry_id} to {self.party_id}"


class SeenLog(models.Model):
    """A log of somebody else: its key, and the last checkpoint of it that we accepted."""

    origin = models.CharField(max_length=MAX_ORIGIN, unique=True)
    vkey = models.CharField(max_length=400)
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(max_length=HASH_SIZE, default=b"")
    note = models.BinaryField(default=b"")  # empty: none was seen yet
    at = models.DateTimeField()

    class Meta:
        ordering = ("origin",)

    def __str__(self) -> str:
        return self.origin

    @property
    def last(self) -> Checkpoint | None:
        """The checkpoint that the next one must extend."""
        return Checkpoint.decode(Note.decode(bytes(self.note)).text) if self.note else None


class KeptCheckpoint(models.Model):
    """A checkpoint that its log has signed and that nobody could compare yet; evidence if it is a fork."""

    log = models.ForeignKey(SeenLog, on_delete=models.PROTECT, related_name="kept")
    size = models.BigIntegerField()
    note = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("size",)
        constraints = (models.UniqueConstraint(name="kept_checkpoint_once", fields=("log", "size")),)

    def __str__(self) -> str:
        return f"{self.log_id} at {self.size} entries"

    @property
    def checkpoint(self) -> Checkpoint:
        """What was signed."""
        return Checkpoint.decode(Note.decode(bytes(self.note)).text)


class AlarmDecision(models.TextChoices):
    """What a person decides about a log that contradicted itself."""

    KEEP = "keep", "Keep to the checkpoint seen before"
    ADOPT = "adopt", "Begin anew from the checkpoint offered"


class LogAlarm(models.Model):
    """Two checkpoints of one log that cannot both be true; while it is open the log is not believed."""

    log = models.ForeignKey(SeenLog, on_delete=models.PROTECT, related_name="alarms")
    seen_note = models.BinaryField()
    offered_note = models.BinaryField()
    verdict = models.JSONField()
    raised_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="alarms_decided")
    decided_by_name = models.CharField(max_length=200, blank=True)
    decision = models.CharField(max_length=10, blank=True, choices=AlarmDecision.choices)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-raised_at", "-id")
        constraints = (
            models.UniqueConstraint(
                name="log_alarm_open_once", fields=("log",), condition=Q(decided_at=None)
            ),
            models.CheckConstraint(
                name="log_alarm_decided_whole",
                condition=Q(decided_at=None, decision="", why="", decided_by_name="")
                | Q(
                    Q(decided_at__isnull=False, decision__in=AlarmDecision.values),
                    ~Q(why="") & ~Q(decided_by_name=""),
                ),
            ),
        )

    def __str__(self) -> str:
        return f"alarm {self.pk} of {self.log_id}"

    @property
    def seen(self) -> Checkpoint:
        """The checkpoint that was accepted first."""
        return Checkpoint.decode(Note.decode(bytes(self.seen_note)).text)

    @property
    def offered(self) -> Checkpoint:
        """The checkpoint that contradicts it."""
        return Checkpoint.decode(Note.decode(bytes(self.offered_note)).text)


def _levels(size: int, edge: bytes) -> tuple[bytes, ...]:
    """The edge cut into its levels: each level's width follows from the size."""
    levels: list[bytes] = []
    while size:
        width = size % TILE_WIDTH * HASH_SIZE
        levels.append(edge[:width])
        edge, size = edge[width:], size // TILE_WIDTH
    return tuple(levels)
