"""Objects of the rarer templates by the `misp-stix` library, which needs the extra `misp`.

It is slow, and one object that it cannot read may cost it all others: it is given only what nobody else maps,
and what does not come back is kept as it is by the caller.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import cast

from comity.formats.misp.marks import marks_of_library
from comity.formats.misp.parts import Attribute, Event, MispObject
from comity.formats.misp.templates import for_detection
from comity.formats.misp.values import Object
from comity.formats.misp.written import attribute_json, object_json, seconds
from comity.formats.strict_json import decode

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its STIX 1 half warns of its own source when first compiled
    from misp_stix_converter import InvalidMISPInputError, MISPtoSTIX21Parser
    from pymisp.exceptions import PyMISPError
    from stix2.exceptions import STIXError  # type: ignore[import-untyped]  # it carries no types

_NOT_OURS = frozenset({"report", "grouping", "identity", "marking-definition"})
_BROKEN = (InvalidMISPInputError, PyMISPError, STIXError, ValueError, TypeError, LookupError, AttributeError)


def by_library(objects: Sequence[MispObject], event: Event) -> list[Object]:
    """What the library makes of these objects; nothing, if it breaks."""
    uuids = {whole.uuid for whole in objects}
    raw: Object = {
        "info": event.info,
        "date": event.time[:10],
        "timestamp": seconds(event.time),
        "uuid": event.uuid,
        "Object": [_plain(whole, uuids) for whole in objects],
    }
    if event.org:
        raw["Orgc"] = {"uuid": event.org[0], "name": event.org[1]}
    parser = MISPtoSTIX21Parser()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.parse_misp_event({"Event": raw})
            found = [cast("Object", decode(str(each.serialize()).encode())) for each in parser.stix_objects]
    except _BROKEN:
        return []
    author = f"identity--{event.org[0]}" if event.org else None
    return [_ours(each) for each in found if _tells(each, author, event.uuid, uuids)]


def _plain(whole: MispObject, uuids: set[str]) -> Object:
    """The object without what we map ourselves: tags, attached files, and references to others."""
    return object_json(whole) | {
        "deleted": False,
        "Attribute": [_plain_attribute(part) for part in whole.attributes],
        "ObjectReference": [
            each for each in whole.references if str(each.get("referenced_uuid")).lower() in uuids
        ],
    }


def _plain_attribute(part: Attribute) -> Object:
    found = attribute_json(part) | {"deleted": False, "to_ids": for_detection(part)}
    return {name: value for name, value in found.items() if name != "Tag"}


def _tells(found: Object, author: str | None, event: str, uuids: set[str]) -> bool:
    """Whether it tells of one of the objects, and not of the event, of its author or of a marking."""
    uuid = found["id"].partition("--")[2]
    return uuid in uuids or (found["type"] not in _NOT_OURS and found["id"] != author and uuid != event)


def _ours(found: Object) -> Object:
    refs = marks_of_library(found.pop("object_marking_refs", ()))
    return found | ({"object_marking_refs": refs} if refs else {})
