"""What came from MISP goes back as it was: attributes and objects, read from the STIX that they became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.formats.misp.comparisons import read_pattern
from comity.formats.misp.kinds import KINDS, ONLY_PATTERNS, RULES, value_from
from comity.formats.misp.parts import Attribute, Event, MispObject, Unmapped
from comity.formats.misp.reading import MAX_IN_OBJECT, list_of, read_attribute, readable, time_of
from comity.formats.misp.values import Object
from comity.formats.misp.written import label_from, said_labels, tags_from, text_in, texts


@dataclass(frozen=True, slots=True)
class Returning:
    """All objects by their ids, the event that is written, its label, and what it cannot say."""

    known: Mapping[str, Object]
    event: Event
    label: Tlp | None
    lost: list[Unmapped]

    def attribute(self, uuid: str, group: Mapping[str, Object]) -> Attribute:
        """The attribute of which a group of objects was made; what it says must still fit its type."""
        first = next(iter(group.values()))
        labels = said_labels(first)
        custom = group.get("x-misp-attribute", {})
        kind = text_in(custom, "x_misp_type") or labels["type"]
        said = [
            each["x_misp_to_ids"] for each in group.values() if isinstance(each.get("x_misp_to_ids"), bool)
        ]
        comment = text_in(group.get("indicator", {}), "description") or _anywhere(group, "x_misp_comment")
        return read_attribute(
            {
                "uuid": uuid,
                "type": kind,
                "category": text_in(custom, "x_misp_category") or labels.get("category"),
                "value": self._value(kind, group),
                "to_ids": said[0] if said else "indicator" in group,
                "timestamp": first.get("modified"),
                "comment": comment or text_in(first, "description"),
                "first_seen": _anywhere(group, "x_misp_first_seen"),
                "last_seen": _anywhere(group, "x_misp_last_seen"),
                "deleted": first.get("revoked") is True,
                "distribution": _anywhere(group, "x_misp_distribution"),
                "Tag": [{"name": tag} for tag in tags_from(first, self.label)],
            },
            first["id"],
            self.event,
        )

    def _value(self, kind: str, group: Mapping[str, Object]) -> str | None:
        """The value in whichever of the objects says it."""
        own = _anywhere(group, "x_misp_value")
        if own:
            return own
        observed, indicator = group.get("observed-data"), group.get("indicator")
        if observed is not None and kind in KINDS:
            parts = [self.known[ref] for ref in texts(observed, "object_refs") if ref in self.known]
            return value_from(kind, parts)
        if indicator is not None:
            pattern = text_in(indicator, "pattern")
            return pattern if kind in RULES else _only_value(pattern, ONLY_PATTERNS.get(kind))
        return _anywhere(group, "name")

    def object(self, uuid: str, value: Object) -> MispObject:
        """The object of which this one was made, with its attributes."""
        labels = said_labels(value)
        inner = [
            _with_tags(each) for each in list_of(value, "x_misp_attributes", value["id"], most=MAX_IN_OBJECT)
        ]
        event = self.event
        parts = readable(inner, value["id"], lambda part, at: read_attribute(part, at, event), self.lost)
        own = self.label
        tags = (
            [f"tlp:{label.value}"]
            if (label := label_from(value)) and (own is None or label.rank > own.rank)
            else []
        )
        return MispObject(
            uuid=uuid,
            name=text_in(value, "x_misp_name") or labels.get("name", "unknown"),
            meta_category=text_in(value, "x_misp_meta_category") or labels.get("meta-category", "misc"),
            time=self.time(value),
            attributes=tuple(_tagged(part, tags) for part in parts),
            comment=text_in(value, "x_misp_comment"),
            description=text_in(value, "x_misp_description"),
            template_uuid=text_in(value, "x_misp_template_uuid"),
            template_version=text_in(value, "x_misp_template_version"),
            first_seen=text_in(value, "x_misp_first_seen") or None,
            last_seen=text_in(value, "x_misp_last_seen") or None,
            deleted=value.get("revoked") is True,
            distribution=text_in(value, "x_misp_distribution"),
        )

    def time(self, value: Object) -> str:
        """When it was changed last, or else the event."""
        try:
            return time_of(value.get("modified"), value["id"]) or self.event.time
        except Malformed:
            return self.event.time


def _anywhere(group: Mapping[str, Object], name: str) -> str:
    """What the first of some objects that says it says."""
    return next((text_in(each, name) for each in group.values() if text_in(each, name)), "")


def _only_value(pattern: str, path: str | None) -> str | None:
    """The value of a pattern of one comparison."""
    read = read_pattern(pattern) if path else None
    return read[0][0][2] if read and len(read) == 1 and len(read[0]) == 1 else None


def _with_tags(part: Any) -> Any:  # noqa: ANN401  what a stranger may have written into a custom property
    if not isinstance(part, dict):
        return part
    return part | {"Tag": [{"name": tag} for tag in texts(part, "tags")]}


def _tagged(part: Attribute, tags: Sequence[str]) -> Attribute:
    if not tags or any(tag.lower().startswith("tlp:") for tag in part.tags):
        return part
    return replace(part, tags=(*part.tags, *tags))
