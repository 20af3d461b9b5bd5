"""A MISP event while it is written: every STIX object finds a home in it, or is listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID, uuid5

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_OF_ID
from comity.formats.misp.comparisons import Typed, read_pattern
from comity.formats.misp.kinds import FOR_DETECTION, ONLY_PATTERNS, RULES
from comity.formats.misp.observables import TEMPLATES, typed_values, unsaid
from comity.formats.misp.parts import Attribute, Event, MispObject, Unmapped
from comity.formats.misp.reports import PART_OF_EVENT
from comity.formats.misp.returning import Returning
from comity.formats.misp.values import Object
from comity.formats.misp.written import (
    attribute_json,
    category_of,
    cluster_json,
    object_json,
    said_labels,
    tags_from,
    text_in,
    texts,
)
from comity.formats.stix import OBSERVABLES

COVERS = frozenset({"report", "grouping"})
_ENTRIES = frozenset(
    {
        "attack-pattern",
        "campaign",
        "course-of-action",
        "infrastructure",
        "intrusion-set",
        "location",
        "malware",
    }
    | {"threat-actor", "tool", "x-misp-galaxy-cluster"}
)
_LATER = frozenset({"relationship", "sighting", "note", "opinion"}) | COVERS
_EXPLAINING = frozenset({"marking-definition", "extension-definition"})
_PERSON = "individual"
_PART = PART_OF_EVENT.partition("{")[0]


class Place(Enum):
    """What part of an event an object became."""

    EVENT = "event"
    ATTRIBUTE = "attribute"
    OBJECT = "object"
    ENTRY = "entry of a galaxy"


@dataclass(slots=True)
class Writing:
    """The members of the event, and where each STIX object is in it."""

    known: Mapping[str, Object]
    event: Event
    label: Tlp | None
    body: Object = field(default_factory=dict)
    homes: dict[str, tuple[Place, Object]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # by the report
    entries: dict[str, tuple[Object, Object]] = field(
        default_factory=dict
    )  # of galaxies, each with its galaxy
    homeless: dict[str, tuple[Object, Object]] = field(default_factory=dict)  # those that stand at the event
    lost: list[Unmapped] = field(default_factory=list)

    @property
    def _before(self) -> Returning:
        return Returning(self.known, self.event, self.label, self.lost)

    def place_all(self, cover: Object | None) -> None:
        """All objects but those that speak of others."""
        self.body |= {"Attribute": [], "Object": [], "EventReport": [], "Note": [], "Opinion": []}
        if cover:
            self.homes[cover["id"]] = (Place.EVENT, self.body)
        groups: dict[str, list[Object]] = {}
        for value in self.known.values():
            labels = said_labels(value)
            if value["type"] not in OBSERVABLES | COVERS and labels.keys() & {"type", "name"}:
                groups.setdefault(_uuid(value), []).append(value)
        for uuid, group in groups.items():
            self._place_group(uuid, group)
        for value in self.known.values():
            if value["type"] not in OBSERVABLES and value["id"] not in self.homes and value is not cover:
                self._place(value)
        told = self._told()  # observed data is in its place now
        for value in self.known.values():
            if value["type"] in OBSERVABLES and value["id"] not in told and value["id"] not in self.homes:
                self._place(value)
        self._list_markings()

    def _told(self) -> set[str]:
        """Observables of which observed data or another observable tells."""
        placed = [self.known[ref] for ref in self.homes]
        refs = {
            ref for each in placed if each["type"] == "observed-data" for ref in texts(each, "object_refs")
        }
        ends = ("src_ref", "dst_ref", "from_ref", "parent_directory_ref")
        values = [each for each in self.known.values() if each["type"] in OBSERVABLES]
        refs |= {str(each[end]) for each in values for end in ends if end in each}
        return refs | {
            ref for each in values for name in ("to_refs", "cc_refs", "bcc_refs") for ref in texts(each, name)
        }

    def _place_group(self, uuid: str, group: Sequence[Object]) -> None:
        """The objects that one attribute or one object of MISP once became."""
        whole = next((each for each in group if isinstance(each.get("x_misp_attributes"), list)), None)
        if whole is not None:
            made = object_json(self._before.object(uuid, whole))
            self.body["Object"].append(made)
            home = (Place.OBJECT, made)
            inner = {part["uuid"] for part in made["Attribute"]}
            self.homes |= {
                ref: home for ref in self.known if ref.startswith("identity--") and ref[10:] in inner
            }
        elif any("type" in said_labels(each) for each in group):
            try:
                made = attribute_json(self._before.attribute(uuid, {each["type"]: each for each in group}))
            except Malformed:
                return  # they are placed one by one, as if they were made elsewhere
            self.body["Attribute"].append(made)
            home = (Place.ATTRIBUTE, made)
        else:
            return
        self.homes |= {each["id"]: home for each in group}

    def _place(self, value: Object) -> None:
        """An object that did not come from MISP, or not by us."""
        kind = value["type"]
        if kind in _LATER or kind in _EXPLAINING:
            return
        if "galaxy-type" in said_labels(value) or kind in _ENTRIES:
            self._place_entry(value)
        elif kind in OBSERVABLES:
            self._place_typed(value, [typed_values(value, self.known)], to_ids=False)
            self._list_unsaid(value)
        elif kind == "observed-data":
            self._place_observed(value)
        elif kind == "indicator":
            self._place_indicator(value)
        elif kind == "vulnerability":
            self._place_typed(value, [("", [("", "vulnerability", text_in(value, "name"))])], to_ids=False)
        elif kind == "identity":
            self._place_identity(value)
        else:
            self.lost.append(Unmapped(value["id"], kind, "MISP has no place for it."))

    def _place_entry(self, value: Object) -> None:
        galaxy, entry = cluster_json(value)
        self.homes[value["id"]] = (Place.ENTRY, entry)
        self.entries[value["id"]] = self.homeless[value["id"]] = (galaxy, entry)

    def _place_observed(self, value: Object) -> None:
        refs = texts(value, "object_refs")
        parts = [self.known[ref] for ref in refs if ref in self.known and ref not in self.homes]
        told = {str(each[end]) for each in parts for end in ("src_ref", "dst_ref", "from_ref") if end in each}
        told |= {ref for each in parts for ref in texts(each, "to_refs") + texts(each, "cc_refs")}
        alone = [each for each in parts if each["id"] not in told and each["type"] in OBSERVABLES]
        self._place_typed(value, [typed_values(each, self.known) for each in alone], to_ids=False)
        for each in parts:
            self.homes.setdefault(each["id"], self.homes.get(value["id"], (Place.EVENT, self.body)))
            self._list_unsaid(each)

    def _list_unsaid(self, value: Object) -> None:
        names = unsaid(value)
        if names and value["id"] in self.homes:
            reason = f"MISP has no place for: {', '.join(names[:20])}."
            self.lost.append(Unmapped(value["id"], value["type"], reason))

    def _place_indicator(self, value: Object) -> None:
        pattern, kind = text_in(value, "pattern"), text_in(value, "pattern_type")
        read = read_pattern(pattern) if kind == "stix" else None
        if read is not None:
            self._place_typed(value, [("file", each) for each in read], to_ids=True)
            return
        names = {pattern_type: name for name, pattern_type in RULES.items()}
        if kind in names:
            self._place_typed(value, [("", [("", names[kind], pattern)])], to_ids=True)
        else:
            self.lost.append(Unmapped(value["id"], "indicator", f"MISP has no type for a pattern of {kind}."))

    def _place_identity(self, value: Object) -> None:
        if value["id"] in self._speakers():
            return
        person = value.get("identity_class") == _PERSON
        name, kind = ("full-name", "full-name") if person else ("name", "text")
        found = [(name, kind, text_in(value, "name")), ("description", "text", text_in(value, "description"))]
        template = "person" if person else "organization"
        told = [each for each in found if each[2] and (each[0] == name or not person)]
        self._place_typed(value, [(template, told)], to_ids=False, whole=True)

    def _speakers(self) -> set[str]:
        """Those who made or saw something: they stand where they speak."""
        values = self.known.values()
        found = {
            str(each[name])
            for each in values
            for name in ("created_by_ref", "x_misp_author_ref")
            if name in each
        }
        return found | {ref for each in values for ref in texts(each, "where_sighted_refs")}

    def _place_typed(
        self,
        value: Object,
        alternatives: Iterable[tuple[str, list[Typed]]],
        *,
        to_ids: bool,
        whole: bool = False,
    ) -> None:
        """One attribute or object for each alternative; the first has the uuid of the STIX object."""
        for index, (template, told) in enumerate(each for each in alternatives if each[1]):
            own = _uuid(value)
            uuid = own if index == 0 else str(uuid5(UUID(own), str(index)))
            parts = [self._new(value, uuid, each, to_ids=to_ids) for each in told if each[2]]
            if len(parts) > 1 or (parts and whole):
                made, place = object_json(self._new_object(value, uuid, template, parts)), Place.OBJECT
                self.body["Object"].append(made)
            elif parts:
                made, place = attribute_json(parts[0]), Place.ATTRIBUTE
                made["uuid"] = uuid
                made.pop("object_relation", None)
                self.body["Attribute"].append(made)
            else:
                continue
            self.homes.setdefault(value["id"], (place, made))
        if value["id"] not in self.homes:
            self.lost.append(Unmapped(value["id"], value["type"], "says nothing that MISP has a type for."))

    def _new(self, value: Object, uuid: str, typed: Typed, *, to_ids: bool) -> Attribute:
        relation, kind, text = typed
        return Attribute(
            uuid=str(uuid5(UUID(uuid), f"{relation}/{kind}/{text}")),
            type=kind,
            category=category_of(kind),
            value=text,
            to_ids=to_ids and (kind in FOR_DETECTION or kind in ONLY_PATTERNS),
            time=self._before.time(value),
            comment=text_in(value, "description") or text_in(value, "name"),
            relation=relation,
            deleted=value.get("revoked") is True,
            tags=tuple(tags_from(value, self.label)),
        )

    def _new_object(self, value: Object, uuid: str, template: str, parts: list[Attribute]) -> MispObject:
        template_uuid, version, category = TEMPLATES[template]
        return MispObject(
            uuid=uuid,
            name=template,
            meta_category=category,
            time=self._before.time(value),
            attributes=tuple({part.uuid: part for part in parts}.values()),
            comment=text_in(value, "description"),
            template_uuid=template_uuid,
            template_version=version,
            deleted=value.get("revoked") is True,
        )

    def _list_markings(self) -> None:
        """Markings other than TLP: MISP cannot say them."""
        for value in self.known.values():
            for ref in texts(value, "object_marking_refs"):
                if ref not in TLP_OF_ID:
                    self.lost.append(
                        Unmapped(value["id"], value["type"], f"MISP cannot say its marking {ref}.")
                    )
            if "granular_markings" in value:
                self.lost.append(Unmapped(value["id"], value["type"], "MISP cannot mark a part of it."))

    def event_tags(self) -> list[str]:
        """The tags of entries that stand at the event."""
        return [entry["tag_name"] for _, entry in self.homeless.values()]

    def finished(self) -> Object:
        """All members."""
        for galaxy, entry in self.homeless.values():
            add_entry(self.body, galaxy, entry)
        return {name: value for name, value in self.body.items() if value or name in {"Attribute", "Object"}}


def is_part(value: Object) -> bool:
    """Whether a grouping holds a part of what is too long for one report."""
    return any(label.startswith(_PART) for label in texts(value, "labels"))


def add_entry(holder: Object, galaxy: Object, entry: Object) -> None:
    """Put the entry into its galaxy at an attribute or the event."""
    held = holder.setdefault("Galaxy", [])
    own = next((each for each in held if each["type"] == galaxy["type"]), None)
    if own is None:
        own = {**galaxy, "GalaxyCluster": []}
        held.append(own)
    own["GalaxyCluster"].append(entry)


def _uuid(value: Object) -> str:
    return str(value["id"].partition("--")[2])
