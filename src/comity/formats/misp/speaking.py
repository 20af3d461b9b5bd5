"""What STIX objects say of others, as MISP has it: relationships, sightings, notes, opinions, reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from comity.base.errors import Malformed
from comity.formats.misp.parts import Unmapped
from comity.formats.misp.reading import time_of
from comity.formats.misp.values import Object
from comity.formats.misp.writing import COVERS, Place, Writing, add_entry, is_part
from comity.formats.misp.written import said_labels, seconds, text_in, texts

_OPINIONS: Mapping[str, int] = {
    "strongly-agree": 100,
    "agree": 75,
    "neutral": 50,
    "disagree": 25,
    "strongly-disagree": 0,
}
_FALSE_POSITIVE = "False positive Sighting"
_LABEL = "false-positive"  # of an opinion that says so with a reason


def speak(writing: Writing) -> None:
    """Write what is said into the homes of those of whom it is said; what has none is listed."""
    for value in writing.known.values():
        way = _WAYS.get(value["type"])
        if way and value["id"] not in writing.homes:
            problem = way(writing, value)
            if problem:
                writing.lost.append(Unmapped(value["id"], value["type"], problem))


def _relationship(writing: Writing, value: Object) -> str | None:
    source = writing.homes.get(str(value.get("source_ref")))
    target = writing.homes.get(str(value.get("target_ref")))
    if source is None or target is None:
        return "relates something that is not in this event."
    if source[1] is target[1] and value.get("relationship_type") == "based-on":
        return None  # the indicator and the observed data of one attribute
    if target[0] is Place.ENTRY and source[0] in {Place.ATTRIBUTE, Place.OBJECT}:
        return _attach(writing, source, str(value["target_ref"]))
    if source[0] is Place.OBJECT and target[0] in {Place.ATTRIBUTE, Place.OBJECT}:
        source[1]["ObjectReference"].append(_reference(writing, value, source[1], target[1]))
        return None
    if source[0] is Place.ENTRY and target[0] is Place.ENTRY:
        said = {"referenced_galaxy_cluster_uuid": target[1]["uuid"], "galaxy_cluster_uuid": source[1]["uuid"]}
        kind = {"referenced_galaxy_cluster_type": text_in(value, "relationship_type")}
        source[1].setdefault("GalaxyClusterRelation", []).append(said | kind)
        return None
    return f"MISP cannot relate an {source[0].value} to an {target[0].value}."


def _attach(writing: Writing, source: tuple[Place, Object], target: str) -> str | None:
    """The entry stands at the attribute; at the first of an object, which has no tags of its own."""
    holders = [source[1]] if source[0] is Place.ATTRIBUTE else source[1]["Attribute"][:1]
    for holder in holders:
        galaxy, entry = writing.entries[target]
        add_entry(holder, galaxy, entry)
        holder.setdefault("Tag", []).append({"name": entry["tag_name"]})
        if target not in writing.named:
            writing.homeless.pop(target, None)
    return None


def _reference(writing: Writing, value: Object, source: Object, target: Object) -> Object:
    return {
        "uuid": value["id"].partition("--")[2],
        "object_uuid": source["uuid"],
        "referenced_uuid": target["uuid"],
        "relationship_type": text_in(value, "x_misp_relationship_type")
        or text_in(value, "relationship_type"),
        "timestamp": _when(writing, value),
        "comment": text_in(value, "description"),
        "deleted": value.get("revoked") is True,
    }


def _when(writing: Writing, value: Object, name: str = "modified") -> str:
    try:
        return seconds(time_of(value.get(name), value["id"]) or writing.event.time)
    except Malformed:
        return seconds(writing.event.time)


def _sighting(writing: Writing, value: Object) -> str | None:
    refs = [str(value.get("sighting_of_ref")), *texts(value, "observed_data_refs")]
    org = writing.known.get(next(iter(texts(value, "where_sighted_refs")), ""))
    said = {"type": "0", "source": text_in(value, "description")} | _organisation(org)
    return _sighted(writing, value, refs, said)


def _sighted(writing: Writing, value: Object, refs: list[str], said: Object) -> str | None:
    homes = [home for ref in refs if (home := writing.homes.get(ref))]
    holders = [holder for place, holder in homes if place in {Place.ATTRIBUTE, Place.OBJECT}]
    found = [each for each in holders if "Attribute" not in each] or [
        part for each in holders for part in each["Attribute"][:1]
    ]
    if not found:
        return "tells of something that is not in this event as an attribute."
    when = _when(writing, value, "last_seen" if "last_seen" in value else "modified")
    about = {"uuid": value["id"].partition("--")[2], "date_sighting": when}
    found[0].setdefault("Sighting", []).append(about | said)
    return None


def _organisation(org: Mapping[str, Any] | None) -> Object:
    if org is None:
        return {}
    return {"Organisation": {"uuid": str(org["id"]).partition("--")[2], "name": text_in(org, "name")}}


def _opinion(writing: Writing, value: Object) -> str | None:
    refs = texts(value, "object_refs")
    if text_in(value, "explanation") == _FALSE_POSITIVE or _LABEL in texts(value, "labels"):
        org = writing.known.get(text_in(value, "x_misp_author_ref"))
        why = text_in(value, "explanation")
        source = text_in(value, "x_misp_source") or (why if why != _FALSE_POSITIVE else "")
        said = {"type": "1", "source": source} | _organisation(org)
        return _sighted(writing, value, refs, said)
    number = value.get("x_misp_opinion")
    opinion = number if isinstance(number, int) else _OPINIONS.get(text_in(value, "opinion"), 50)
    return _analyst(writing, value, "Opinion", {"opinion": opinion, "comment": text_in(value, "explanation")})


def _note(writing: Writing, value: Object) -> str | None:
    if said_labels(value).get("data-layer") == "Event Report":
        writing.body["EventReport"].append(_report_json(writing, value, "abstract", "content"))
        return None
    if value["id"].partition("--")[2] == writing.event.uuid:
        return None  # the note that an event is empty
    return _analyst(writing, value, "Note", {"note": text_in(value, "content")})


def _analyst(writing: Writing, value: Object, name: str, said: Object) -> str | None:
    homes = [home for ref in texts(value, "object_refs") if (home := writing.homes.get(ref))]
    if not homes:
        return "speaks of something that is not in this event."
    place, holder = homes[0]
    uuid = str(holder.get("uuid") or writing.event.uuid)
    kinds = {
        Place.EVENT: "Event",
        Place.ATTRIBUTE: "Attribute",
        Place.OBJECT: "Object",
        Place.ENTRY: "GalaxyCluster",
    }
    about = {"uuid": value["id"].partition("--")[2], "object_uuid": uuid, "object_type": kinds[place]}
    times = {name: _moment(writing, value, name) for name in ("created", "modified")}
    authors = {"authors": ", ".join(texts(value, "authors"))}
    holder.setdefault(name, []).append(about | times | authors | said)
    return None


def _moment(writing: Writing, value: Object, name: str) -> str:
    """A time as analysts' data of MISP has it: UTC without saying so."""
    seconds_since_1970 = int(_when(writing, value, name))
    return datetime.fromtimestamp(seconds_since_1970, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _report(writing: Writing, value: Object) -> str | None:
    """A further report or grouping: its words; which objects it names has no place."""
    if is_part(value):
        return None
    writing.body["EventReport"].append(_report_json(writing, value, "name", "description"))
    return "is kept as a report of the event; MISP cannot say which objects it names."


def _report_json(writing: Writing, value: Object, name: str, content: str) -> Object:
    return {
        "uuid": value["id"].partition("--")[2],
        "name": text_in(value, name) or "Report",
        "content": text_in(value, content),
        "timestamp": _when(writing, value),
        "distribution": "5",
        "deleted": value.get("revoked") is True,
    }


_WAYS: Mapping[str, Callable[[Writing, Object], str | None]] = {
    "relationship": _relationship,
    "sighting": _sighting,
    "opinion": _opinion,
    "note": _note,
    **dict.fromkeys(sorted(COVERS), _report),
}
