"""Objects that are held one by one, as events of MISP: each report is one, the rest goes by day and label.

The event of a report has its uuid, the others one that follows from whoever publishes, the day and the label,
so that a subscriber finds them again. An event is as new as the newest of what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern
from typing import Any
from uuid import uuid5

from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.formats.misp.encode import MispExport, encode_misp
from comity.formats.misp.parts import NAMESPACE, Unmapped
from comity.formats.misp.values import Object
from comity.formats.misp.writing import COVERS, is_part
from comity.formats.misp.written import label_from, texts
from comity.formats.stix import StixObject

Timed = tuple[StixObject, datetime]  # an object, and since when it stands there as it is
MOST_TOGETHER = 5_000  # objects of one day and label in one event; more of them are several
_DEEPEST = 8  # signs of an id by which a day is divided
_ENDS = ("source_ref", "target_ref", "sighting_of_ref")
_JOINING = frozenset({"relationship", "sighting", "note", "opinion"})
_ELSEWHERE = frozenset({"marking-definition", "extension-definition"})  # tags stand for them
_NO_DAY = "undated"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes, and for whom: what one receiver sees of a day is not what another sees."""

    ref: str
    name: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Outline:
    """Of an object what decides in which event it stands, without what it says."""

    id: str
    type: str
    cover: bool  # whether it is an event itself
    day: str
    label: Tlp | None
    author: str
    names: tuple[str, ...]  # what it holds or joins
    at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """What is to be one event: by a report, or of a day."""

    cover: str  # id of the report
    day: str
    label: Tlp | None
    part: str  # of a day with too many
    members: tuple[str, ...]
    made: tuple[str, ...]  # who made them, as far as that is among the objects
    with_publisher: bool  # who made some of them, and is not among the objects
    at: datetime

    @property
    def needed(self) -> tuple[str, ...]:
        """The objects that the event is made of."""
        return (*self.members, *self.made)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which objects stand in which event, and which in none."""

    groups: tuple[Group, ...]
    lost: tuple[Unmapped, ...]


@dataclass(frozen=True, slots=True)
class MispEvents:
    """Events as JSON, and what none of them says."""

    texts: tuple[bytes, ...]
    unmapped: tuple[Unmapped, ...]


def events_of(objects: Iterable[Timed], publisher: Publisher) -> MispEvents:
    """All objects as events."""
    known = {found.id: (found, at) for found, at in objects}
    plan = plan_of((outline_of(*each) for each in known.values()), publisher)
    values = {ref: found.value for ref, (found, _) in known.items()}
    made = [each for group in plan.groups if (each := event_of(group, values, publisher))]
    told = [part for each in made for part in each.unmapped]
    return MispEvents(tuple(each.text for each in made), (*told, *plan.lost))


def outline_of(found: StixObject, at: datetime) -> Outline:
    """What decides where an object stands, since it is there as it is."""
    value, kind = found.value, found.type
    cover = kind in COVERS and not is_part(value)
    ends = [str(value[name]) for name in _ENDS if value.get(name)] if kind in _JOINING else []
    named = texts(value, "object_refs") if cover or kind in _JOINING else []
    return Outline(
        id=found.id,
        type=intern(kind),
        cover=cover,
        day=intern(str(value.get("created", ""))[:10] or _NO_DAY),
        label=label_from(value),
        author=intern(str(value.get("created_by_ref", ""))),
        names=(*ends, *named),
        at=at,
    )


def plan_of(outlines: Iterable[Outline], publisher: Publisher) -> Plan:
    """Each object in one event, as far as there is one for it."""
    return _Sorting({each.id: each for each in outlines}).plan(publisher)


def event_of(group: Group, values: Mapping[str, Object], publisher: Publisher) -> MispExport | None:
    """The event of a group, its report as new as the newest object in it, of the objects that it needs.

    None where nothing of it is among the values any more, or its report is not.
    """
    members = [values[ref] for ref in group.members if ref in values and ref != group.cover]
    if (group.cover not in values) if group.cover else not members:
        return None
    cover = dict(values[group.cover]) if group.cover else _report(group, publisher, members)
    cover["modified"] = max(encode_time(group.at), str(cover["created"]))
    made = [values[ref] for ref in group.made if ref in values]
    ours = [_identity(publisher, group.at)] if group.with_publisher else []
    return encode_misp([StixObject.decode(each) for each in (cover, *members, *made, *ours)])


@dataclass(slots=True)
class _Gathered:
    """A group that is being filled."""

    at: datetime
    cover: str = ""
    day: str = ""
    label: Tlp | None = None
    part: str = ""
    members: list[str] = field(default_factory=list)

    def add(self, each: Outline) -> None:
        self.members.append(each.id)
        self.at = max(self.at, each.at)


class _Sorting:
    """Puts each object into one group."""

    def __init__(self, known: Mapping[str, Outline]) -> None:
        self.known = known
        self.lost: list[Unmapped] = []
        self._group_of: dict[str, _Gathered] = {}
        reports = [self._of_report(known[ref]) for ref in sorted(known) if known[ref].cover]
        days = self._of_days()
        self._join()
        self._leave_identities()
        self.groups = (*reports, *days)

    def plan(self, publisher: Publisher) -> Plan:
        """The groups with who made what is in them."""
        return Plan(tuple(self._whole(each, publisher) for each in self.groups), tuple(self.lost))

    def _whole(self, group: _Gathered, publisher: Publisher) -> Group:
        authors = {self.known[ref].author for ref in group.members} - {""}
        authors |= set() if group.cover else {publisher.ref}
        made = authors.intersection(self.known).difference(group.members)
        return Group(
            cover=group.cover,
            day=group.day,
            label=group.label,
            part=group.part,
            members=tuple(group.members),
            made=tuple(sorted(made)),
            with_publisher=publisher.ref in authors and publisher.ref not in self.known,
            at=group.at,
        )

    def _of_report(self, each: Outline) -> _Gathered:
        group = _Gathered(each.at, cover=each.id)
        self._put(each, group)
        for ref in each.names:
            named = self.known.get(ref)
            if named is None or named.cover or named.type in _ELSEWHERE:
                continue
            if ref in self._group_of:
                reason = f"{each.id} names it too; it stands in the event of another report."
                self.lost.append(Unmapped(ref, named.type, reason))
            else:
                self._put(named, group)
        return group

    def _put(self, each: Outline, group: _Gathered) -> None:
        self._group_of[each.id] = group
        group.add(each)

    def _of_days(self) -> list[_Gathered]:
        """What no report names, and what joins nothing; identities go with what they made."""
        days: dict[tuple[str, Tlp | None], list[Outline]] = {}
        elsewhere = _JOINING | _ELSEWHERE | {"identity"}
        for ref in sorted(self.known):
            each = self.known[ref]
            if ref not in self._group_of and each.type not in elsewhere:
                days.setdefault((each.day, each.label), []).append(each)
        return [group for key in sorted(days, key=str) for group in self._divided(*key, days[key])]

    def _divided(
        self, day: str, label: Tlp | None, found: Sequence[Outline], part: str = ""
    ) -> Iterator[_Gathered]:
        """One event, or several by how the ids begin: so an object stays where it is when others come."""
        if len(found) <= MOST_TOGETHER or len(part) >= _DEEPEST:
            group = _Gathered(found[0].at, day=day, label=label, part=part)
            for each in found:
                self._put(each, group)
            yield group
            return
        by_sign: dict[str, list[Outline]] = {}
        for each in found:
            by_sign.setdefault(each.id.partition("--")[2][len(part)], []).append(each)
        for sign in sorted(by_sign):
            yield from self._divided(day, label, by_sign[sign], part + sign)

    def _join(self) -> None:
        """A relationship goes where both its ends are."""
        for ref in sorted(self.known):
            each = self.known[ref]
            if ref in self._group_of or each.type not in _JOINING:
                continue
            groups = {id(group): group for name in each.names if (group := self._group_of.get(name))}
            if len(groups) == 1:
                self._put(each, next(iter(groups.values())))
            else:
                reason = "joins objects of several events, or of none here; MISP has no place for it."
                self.lost.append(Unmapped(ref, each.type, reason))

    def _leave_identities(self) -> None:
        """Those who made something stand in its event; the others would be events without a value."""
        authors = {each.author for each in self.known.values()}
        for ref in sorted(self.known):
            if self.known[ref].type == "identity" and ref not in self._group_of and ref not in authors:
                reason = "belongs to no event: no report names it, and it made nothing here."
                self.lost.append(Unmapped(ref, "identity", reason))


def _report(group: Group, publisher: Publisher, members: Iterable[Object]) -> dict[str, Any]:
    label = group.label.value if group.label else ""
    at, part = encode_time(group.at), f", part {group.part}" if group.part else ""
    name = f"{publisher.ref} {publisher.receiver} {group.day} {label}{part}"
    when = "without a date" if group.day == _NO_DAY else f"of {group.day}"
    return {
        "type": "report",
        "spec_version": "2.1",
        "id": f"report--{uuid5(NAMESPACE, name)}",
        "created_by_ref": publisher.ref,
        "created": at if group.day == _NO_DAY else f"{group.day}T00:00:00.000Z",
        "modified": at,
        "name": f"{publisher.name}: indicators and observations {when}{part}",
        "published": at,
        "object_refs": sorted(str(each["id"]) for each in members),
        **({"object_marking_refs": [TLP_IDS[group.label]]} if group.label else {}),
    }


def _identity(publisher: Publisher, at: datetime) -> dict[str, Any]:
    when = encode_time(at)
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": publisher.ref,
        "created": when,
        "modified": when,
        "name": publisher.name,
        "identity_class": "organization",
    }
