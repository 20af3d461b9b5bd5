"""The node of a sensor: where it reads indicators, posts sightings, and tells how it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comity.base.errors import Malformed
from comity.detection.hits import seen_of
from comity.formats.conversation import Ask, Conversation, refusal
from comity.formats.detections.sightings import Sighter, sighted
from comity.formats.detections.writing import encoded
from comity.formats.sensors import MEDIA_TYPE, SensorReport
from comity.formats.taxii_client import envelope, envelopes, post_envelope
from comity.link.transport import Transport, drive

MOST_OBJECTS, MOST_BYTES = 500, 2 * 2**20  # in one post
_COLLECTION = re.compile(r"(https?://[^/?#]+)(/[^?#]*)?/taxii2/([0-9a-f-]{36})/collections/([^/?#]+)/?")
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Place:
    """A collection of a node, by its address: `https://HOST/taxii2/BODY/collections/ID/`."""

    address: str
    root: str  # of the API, and of the body whose collection it is
    collection: str
    reports: str  # where a sensor tells of itself

    @classmethod
    def read(cls, text: str) -> Place:
        """The place at an address; raises `Malformed`."""
        found = _COLLECTION.fullmatch(text)
        if found is None:
            raise Malformed(text[:200], "is not https://HOST/taxii2/BODY/collections/COLLECTION/.")
        host, path, body, collection = found[1], found[2] or "", found[3], found[4]
        root = f"{host}{path}/taxii2/{body}/"
        reports = f"{host}{path}/sensors/{body}/report"
        return cls(f"{root}collections/{collection}/", root, collection, reports)


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of sightings that were posted: how many were taken, and what was said of the others."""

    taken: int
    refused: tuple[str, ...]


def post_sightings(place: Place, transport: Transport, hits: Mapping[str, Any], sighter: Sighter) -> Posted:
    """Post what is known of some indicators' hits, a newer version of what was posted before."""
    objects: dict[str, dict[str, Any]] = {}
    for indicator, value in hits.items():
        for each in sighted(indicator, seen_of(value), sighter):
            objects[each["id"]] = each
    sightings = {ref for ref in objects if ref.startswith("sighting--")}
    refused: dict[str, str] = {}
    for portion in envelopes(
        map(encoded, objects.values()), most_bytes=MOST_BYTES, most_objects=MOST_OBJECTS
    ):
        status = drive(post_envelope(place.root, place.collection, envelope(portion)), transport)
        refused |= {each.id: each.message or "it says no reason" for each in status.failures}
    return Posted(len(sightings - refused.keys()), tuple(dict.fromkeys(refused.values())))


def report(place: Place, transport: Transport, said: SensorReport) -> None:
    """Tell the node how the sensor does."""
    drive(_reported(place, SensorReport.shortened(said)), transport)


def _reported(place: Place, said: SensorReport) -> Conversation[None]:
    ask = Ask(place.reports, method="POST", content_type=MEDIA_TYPE, body=said.encode())
    reply = yield ask
    if reply.status != _NO_CONTENT:
        raise refusal(ask, reply)
