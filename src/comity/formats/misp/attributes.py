"""Attributes to STIX: observed data and its observables, and an indicator where detection is meant."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from comity.base.errors import Malformed
from comity.formats.misp.kinds import FOR_DETECTION, KINDS, ONLY_PATTERNS, RULES, VICTIM_CLASS, value_from
from comity.formats.misp.marks import confidence_of, words_of
from comity.formats.misp.parts import Attribute, Unmapped
from comity.formats.misp.values import Object, compared

# The namespace in which misp-stix derives ids of relationships: the same relationship has the same id.
_RELATIONSHIPS = UUID("76beed5f-7251-457e-8c2a-b45f7b589d3d")
_AS_IT_IS = "is kept as it is, as x-misp-attribute"


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one part: objects, the first of which stands for it, and what was not mapped."""

    objects: list[Object]
    unmapped: tuple[Unmapped, ...] = ()

    @property
    def ids(self) -> list[str]:
        """Those that sightings and remarks refer to: all but observables and relationships."""
        return [
            each["id"] for each in self.objects if each["type"] in _SPOKEN_OF or each["type"].startswith("x-")
        ]


_SPOKEN_OF = frozenset(
    {"observed-data", "indicator", "vulnerability", "campaign", "identity"}
    | {"attack-pattern", "course-of-action", "intrusion-set", "location", "malware", "malware-analysis"}
    | {"note", "threat-actor", "tool"}
)


def from_attribute(part: Attribute, author: str | None) -> Made:
    """The objects of one attribute that stands in no object."""
    to_ids = part.type in FOR_DETECTION if part.to_ids is None else part.to_ids
    head = _head(part, author)
    try:
        if part.type in KINDS:
            found = _observed(part, head, to_ids=to_ids)
        elif part.type in RULES:
            found = [_indicator(part, head, part.value, kind=RULES[part.type])]
        elif part.type in ONLY_PATTERNS and to_ids:
            found = [_indicator(part, head, f"[{compared(ONLY_PATTERNS[part.type], part.value)}]")]
        elif part.type in _NAMED:
            found = [_named(part, head)]
        else:
            return _custom(part, head, f"no STIX type: {_AS_IT_IS}.", to_ids=to_ids)
    except Malformed as error:
        return _custom(part, head, f"{error.problem[:-1]}: {_AS_IT_IS}.", to_ids=to_ids)
    if to_ids is not any(each["type"] == "indicator" for each in found):
        found[0]["x_misp_to_ids"] = to_ids
    found[0] |= said_of(part)
    return Made(found, _without_bytes(part))


def relationship(source: str, kind: str, target: str, time: str) -> Object:
    """A relationship whose id follows from what it says."""
    return {
        "type": "relationship",
        "spec_version": "2.1",
        "id": f"relationship--{uuid5(_RELATIONSHIPS, f'{source} - {kind} - {target}')}",
        "created": time,
        "modified": time,
        "relationship_type": kind,
        "source_ref": source,
        "target_ref": target,
    }


def seen(part: Any) -> dict[str, str]:  # noqa: ANN401  an attribute or an object
    """When it was observed: in the right order, and with the time of the part where nothing is said."""
    first, last = part.first_seen or part.time, part.last_seen or part.time
    if first > last:
        first, last = (last, last) if part.last_seen else (first, first)
    return {"first_observed": first, "last_observed": last}


def said_of(part: Any) -> dict[str, Any]:  # noqa: ANN401  an attribute or an object
    """What MISP says of a part and STIX has no property for, for the way back."""
    found = {"x_misp_first_seen": part.first_seen, "x_misp_last_seen": part.last_seen}
    if part.distribution not in {"", "5"}:  # 5: as the event
        found["x_misp_distribution"] = part.distribution
    return {name: value for name, value in found.items() if value}


