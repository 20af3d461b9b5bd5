"""MISP objects: the common templates as misp-stix maps them, the rare ones by it, the others as they are."""

import json
import sys
import warnings
from typing import Any

import pytest

from comity.formats.misp.decode import MispImport
from comity.formats.misp.encode import encode_misp
from comity.formats.stix21.validate import errors, findings
from tests.formats.misp.events import (
    UUID,
    attribute,
    by_id,
    event,
    event_in,
    imported,
    inner,
    lost,
    of_type,
    only,
    whole,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from misp_stix_converter import MISPtoSTIX21Parser

COMMON: dict[str, list[tuple[str, str, str]]] = {
    "file": [
        ("filename", "filename", "it's.exe"),
        ("filename", "filename", "other.exe"),
        ("md5", "md5", "a" * 32),
        ("imphash", "imphash", "b" * 32),
        ("sha256", "sha256", "c" * 64),
        ("size-in-bytes", "size-in-bytes", "5"),
        ("path", "text", "C:\\Temp"),
        ("state", "text", "Malicious"),
        ("entropy", "float", "7.2"),
    ],
    "url": [
        ("url", "url", "http://a.example/x?y"),
        ("domain", "domain", "a.example"),
        ("port", "port", "80"),
    ],
    "domain-ip": [
        ("domain", "domain", "a.example"),
        ("domain", "domain", "b.example"),
        ("hostname", "hostname", "c.example"),
        ("ip", "ip-dst", "192.0.2.1"),
        ("ip", "ip-dst", "2001:db8::1"),
    ],
    "ip-port": [
        ("ip-dst", "ip-dst", "192.0.2.1"),
        ("ip-src", "ip-src", "192.0.2.2"),
        ("dst-port", "port", "443"),
        ("src-port", "port", "1025"),
        ("hostname", "hostname", "a.example"),
        ("protocol", "text", "udp"),
        ("text", "text", "why"),
    ],
    "network-connection": [
        ("ip-src", "ip-src", "192.0.2.2"),
        ("hostname-dst", "hostname", "a.example"),
        ("dst-port", "port", "443"),
        ("layer4-protocol", "text", "TCP"),
        ("layer7-protocol", "text", "HTTPS"),
        ("community-id", "community-id", "1:x"),
    ],
    "email": [
        ("from", "email-src", "a@a.example"),
        ("to", "email-dst", "b@a.example"),
        ("to", "email-dst", "c@a.example"),
        ("cc", "email-dst", "d@a.example"),
        ("subject", "email-subject", "Hi"),
        ("message-id", "email-message-id", "<1@a>"),
        ("reply-to", "email-reply-to", "e@a.example"),
        ("email-body", "email-body", "Body"),
        ("header", "email-header", "from a by b"),
    ],
}


def made_of(name: str, parts: list[tuple[str, str, str]]) -> dict[str, Any]:
    found = [inner(2 + at, *each) for at, each in enumerate(parts)]
    return whole(1, name, *found, comment="seen", **{"meta-category": "network"})


def by_library(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parser = MISPtoSTIX21Parser()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.parse_misp_event(event(Object=[found]))
    values = [json.loads(str(each.serialize())) for each in parser.stix_objects]
    return {each["id"]: each for each in values}


@pytest.mark.parametrize("name", COMMON)
def test_a_common_template_is_mapped_as_misp_stix_does(name):
    found = made_of(name, COMMON[name])
    ours, theirs = imported(Object=[found]), by_library(found)
    assert by_id(ours).keys() == theirs.keys()
    assert only(ours, "indicator")["pattern"] == theirs[f"indicator--{UUID.format(1)}"]["pattern"]
    assert only(ours, "indicator")["description"] == "seen"
    assert [text for each in ours.objects for text in errors(findings(each.value))] == []
    assert ours.unmapped == ()


@pytest.mark.parametrize("name", COMMON)
def test_a_common_template_goes_there_and_back(name):
    before = made_of(name, COMMON[name])
    (after,) = event_in(encode_misp(imported(Object=[before]).objects).text)["Object"]
    assert all(after[member] == before[member] for member in before if member != "Attribute")
    said = ("uuid", "type", "value", "object_relation", "to_ids", "category", "timestamp")
    assert [{name: part[name] for name in said} for part in after["Attribute"]] == [
        {name: part[name] for name in said} for part in before["Attribute"]
    ]


@pytest.mark.parametrize(
    ("name", "parts", "observed"),
    [
        ("file", [("size-in-bytes", "size-in-bytes", "5")], {"size": 5}),
        ("url", [("url", "url", "http://a"), ("url", "url", "http://b")], {"x_misp_url": "http://b"}),
        (
            "domain-ip",
            [("domain", "domain", "a.example"), ("text", "text", "x"), ("text", "text", "y")],
            {"x_misp_text": ["x", "y"]},
        ),
        ("domain-ip", [("hostname", "hostname", "a.example"), ("port", "port", "8")], {"x_misp_port": "8"}),
        (
            "ip-port",
            [("domain", "domain", "a.example")],
            {"x_misp_domain": "a.example", "protocols": ["tcp"]},
        ),
        (
            "ip-port",
            [("ip", "ip-dst", "192.0.2.1"), ("ip-dst", "ip-dst", "192.0.2.2")],
            {"x_misp_ip": "192.0.2.1"},
        ),
        ("network-connection", [("ip-dst", "ip-dst", "192.0.2.1")], {"protocols": ["tcp"]}),
        (
            "network-connection",
            [("hostname-src", "hostname", "a")],
            {"src_ref": f"domain-name--{UUID.format(2)}"},
        ),
        ("email", [("bcc", "email-dst", "a@b.example")], {}),
        ("email", [("x-mailer", "email-x-mailer", "X")], {"additional_header_fields": {"X-Mailer": ["X"]}}),
    ],
)
def test_what_the_observable_says(name, parts, observed):
    found = imported(Object=[made_of(name, parts)])
    kinds = {"url": "url", "file": "file", "domain-ip": "domain-name", "email": "email-message"}
    value = only(found, kinds.get(name, "network-traffic"))
    assert observed.items() <= value.items()
    assert found.unmapped == ()


def test_without_detection_there_is_no_indicator():
    parts = [part | {"to_ids": False} for part in made_of("url", COMMON["url"])["Attribute"]]
    found = imported(Object=[whole(1, "url", *parts)])
    assert of_type(found, "indicator") == []
    assert only(found, "observed-data")["x_misp_attributes"][0]["to_ids"] is False


@pytest.mark.parametrize(
    ("name", "parts", "reason"),
    [
        ("file", [("md5", "md5", "xyz")], "is not a hash of MD5"),
        ("file", [("size-in-bytes", "size-in-bytes", "05")], "is not a number in its usual spelling"),
        ("file", [], "says nothing that a file has"),
        ("url", [("domain", "domain", "a.example")], "has no url"),
        ("domain-ip", [("ip", "ip-dst", "192.0.2.1")], "has no domain"),
        ("ip-port", [("ip", "ip-dst", "nowhere")], "is not an IP address"),
        ("network-connection", [("dst-port", "port", "-1")], "is not a port"),
        ("corporate-asset", [("text", "text", "t")], "no STIX type"),
    ],
)
def test_an_object_that_does_not_fit_is_kept_and_listed(name, parts, reason):
    before = made_of(name, parts)
    found = imported(Object=[before], Attribute=[attribute(99, "url", "http://a.example")])
    kept = only(found, "x-misp-object")
    assert kept["x_misp_name"] == name
    assert [each["value"] for each in kept.get("x_misp_attributes", [])] == [each[2] for each in parts]
    assert reason in lost(found)


def rare(name: str = "asn", number: int = 1, *parts: dict[str, Any], **members: object) -> dict[str, Any]:
    found = parts or (inner(number + 1, "asn", "AS", "AS5", "x", 'misp:confidence-level="unconfident"'),)
    return whole(number, name, *found, **members)


def test_a_rare_object_is_mapped_by_misp_stix():
    found = imported(
        Object=[rare(deleted=True), rare("person", 5, inner(6, "full-name", "full-name", "Jane"))]
    )
    assert only(found, "autonomous-system")["number"] == 5
    observed = only(found, "observed-data")
    assert (observed["labels"][2:], observed["confidence"]) == (
        ["x", 'misp:confidence-level="unconfident"'],
        0,
    )
    assert observed["revoked"] is True
    assert [each["uuid"] for each in observed["x_misp_attributes"]] == [UUID.format(2)]
    assert "Jane" in {each["name"] for each in of_type(found, "identity")}
    assert found.unmapped == ()
    assert len(event_in(encode_misp(found.objects).text)["Object"]) == 2


def test_a_file_and_what_is_inside_it():
    """A PE file is mapped together with the object to which it refers."""
    pe = whole(5, "pe", inner(6, "imphash", "imphash", "b" * 32), inner(7, "type", "text", "exe"))
    refers = {"uuid": UUID.format(8), "referenced_uuid": UUID.format(5), "relationship_type": "includes"}
    file = whole(
        1,
        "file",
        inner(2, "md5", "md5", "a" * 32),
        ObjectReference=[refers | {"Object": {"name": "pe", "uuid": UUID.format(5)}}],
    )
    found = imported(Object=[file, pe])
    assert "windows-pebinary-ext" in only(found, "file")["extensions"]
    assert f"pe {UUID.format(5)}: no STIX type: is kept as it is" in lost(found)
    assert {each["value"] for _, each in _parts(found)} == {"a" * 32, "b" * 32, "exe"}


def _parts(found: MispImport) -> list[tuple[str, dict[str, Any]]]:
    event_back = event_in(encode_misp(found.objects).text)
    return [(each["name"], part) for each in event_back["Object"] for part in each["Attribute"]]


def test_attached_files_of_an_object_are_left_out():
    sample = inner(2, "malware-sample", "malware-sample", "x|" + "a" * 32, data="UEsDBA==")
    found = imported(Object=[whole(1, "file", sample)])
    assert f"malware-sample {UUID.format(2)}: the attached file is left out" in lost(found)
    assert b"UEsDBA" not in b"".join(each.raw for each in found.objects)


def test_what_misp_stix_does_not_return_is_kept(monkeypatch):
    nothing = inner(2, "nonsense", "text", "t")
    found = imported(Object=[rare("asn", 1, nothing)])
    kept = [each for each in found.objects if each.value.get("x_misp_attributes")]
    assert [each.id.partition("--")[2] for each in kept] == [UUID.format(1)]
    monkeypatch.setattr("comity.formats.misp.gathering.MAX_BY_LIBRARY", 1)
    several = imported(Object=[rare(), rare("asn", 5)])
    assert len(of_type(several, "autonomous-system")) == 1
    assert only(several, "x-misp-object")["id"].endswith(UUID.format(5))


def test_what_misp_stix_breaks_on_is_kept(monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("uuid")

    monkeypatch.setattr(MISPtoSTIX21Parser, "parse_misp_event", broken)
    assert only(imported(Object=[rare()]), "x-misp-object")["x_misp_name"] == "asn"


def test_without_misp_stix_rare_objects_are_kept(monkeypatch):
    monkeypatch.setitem(sys.modules, "comity.formats.misp.library", None)
    assert only(imported(Object=[rare()]), "x-misp-object")["x_misp_name"] == "asn"


def test_references_become_relationships():
    target = {"uuid": UUID.format(8), "referenced_uuid": UUID.format(0x90), "relationship_type": "Drops It"}
    more = {"timestamp": "1472480400", "comment": "why", "deleted": True}
    found = imported(
        attribute(0x90, "url", "http://a.example", "tlp:red"),
        Object=[
            made_of("file", COMMON["file"])
            | {"ObjectReference": [target | more, {"referenced_uuid": UUID.format(2)}]}
        ],
    )
    relation = by_id(found)[f"relationship--{UUID.format(8)}"]
    assert (relation["source_ref"], relation["target_ref"]) == (
        f"observed-data--{UUID.format(1)}",
        f"observed-data--{UUID.format(0x90)}",
    )
    assert (relation["relationship_type"], relation["x_misp_relationship_type"]) == ("drops-it", "Drops It")
    assert (relation["description"], relation["revoked"]) == ("why", True)
    assert relation["object_marking_refs"]
    assert "related-to" in {each["relationship_type"] for each in of_type(found, "relationship")}


@pytest.mark.parametrize("reference", [{"referenced_uuid": UUID.format(0x99)}, {"referenced_uuid": "x"}, {}])
def test_references_to_nothing_are_listed(reference):
    found = imported(Object=[made_of("url", COMMON["url"]) | {"ObjectReference": [reference]}])
    assert f"ObjectReference {UUID.format(1)}/ObjectReference/0" in lost(found)


def test_an_object_without_a_name_is_listed():
    assert "name: is missing" in lost(imported(Object=[rare() | {"name": ""}]))


def test_an_event_without_an_author_has_rare_objects_too():
    assert only(imported(Object=[rare()], Orgc=None), "autonomous-system")["number"] == 5
