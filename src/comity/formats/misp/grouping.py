"""Objects that are held one by one, as events of MISP: each report is one, the rest goes by day and label.

The event of a report has its uuid, the others one that follows from whoever publishes, the day and the label,
so that a subscriber finds them again. An event is as new as the newest of what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid5

from comity.base.times import encode_time
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.formats.misp.encode import encode_misp
from comity.formats.misp.kinds import Object
from comity.formats.misp.parts import NAMESPACE, Unmapped
from comity.formats.misp.writing import COVERS, is_part
from comity.formats.misp.written import label_from, texts
from comity.formats.stix import StixObject

Timed = tuple[StixObject, datetime]  # an object, and since when it stands there as it is
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


@dataclass(slots=True)
class _Group:
    """What is to be one event."""

    cover: Object | None = None
    day: str = ""
    label: Tlp | None = None
    members: dict[str, Object] = field(default_factory=dict)
    at: datetime | None = None

    def add(self, each: Object, at: datetime) -> None:
        self.members[each["id"]] = each
        self.at = at if self.at is None else max(self.at, at)


@dataclass(frozen=True, slots=True)
class MispEvents:
    """Events as JSON, and what none of them says."""

    texts: tuple[bytes, ...]
    unmapped: tuple[Unmapped, ...]


def events_of(objects: Iterable[Timed], publisher: Publisher) -> MispEvents:
    """All objects as events."""
    sorting = _Sorting({found.id: (found.value, at) for found, at in objects})
    made = [encode_misp(_whole(group, sorting.known, publisher)) for group in sorting.groups]
    told = [part for each in made for part in each.unmapped]
    return MispEvents(tuple(each.text for each in made), (*told, *sorting.lost))


class _Sorting:
    """Puts each object into one group."""

    def __init__(self, known: Mapping[str, tuple[Object, datetime]]) -> None:
        self.known = known
        self.lost: list[Unmapped] = []
        self._group_of: dict[str, _Group] = {}
        self._by_day: dict[tuple[str, Tlp | None], _Group] = {}
        reports = [self._of_report(ref) for ref in sorted(known) if self._is_cover(known[ref][0])]
        for ref in sorted(known):
            self._place(ref)
        self._join()
        self._leave_identities()
        days = [self._by_day[key] for key in sorted(self._by_day, key=str)]
        self.groups: Sequence[_Group] = [each for each in (*reports, *days) if each.members]

    def _is_cover(self, value: Object) -> bool:
        return value["type"] in COVERS and not is_part(value)

    def _of_report(self, ref: str) -> _Group:
        value, at = self.known[ref]
        group = _Group(cover=value)
        group.add(value, at)
        self._group_of[ref] = group
        for named in texts(value, "object_refs"):
            if named in self.known and not self._stays_out(named):
                if named in self._group_of:
                    reason = f"{ref} names it too; it stands in the event of another report."
                    self.lost.append(Unmapped(named, named.partition("--")[0], reason))
                else:
                    self._put(named, group)
        return group

    def _stays_out(self, ref: str) -> bool:
        value = self.known[ref][0]
        return value["type"] in _ELSEWHERE or self._is_cover(value)

    def _put(self, ref: str, group: _Group) -> None:
        self._group_of[ref] = group
        group.add(*self.known[ref])

    def _place(self, ref: str) -> None:
        """What no report names, and what joins nothing."""
        value = self.known[ref][0]
        kind = value["type"]
        if ref in self._group_of or kind in _ELSEWHERE or kind in _JOINING or kind == "identity":
            return
        label = label_from(value)
        day = str(value.get("created", ""))[:10] or _NO_DAY
        group = self._by_day.setdefault((day, label), _Group(day=day, label=label))
        self._put(ref, group)

    def _join(self) -> None:
        """A relationship goes where both its ends are; identities go with what they made."""
        for ref in sorted(self.known):
            value = self.known[ref][0]
            if ref in self._group_of or value["type"] not in _JOINING:
                continue
            groups = {id(found): found for found in self._ends(value)}
            if len(groups) == 1:
                self._put(ref, next(iter(groups.values())))
            else:
                reason = "joins objects of several events, or of none here; MISP has no place for it."
                self.lost.append(Unmapped(ref, value["type"], reason))

    def _leave_identities(self) -> None:
        """Those who made something stand in its event; the others would be events without a value."""
        authors = {str(value.get("created_by_ref")) for value, _ in self.known.values()}
        for ref, (value, _) in sorted(self.known.items()):
            if value["type"] == "identity" and ref not in self._group_of and ref not in authors:
                reason = "belongs to no event: no report names it, and it made nothing here."
                self.lost.append(Unmapped(ref, "identity", reason))

    def _ends(self, value: Object) -> list[_Group]:
        named = [value.get(name) for name in _ENDS] + texts(value, "object_refs")
        return [self._group_of[str(ref)] for ref in named if str(ref) in self._group_of]


def _whole(
    group: _Group, known: Mapping[str, tuple[Object, datetime]], publisher: Publisher
) -> list[StixObject]:
    """The objects of an event, its report as new as the newest of them, and who made them."""
    at = group.at
    assert at is not None  # noqa: S101  a group without members is left out
    cover = dict(group.cover) if group.cover else _report(group, at, publisher)
    cover["modified"] = max(encode_time(at), str(cover["created"]))
    members = [each for ref, each in group.members.items() if ref != cover["id"]]
    authors = {str(each.get("created_by_ref")) for each in (cover, *members)}
    made = [known[ref][0] for ref in sorted(authors) if ref in known and ref not in group.members]
    ours = [] if publisher.ref in known else [_identity(publisher, at)] if publisher.ref in authors else []
    return [StixObject.decode(each) for each in (cover, *members, *made, *ours)]


def _report(group: _Group, at: datetime, publisher: Publisher) -> dict[str, Any]:
    label = group.label.value if group.label else ""
    name = f"{publisher.ref} {publisher.receiver} {group.day} {label}"
    when = "without a date" if group.day == _NO_DAY else f"of {group.day}"
    return {
        "type": "report",
        "spec_version": "2.1",
        "id": f"report--{uuid5(NAMESPACE, name)}",
        "created_by_ref": publisher.ref,
        "created": encode_time(at) if group.day == _NO_DAY else f"{group.day}T00:00:00.000Z",
        "modified": encode_time(at),
        "name": f"{publisher.name}: indicators and observations {when}",
        "published": encode_time(at),
        "object_refs": sorted(group.members),
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
