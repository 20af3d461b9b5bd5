"""The JSON of MISP for attributes, objects, entries of galaxies and remarks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid5

from comity.base.tlp import Tlp
from comity.formats.markings import TLP_OF_ID
from comity.formats.misp.kinds import KINDS
from comity.formats.misp.marks import CONFIDENCE
from comity.formats.misp.parts import NAMESPACE, Attribute, MispObject
from comity.formats.misp.values import Object

_OURS = re.compile(
    r'misp:(?:type|category|name|meta-category|galaxy-name|galaxy-type|data-layer|context-layer)=".*'
)
_LABEL = re.compile(r'misp:([a-z-]+)="(.*)"', re.DOTALL)
_NOT_TAGS = frozenset({"Threat-Report", 'misp:tool="MISP-STIX-Converter"'})
_NETWORK = (
    "AS",
    "domain",
    "domain|ip",
    "hostname",
    "hostname|port",
    "http-method",
    "ip-dst",
    "ip-src",
    "mac-address",
)
_CATEGORIES: Mapping[str, str] = {
    **dict.fromkeys(_NETWORK, "Network activity"),
    **dict.fromkeys(("ip-dst|port", "ip-src|port", "port", "uri", "url", "user-agent"), "Network activity"),
    **dict.fromkeys(("snort", "suricata", "email-dst"), "Network activity"),
    **{f"x509-fingerprint-{name}": "Network activity" for name in ("md5", "sha1", "sha256")},
    **dict.fromkeys(("regkey", "regkey|value"), "Persistence mechanism"),
    **dict.fromkeys(("yara", "sigma", "stix2-pattern"), "Payload installation"),
    **dict.fromkeys(("attachment", "cpe", "link", "vulnerability"), "External analysis"),
    **dict.fromkeys(("email", "github-username"), "Social network"),
    "mutex": "Artifacts dropped",
    "mime-type": "Artifacts dropped",
    "full-name": "Person",
}
_AS_EVENT = "5"  # the distribution of what follows its event
# The least confidence of STIX for each step of MISP's scale.
_STEPS = ((88, "completely"), (63, "usually"), (38, "fairly"), (13, "rarely"), (0, "un"))
_LEVELS: Mapping[str, str] = {step: f"{step}-confident" for _, step in _STEPS} | {"un": "unconfident"}


def seconds(time: str) -> str:
    """A time as MISP writes it."""
    return str(int(datetime.fromisoformat(time).timestamp()))


def said_labels(value: Mapping[str, Any]) -> dict[str, str]:
    """What labels of the form `misp:name="value"` say."""
    found = (_LABEL.fullmatch(label) for label in texts(value, "labels"))
    return {match[1]: match[2] for match in reversed([each for each in found if each])}


def texts(value: Mapping[str, Any], name: str) -> list[str]:
    """The strings of a list that may be missing, or something else."""
    found = value.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def text_in(value: Mapping[str, Any], name: str) -> str:
    """A string that may be missing, or something else."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def category_of(kind: str) -> str:
    """The category that MISP gives a type where nobody says another."""
    return _CATEGORIES.get(kind, "Payload delivery" if kind in KINDS else "Other")


def tags_from(value: Mapping[str, Any], event: Tlp | None) -> list[str]:
    """Labels that are tags, the confidence, and the TLP label where it is stricter than the event's."""
    found = [
        label for label in texts(value, "labels") if label not in _NOT_TAGS and not _OURS.fullmatch(label)
    ]
    confidence = value.get("confidence")
    if isinstance(confidence, int) and not any(tag in CONFIDENCE for tag in found):
        found.append(_level(confidence))
    label = label_from(value)
    if label and (event is None or label.rank > event.rank):
        found.append(f"tlp:{label.value}")
    return list(dict.fromkeys(found))


def label_from(value: Mapping[str, Any]) -> Tlp | None:
    """The strictest TLP label of an object."""
    labels = [TLP_OF_ID[ref] for ref in texts(value, "object_marking_refs") if ref in TLP_OF_ID]
    return max(labels, key=lambda label: label.rank, default=None)


def tag_json(names: Iterable[str]) -> Object:
    """The member that holds tags, if there are any."""
    found = [{"name": name} for name in names]
    return {"Tag": found} if found else {}


