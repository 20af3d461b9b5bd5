"""Every real event: nothing lost, the same ids and patterns as misp-stix, and the way back and in again."""

import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from comity.formats.markings import TLP_OF_ID
from comity.formats.misp.decode import decode_misp
from comity.formats.misp.encode import encode_misp
from tests.formats.misp.events import NAMES, attributes_of, event_in, real

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from misp_stix_converter import InternalSTIX2toMISPParser, MISPtoSTIX21Parser
    from pymisp import MISPEvent

# misp-stix breaks on entries of galaxies without a uuid, and keeps one of several that share one.
STRANGE_GALAXIES = {
    "oceanlotus__oceanlotus-wateringhole-2018.misp.event.json.gz",
    "sednit__2018-11-20_Zebrocy.json.gz",
    "powerpool__misp-powerpool.json.gz",
}
# What of a member is compared: the differences that docs/wire/misp.md names are left out.
ALIKE: dict[str, Callable[[Any], object]] = {
    "object_marking_refs": lambda refs: {TLP_OF_ID[ref] for ref in refs},
    "pattern": lambda pattern: pattern.replace("\\\\%", "%"),  # % has no meaning, and needs no escape
    "key": lambda key: key.partition("\\")[2],  # the name of a hive in full, as STIX demands
    # misp-stix writes seconds there, and we write milliseconds
    **dict.fromkeys(("valid_from", "first_observed", "last_observed", "published"), lambda time: time[:19]),
    **dict.fromkeys(("labels", "object_refs"), set),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_attribute_is_in_the_result_or_in_the_list(name):
    text = real(name)
    found = decode_misp(text)
    there = {each.id.partition("--")[2] for each in found.objects} | {
        part["uuid"] for each in found.objects for part in each.value.get("x_misp_attributes", [])
    }
    listed = {each.uuid for each in found.unmapped}
    event = event_in(text)
    for whole, part in attributes_of(event):
        assert part["uuid"] in there | listed
        assert whole is None or whole in there | listed
    assert all(each.kept for each in found.unmapped)


@pytest.mark.parametrize("name", sorted(set(NAMES) - STRANGE_GALAXIES))
def test_ids_and_what_they_say_are_those_of_misp_stix(name):
    text = real(name)
    theirs = _by_library(event_in(text))
    ours = {each.id: each.value for each in decode_misp(text).objects if each.id not in TLP_OF_ID}
    assert ours.keys() == theirs.keys()
    for ref, value in theirs.items():
        for member, said in value.items():
            assert _same(member, said, ours[ref].get(member)), (ref, member, said, ours[ref].get(member))


def _by_library(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parser = MISPtoSTIX21Parser()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.parse_misp_event({"Event": event})
    found = [json.loads(str(each.serialize())) for each in parser.stix_objects]
    return {each["id"]: each for each in found if each["id"] not in TLP_OF_ID}


def _same(member: str, theirs: Any, ours: Any) -> bool:
    """Alike, but for the differences that docs/wire/misp.md names."""
    if member == "x_misp_attributes":
        return all(their.items() <= our.items() for their, our in zip(theirs, ours, strict=True))
    alike = ALIKE.get(member, lambda said: said)
    return bool(alike(theirs) == alike(ours))


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name):
    text = real(name)
    before, export = event_in(text), encode_misp(decode_misp(text).objects)
    after = event_in(export.text)
    assert export.unmapped == ()
    assert _parts(after) == _parts(before)
    assert _tags(after) == {tag.replace("tlp:white", "tlp:clear") for tag in _tags(before)}
    assert _references(after) == _references(before)
    for member in ("uuid", "info", "date", "timestamp", "analysis", "threat_level_id", "published"):
        assert str(after[member]) == str(before[member])
    assert after["Orgc"]["uuid"] == before["Orgc"]["uuid"]


@pytest.mark.parametrize("name", NAMES)
def test_what_went_there_and_back_comes_in_as_the_same_bytes(name):
    text = real(name)
    first = {each.id: each for each in decode_misp(text).objects}
    again = {each.id: each for each in decode_misp(encode_misp(first.values()).text).objects}
    assert first.keys() == again.keys()
    # An event that does not say how far it goes is written for the own organisation.
    changed = [ref for ref, each in first.items() if again[ref].raw != each.raw]
    assert changed in ([], [f"report--{event_in(text)['uuid']}"])


@pytest.mark.parametrize("name", NAMES)
def test_pymisp_reads_what_was_written(name):
    text = real(name)
    read = MISPEvent()
    read.from_dict(**json.loads(encode_misp(decode_misp(text).objects).text))
    parts = [*read.attributes, *(part for whole in read.objects for part in whole.attributes)]
    assert {part.uuid for part in parts} == {part["uuid"] for _, part in attributes_of(event_in(text))}


@pytest.mark.parametrize("name", ["xorist.json", "mozi__mozi.misp-event.json.gz", "sshdoor-akiva.json"])
def test_misp_stix_reads_our_objects_back(name):
    """The second oracle for the way back: the same values under the same uuids."""
    text = real(name)
    values = [each.value for each in decode_misp(text).objects]
    parser = InternalSTIX2toMISPParser()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.load_stix_bundle(_bundle(values))
        parser.parse_stix_bundle()
    theirs = {part.uuid: part.value for part in parser.misp_event.attributes}
    event = event_in(text)
    ours = {part["uuid"]: part["value"] for whole, part in attributes_of(event) if whole is None}
    assert theirs.keys() == ours.keys()
    assert theirs == ours


def _bundle(values: list[dict[str, Any]]) -> Any:
    from stix2 import parse  # type: ignore[import-untyped]  # it carries no types

    bundle = {"type": "bundle", "id": "bundle--57c4445b-c548-4654-af0b-4be3950d210f", "objects": values}
    return parse(bundle, allow_custom=True, version="2.1")


def _parts(event: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    said = ("type", "value", "to_ids", "category", "comment", "timestamp")
    return {
        part["uuid"]: (whole, _tags(part), *(part[name] for name in said))
        for whole, part in attributes_of(event)
    }


def _tags(part: dict[str, Any]) -> set[str]:
    return {tag["name"] for tag in part.get("Tag", [])}


def _references(event: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    said = ("referenced_uuid", "relationship_type", "comment", "timestamp")
    return {
        each["uuid"]: tuple(each[name] for name in said)
        for whole in event.get("Object", [])
        for each in whole.get("ObjectReference", [])
    }
