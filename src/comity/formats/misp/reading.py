"""Reading the parts of a MISP event: a part that cannot be read is listed, and harms no other.

The format is that of draft-dulaunoy-misp-core-format. MISP itself writes numbers as strings and leaves
members out: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import uuid5

from comity.base.errors import Malformed, TooLarge
from comity.base.times import encode_time
from comity.formats.misp.opening import Parts
from comity.formats.misp.parts import NAMESPACE, Attribute, Cluster, Event, Json, MispObject, Unmapped
from comity.formats.stix import UUID_FORM

MAX_ATTRIBUTES = 250_000  # of an event, those of its objects included
MAX_OBJECTS = 100_000
MAX_IN_OBJECT = 5_000  # attributes of one object: all of them stand in one STIX object
MAX_TAGS = 1_000
MAX_CLUSTERS = 5_000
MAX_REMARKS = 10_000  # sightings, notes, opinions, references or reports of one part
MAX_VALUE = 2**20
MAX_NAME = 1_000
_LAST_SECOND = 253_402_300_799  # of the year 9999
_UUID = re.compile(UUID_FORM)
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 |/_.-]{0,99}")
_WHOLE = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_NO_TIME = frozenset({"", "0", "0.0"})
_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false", ""})

T = TypeVar("T")


def text_of(part: Json, name: str, where: str, *, most: int = MAX_NAME) -> str:
    """A string; MISP writes some of them as numbers, and null for none."""
    found = part.get(name)
    if found is None or (type(found) is str and len(found) <= most):
        return found or ""
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise Malformed(f"{where}/{name}", "must be a string.")
    found = str(found)
    if len(found) > most:
        raise TooLarge(f"{where}/{name}", f"has {len(found):,} characters; at most {most:,} are read.")
    return found


def uuid_of(part: Json, where: str, *, name: str = "uuid", otherwise: str = "") -> str:
    """The uuid; where there is none, one that follows from `otherwise`."""
    found = text_of(part, name, where).strip().lower()
    if not found and otherwise:
        return str(uuid5(NAMESPACE, otherwise))
    if not _UUID.fullmatch(found):
        raise Malformed(f"{where}/{name}", f"{found[:60]!r} is not a uuid." if found else "is missing.")
    return found


def time_of(value: object, where: str) -> str | None:
    """A point in time, from seconds since 1970 in whatever form, or from a timestamp; None for none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(where, "must be a time.")
    text = str(value).strip()
    found = None if text in _NO_TIME else _time(text)
    if found is None and text not in _NO_TIME:
        raise Malformed(where, f"{text[:60]!r} is not a time.")
    return found


@lru_cache(maxsize=4_096)  # thousands of attributes of an event have one time
def _time(text: str) -> str | None:
    try:
        if _WHOLE.fullmatch(text):
            seconds = float(text)
            return encode_time(datetime.fromtimestamp(seconds, UTC)) if 0 <= seconds <= _LAST_SECOND else None
        found = datetime.fromisoformat(text)
        return encode_time(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def truth_of(part: Json, name: str, where: str) -> bool | None:
    """True or false in any of MISP's spellings; None where it is not said."""
    found = part.get(name)
    if found is None:
        return None
    word = str(found).lower()
    if isinstance(found, bool | str | int) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise Malformed(f"{where}/{name}", "must be true or false.")


def list_of(part: Json, name: str, where: str, *, most: int) -> list[Any] | Parts:
    """A bounded list; null stands for none, and one object for a list of it."""
    found = part.get(name)
    if found is None or found == {}:
        return []
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list | Parts):
        raise Malformed(f"{where}/{name}", "must be a list.")
    if len(found) > most:
        raise TooLarge(f"{where}/{name}", f"has {len(found):,} members; at most {most:,} are read.")
    return found


def objects_of(part: Json, name: str, where: str, *, most: int) -> tuple[Json, ...]:
    """A bounded list of JSON objects."""
    found = list_of(part, name, where, most=most)
    return tuple(_object(each, f"{where}/{name}/{index}") for index, each in enumerate(found))


def readable(
    parts: Iterable[Any], where: str, read: Callable[[Json, str], T], lost: list[Unmapped]
) -> Iterator[T]:
    """What `read` makes of each; those of which it makes nothing are added to `lost`."""
    for index, part in enumerate(parts):
        place = f"{where}/{index}"
        try:
            yield read(_object(part, place), place)
        except Malformed as error:
            lost.append(Unmapped(_name(part, place), _kind(part), str(error)))
            lost += _within(part, place)


