"""What lists and searches need of a STIX object: a title, the words it is found by, and whom it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comity.formats.stix import ID

LONGEST_TITLE = 200
LONGEST_WORDS = 4_000
LONGEST_PATH = 100
JOINING = ("relationship", "sighting")
DEFINITIONS = ("marking-definition", "extension-definition")  # they travel with what needs them, never alone

_TITLES = (
    "name",
    "value",
    "pattern",
    "abstract",
    "relationship_type",
    "path",
    "key",
    "number",
    "description",
)
_WORDS = (
    "name",
    "aliases",
    "pattern",
    "value",
    "abstract",
    "description",
    "labels",
    "hashes",
    "x_misp_value",
)
_REFERENCE = re.compile(r"[a-z_]+_refs?")


@dataclass(frozen=True, slots=True)
class Described:
    """How an object is listed, found and linked."""

    title: str
    words: str
    links: tuple[tuple[str, str], ...]  # (path, ref)


def describe(value: Mapping[str, Any], names: Mapping[str, str]) -> Described:
    """The object as it is listed, found and linked; `names` are the titles of others, by their ids."""
    return Described(title_of(value, names), _words(value), tuple(sorted(set(links_of(value)))))


def title_of(value: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What people call it; a relationship and a sighting by what they join."""
    named = next((str(value[name]) for name in _TITLES if value.get(name)), "")
    if value.get("type") == "relationship":
        named = f" {named} ".join(_called(value, end, names) for end in ("source_ref", "target_ref"))
    if value.get("type") == "sighting":
        named = f"Sighting of {_called(value, 'sighting_of_ref', names)}"
    return " ".join(named.split())[:LONGEST_TITLE] or str(value.get("id", ""))[:LONGEST_TITLE]


def links_of(value: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, str]]:
    """Every id that the object names, with the property that names it, at any depth."""
    for name, member in value.items():
        if ID.fullmatch(name):
            yield (where or name)[:LONGEST_PATH], name  # an extension, named by the id of its definition
        if _REFERENCE.fullmatch(name):
            refs = member if isinstance(member, list) else [member]
            yield from (
                (name[:LONGEST_PATH], ref) for ref in refs if isinstance(ref, str) and ID.fullmatch(ref)
            )
        for part in member if isinstance(member, list) else [member]:
            if isinstance(part, Mapping):
                yield from links_of(part, name)


def _called(value: Mapping[str, Any], end: str, names: Mapping[str, str]) -> str:
    ref = str(value.get(end, ""))
    return names.get(ref) or ref.partition("--")[0]


def _words(value: Mapping[str, Any]) -> str:
    found = [str(value["id"]), str(value["type"])]
    for name in _WORDS:
        found += _texts(value.get(name))
    references = value.get("external_references")
    for reference in references if isinstance(references, list) else ():
        found += _texts(reference.get("external_id") if isinstance(reference, Mapping) else None)
    return " ".join(" ".join(found).split())[:LONGEST_WORDS]


def _texts(member: object) -> list[str]:
    if isinstance(member, Mapping):
        return [str(text) for text in member.values()]
    if isinstance(member, list):
        return [str(text) for text in member]
    return [str(member)] if member else []
