"""The parts of a MISP event as typed values, and the list of what could not be mapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

# The namespace of ids where a part of an event has none: the same part has the same id every time.
NAMESPACE = UUID("3c5a4c1e-8f0a-4f0e-9c58-4b8a3d0c7a52")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A part that was not mapped: its uuid (or where it stands), its type, and why."""

    uuid: str
    type: str
    reason: str
    kept: bool = False  # as it is, in an object of a type of MISP's own

    @property
    def text(self) -> str:
        """The whole in one sentence."""
        return f"{self.type} {self.uuid}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """An entry of a galaxy, such as one threat actor."""

    uuid: str
    type: str
    value: str
    galaxy: str
    tag: str
    description: str
    galaxy_description: str
    meta: Json
    time: str | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One value, what kind it is, and what was said about it."""

    uuid: str
    type: str
    category: str
    value: str
    to_ids: bool | None  # None where the event does not say: the type decides
    time: str
    comment: str = ""
    relation: str = ""
    first_seen: str | None = None
    last_seen: str | None = None
    deleted: bool = False
    distribution: str = ""
    group: str = ""  # id of the sharing group on the instance it came from
    tags: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    sightings: tuple[Json, ...] = ()
    notes: tuple[Json, ...] = ()
    opinions: tuple[Json, ...] = ()
    content: str = ""  # base64 of an attached file
    raw: Json | None = None

    @property
    def kind(self) -> str:
        """Its type, as an object has a name."""
        return self.type

    @property
    def words(self) -> tuple[str, ...]:
        """The tags that no entry of a galaxy stands for."""
        return _without(self.tags, self.clusters)


@dataclass(frozen=True, slots=True)
class MispObject:
    """Attributes that belong together by a template, and what they refer to."""

    uuid: str
    name: str
    meta_category: str
    time: str
    attributes: tuple[Attribute, ...]
    references: tuple[Json, ...] = ()
    comment: str = ""
    description: str = ""
    template_uuid: str = ""
    template_version: str = ""
    first_seen: str | None = None
    last_seen: str | None = None
    deleted: bool = False
    distribution: str = ""
    group: str = ""
    notes: tuple[Json, ...] = ()
    opinions: tuple[Json, ...] = ()
    raw: Json | None = None

    @property
    def kind(self) -> str:
        """Its name, as an attribute has a type."""
        return self.name

    @property
    def tags(self) -> tuple[str, ...]:
        """Those of its attributes: an object has none of its own."""
        return tuple(dict.fromkeys(tag for each in self.attributes for tag in each.tags))

    @property
    def words(self) -> tuple[str, ...]:
        """The tags that no entry of a galaxy stands for."""
        return tuple(dict.fromkeys(tag for each in self.attributes for tag in each.words))


@dataclass(frozen=True, slots=True)
class Event:
    """What the event says of itself; its attributes and objects are read one by one."""

    uuid: str
    info: str
    time: str
    published: str | None
    org: tuple[str, str] | None  # uuid and name of who made it
    tags: tuple[str, ...]
    clusters: tuple[Cluster, ...]
    details: Json
    raw: Json

    @property
    def words(self) -> tuple[str, ...]:
        """The tags that no entry of a galaxy stands for."""
        return _without(self.tags, self.clusters)


def _without(tags: tuple[str, ...], clusters: tuple[Cluster, ...]) -> tuple[str, ...]:
    if not clusters:
        return tags
    told = {each.tag for each in clusters}
    return tuple(tag for tag in tags if tag not in told)
