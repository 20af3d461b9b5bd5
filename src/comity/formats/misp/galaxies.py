"""Entries of galaxies to STIX: techniques, actors, malware, tools and the rest, under the uuids they have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from comity.base.countries import find_country
from comity.formats.misp.parts import Cluster
from comity.formats.misp.templates import custom_name
from comity.formats.misp.values import Object

_OF_ATTACK = ("attack-pattern", "course-of-action", "intrusion-set", "malware", "tool")
# The type of a galaxy, and the type of STIX object that its entries are: as misp-stix has it.
TYPES: Mapping[str, str] = {
    **dict.fromkeys(("cmtmf-attack-pattern", "mitre-ics-techniques"), "attack-pattern"),
    **{f"mitre-{kind}": kind for kind in _OF_ATTACK},
    **{f"mitre-{matrix}-attack-{kind}": kind for matrix in ("enterprise", "mobile") for kind in _OF_ATTACK},
    **{f"mitre-pre-attack-{kind}": kind for kind in ("attack-pattern", "intrusion-set")},
    **dict.fromkeys(("mitre-ics-software", "malpedia", "ransomware", "stealer"), "malware"),
    **dict.fromkeys(("android", "backdoor", "banker", "cryptominers"), "malware"),
    **dict.fromkeys(("360net-threat-actor", "microsoft-activity-group", "mitre-ics-groups"), "threat-actor"),
    **dict.fromkeys(("botnet", "rat", "exploit-kit", "tds", "tool"), "tool"),
    "threat-actor": "threat-actor",
    "branded-vulnerability": "vulnerability",
    "sector": "identity",
    "country": "location",
    **{
        f"stix-{version}-{kind}": kind
        for version in ("2.0", "2.1")
        for kind in (*_OF_ATTACK, "campaign", "threat-actor", "vulnerability")
    },
}
# What relates an object to an entry attached to it; misp-stix derives ids of relationships from these words.
_RELATED: Mapping[str, Mapping[str, str]] = {
    "indicator": dict.fromkeys(
        ("attack-pattern", "campaign", "intrusion-set", "malware", "threat-actor", "tool"), "indicates"
    ),
    "campaign": {
        **dict.fromkeys(("attack-pattern", "malware", "tool"), "uses"),
        **dict.fromkeys(("identity", "vulnerability"), "targets"),
        **dict.fromkeys(("intrusion-set", "threat-actor"), "attributed-to"),
    },
}
_SOURCES = {
    "CAPEC": "capec",
    "CVE": "cve",
    "CWE": "cwe",
    "MOB": "mitre-mobile-attack",
    "PRE": "mitre-pre-attack",
}
_ALIASES = frozenset({"attack-pattern", "campaign", "intrusion-set", "malware", "threat-actor", "tool"})
_PHASES = frozenset({"attack-pattern", "malware", "tool"})
_TYPED: Mapping[str, str] = {
    "malware": "malware_types",
    "threat-actor": "threat_actor_types",
    "tool": "tool_types",
}
_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")
_MAX_TEXTS = 1_000


def from_cluster(found: Cluster, time: str) -> Object:
    """The object of one entry; `time` is that of what it came with."""
    kind = TYPES.get(found.type)
    head: Object = {
        "spec_version": "2.1",
        "created": found.time or time,
        "modified": found.time or time,
        "labels": [f'misp:galaxy-name="{found.galaxy}"', f'misp:galaxy-type="{found.type}"', found.tag],
    }
    if kind is None:
        return {"type": "x-misp-galaxy-cluster", "id": f"x-misp-galaxy-cluster--{found.uuid}"} | _custom(
            found, head
        )
    made = {"type": kind, "id": f"{kind}--{found.uuid}", **head, "name": _name(found)}
    if found.description:
        made["description"] = found.description
    return made | _SHAPES.get(kind, _by_meta)(found, kind)


def related(kind: str, to: str) -> str:
    """The word for what relates an object of one type to an entry that is attached to it."""
    return _RELATED.get(kind, {}).get(to, "related-to")


def _name(found: Cluster) -> str:
    """ATT&CK's entries carry their number behind the name."""
    name, dash, _ = found.value.rpartition(" - ")
    return name.strip() if dash and found.type.startswith("mitre-") and name.strip() else found.value


def _custom(found: Cluster, head: Object) -> Object:
    return head | {
        "x_misp_name": found.galaxy,
        "x_misp_type": found.type,
        "x_misp_value": found.value,
        "x_misp_description": f"{found.galaxy_description} | {found.description}",
        **({"x_misp_meta": dict(found.meta)} if found.meta else {}),
    }


def _sector(found: Cluster, _: str) -> Object:
    said = {} if found.description else {"description": found.galaxy_description or found.value}
    return {"identity_class": "class"} | said


def _country(found: Cluster, _: str) -> Object:
    known = [state for text in _texts(found.meta.get("ISO")) if (state := find_country(text.upper()))]
    if known:
        return {"country": known[0].alpha2}
    return {"region": "x-" + ("-".join(_WORD.findall(found.value.lower())) or "unknown")}


def _by_meta(found: Cluster, kind: str) -> Object:
    """What the entry says of itself, where STIX has a property for it, and `x_misp_…` for the rest."""
    made: Object = {"is_family": _family(found.meta.get("is_family"))} if kind == "malware" else {}
    names: dict[str, str] = {}
    references: list[Object] = []
    for name, said in found.meta.items():
        texts = _texts(said)
        if name in {"external_id", "Technique ID"}:
            references += [{"source_name": _source(text), "external_id": text} for text in texts]
        elif name == "refs":
            references += [{"source_name": "url", "url": text} for text in texts]
        elif name == "synonyms" and kind in _ALIASES:
            made |= _some("aliases", [text for text in texts if text != found.value])
        elif name == "kill_chain" and kind in _PHASES:
            made |= _some("kill_chain_phases", [phase for text in texts if (phase := _phase(text))])
        elif name in {"type", "labels", _TYPED.get(kind)} and kind in _TYPED:
            made |= _some(_TYPED[kind], texts)
        elif name != "is_family" and said not in (None, "", [], {}):
            made[_unlike(custom_name(name), made, name, names)] = said
    names_said = {"x_misp_original_names": names} if names else {}
    return made | _some("external_references", references) | names_said


def _unlike(property_name: str, made: Object, name: str, names: dict[str, str]) -> str:
    """A property that no other member has; `names` keeps the member's own name where that is another."""
    while property_name in made:
        property_name += "_"
    if property_name != f"x_misp_{name}":
        names[property_name] = name
    return property_name


def _some(name: str, found: list[Any]) -> Object:
    return {name: found} if found else {}


def _texts(said: object) -> list[str]:
    """The texts in what may be one text or a list of them."""
    parts = said if isinstance(said, list) else [said]
    return [part for part in parts[:_MAX_TEXTS] if isinstance(part, str) and part]


def _family(said: object) -> bool:
    first = said[0] if isinstance(said, list) and said else said
    return str(first).lower() in {"true", "1"}


def _phase(text: str) -> Object | None:
    name, _, phase = text.partition(":")
    phase = phase.rpartition(":")[2]
    return {"kill_chain_name": name, "phase_name": phase} if name and phase else None


def _source(number: str) -> str:
    prefix, dash, _ = number.partition("-")
    if dash:
        return _SOURCES.get(prefix, "NIST Mobile Threat Catalogue")
    return "WASC" if number.isnumeric() else "mitre-attack"


_SHAPES: Mapping[str, Callable[[Cluster, str], Object]] = {"identity": _sector, "location": _country}
