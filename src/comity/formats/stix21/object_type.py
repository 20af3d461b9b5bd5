"""What a type is made of, for the tables in `domain` and `observables`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comity.formats.stix21.kinds import Check, enumeration, vocabulary
from comity.formats.stix21.vocabularies import CLOSED, OPEN

# For references to what must not be of one sort: of types that nobody defined here, who knows.
ABOUT_OBJECTS = frozenset(["bundle", "extension-definition", "language-content", "marking-definition"])


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type: its section, its own properties, those that must be there, and those that make its id (2.9)."""

    section: str
    properties: Mapping[str, Check]
    required: frozenset[str] = frozenset()
    contributing: tuple[str, ...] = ()


def object_type(
    section: str, required: str = "", contributing: str = "", /, **properties: Check
) -> ObjectType:
    """A type whose required and id contributing properties are given as words."""
    return ObjectType(section, properties, frozenset(required.split()), tuple(contributing.split()))


def open_vocabulary(name: str) -> Check:
    """A term of this open vocabulary, by preference."""
    return vocabulary(name, OPEN[name])


def closed_vocabulary(name: str) -> Check:
    """A term of this enumeration."""
    return enumeration(name, CLOSED[name])
