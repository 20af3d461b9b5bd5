"""How an object may be handled, read from its markings: TLP 2.0 and 1.0, IEP statements, and the rest.

The ids of TLP 2.0 and of the IEP extension are those that OASIS published in its common objects; those of
TLP 1.0 are in STIX 2.1, section 7.2.1.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from comity.base.tlp import Tlp
from comity.formats.stix import StixObject

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
IEP_EXTENSION = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"
_PREFIX = "marking-definition--"

TLP_IDS: Mapping[Tlp, str] = {
    Tlp.CLEAR: f"{_PREFIX}94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: f"{_PREFIX}bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: f"{_PREFIX}55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: f"{_PREFIX}939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: f"{_PREFIX}e828b379-4e03-4974-9ac4-e53a884c97c1",
}
# White became clear. AMBER of version 1 reached clients of a recipient, as AMBER does, unlike AMBER+STRICT.
_FIRST_VERSION: Mapping[str, Tlp] = {
    f"{_PREFIX}613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    f"{_PREFIX}34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    f"{_PREFIX}f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    f"{_PREFIX}5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
TLP_OF_ID: Mapping[str, Tlp] = {marking: tlp for tlp, marking in TLP_IDS.items()} | dict(_FIRST_VERSION)
_NAMES: Mapping[str, Tlp] = {tlp.value: tlp for tlp in Tlp} | {"white": Tlp.CLEAR}


@dataclass(frozen=True, slots=True)
class Markings:
    """What the markings of one object say: the strictest TLP counts; `unknown` are ids nobody explains."""

    tlp: Tlp | None = None
    iep_markings: tuple[dict[str, Any], ...] = ()  # whole marking definitions with the OASIS extension
    iep_policies: tuple[
        dict[str, Any], ...
    ] = ()  # policies as FIRST writes them, in definitions of type `iep`
    statements: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()


def markings_of(found: StixObject, definitions: Mapping[str, StixObject]) -> Markings:
    """What an object's markings say, those of its parts included; `definitions` by id explain the rest."""
    read = [
        _read(ref, definitions[ref].value if ref in definitions else {}) for ref in sorted(_refs(found.value))
    ]
    return Markings(
        max((each.tlp for each in read if each.tlp), key=lambda tlp: tlp.rank, default=None),
        tuple(chain.from_iterable(each.iep_markings for each in read)),
        tuple(chain.from_iterable(each.iep_policies for each in read)),
        tuple(chain.from_iterable(each.statements for each in read)),
        frozenset().union(*(each.unknown for each in read)),
    )


def explains(definition: StixObject) -> bool:
    """Whether a definition says more of what it marks than its id does: those of TLP mostly do not."""
    return _read(definition.id, definition.value) != _read(definition.id, {})


def tlp_definition(tlp: Tlp) -> dict[str, Any]:
    """The marking definition that OASIS published for a label."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_IDS[tlp],
        "created": "2022-10-01T00:00:00.000Z",
        "name": tlp.label,
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.value}},
    }


def _read(ref: str, definition: Mapping[str, Any]) -> Markings:
    """What one marking says; a definition of which nothing is understood is as unknown as a missing one."""
    tlp = TLP_OF_ID.get(ref) or _tlp(definition)
    marking = (dict(definition),) if IEP_EXTENSION in _extensions(definition) else ()
    policy = tuple(filter(None, (_body(definition, "iep"),)))
    statement = _statement(definition)
    understood = tlp or marking or policy or statement
    return Markings(tlp, marking, policy, statement, frozenset() if understood else frozenset({ref}))


def _refs(value: Mapping[str, Any]) -> set[str]:
    """Every marking of the object and of its parts; a part's language is not a marking."""
    parts: Iterable[Mapping[str, Any]] = value.get("granular_markings", ())
    return {
        *value.get("object_marking_refs", ()),
        *(part["marking_ref"] for part in parts if "marking_ref" in part),
    }


def _extensions(definition: Mapping[str, Any]) -> dict[str, Any]:
    found = definition.get("extensions")
    return found if isinstance(found, dict) else {}


def _body(definition: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = definition.get("definition")
    return found if definition.get("definition_type") == kind and isinstance(found, dict) else {}


def _tlp(definition: Mapping[str, Any]) -> Tlp | None:
    extension = _extensions(definition).get(TLP_EXTENSION)
    names = [
        _body(definition, "tlp").get("tlp"),
        extension.get("tlp_2_0") if isinstance(extension, dict) else None,
    ]
    return max(
        (_NAMES[name] for name in names if isinstance(name, str) and name in _NAMES),
        key=lambda tlp: tlp.rank,
        default=None,
    )


def _statement(definition: Mapping[str, Any]) -> tuple[str, ...]:
    found = _body(definition, "statement").get("statement")
    return (found,) if isinstance(found, str) else ()
