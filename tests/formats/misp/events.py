"""MISP events for the tests: the real ones, and small ones made of parts."""

import gzip
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from comity.formats.misp.decode import MispImport, decode_misp

FOLDER = Path("tests/vectors/formats/misp")
XORIST = json.loads((FOLDER / "xorist.json").read_text("utf-8"))
UUID = "57c4445b-c548-4654-af0b-0000000000{:02x}"
TIME = "2016-08-29T14:19:16.000Z"
NAMES = [*sorted(path.name for path in (FOLDER / "events").iterdir()), "sshdoor-akiva.json", "xorist.json"]

Json = dict[str, Any]


def real(name: str) -> bytes:
    path = FOLDER / name
    return path.read_bytes() if path.exists() else gzip.decompress((FOLDER / "events" / name).read_bytes())


def event_in(text: bytes) -> Json:
    value = json.loads(text)
    found = value["response"][0] if "response" in value else value
    return dict(found["Event"])


def attributes_of(event: Json) -> Iterator[tuple[str | None, Json]]:
    """Each attribute, with the uuid of its object."""
    for part in event.get("Attribute", []):
        yield None, part
    for whole in event.get("Object", []):
        for part in whole["Attribute"]:
            yield whole["uuid"], part


def attribute(number: int, kind: str, value: object, *tags: str, **members: object) -> Json:
    targeting = kind.startswith("target-")
    return {
        "uuid": UUID.format(number),
        "type": kind,
        "value": value,
        "category": "Targeting data" if targeting else "Network activity",
        "timestamp": "1472480356",
        "to_ids": not targeting,
        "Tag": [{"name": tag} for tag in tags],
    } | members


def whole(number: int, name: str, *parts: Json, **members: object) -> Json:
    return {
        "uuid": UUID.format(number),
        "name": name,
        "meta-category": "network",
        "description": "What it is.",
        "template_uuid": "43b3b146-77eb-4931-b4cc-b66c60f28734",
        "template_version": "9",
        "timestamp": "1472480356",
        "Attribute": list(parts),
    } | members


def inner(number: int, relation: str, kind: str, value: object, *tags: str, **members: object) -> Json:
    return attribute(number, kind, value, *tags, object_relation=relation, **members)


def galaxy(kind: str, **cluster: object) -> Json:
    entry = {"uuid": UUID.format(0xE0), "type": kind, "value": "Nobody", "description": "Somebody."}
    return {"name": kind.title(), "type": kind, "description": "d", "GalaxyCluster": [entry | cluster]}


def event(*attributes: Json, **members: object) -> Json:
    """A small event of these attributes alone."""
    bare = {name: value for name, value in XORIST["Event"].items() if name not in {"Attribute", "Tag"}}
    return deepcopy({"Event": bare | {"Attribute": list(attributes)} | members})


def imported(*attributes: Json, **members: object) -> MispImport:
    return decode_misp(json.dumps(event(*attributes, **members)).encode())


def by_id(found: MispImport) -> dict[str, Json]:
    return {each.id: each.value for each in found.objects}


def of_type(found: MispImport, kind: str) -> list[Json]:
    return [each.value for each in found.objects if each.type == kind]


def only(found: MispImport, kind: str) -> Json:
    (one,) = of_type(found, kind)
    return one


def lost(found: MispImport) -> str:
    return "\n".join(each.text for each in found.unmapped)
