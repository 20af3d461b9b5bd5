"""MISP events: real ones, and what real ones lack: victims, stricter attributes, mistakes."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.base.tlp import Tlp
from comity.formats import misp
from comity.formats.markings import TLP_IDS, markings_of
from comity.formats.misp import MispImport, decode_misp

FOLDER = Path("tests/vectors/formats/misp")
XORIST = json.loads((FOLDER / "xorist.json").read_text("utf-8"))
UUID = "57c4445b-c548-4654-af0b-0000000000{:02d}"


def attribute(number: int, kind: str, value: str, *tags: str) -> dict[str, Any]:
    targeting = kind.startswith("target-")
    return {
        "uuid": UUID.format(number),
        "type": kind,
        "value": value,
        "category": "Targeting data" if targeting else "Network activity",
        "timestamp": "1472480356",
        "to_ids": not targeting,
        "Tag": [{"name": tag} for tag in tags],
    }


def imported(*attributes: dict[str, Any], **members: object) -> MispImport:
    event = deepcopy(XORIST)
    event["Event"]["Attribute"] += attributes
    event["Event"] |= members
    return decode_misp(json.dumps(event).encode())


def labels(found: MispImport) -> dict[str, Tlp | None]:
    return {each.id: markings_of(each, {}).tlp for each in found.objects if each.type != "marking-definition"}


def test_a_real_event_and_its_label():
    found = decode_misp((FOLDER / "xorist.json").read_bytes())
    kinds = [each.type for each in found.objects]
    assert {
        kind: kinds.count(kind) for kind in ("report", "identity", "indicator", "relationship", "file")
    } == {
        "report": 1,
        "identity": 1,
        "indicator": 5,
        "relationship": 5,
        "file": 4,
    }
    assert set(labels(found).values()) == {Tlp.CLEAR}
    assert found.objects[-1].id == TLP_IDS[Tlp.CLEAR]
    assert found.victims == frozenset()
    assert found.unmapped == (
        "MISP Attribute type comment not mapped.",
        "MISP Attribute type text not mapped.",
    )


def test_a_real_event_without_a_label_stays_without():
    found = decode_misp((FOLDER / "sshdoor-akiva.json").read_bytes())
    assert set(labels(found).values()) == {None}


def test_targeting_data_becomes_victims():
    kinds = [
        "target-org",
        "target-external",
        "target-user",
        "target-email",
        "target-machine",
        "target-location",
    ]
    found = imported(
        *(attribute(number, kind, f"v{number}@victim.example") for number, kind in enumerate(kinds))
    )
    identities = {each.id: each.value for each in found.objects if each.id in found.victims}
    assert [each["identity_class"] for each in identities.values()] == [
        "organization",
        "organization",
        "individual",
        "individual",
        "system",
        "unspecified",
    ]
    assert [each["name"] for each in identities.values()] == [
        f"v{number}@victim.example" for number in range(6)
    ]
    (report,) = (each for each in found.objects if each.type == "report")
    assert found.victims < set(report.value["object_refs"])
    assert report.value["created_by_ref"] not in found.victims
    assert not any("victim" in text or "target" in text for text in found.unmapped)
    assert not any(b"target-" in each.raw for each in found.objects)


def test_a_victim_inside_an_object_is_one_too():
    hospital = attribute(21, "target-org", "Hospital") | {"object_relation": "name"}
    whole = {
        "uuid": UUID.format(20),
        "name": "victim",
        "meta-category": "misc",
        "template_uuid": "b8ef0a4e-3c1b-4c2c-9b0f-6e5e6f2b7d5d",
        "template_version": "3",
        "timestamp": "1472480356",
        "Attribute": [hospital],
    }
    found = imported(Object=[whole])
    assert found.victims == {f"identity--{UUID.format(21)}"}
    assert "MISP Object name victim not mapped." in found.unmapped


def test_the_stricter_label_counts_for_what_hangs_on_it():
    found = labels(
        imported(attribute(1, "ip-dst", "198.51.100.9", "tlp:red"), attribute(2, "domain", "a.example"))
    )
    red = {ref.partition("--")[0] for ref, label in found.items() if label is Tlp.RED}
    assert red == {"observed-data", "network-traffic", "ipv4-addr", "indicator", "relationship"}
    assert [ref for ref, label in found.items() if label is Tlp.RED and ref.endswith(UUID.format(2))] == []


def test_a_looser_label_of_an_attribute_does_not_open_the_event():
    tags = [{"name": "TLP:AMBER+STRICT"}]
    found = labels(imported(attribute(1, "ip-dst", "198.51.100.9", "tlp:green"), Tag=tags))
    assert set(found.values()) == {Tlp.AMBER_STRICT}


def test_an_object_is_as_strict_as_its_strictest_attribute():
    inner = attribute(31, "ip-dst", "198.51.100.9", "tlp:amber") | {"object_relation": "ip"}
    other = attribute(32, "domain", "a.example") | {"object_relation": "domain"}
    whole = {
        "uuid": UUID.format(30),
        "name": "domain-ip",
        "meta-category": "network",
        "template_uuid": "43b3b146-77eb-4931-b4cc-b66c60f28734",
        "template_version": "9",
        "timestamp": "1472480356",
        "Attribute": [inner, other],
    }
    found = labels(imported(Object=[whole]))
    amber = {ref for ref, label in found.items() if label is Tlp.AMBER}
    assert {ref.partition("--")[0] for ref in amber} >= {"indicator", "ipv4-addr", "domain-name"}


def test_a_label_nobody_knows_counts_as_red():
    found = imported(Tag=[{"name": "tlp:ex:chr"}])
    assert set(labels(found).values()) == {Tlp.RED}
    assert "The tag 'tlp:ex:chr' is not a TLP label; what it marks is treated as TLP:RED." in found.unmapped


def test_what_cannot_be_mapped_is_listed():
    assert any("nonsense is invalid" in text for text in imported(attribute(1, "nonsense", "x")).unmapped)


def test_a_galaxy_cluster_without_uuid_is_listed():
    cluster = {"type": "threat-actor", "value": "Nobody", "tag_name": 'misp-galaxy:threat-actor="Nobody"'}
    galaxy = {
        "uuid": "698774c7-8022-42c4-917f-8d6e4f06ada3",
        "name": "Threat Actor",
        "type": "threat-actor",
        "description": "d",
        "GalaxyCluster": [cluster, 5],
    }
    assert (
        "The galaxy cluster 'Nobody' has no uuid."
        in imported(Galaxy=[galaxy | {"GalaxyCluster": [cluster]}]).unmapped
    )


def test_several_events_in_one_reply():
    other = json.loads((FOLDER / "sshdoor-akiva.json").read_text("utf-8"))
    found = decode_misp(json.dumps({"response": [XORIST, other, XORIST]}).encode())
    assert sum(each.type in {"report", "grouping"} for each in found.objects) == 2


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"Event": []},
        {"Event": {}},
        {"response": [{}]},
        {"Event": {"uuid": 5, "Attribute": "x"}},
        {"Event": {"uuid": "x", "Attribute": [{"type": "md5"}]}},
        {"Event": {"info": "x", "Tag": [{"name": 5}]}},
        {"Event": XORIST["Event"] | {"uuid": "not-a-uuid"}},
        {"Event": XORIST["Event"] | {"Attribute": [attribute(1, "target-org", "x") | {"uuid": "x"}]}},
    ],
)
def test_what_is_no_event_is_malformed(value):
    with pytest.raises(Malformed):
        decode_misp(json.dumps(value).encode())


def test_bounds(monkeypatch):
    monkeypatch.setattr(misp, "MAX_ATTRIBUTES", 9)
    with pytest.raises(TooLarge, match="10 attributes"):
        imported(attribute(1, "domain", "a.example"))
