"""STIX 2.1 to a MISP event that MISP 2.4, MISP 2.5 and PyMISP read.

What came from MISP goes back as it was. Of what did not, patterns and observables become attributes and
objects, and what is told of actors, malware and techniques becomes entries of galaxies. The rest is listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid5

import msgspec

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.formats.misp.parts import NAMESPACE, Event, Unmapped
from comity.formats.misp.reading import time_of
from comity.formats.misp.reports import LABELS
from comity.formats.misp.speaking import speak
from comity.formats.misp.values import Object
from comity.formats.misp.writing import COVERS, Writing, is_part
from comity.formats.misp.written import label_from, seconds, tag_json, tags_from, text_in, texts
from comity.formats.stix import StixObject

MAX_INFO = 60_000  # MISP keeps a text of 65,535 bytes
_START = "1970-01-01T00:00:00.000Z"
_DEFAULTS = {"threat_level_id": "4", "analysis": "0", "distribution": "0"}  # 0: your organisation only


@dataclass(frozen=True, slots=True)
class MispExport:
    """A MISP event as JSON, and what it does not say."""

    text: bytes
    unmapped: tuple[Unmapped, ...]


def encode_misp(objects: Iterable[StixObject]) -> MispExport:
    """One event of all these objects, under the uuid of the report or grouping that names them, if any."""
    known = _newest(objects)
    cover = _cover(known.values())
    event = _event(cover, known)
    writing = Writing(known, event, label_from(cover) if cover else _strictest(known.values()))
    writing.named |= set(texts(cover, "object_refs")) if cover else set()
    writing.place_all(cover)
    speak(writing)
    tags = tag_json(dict.fromkeys([*_own_tags(cover, writing.label), *writing.event_tags()]))
    body = _header(cover, event, known) | tags | writing.finished()
    return MispExport(msgspec.json.encode({"Event": body}), tuple(writing.lost))


def _own_tags(cover: Object | None, label: Tlp | None) -> list[str]:
    if cover:
        return tags_from(cover, None)
    return [f"tlp:{label.value}"] if label else []


def _newest(objects: Iterable[StixObject]) -> dict[str, Object]:
    found: dict[str, Object] = {}
    for each in objects:
        before = found.get(each.id)
        if before is None or _time(each.value, "modified") > _time(before, "modified"):
            found[each.id] = each.value
    return found


def _time(value: Object, name: str) -> str:
    try:
        return time_of(value.get(name), value["id"]) or _START
    except Malformed:
        return _START


def _cover(values: Iterable[Object]) -> Object | None:
    """The report or grouping that stands for the event: the one that came from MISP, or the longest."""
    found = [each for each in values if each["type"] in COVERS and not is_part(each)]
    ours = [each for each in found if LABELS[1] in texts(each, "labels")]
    return max(ours or found, key=lambda each: (len(texts(each, "object_refs")), each["id"]), default=None)


def _strictest(values: Iterable[Object]) -> Tlp | None:
    labels = [label for each in values if (label := label_from(each))]
    return max(labels, key=lambda label: label.rank, default=None)


def _event(cover: Object | None, known: Mapping[str, Object]) -> Event:
    uuid = cover["id"].partition("--")[2] if cover else str(uuid5(NAMESPACE, " ".join(sorted(known))))
    time = (
        _time(cover, "modified")
        if cover
        else max((_time(each, "modified") for each in known.values()), default=_START)
    )
    published = _time(cover, "published") if cover and cover["type"] == "report" else None
    info = (text_in(cover, "name") if cover else "") or "STIX objects"
    return Event(uuid, info[:MAX_INFO], time, published, None, (), (), {}, {})


def _header(cover: Object | None, event: Event, known: Mapping[str, Object]) -> Object:
    said = cover.get("x_misp_event") if cover else None
    details = {name: str(value) for name, value in said.items()} if isinstance(said, dict) else {}
    head: Object = _DEFAULTS | {"date": event.time[:10]} | details
    head |= {"uuid": event.uuid, "info": event.info, "timestamp": seconds(event.time)}
    head |= {"publish_timestamp": seconds(event.published) if event.published else "0"}
    return head | {"published": event.published is not None} | _orgc(cover, known)


def _orgc(cover: Object | None, known: Mapping[str, Object]) -> Object:
    """Who made it: the author of the cover, or of most of the objects."""
    named = Counter(str(each["created_by_ref"]) for each in known.values() if "created_by_ref" in each)
    ref = (cover or {}).get("created_by_ref") or max(
        named, key=lambda name: (named[name], name), default=None
    )
    org = known.get(str(ref))
    return {"Orgc": {"uuid": org["id"].partition("--")[2], "name": text_in(org, "name")}} if org else {}
