"""MISP events to STIX 2.1 by the `misp-stix` library, with TLP 2.0 labels and with victims named as such.

Needs the extra `misp`. Nothing is dropped silently: what the library could not map is listed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS, TLP_OF_ID, tlp_definition
from comity.formats.stix import StixObject
from comity.formats.strict_json import STANDARD, Limits, decode

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its STIX 1 half warns of its own source when first compiled
    from misp_stix_converter import InvalidMISPInputError, MISPtoSTIX21Parser
    from stix2.exceptions import STIXError  # type: ignore[import-untyped]  # it carries no types

MAX_EVENTS = 100
MAX_ATTRIBUTES = 20_000
_CUSTOM = "x-misp-attribute--"
_EVENT = "event"
_COMMON = ("spec_version", "created_by_ref", "created", "modified")
# What MISP calls targeting data, and the class of identity (STIX 2.1, section 10.8) that the victim is.
_VICTIM_CLASS: Mapping[str, str] = {
    "target-org": "organization",
    "target-external": "organization",
    "target-user": "individual",
    "target-email": "individual",
    "target-machine": "system",
    "target-location": "unspecified",
}
_TLP_TAGS: Mapping[str, Tlp] = {f"tlp:{tlp.value}": tlp for tlp in Tlp} | {"tlp:white": Tlp.CLEAR}
_Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MispImport:
    """What an import found: objects, which identities are victims, and what was not mapped, in words."""

    objects: tuple[StixObject, ...]
    victims: frozenset[str]
    unmapped: tuple[str, ...]


def decode_misp(text: bytes, *, limits: Limits = STANDARD) -> MispImport:
    """The events in a file or a reply of MISP: one event, or a list of them under `response`."""
    found = [_convert(event) for event in _events(decode(text, limits=limits))]
    objects = {each.version: each for one in found for each in one.objects}
    victims = frozenset(victim for one in found for victim in one.victims)
    return MispImport(tuple(objects.values()), victims, tuple(text for one in found for text in one.unmapped))


def _events(value: object) -> Iterator[Fields]:
    fields = Fields(value)
    if not fields.has("response"):
        yield fields.object("Event")
        return
    for entry in fields.objects("response", most=MAX_EVENTS):
        yield entry.object("Event")


def _convert(event: Fields) -> MispImport:
    where, raw = event.where, event.everything()
    attributes = list(_attributes(event))
    if len(attributes) > MAX_ATTRIBUTES:
        raise TooLarge(where, f"{len(attributes):,} attributes; at most {MAX_ATTRIBUTES:,} are read.")
    labels, strange = _labels([(_EVENT, event), *attributes])
    victims = _victims(part for _, part in attributes)
    usable, unnamed = _without_unnamed_galaxies(raw)
    converted, problems = _by_library(usable, where)
    objects = _marked(_with_victims(converted, victims), labels)
    return MispImport(
        tuple(objects), frozenset(each["id"] for each in victims), (*problems, *strange, *unnamed)
    )


def _by_library(raw: _Object, where: str) -> tuple[list[_Object], list[str]]:
    """The objects as JSON values, and the library's complaints, but for targeting data, which we map."""
    parser = MISPtoSTIX21Parser()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.parse_misp_event({"Event": raw})
            found = [decode(str(each.serialize()).encode()) for each in parser.stix_objects]
    except (InvalidMISPInputError, STIXError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise Malformed(where, f"is not an event that can be read: {error}.") from error
    said = [
        str(text) for group in (parser.errors, parser.warnings) for texts in group.values() for text in texts
    ]
    if not found:
        raise Malformed(where, f"is not an event that can be read: {' '.join(said)}")
    ours = tuple(f"type {kind} not mapped" for kind in _VICTIM_CLASS)
    return cast("list[_Object]", found), [text for text in said if not any(kind in text for kind in ours)]


def _without_unnamed_galaxies(raw: _Object) -> tuple[_Object, list[str]]:
    """The event without galaxy clusters that have no uuid: real events hold some, and the library breaks."""
    unnamed: list[str] = []

    def cleaned(value: object) -> object:
        if isinstance(value, list):
            return [cleaned(part) for part in value]
        if not isinstance(value, dict):
            return value
        kept = {name: cleaned(part) for name, part in value.items()}
        clusters = kept.get("GalaxyCluster")
        if isinstance(clusters, list):
            kept["GalaxyCluster"] = [each for each in clusters if _has_uuid(each)]
            unnamed.extend(
                f"The galaxy cluster {each.get('value')!r} has no uuid."
                for each in clusters
                if not _has_uuid(each)
            )
        return kept

    return cast("_Object", cleaned(raw)), unnamed


def _has_uuid(cluster: object) -> bool:
    return not isinstance(cluster, dict) or bool(cluster.get("uuid"))


def _attributes(event: Fields) -> Iterator[tuple[str, Fields]]:
    """What may have tags, with the uuid it marks: an object and its attributes mark one another."""
    for part in event.objects("Attribute") if event.has("Attribute") else ():
        yield _uuid(part), part
    for whole in event.objects("Object") if event.has("Object") else ():
        yield _uuid(whole), whole
        for part in whole.objects("Attribute") if whole.has("Attribute") else ():
            yield _uuid(whole), part
            yield _uuid(part), whole


def _uuid(part: Fields) -> str:
    return part.text("uuid").lower()


def _labels(parts: Iterable[tuple[str, Fields]]) -> tuple[dict[str, Tlp], list[str]]:
    """The strictest label of each tagged thing, by its uuid; a TLP tag nobody knows counts as RED."""
    labels: dict[str, Tlp] = {}
    strange: dict[str, None] = {}
    for uuid, part in parts:
        for tag in part.objects("Tag") if part.has("Tag") else ():
            name = tag.text("name").lower().strip()
            if name.startswith("tlp:"):
                labels[uuid] = max(labels.get(uuid, Tlp.CLEAR), _TLP_TAGS.get(name, Tlp.RED), key=_rank)
                if name not in _TLP_TAGS:
                    strange[f"The tag {name!r} is not a TLP label; what it marks is treated as TLP:RED."] = (
                        None
                    )
    return labels, list(strange)


def _victims(attributes: Iterable[Fields]) -> list[_Object]:
    """The identities that targeting data names, under the uuids of the attributes."""
    found: dict[str, _Object] = {}
    for part in attributes:
        kind = part.optional_text("type") or ""
        if kind in _VICTIM_CLASS:
            identity = {"type": "identity", "id": f"identity--{_uuid(part)}", "name": part.text("value")}
            found[_uuid(part)] = identity | {"identity_class": _VICTIM_CLASS[kind]}
    return list(found.values())


def _with_victims(values: list[_Object], victims: list[_Object]) -> list[_Object]:
    """The objects with identities in place of the library's custom attributes for them."""
    whole = next((value for value in values if value["type"] in {"report", "grouping"}), {})
    common = {name: whole[name] for name in _COMMON if name in whole}
    names = {each["id"].replace("identity--", _CUSTOM, 1): each["id"] for each in victims}
    kept = [cast("_Object", _renamed(value, names)) for value in values if value["id"] not in names]
    return kept + [common | victim for victim in victims]


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _renamed(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


def _marked(values: list[_Object], labels: Mapping[str, Tlp]) -> list[StixObject]:
    """The objects with TLP 2.0 labels: the event's counts for all it holds, a stricter one of theirs more."""
    own = {value["id"]: _own_label(value, labels) for value in values}
    for value in values:
        if value["type"] == "observed-data":  # what was observed is as strict as the observation
            own |= {ref: _strictest(own.get(ref), own[value["id"]]) for ref in value.get("object_refs", ())}
    found = [StixObject.decode(_with_label(value, own)) for value in values if value["id"] not in TLP_OF_ID]
    used = {
        TLP_OF_ID[ref]
        for each in found
        for ref in each.value.get("object_marking_refs", ())
        if ref in TLP_OF_ID
    }
    return found + [StixObject.decode(tlp_definition(tlp)) for tlp in sorted(used, key=_rank)]


def _own_label(value: _Object, labels: Mapping[str, Tlp]) -> Tlp | None:
    given = (TLP_OF_ID[ref] for ref in value.get("object_marking_refs", ()) if ref in TLP_OF_ID)
    return _strictest(labels.get(_EVENT), labels.get(value["id"].partition("--")[2]), *given)


def _with_label(value: _Object, own: Mapping[str, Tlp | None]) -> _Object:
    """A relationship is as strict as the stricter of its ends: it names both."""
    ends = (own.get(value[end]) for end in ("source_ref", "target_ref") if end in value)
    label = _strictest(own[value["id"]], *ends)
    others = [ref for ref in value.get("object_marking_refs", ()) if ref not in TLP_OF_ID]
    refs = ([TLP_IDS[label]] if label else []) + others
    if value["type"] == "marking-definition" or not refs:
        return value
    return value | {"object_marking_refs": refs}


def _strictest(*labels: Tlp | None) -> Tlp | None:
    return max((label for label in labels if label), key=_rank, default=None)


def _rank(label: Tlp) -> int:
    return label.rank
