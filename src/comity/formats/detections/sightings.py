"""Hits as sightings of STIX 2.1 (section 5.2): one for each indicator, with when, how often, and where.

The id of a sighting follows from its indicator, from who saw it and from when it began, so that a later look
at the same logs gives a newer version and no second sighting. What was seen goes along as far as it may be
told: as `observed-data` with the values that hit, as digests in an extension, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from comity.base.matches import Match, Shown
from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.formats.detections.observables import observable
from comity.formats.detections.rows import moment
from comity.formats.detections.telling import Observed, Telling
from comity.formats.detections.writing import Sink, encoded
from comity.formats.markings import TLP_IDS

EXTENSION = "extension-definition--c1c0b1c8-6a4e-4a58-8f6e-0f3c9d7b2a15"
MOST_VALUES = 100  # different ones, of one sighting
MOST_COUNT = 999_999_999  # STIX 2.1, sections 4.14 and 5.2
_NAMESPACE = UUID("6f0d3c1e-9b7a-4d55-a3a1-2e8f4c6b7d90")
_PROJECT = "identity--04513ad0-0b31-43c7-8dfa-5f7486d1f505"  # which defines the extensions of Comity
_DEFINED = "2026-11-22T00:00:00.000Z"
_DEFINITION = {
    "type": "extension-definition",
    "spec_version": "2.1",
    "id": EXTENSION,
    "created_by_ref": _PROJECT,
    "created": _DEFINED,
    "modified": _DEFINED,
    "name": "comity-observed-digests",
    "description": "Keyed digests of the values in which an indicator was seen.",
    "schema": "docs/detect.md of the Comity project",
    "version": "1.0.0",
    "extension_types": ["property-extension"],
}


@dataclass(frozen=True, slots=True)
class Sighter:
    """Who saw it and says so; `where` is the identity whose systems they are."""

    telling: Telling
    now: datetime
    where: str | None = None
    label: Tlp | None = None


@dataclass(slots=True)
class Seen:
    """What is known of one indicator's hits.

    The sighting is named by `since`, which whoever tells of it again and again says; else by the first hit.
    """

    since: int | None = None
    count: int = 0
    first: int | None = None
    last: int | None = None
    begun: str = ""  # the event that was seen first, where nobody is named who saw it
    shown: dict[Shown, None] = field(default_factory=dict)

    @property
    def named(self) -> int | None:
        """The moment that names the sighting."""
        return self.first if self.since is None else self.since

    def add(self, match: Match) -> None:
        """Count one more."""
        self.count += 1
        self.begun = self.begun or f"{match.events[0].source} {match.events[0].row}"
        first, last = match.first, match.last
        if first is not None:
            self.first = first if self.first is None else min(self.first, first)
        if last is not None:
            self.last = last if self.last is None else max(self.last, last)
        for each in match.shown:
            if len(self.shown) < MOST_VALUES:
                self.shown.setdefault(each)


class Sightings:
    """The writer of a bundle: hits are added up and written at the end; what was set aside is no sighting."""

    def __init__(self, sink: Sink, sighter: Sighter) -> None:
        self._sink = sink
        self._sighter = sighter
        self._seen: dict[str, Seen] = {}

    def add(self, match: Match) -> None:
        """Count a hit."""
        if match.counts:
            self._seen.setdefault(match.indicator, Seen()).add(match)

    def end(self) -> None:
        """Write the bundle."""
        name = f"{self._sighter.where} {encode_time(self._sighter.now)} {' '.join(self._seen)}"
        self._sink.write(b'{"type":"bundle","id":"bundle--%s"' % str(uuid5(_NAMESPACE, name)).encode())
        before = b',"objects":['
        for each in self.objects():
            self._sink.write(before + b"\n" + encoded(each))
            before = b","
        self._sink.write(b"\n]}\n" if before == b"," else b"}\n")

    def objects(self) -> Iterator[dict[str, Any]]:
        """All objects of the bundle, none of them twice."""
        if self._sighter.telling.observed is Observed.HASHED and self._seen:
            yield _DEFINITION
        told: set[str] = set()
        for indicator, seen in self._seen.items():
            for each in sighted(indicator, seen, self._sighter):
                if each["id"] not in told:
                    told.add(each["id"])
                    yield each


def sighted(indicator: str, seen: Seen, sighter: Sighter) -> Iterator[dict[str, Any]]:
    """The sighting of an indicator, after what it refers to."""
    first, last = moment(seen.first), moment(seen.last)
    name = " ".join((indicator, sighter.where or seen.begun, str(seen.named)))
    values = (
        [each for each in map(observable, seen.shown) if each is not None] if _tells_values(sighter) else []
    )
    marks = {"object_marking_refs": [TLP_IDS[sighter.label]]} if sighter.label else {}
    common = _common(moment(seen.named), sighter) | marks
    data = _observed_data(name, values, seen, common, sighter) if values else None
    if data is not None:
        yield from (each | marks for each in values)
        yield data
    yield {
        "type": "sighting",
        "id": f"sighting--{uuid5(_NAMESPACE, name)}",
        **common,
        **({"first_seen": encode_time(first)} if first else {}),
        **({"last_seen": encode_time(last)} if last else {}),
        "count": min(seen.count, MOST_COUNT),
        "sighting_of_ref": indicator,
        **({"observed_data_refs": [data["id"]]} if data else {}),
        **({"where_sighted_refs": [sighter.where]} if sighter.where else {}),
        **_digests(indicator, seen, sighter.telling),
    }


def _tells_values(sighter: Sighter) -> bool:
    return sighter.telling.observed is Observed.VALUES


def _common(first: datetime | None, sighter: Sighter) -> dict[str, Any]:
    """A sighting was created when it began, so that a later version of it says the same."""
    author = {"created_by_ref": sighter.where} if sighter.where else {}
    created = encode_time(min(first or sighter.now, sighter.now))
    return {"spec_version": "2.1", **author, "created": created, "modified": encode_time(sighter.now)}


def _observed_data(
    name: str, values: list[dict[str, Any]], seen: Seen, common: dict[str, Any], sighter: Sighter
) -> dict[str, Any]:
    first, last = moment(seen.first) or sighter.now, moment(seen.last) or sighter.now
    return {
        "type": "observed-data",
        "id": f"observed-data--{uuid5(_NAMESPACE, f'observed {name}')}",
        **common,
        "first_observed": encode_time(first),
        "last_observed": encode_time(last),
        "number_observed": min(seen.count, MOST_COUNT),
        "object_refs": list(dict.fromkeys(each["id"] for each in values)),
    }


def _digests(indicator: str, seen: Seen, telling: Telling) -> dict[str, Any]:
    """The extension with the digests, one for each value."""
    if telling.key is None or not seen.shown:
        return {}
    salt = telling.key.salt(indicator).hex()
    digests = [
        {"place": each.place, "hmac_sha256": telling.key.digest(indicator, each)} for each in seen.shown
    ]
    return {
        "extensions": {EXTENSION: {"extension_type": "property-extension", "salt": salt, "digests": digests}}
    }
