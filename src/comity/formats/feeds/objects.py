"""From an entry to its STIX object: the same value of the same feed is always the same object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from comity.base.times import decode_time, encode_time
from comity.base.tlp import Tlp
from comity.formats.canonical import canonical
from comity.formats.feeds.entries import Entry
from comity.formats.feeds.kinds import ValueKind, pattern
from comity.formats.markings import TLP_IDS

_NAMESPACE = UUID("0b9b5c0e-8d52-4f0e-9a7d-5f5f0e6a1f2c")  # of the ids that follow from a feed and a value
_TICK = timedelta(milliseconds=1)  # the precision of times in STIX
_MARK = 32  # digits: no two of a feed's versions share so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """What is said of every value of a feed."""

    author: str  # the body that wrote the objects down
    feed: str  # a name for it that never changes
    name: str
    licence: str = ""
    label: Tlp | None = None
    confidence: int | None = None
    indicator_types: tuple[str, ...] = ()

    def id_of(self, entry: Entry) -> str:
        """The id of the entry's object."""
        kind = "vulnerability" if entry.kind is ValueKind.CVE else "indicator"
        return f"{kind}--{uuid5(_NAMESPACE, f'{self.author} {self.feed} {entry.kind.value} {entry.value}')}"

    def mark_of(self, entry: Entry) -> str:
        """A digest that changes with what the object says, its times apart."""
        label = self.label.value if self.label else ""
        told = [self.name, self.licence, label, self.confidence, list(self.indicator_types), entry.told()]
        return sha256(canonical(told)).hexdigest()[:_MARK]


def object_of(
    entry: Entry, says: Says, *, since: datetime, now: datetime, until: datetime | None
) -> dict[str, Any]:
    """The version of the entry's object that is true from now on; `since` is when the value came first."""
    labels = {"labels": list(entry.labels)} if entry.labels else {}
    marks = {"object_marking_refs": [TLP_IDS[says.label]]} if says.label else {}
    confidence = entry.confidence if entry.confidence is not None else says.confidence
    said = {"description": entry.description} if entry.description else {}
    common = {
        "spec_version": "2.1",
        "id": says.id_of(entry),
        "created_by_ref": says.author,
        "created": encode_time(since),
        "modified": encode_time(now),
        "external_references": _references(entry, says),
        **said,
        **labels,
        **marks,
        **({"confidence": confidence} if confidence is not None else {}),
    }
    if entry.kind is ValueKind.CVE:
        return {"type": "vulnerability", "name": entry.value, **common}
    return {"type": "indicator", **common, **_indicated(entry, says, since, until)}


def ended(value: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """The version of an indicator that says it is valid until now; None if it is not valid longer anyhow."""
    if value.get("type") != "indicator" or value.get("revoked") is True:
        return None
    told = value.get("valid_until")
    if told is not None and decode_time(told, "/valid_until") <= now:
        return None
    end = max(now, decode_time(value["valid_from"], "/valid_from") + _TICK)
    return {**value, "modified": encode_time(now), "valid_until": encode_time(end)}


def _indicated(entry: Entry, says: Says, since: datetime, until: datetime | None) -> dict[str, Any]:
    begins = entry.first_seen or since
    types = {"indicator_types": list(says.indicator_types)} if says.indicator_types else {}
    return {
        "name": entry.name or entry.value,
        "pattern": pattern(entry.kind, entry.value),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": encode_time(begins),
        **types,
        **({"valid_until": encode_time(max(until, begins + _TICK))} if until else {}),
    }


def _references(entry: Entry, says: Says) -> list[dict[str, str]]:
    """The CVE, and the feed with its licence: it binds whoever the object is passed on to."""
    cve = [{"source_name": "cve", "external_id": entry.value}] if entry.kind is ValueKind.CVE else []
    licence = {"description": f"Licence or terms: {says.licence}"} if says.licence else {}
    url = {"url": entry.reference} if entry.reference else {}
    more = licence | url or {"description": "A feed"}
    return [*cve, {"source_name": says.name, **more}]
