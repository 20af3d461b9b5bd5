"""What of the log a reader may see: everybody who reads it sees commitments, and some what is behind them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet

from comity.base.errors import NotFound
from comity.node.accountability import identity, queries
from comity.node.accountability.models import Cosignature, LogAlarm, LogEntry, Opened
from comity.node.accountability.queries import LogProof, Opening
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

PAGE = 50
MOST_ABOUT = 1_000  # entries about one subject that are looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the log for a reader: subject and opening only where the reader may see them."""

    index: int
    at: datetime
    event: str
    commitment: str
    erased: bool
    opened: bool
    subject: str = ""

    @property
    def words(self) -> str:
        """The event for people."""
        return self.event.replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the log, newest entries first; the indexes lead to the pages beside it."""

    lines: tuple[LogLine, ...]
    older: int | None  # the page of the entries before this index
    newer: int | None  # likewise; None when this is the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What anybody needs to check our log: its newest checkpoint, who cosigned it, and our key."""

    origin: str
    size: int
    root: str
    at: datetime
    vkey: str
    cosignatures: tuple[Cosignature, ...]


def log_state() -> LogState | None:
    """The state of our log for a page; None before its first entry."""
    row, known = queries.newest_checkpoint(), queries.head()
    if row is None or known is None:
        return None
    return LogState(
        origin=known.origin,
        size=row.size,
        root=b64encode(bytes(row.root)).decode(),
        at=row.at,
        vkey=identity.log_key(known.origin).encode(),
        cosignatures=tuple(row.cosignatures.all()),
    )


def log_page(actor: Actor, *, event: str = "", subject: str = "", before: int | None = None) -> LogPage:
    """A page of the log for a reader, filtered; a subject finds only what the reader may see."""
    actor.may(Power.READ_LOG).require()
    rows = LogEntry.objects.all()
    if event:
        rows = rows.filter(event=event)
    if subject:
        about = rows.filter(subject=subject)
        rows = about.filter(index__in=_visible_among(actor, about.order_by("-index")[:MOST_ABOUT]))
    upper = rows if before is None else rows.filter(index__lt=before)
    found = list(upper.order_by("-index")[: PAGE + 1])
    shown = found[:PAGE]
    visible = _visible_among(actor, shown)
    lines = tuple(_line(row, opened=row.index in visible) for row in shown)
    return LogPage(lines, shown[-1].index if len(found) > PAGE else None, _newer(rows, before))


def line_for(actor: Actor, index: int) -> tuple[LogLine, Opening | None]:
    """One entry for a reader, with its opening where the reader may see it and it was not erased."""
    row, seen = _entry_for(actor, index)
    return _line(row, opened=seen), queries.opened(row) if seen else None


def proof_for(actor: Actor, index: int) -> LogProof:
    """An entry with its proof, for a reader: opened only where the reader may see what it says."""
    row, seen = _entry_for(actor, index)
    proof = queries.proofs_over([row])[0]
    return proof if seen else replace(proof, salt=None, entry=None)


def alarms_for(actor: Actor) -> tuple[LogAlarm, ...]:
    """All alarms, those that wait for a decision first."""
    actor.may(Power.READ_LOG).require()
    rows = LogAlarm.objects.select_related("log", "decided_by")
    return tuple(sorted(rows, key=lambda alarm: alarm.decided_at is not None))


def open_alarms(actor: Actor) -> int:
    """How many alarms wait for a decision; none for those who may not read the log."""
    seen = actor.may(Power.READ_LOG).allowed
    return LogAlarm.objects.filter(decided_at=None).count() if seen else 0


def alarm_for(actor: Actor, key: int) -> LogAlarm:
    """One alarm, for a reader."""
    actor.may(Power.READ_LOG).require()
    found = LogAlarm.objects.select_related("log", "decided_by").filter(pk=key).first()
    if found is None:
        raise NotFound("alarm")
    return found


def _entry_for(actor: Actor, index: int) -> tuple[LogEntry, bool]:
    actor.may(Power.READ_LOG).require()
    row = queries.entry_at(index)
    return row, index in _visible_among(actor, [row])


def _visible_among(actor: Actor, rows: Iterable[LogEntry]) -> frozenset[int]:
    """Those whose opening the actor may see: opened to its body, or with the power over acts concerning it.

    What another body of this node does is not its business; what concerns the whole node is.
    """
    found = {row.index: row for row in rows}
    opened = Opened.objects.filter(party=actor.body, entry__in=found).values_list("entry_id", flat=True)
    own: set[int] = set()
    if actor.may(Power.READ_ACTS).allowed:
        body = Party.objects.filter(pk=actor.body).values_list("ref", flat=True).first()
        own = {index for index, row in found.items() if _concerns(row, body)}
    return frozenset({*opened, *own})


def _concerns(row: LogEntry, body: str | None) -> bool:
    """Whether the entry is from nobody, or this body is among its parties; what was erased names none."""
    if row.entry is None:
        return True
    told = json.loads(bytes(row.entry))
    return "from" not in told or body in (told["from"], *told.get("to", ()))


def _newer(rows: QuerySet[LogEntry], before: int | None) -> int | None:
    """The index before which the page of newer entries ends."""
    if before is None:
        return None
    above = list(rows.filter(index__gte=before).order_by("index").values_list("index", flat=True)[:PAGE])
    return above[-1] + 1 if above else None


def _line(row: LogEntry, *, opened: bool) -> LogLine:
    return LogLine(
        index=row.index,
        at=row.at,
        event=row.event,
        commitment=bytes(row.commitment).hex(),
        erased=row.erased_at is not None,
        opened=opened,
        subject=row.subject if opened else "",
    )