def attribute_json(part: Attribute) -> Object:
    """One attribute."""
    found: Object = {
        "uuid": part.uuid,
        "type": part.type,
        "category": part.category or "Other",
        "value": part.value,
        "to_ids": bool(part.to_ids),
        "timestamp": seconds(part.time),
        "comment": part.comment,
        "distribution": part.distribution or _AS_EVENT,
        "deleted": part.deleted,
        "disable_correlation": False,
    }
    found |= {"object_relation": part.relation} if part.relation else {}
    return found | _seen(part) | tag_json(part.tags)


def object_json(whole: MispObject) -> Object:
    """One object with its attributes."""
    return {
        "uuid": whole.uuid,
        "name": whole.name,
        "meta-category": whole.meta_category,
        "description": whole.description,
        "template_uuid": whole.template_uuid or str(uuid5(NAMESPACE, f"template/{whole.name}")),
        "template_version": whole.template_version or "1",
        "timestamp": seconds(whole.time),
        "comment": whole.comment,
        "distribution": whole.distribution or _AS_EVENT,
        "deleted": whole.deleted,
        **_seen(whole),
        "ObjectReference": [],
        "Attribute": [attribute_json(part) for part in whole.attributes],
    }


def cluster_json(value: Mapping[str, Any]) -> tuple[Object, Object]:
    """A galaxy without entries, and the entry that an object is."""
    labels = said_labels(value)
    kind = labels.get("galaxy-type") or f"stix-2.1-{value['type']}"
    name = str(value.get("x_misp_value") or value.get("name") or value["id"])
    told = [label for label in texts(value, "labels") if label.startswith(f'misp-galaxy:{kind}="')]
    shown = told[0].partition('"')[2].removesuffix('"') if told else name
    galaxy = {
        "uuid": str(uuid5(NAMESPACE, f"galaxy/{kind}")),
        "name": labels.get("galaxy-name") or str(value.get("x_misp_name") or value["type"]),
        "type": kind,
        "description": "",
        "version": "1",
    }
    said = str(value.get("x_misp_description", "")).partition(" | ")[2]
    entry = {
        "uuid": value["id"].partition("--")[2],
        "type": kind,
        "value": shown,
        "tag_name": f'misp-galaxy:{kind}="{shown}"',
        "description": str(value.get("description") or said),
        "source": "",
        "authors": [],
        "version": "1",
        "meta": _meta(value),
    }
    return galaxy, entry


def _meta(value: Mapping[str, Any]) -> Object:
    """What an entry says of itself, under MISP's names."""
    own = value.get("x_misp_original_names")
    names: Mapping[str, Any] = own if isinstance(own, dict) else {}
    custom = {
        str(names.get(name, name.removeprefix("x_misp_"))): said
        for name, said in value.items()
        if name.startswith("x_misp_") and name not in _NOT_META
    }
    whole = value.get("x_misp_meta")
    found: Object = {"synonyms": texts(value, "aliases")} | dict(whole if isinstance(whole, dict) else {})
    references = value.get("external_references")
    listed = [each for each in references if isinstance(each, dict)] if isinstance(references, list) else []
    found["external_id"] = [str(each["external_id"]) for each in listed if "external_id" in each]
    found["refs"] = [str(each["url"]) for each in listed if "url" in each]
    phases = value.get("kill_chain_phases")
    steps = [each for each in phases if isinstance(each, dict)] if isinstance(phases, list) else []
    found["kill_chain"] = [f"{each.get('kill_chain_name')}:{each.get('phase_name')}" for each in steps]
    for name in ("malware_types", "threat_actor_types", "tool_types"):
        found[name] = texts(value, name)
    return {name: said for name, said in (found | custom).items() if said not in ([], "", None)}


_NOT_META = frozenset(
    {
        "x_misp_original_names",
        "x_misp_meta",
        "x_misp_name",
        "x_misp_type",
        "x_misp_value",
        "x_misp_description",
    }
)


def _seen(part: Attribute | MispObject) -> Object:
    found = {"first_seen": part.first_seen, "last_seen": part.last_seen}
    return {name: time for name, time in found.items() if time}


def _level(confidence: int) -> str:
    step = next((step for least, step in _STEPS if confidence >= least), "un")
    return f'misp:confidence-level="{_LEVELS[step]}"'