def _within(part: object, where: str) -> Iterator[Unmapped]:
    """The attributes of an object that cannot be read."""
    inner = part.get("Attribute") if isinstance(part, dict) else None
    for index, each in enumerate(inner if isinstance(inner, list) else ()):
        reason = f"stands in an object that cannot be read: {where}."
        yield Unmapped(_name(each, f"{where}/Attribute/{index}"), _kind(each), reason)


def _object(part: object, where: str) -> Json:
    if not isinstance(part, dict):
        raise Malformed(where, "is not a JSON object.")
    return part


def _name(part: object, place: str) -> str:
    found = part.get("uuid") if isinstance(part, dict) else None
    return found[:MAX_NAME] if isinstance(found, str) and found else place


def _kind(part: object) -> str:
    found = (part.get("type") or part.get("name")) if isinstance(part, dict) else None
    return found[:MAX_NAME] if isinstance(found, str) and found else "unknown"


def tags_of(part: Json, where: str) -> tuple[str, ...]:
    """The names of the tags, each once."""
    found = objects_of(part, "Tag", where, most=MAX_TAGS)
    names = (text_of(tag, "name", f"{where}/Tag/{index}") for index, tag in enumerate(found))
    return tuple(dict.fromkeys(name for name in names if name))


def clusters_of(part: Json, where: str) -> tuple[Cluster, ...]:
    """The entries of all galaxies, none of which has the uuid of another.

    In real events all entries of a galaxy sometimes have one uuid: each gets one that follows from its tag.
    """
    found = tuple(
        _cluster(galaxy, cluster, f"{where}/Galaxy/{index}/GalaxyCluster/{place}")
        for index, galaxy in enumerate(objects_of(part, "Galaxy", where, most=MAX_CLUSTERS))
        for place, cluster in enumerate(
            objects_of(galaxy, "GalaxyCluster", f"{where}/Galaxy/{index}", most=MAX_CLUSTERS)
        )
    )
    tags: dict[str, set[str]] = {}
    for each in found:
        tags.setdefault(each.uuid, set()).add(each.tag)
    return tuple(
        replace(each, uuid=str(uuid5(NAMESPACE, each.tag))) if len(tags[each.uuid]) > 1 else each
        for each in found
    )


def _cluster(galaxy: Json, cluster: Json, where: str) -> Cluster:
    kind = text_of(cluster, "type", where) or text_of(galaxy, "type", where)
    value = text_of(cluster, "value", where)
    tag = text_of(cluster, "tag_name", where) or f'misp-galaxy:{kind}="{value}"'
    meta = cluster.get("meta") or {}
    if not value or not kind or not isinstance(meta, dict):
        raise Malformed(where, "is not an entry of a galaxy: it needs a type, a value, and a meta object.")
    return Cluster(
        uuid=uuid_of(cluster, where, otherwise=tag),  # real events hold entries whose uuid is empty
        type=kind,
        value=value,
        galaxy=text_of(galaxy, "name", where) or kind,
        tag=tag,
        description=text_of(cluster, "description", where, most=MAX_VALUE),
        galaxy_description=text_of(galaxy, "description", where, most=MAX_VALUE),
        meta=meta,
        time=time_of(cluster.get("timestamp"), f"{where}/timestamp"),
    )


def read_attribute(part: Json, where: str, event: Event) -> Attribute:
    """One attribute; what it does not say follows from the event."""
    kind = text_of(part, "type", where)
    value = text_of(part, "value", where, most=MAX_VALUE)
    if not _TYPE.fullmatch(kind):
        raise Malformed(f"{where}/type", f"{kind[:60]!r} is not a type." if kind else "is missing.")
    if not value:
        raise Malformed(f"{where}/value", "is missing.")
    return Attribute(
        uuid=uuid_of(part, where, otherwise=f"{event.uuid}/{kind}/{value}"),
        type=kind,
        category=text_of(part, "category", where),
        value=value,
        to_ids=truth_of(part, "to_ids", where),
        time=time_of(part.get("timestamp"), f"{where}/timestamp") or event.time,
        comment=text_of(part, "comment", where, most=MAX_VALUE),
        relation=text_of(part, "object_relation", where),
        first_seen=time_of(part.get("first_seen"), f"{where}/first_seen"),
        last_seen=time_of(part.get("last_seen"), f"{where}/last_seen"),
        deleted=truth_of(part, "deleted", where) or False,
        distribution=text_of(part, "distribution", where),
        group=_group(part, where),
        tags=tags_of(part, where) if part.get("Tag") else (),
        clusters=clusters_of(part, where) if part.get("Galaxy") else (),
        sightings=_remarks(part, "Sighting", where),
        notes=_remarks(part, "Note", where),
        opinions=_remarks(part, "Opinion", where),
        content=text_of(part, "data", where, most=2**26) if part.get("data") else "",
        raw=part,
    )


