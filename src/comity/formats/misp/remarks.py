"""What was said of a part: sightings, opinions, notes, and reports of the event."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from comity.base.errors import Malformed
from comity.formats.misp.parts import Json, Unmapped
from comity.formats.misp.reading import MAX_VALUE, text_of, time_of, uuid_of
from comity.formats.misp.values import Object
from comity.formats.stix import UUID_FORM

_SEEN, _FALSE_POSITIVE, _EXPIRED = "0", "1", "2"
_MENTION = re.compile(rf"@!?\[(?:attribute|object)\]\(({UUID_FORM})\)")
MAX_MENTIONS = 10_000
# The least number of MISP's scale of 100 for each word of STIX.
_OPINIONS = (
    (81, "strongly-agree"),
    (61, "agree"),
    (41, "neutral"),
    (21, "disagree"),
    (0, "strongly-disagree"),
)
_WHOLE = re.compile(r"[0-9]{1,3}", re.ASCII)

Read = Callable[[Json, str], list[Object]]


def said(
    uuid: str, ids: Sequence[str], time: str, parts: Mapping[str, Sequence[Json]]
) -> tuple[list[Object], list[Unmapped]]:
    """What was said of the objects with these ids, all of which came from one part."""
    ways: dict[str, Read] = {
        "Sighting": lambda part, where: _sighting(part, where, ids, time),
        "Note": lambda part, where: [_note(part, where, ids, time)],
        "Opinion": lambda part, where: [_opinion(part, where, ids, time)],
    }
    found: list[Object] = []
    lost: list[Unmapped] = []
    for name, index, part in _each(parts):
        where = f"{uuid}/{name}/{index}"
        try:
            found += ways[name](part, where)
        except Malformed as error:
            lost.append(Unmapped(str(part.get("uuid") or where)[:100], name, str(error)))
    return found, lost


def expiry(sightings: Sequence[Json], after: str) -> str | None:
    """The first moment from which the value is said to hold no more."""
    times = [
        time_of(each.get("date_sighting"), "Sighting")
        for each in sightings
        if str(each.get("type")) == _EXPIRED
    ]
    return min((time for time in times if time and time > after), default=None)


def report(part: Json, where: str, event: str, time: str, ids: Mapping[str, str]) -> Object:
    """A report of the event as a note on what it mentions, or on the event."""
    content = text_of(part, "content", where, most=MAX_VALUE)
    name = text_of(part, "name", where)
    when = time_of(part.get("timestamp"), f"{where}/timestamp") or time
    mentioned = dict.fromkeys(ids[ref] for ref in _MENTION.findall(content)[:MAX_MENTIONS] if ref in ids)
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{uuid_of(part, where, otherwise=f'{event}/{name}/{content}')}",
        "created": when,
        "modified": when,
        "labels": ['misp:data-layer="Event Report"'],
        **({"abstract": name} if name else {}),
        "content": content or name or "An empty report.",
        "object_refs": list(mentioned) or [event],
        **({"revoked": True} if part.get("deleted") is True else {}),
    }


def _each(parts: Mapping[str, Sequence[Json]]) -> Iterator[tuple[str, int, Json]]:
    for name, found in parts.items():
        for index, part in enumerate(found):
            yield name, index, part


def _sighting(part: Json, where: str, ids: Sequence[str], time: str) -> list[Object]:
    kind = text_of(part, "type", where) or _SEEN
    if kind == _EXPIRED:
        return _expired(part, where, ids)
    if kind not in {_SEEN, _FALSE_POSITIVE}:
        raise Malformed(f"{where}/type", f"{kind[:60]!r} is not a type of sighting.")
    when = time_of(part.get("date_sighting"), f"{where}/date_sighting") or time
    source = text_of(part, "source", where)
    org = _org(part, where, time)
    name = uuid_of(part, where, otherwise=f"{where}/{when}/{source}")
    head: Object = {"spec_version": "2.1", "created": when, "modified": when}
    if kind == _FALSE_POSITIVE:
        return [*org, _false_positive(name, head, ids, org, source)]
    observed = [each for each in ids if each.startswith("observed-data--")]
    of = next((each for each in ids if each not in observed), ids[0])
    found: Object = {"type": "sighting", "id": f"sighting--{name}", **head, "sighting_of_ref": of}
    found |= {"observed_data_refs": observed} if observed and of not in observed else {}
    found |= {"where_sighted_refs": [org[0]["id"]]} if org else {}
    found |= {"description": source} if source else {}
    return [*org, found]


def _expired(part: Json, where: str, ids: Sequence[str]) -> list[Object]:
    """Nothing of its own: the indicator ends then."""
    if not any(each.startswith("indicator--") for each in ids):
        raise Malformed(where, "says that a value has expired, and there is no indicator of it.")
    if time_of(part.get("date_sighting"), f"{where}/date_sighting") is None:
        raise Malformed(f"{where}/date_sighting", "is missing.")
    return []


def _false_positive(
    name: str, head: Object, ids: Sequence[str], org: Sequence[Object], source: str
) -> Object:
    found: Object = {"type": "opinion", "id": f"opinion--{name}", **head}
    found |= {"explanation": "False positive Sighting", "opinion": "strongly-disagree"}
    found |= {"authors": [org[0]["name"]], "x_misp_author_ref": org[0]["id"]} if org else {}
    return found | ({"x_misp_source": source} if source else {}) | {"object_refs": list(ids)}


def _org(part: Json, where: str, time: str) -> list[Object]:
    found = part.get("Organisation")
    if not isinstance(found, dict):
        return []
    name = text_of(found, "name", f"{where}/Organisation")
    return [identity(uuid_of(found, f"{where}/Organisation", otherwise=f"organisation/{name}"), name, time)]


def identity(uuid: str, name: str, time: str) -> Object:
    """An organisation that made or saw something."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid}",
        "created": time,
        "modified": time,
        "name": name or f"Organisation {uuid}",
        "identity_class": "organization",
    }


