"""The objects of one event while they are found: parts, what was said of them, references, and the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from comity.base.errors import Malformed, TooLarge
from comity.formats.markings import TLP_OF_ID, tlp_definition
from comity.formats.misp import objects, remarks
from comity.formats.misp.attributes import Made, from_attribute, relationship
from comity.formats.misp.galaxies import from_cluster, related
from comity.formats.misp.kinds import VICTIM_CLASS
from comity.formats.misp.marks import (
    Marks,
    group_of,
    label_of,
    strictest,
    unknown_labels,
)
from comity.formats.misp.packed import Packed, Texts
from comity.formats.misp.parts import Attribute, Cluster, Event, Json, MispObject, Unmapped
from comity.formats.misp.reading import (
    MAX_ATTRIBUTES,
    MAX_OBJECTS,
    MAX_REMARKS,
    list_of,
    objects_of,
    read_attribute,
    read_event,
    read_object,
    readable,
)
from comity.formats.misp.reports import report_id, reports
from comity.formats.misp.values import Object
from comity.formats.stix import StixObject

MAX_BY_LIBRARY = 1_000  # objects of an event: it makes a few hundred in a second
_NOT_TAKEN = ("ShadowAttribute", "CryptographicKey", "Relationship")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

P = TypeVar("P", Attribute, MispObject)


@dataclass(slots=True)
class Gathering:
    """What one event gives; `made` are its objects when all is found.

    Of what is found only a digest is kept by id, the rest is packed: there may be hundreds of thousands.
    """

    event: Event
    raw: Json
    where: str
    marks: Marks
    author: str | None
    found: dict[str, tuple[int, Marks]] = field(default_factory=dict)  # by id: its digest, and its marks
    texts: Texts = field(default_factory=Texts)  # of what is found, in its order
    primary: dict[str, str] = field(default_factory=dict)  # the id that stands for a part, by the part's uuid
    bystanders: set[str] = field(default_factory=set)  # ids that the report does not name
    victims: list[str] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)
    refs: set[str] = field(default_factory=set)  # the definitions that mark what is made
    made: Packed = field(default_factory=Packed)

    @classmethod
    def of(cls, raw: Json, where: str) -> Gathering:
        """All objects of one event."""
        event = read_event(raw, where)
        author = f"identity--{event.org[0]}" if event.org else None
        one = cls(event, raw, where, Marks(), author)
        one.marks = one._marked(event.uuid, event.tags, raw)
        one._take_event()
        attributes, wholes = one._parts()
        for part in attributes:
            one._take_attribute(part)
        one._take_objects(wholes)
        one._take_reports()
        one._finish()
        return one

    def _parts(self) -> tuple[Iterator[Attribute], Iterator[MispObject]]:
        attributes = list_of(self.raw, "Attribute", self.where, most=MAX_ATTRIBUTES)
        wholes = list_of(self.raw, "Object", self.where, most=MAX_OBJECTS)
        event, lost = self.event, self.unmapped
        found = readable(
            attributes, f"{self.where}/Attribute", lambda one, at: read_attribute(one, at, event), lost
        )
        few = self._counted(wholes, len(attributes))
        whole = readable(few, f"{self.where}/Object", lambda one, at: read_object(one, at, event, lost), lost)
        return self._once(found), self._once(whole)

    def _counted(self, wholes: Iterable[object], number: int) -> Iterator[object]:
        """The objects, as long as they and the event hold no more attributes than are read."""
        for each in wholes:
            inner = isinstance(each, dict) and each.get("Attribute")
            number += len(inner) if isinstance(inner, list) else 0
            if number > MAX_ATTRIBUTES:
                raise TooLarge(
                    self.where, f"more than {MAX_ATTRIBUTES:,} attributes, the most that are read."
                )
            yield each

    def _once(self, parts: Iterable[P]) -> Iterator[P]:
        """Those whose uuid no part before had."""
        seen: set[str] = set()
        for part in parts:
            if part.uuid in seen:
                self.unmapped.append(Unmapped(part.uuid, part.kind, "has the uuid of a part before it."))
            else:
                seen.add(part.uuid)
                yield part

    def _marked(self, uuid: str, tags: Sequence[str], *raws: Json | None) -> Marks:
        """The marks of a part: those of the event, its own label, and the groups it was given to."""
        if tags:
            self.unmapped += unknown_labels(uuid, tags)
        groups: set[str] = set()
        for raw in raws:
            definition = group_of(raw, uuid) if raw else None
            if definition:
                self._add(definition, Marks(), named=False)
                groups.add(definition["id"])
        return strictest(self.marks, Marks(label_of(tags), frozenset(groups)))

    def _add(self, found: Object, marks: Marks, *, named: bool = True) -> None:
        ref, digest = found["id"], hash(_in_order(found))
        known = self.found.get(ref)
        if known is None:
            self.found[ref] = (digest, marks)
            self.texts.append(_encode(found))
            if not named:
                self.bystanders.add(ref)
        elif known[0] != digest:
            reason = "has the id of an object before it, which counts."
            self.unmapped.append(Unmapped(ref, found["type"], reason))

    def _add_all(self, found: Iterable[Object], marks: Marks) -> None:
        for each in found:
            self._add(each, marks)

    def _take_event(self) -> None:
        event = self.event
        if event.org:
            self._add(remarks.identity(*event.org, event.time), self.marks, named=False)
        else:
            self.unmapped.append(
                Unmapped(event.uuid, "Orgc", "The event does not say who made it.", kept=True)
            )
        for cluster in event.clusters:
            self._add(from_cluster(cluster, event.time), self.marks)
        for name in _NOT_TAKEN:
            number = len(list_of(self.raw, name, self.where, most=MAX_REMARKS))
            if number:
                self.unmapped.append(Unmapped(event.uuid, name, f"{number:,} of them are not taken."))

    def _take_attribute(self, part: Attribute) -> None:
        marks = self._marked(part.uuid, part.tags, part.raw)
        made = from_attribute(part, self.author)
        if part.type in VICTIM_CLASS:
            self.victims += made.ids
        _expire(part, made)
        self._take(part.uuid, made, marks)
        self._said_of_attribute(part, made, marks)

    def _take(self, uuid: str, made: Made, marks: Marks) -> None:
        self.primary[uuid] = made.objects[0]["id"]
        self.unmapped += made.unmapped
        self._add_all(made.objects, marks)

    def _said_of_attribute(self, part: Attribute, made: Made, marks: Marks) -> None:
        if part.sightings or part.notes or part.opinions:
            self._said(part.uuid, made.ids, part.time, _remarks_of(part), marks)
        for cluster in part.clusters:
            self._attach(cluster, made.objects[0], part.time, marks)

    def _said(
        self, uuid: str, ids: Sequence[str], time: str, parts: Mapping[str, Sequence[Json]], marks: Marks
    ) -> None:
        found, lost = remarks.said(uuid, ids, time, parts)
        self.unmapped += lost
        for each in found:
            self._add(each, marks, named=each["type"] != "identity")

    def _attach(self, cluster: Cluster, to: Object, time: str, marks: Marks) -> None:
        entry = from_cluster(cluster, self.event.time)
        if entry["id"] not in self.found:
            self._add(entry, self.marks)
        self._add(relationship(to["id"], related(to["type"], entry["type"]), entry["id"], time), marks)

    def _take_objects(self, wholes: Iterable[MispObject]) -> None:
        """One after the other; kept for the end is what the library reads, and what refers to others."""
        rare, referring = list[MispObject](), list[MispObject]()
        for whole in wholes:
            if whole.references:
                referring.append(replace(whole, attributes=(), raw={}))
            if len(rare) < MAX_BY_LIBRARY and _is_rare(whole):
                rare.append(whole)
            else:
                self._take_object(whole, objects.from_object(whole, self.author))
        found = self._by_library(rare)
        for whole in rare:
            self._take_object(whole, found.get(whole.uuid) or objects.from_object(whole, self.author))
        for whole in referring:
            self._refer(whole)

    def _take_object(self, whole: MispObject, made: Made) -> None:
        inner = (part.raw for part in whole.attributes)
        marks = self._marked(whole.uuid, whole.tags, whole.raw, *inner)
        self.victims += [f"identity--{part.uuid}" for part in whole.attributes if part.type in VICTIM_CLASS]
        for part in whole.attributes:
            _expire(part, made)
        self._take(whole.uuid, made, marks)
        for part in whole.attributes:
            self.primary.setdefault(part.uuid, made.objects[0]["id"])
        self._said(whole.uuid, made.ids, whole.time, _remarks_of(whole), marks)
        for part in whole.attributes:
            self._said_of_attribute(part, made, marks)

    def _by_library(self, given: Sequence[MispObject]) -> dict[str, Made]:
        """What misp-stix makes of each; those that it cannot read are missing."""
        if not given:
            return {}
        found = _library_objects(given, self.event)
        owner = {uuid: whole for whole in given for uuid in _uuids(whole)}
        by_whole: dict[str, list[Object]] = {}
        last = given[0]
        for each in found:
            # What has a uuid of its own making stands behind the object to which it belongs.
            last = owner.get((each.get("source_ref") or each["id"]).partition("--")[2], last)
            by_whole.setdefault(last.uuid, []).append(each)
        return {
            whole.uuid: objects.adopted(whole, by_whole[whole.uuid], self.author)
            for whole in given
            if whole.uuid in by_whole
        }

    def _refer(self, whole: MispObject) -> None:
        found, lost = objects.references(whole, self.primary[whole.uuid], self.primary, self.author)
        self.unmapped += lost
        for each in found:
            ends = (self.found[each[end]][1] for end in ("source_ref", "target_ref"))
            self._add(each, strictest(*ends))

    def _take_reports(self) -> None:
        whole = report_id(self.event)
        parts = list_of(self.raw, "EventReport", self.where, most=MAX_REMARKS)
        read = readable(
            parts,
            f"{self.where}/EventReport",
            lambda part, at: remarks.report(part, at, whole, self.event.time, self.primary),
            self.unmapped,
        )
        for each in read:
            marks = (self.found[ref][1] for ref in each["object_refs"] if ref in self.found)
            self._add(each, strictest(self.marks, *marks))
        said = {
            name: objects_of(self.raw, name, self.where, most=MAX_REMARKS) for name in ("Note", "Opinion")
        }
        self._said(self.event.uuid, [whole], self.event.time, said, self.marks)

    def _finish(self) -> None:
        """Every object with its markings, the report of them all, and the definitions of the labels."""
        values = zip(self.texts.after(0), self.found.values(), strict=True)
        named = self._keep(_with_marks(_decode(text), marks) for text, (_, marks) in values)
        named = [ref for ref in named if ref not in self.bystanders]
        self._keep(
            _with_marks(each, self.marks)
            for each in reports(self.event, self.author, named)
            if self._is_new(each)
        )
        labels = sorted((TLP_OF_ID[ref] for ref in self.refs if ref in TLP_OF_ID), key=lambda tlp: tlp.rank)
        self._keep(each for each in map(tlp_definition, labels) if self._is_new(each))

    def _is_new(self, made: Object) -> bool:
        """Whether the event holds nothing under the id of what we make of it as a whole."""
        if made["id"] in self.found:
            reason = "has the id of an object before it, which counts."
            self.unmapped.append(Unmapped(made["id"], made["type"], reason))
        return made["id"] not in self.found

    def _keep(self, values: Iterable[Object]) -> list[str]:
        """Pack what can be read; the ids of that."""
        kept: list[str] = []
        for value in values:
            try:
                each = StixObject.decode(value)
            except Malformed as error:
                self.unmapped.append(Unmapped(value["id"], value["type"], str(error)))
                continue
            self.made.append(each)
            self.refs.update(value.get("object_marking_refs", ()))
            kept.append(value["id"])
        return kept


def _expire(part: Attribute, made: Made) -> None:
    """An expiration that was sighted ends what indicates the value."""
    end = remarks.expiry(part.sightings, part.time) if part.sightings else None
    for each in made.objects if end else ():
        if each["type"] == "indicator":
            each["valid_until"] = end


def _in_order(found: Object) -> bytes:
    """The same for the same members in any order."""
    return msgspec.json.encode(found, order="sorted")


def _library_objects(wholes: Sequence[MispObject], event: Event) -> list[Object]:
    """What misp-stix makes of them; nothing, where it is not installed."""
    try:
        from comity.formats.misp.library import by_library  # noqa: PLC0415  an extra, and a second to import
    except ModuleNotFoundError:
        return []
    return by_library(wholes, event)


def _is_rare(whole: MispObject) -> bool:
    return whole.name in objects.RARE and objects.template_for(whole) is None


def _uuids(whole: MispObject) -> Iterator[str]:
    yield whole.uuid
    yield from (part.uuid for part in whole.attributes)


def _remarks_of(part: Attribute | MispObject) -> dict[str, Sequence[Json]]:
    sightings = part.sightings if isinstance(part, Attribute) else ()
    return {"Sighting": sightings, "Note": part.notes, "Opinion": part.opinions}


def _with_marks(value: Object, marks: Marks) -> Object:
    refs = marks.refs() + value.get("object_marking_refs", [])
    if not refs or value["type"] == "marking-definition":
        return value
    return value | {"object_marking_refs": refs}