def _head(part: Attribute, author: str | None) -> Object:
    """What all objects of one attribute say."""
    labels = [f'misp:type="{part.type}"', *([f'misp:category="{part.category}"'] if part.category else [])]
    head: Object = {
        "spec_version": "2.1",
        "created": part.time,
        "modified": part.time,
        "labels": labels + words_of(part.words),
    }
    confidence = confidence_of(part.tags)
    return (
        head
        | ({"created_by_ref": author} if author else {})
        | ({"confidence": confidence} if confidence is not None else {})
        | ({"revoked": True} if part.deleted else {})
    )


def _observed(part: Attribute, head: Object, *, to_ids: bool) -> list[Object]:
    kind = KINDS[part.type]
    observables = kind.observables(part.value, part.uuid)
    observed = {
        "type": "observed-data",
        "id": f"observed-data--{part.uuid}",
        **head,
        **seen(part),
        "number_observed": 1,
        "object_refs": [each["id"] for each in observables],
    }
    if value_from(part.type, observables) != part.value:
        observed["x_misp_value"] = part.value  # the observable spells it in another way
    _attached(part, observables)
    if not to_ids:
        return [observed | ({"x_misp_comment": part.comment} if part.comment else {}), *observables]
    indicator = _indicator(part, head, f"[{kind.comparisons(part.value)}]")
    based = relationship(indicator["id"], "based-on", observed["id"], part.time)
    return [observed, *observables, indicator, based]


def _indicator(part: Attribute, head: Object, pattern: str, *, kind: str = "stix") -> Object:
    phases = [{"kill_chain_name": "misp-category", "phase_name": part.category}] if part.category else []
    return {
        "type": "indicator",
        "id": f"indicator--{part.uuid}",
        **head,
        "pattern": pattern,
        "pattern_type": kind,
        **({"pattern_version": "2.1"} if kind == "stix" else {}),
        "valid_from": part.time,
        **({"kill_chain_phases": phases} if phases else {}),
        **({"description": part.comment} if part.comment else {}),
    }


_NAMED = {"vulnerability", "campaign-name", *VICTIM_CLASS}


def _named(part: Attribute, head: Object) -> Object:
    more: Object
    if part.type in VICTIM_CLASS:
        kind, more = "identity", {"identity_class": VICTIM_CLASS[part.type]}
    elif part.type == "vulnerability":
        reference = {"source_name": "cve", "external_id": part.value}
        kind, more = "vulnerability", {"external_references": [reference]}
    else:
        kind, more = "campaign", {}
    comment = {"description": part.comment} if part.comment else {}
    return {"type": kind, "id": f"{kind}--{part.uuid}", **head, "name": part.value, **more, **comment}


def _custom(part: Attribute, head: Object, reason: str, *, to_ids: bool) -> Made:
    found = {
        "type": "x-misp-attribute",
        "id": f"x-misp-attribute--{part.uuid}",
        **head,
        "x_misp_type": part.type,
        "x_misp_value": part.value,
        **({"x_misp_category": part.category} if part.category else {}),
        **({"x_misp_comment": part.comment} if part.comment else {}),
        **({"x_misp_to_ids": True} if to_ids else {}),
        **said_of(part),
    }
    return Made([found], (Unmapped(part.uuid, part.type, reason, kept=True), *_without_bytes(part)))


def _attached(part: Attribute, observables: Sequence[Object]) -> None:
    """The size and hash of an attached file; a malware sample is in an archive, whose hash says nothing."""
    if part.type != "attachment" or not part.content:
        return
    try:
        content = b64decode(part.content, validate=True)
    except NotBase64:
        return
    observables[0]["hashes"] = {"SHA-256": sha256(content).hexdigest()}
    observables[0]["size"] = len(content)


def _without_bytes(part: Attribute) -> tuple[Unmapped, ...]:
    if not part.content:
        return ()
    text = f"the attached file ({len(part.content):,} characters) is left out; what is said of it is kept."
    return (Unmapped(part.uuid, part.type, text),)
