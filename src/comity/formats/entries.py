"""Entries of the transparency log: what the salted commitments in its leaves commit to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.formats.acts import KIND, MAX_KIND, MAX_RECIPIENTS, SHA256
from comity.formats.canonical import canonical
from comity.formats.strict_json import Limits, decode

VERSION = 1
LIMITS = Limits(size=65_535, depth=8, values=2_000, string=1_000)  # an entry bundle counts 16 bits of length


class Event(Enum):
    """What a log tells of."""

    ACT_APPROVED = "act-approved"
    ACT_SENT = "act-sent"
    ACT_RECEIVED = "act-received"
    RECEIPT_RECEIVED = "receipt-received"
    PARTNER_ACCEPTED = "partner-accepted"
    PARTNER_CHANGED = "partner-changed"
    PARTNER_SUSPENDED = "partner-suspended"
    PARTNER_RESUMED = "partner-resumed"
    PARTNER_ENDED = "partner-ended"
    KEY_DECLARED = "key-declared"
    ALARM_RAISED = "alarm-raised"
    ALARM_DECIDED = "alarm-decided"
    ENTRY_OPENED = "entry-opened"
    CONTENT_ERASED = "content-erased"
    ERASURE_LIFTED = "erasure-lifted"
    CONTENT_EXPORTED = "content-exported"
    RETENTION_ENDED = "retention-ended"
    COLLECTION_CHANGED = "collection-changed"
    ACCOUNT_CHANGED = "account-changed"
    WEBHOOK_CHANGED = "webhook-changed"
    CONTENT_GIVEN = "content-given"
    CONTENT_POSTED = "content-posted"
    CONTENT_WITHDRAWN = "content-withdrawn"
    CONTENT_PUSHED = "content-pushed"
    CONTENT_TAKEN_BACK = "content-taken-back"
    REMOTE_CHANGED = "remote-changed"
    FEED_CHANGED = "feed-changed"
    TELLING_CHANGED = "telling-changed"
    PEOPLE_CHANGED = "people-changed"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened: to what (`subject`), to which bytes (`digest`), from whom and to whom."""

    event: Event
    at: datetime
    subject: str
    digest: str | None = None
    kind: str | None = None
    sender: str | None = None
    to: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def decode(cls, source: object, where: str = "") -> LogEntry:
        """The entry in its bytes, which must be canonical, or in a decoded JSON value."""
        value = decode(source, limits=LIMITS) if isinstance(source, bytes) else source
        fields = Fields(value, where)
        fields.exactly("v", VERSION)
        entry = cls(
            event=_event(fields),
            at=fields.moment("at"),
            subject=fields.text("subject"),
            digest=fields.optional_text("digest", form=SHA256),
            kind=fields.optional_text("kind", limit=MAX_KIND, form=KIND),
            sender=fields.optional_text("from"),
            to=fields.distinct_texts("to", least=1, most=MAX_RECIPIENTS) if fields.has("to") else (),
            more=fields.rest(),
        )
        if isinstance(source, bytes) and entry.raw != source:
            raise Malformed(where or "the document", "is not in canonical form (RFC 8785).")
        return entry

    @property
    def raw(self) -> bytes:
        """The canonical bytes, to which the leaf commits."""
        return canonical(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """As a JSON value; what is absent is left out."""
        optional = {
            "digest": self.digest,
            "kind": self.kind,
            "from": self.sender,
            "to": list(self.to) or None,
        }
        return {
            **self.more,
            **{name: value for name, value in optional.items() if value is not None},
            "v": VERSION,
            "event": self.event.value,
            "at": encode_time(self.at),
            "subject": self.subject,
        }


def _event(fields: Fields) -> Event:
    text = fields.text("event")
    try:
        return Event(text)
    except ValueError as error:
        raise Malformed(fields.at("event"), f"{text!r} is not an event known here.") from error