def read_object(part: Json, where: str, event: Event, lost: list[Unmapped]) -> MispObject:
    """One object; those of its attributes that cannot be read are added to `lost`."""
    name = text_of(part, "name", where)
    if not _TYPE.fullmatch(name):
        raise Malformed(f"{where}/name", f"{name[:60]!r} is not a name." if name else "is missing.")
    members = list_of(part, "Attribute", where, most=MAX_IN_OBJECT)
    uuid = uuid_of(part, where)
    lost_here: list[Unmapped] = []
    found = tuple(
        readable(members, f"{where}/Attribute", lambda one, at: read_attribute(one, at, event), lost_here)
    )
    whole = MispObject(
        uuid=uuid,
        name=name,
        meta_category=text_of(part, "meta-category", where) or "misc",
        time=time_of(part.get("timestamp"), f"{where}/timestamp") or event.time,
        attributes=found,
        references=_remarks(part, "ObjectReference", where),
        comment=text_of(part, "comment", where, most=MAX_VALUE),
        description=text_of(part, "description", where, most=MAX_VALUE),
        template_uuid=text_of(part, "template_uuid", where),
        template_version=text_of(part, "template_version", where),
        first_seen=time_of(part.get("first_seen"), f"{where}/first_seen"),
        last_seen=time_of(part.get("last_seen"), f"{where}/last_seen"),
        deleted=truth_of(part, "deleted", where) or False,
        distribution=text_of(part, "distribution", where),
        group=_group(part, where),
        notes=_remarks(part, "Note", where),
        opinions=_remarks(part, "Opinion", where),
        raw=part,
    )
    lost += lost_here  # only now: an object that cannot be read is listed as a whole
    return whole


def read_event(part: Json, where: str) -> Event:
    """What the event says of itself; without a uuid or a time it is none."""
    made = time_of(part.get("timestamp"), f"{where}/timestamp") or time_of(part.get("date"), f"{where}/date")
    if made is None:
        raise Malformed(f"{where}/timestamp", "is missing, and so is the date.")
    published = truth_of(part, "published", where) and time_of(
        part.get("publish_timestamp"), f"{where}/publish_timestamp"
    )
    uuid = uuid_of(part, where)
    return Event(
        uuid=uuid,
        info=text_of(part, "info", where, most=MAX_VALUE) or f"MISP event {uuid}",
        time=made,
        published=published or None,
        org=_org(part, where),
        tags=tags_of(part, where),
        clusters=clusters_of(part, where),
        details=_details(part, where),
        raw=part,
    )


def _org(part: Json, where: str) -> tuple[str, str] | None:
    found = part.get("Orgc")
    if not isinstance(found, dict):
        return None
    name = text_of(found, "name", f"{where}/Orgc")
    return (uuid_of(found, f"{where}/Orgc", otherwise=f"organisation/{name}"), name) if name else None


def _details(part: Json, where: str) -> Json:
    """What STIX has no place for, in MISP's own words."""
    names = ("date", "threat_level_id", "analysis", "distribution", "extends_uuid")
    found = {name: text_of(part, name, where) for name in names}
    day = found["date"]
    if day:
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise Malformed(f"{where}/date", f"{day[:60]!r} is not a day.") from error
    return {name: value for name, value in found.items() if value}


def _remarks(part: Json, name: str, where: str) -> tuple[Json, ...]:
    return objects_of(part, name, where, most=MAX_REMARKS) if part.get(name) else ()


def _group(part: Json, where: str) -> str:
    found = text_of(part, "sharing_group_id", where) if part.get("sharing_group_id") else ""
    return "" if found == "0" else found