def _times(part: Json, where: str, time: str) -> Object:
    created = time_of(part.get("created"), f"{where}/created") or time
    modified = time_of(part.get("modified"), f"{where}/modified") or created
    return {"spec_version": "2.1", "created": created, "modified": max(created, modified)}


def _note(part: Json, where: str, ids: Sequence[str], time: str) -> Object:
    content = text_of(part, "note", where, most=MAX_VALUE)
    if not content:
        raise Malformed(f"{where}/note", "is missing.")
    return {
        "type": "note",
        "id": f"note--{uuid_of(part, where, otherwise=f'{where}/{content}')}",
        **_times(part, where, time),
        "labels": ['misp:context-layer="Analyst Note"'],
        "content": content,
        **_authors(part, where),
        "object_refs": list(ids),
    }


def _opinion(part: Json, where: str, ids: Sequence[str], time: str) -> Object:
    number = text_of(part, "opinion", where)
    if not _WHOLE.fullmatch(number) or int(number) > 100:  # noqa: PLR2004  MISP's scale
        raise Malformed(f"{where}/opinion", f"{number[:60]!r} is not a number from 0 to 100.")
    comment = text_of(part, "comment", where, most=MAX_VALUE)
    return {
        "type": "opinion",
        "id": f"opinion--{uuid_of(part, where, otherwise=f'{where}/{number}/{comment}')}",
        **_times(part, where, time),
        "labels": ['misp:context-layer="Analyst Opinion"'],
        "opinion": next(word for least, word in _OPINIONS if int(number) >= least),
        "x_misp_opinion": int(number),
        **({"explanation": comment} if comment else {}),
        **_authors(part, where),
        "object_refs": list(ids),
    }


def _authors(part: Json, where: str) -> Object:
    name = text_of(part, "authors", where)
    return {"authors": [name]} if name else {}
