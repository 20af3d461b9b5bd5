"""STIX objects of any origin as a MISP event: what each becomes, and what is listed."""

import json
import warnings
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS
from comity.formats.misp.decode import decode_misp
from comity.formats.misp.encode import MispExport, encode_misp
from comity.formats.stix import StixObject
from tests.formats.misp.events import UUID, attribute, event_in, galaxy, imported, inner, whole

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymisp import MISPEvent

WHEN = "2024-01-02T03:04:05.000Z"
SECONDS = "1704164645"


def obj(kind: str, number: int, **members: object) -> StixObject:
    head: dict[str, Any] = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{UUID.format(number)}"}
    return StixObject.decode(head | {"created": WHEN, "modified": WHEN} | members)


def observable(kind: str, at: int, /, **members: object) -> StixObject:
    return StixObject.decode({"type": kind, "id": f"{kind}--{UUID.format(at)}", **members})


def indicator(number: int, pattern: str, kind: str = "stix", /, **members: object) -> StixObject:
    return obj("indicator", number, pattern=pattern, pattern_type=kind, valid_from=WHEN, **members)


def relation(
    number: int, source: StixObject, target: StixObject, kind: str = "uses", **more: object
) -> StixObject:
    ends = {"source_ref": source.id, "target_ref": target.id}
    return obj("relationship", number, relationship_type=kind, **ends, **more)


def written(*objects: StixObject) -> dict[str, Any]:
    export = encode_misp(objects)
    read = MISPEvent()
    read.from_dict(**json.loads(export.text))  # PyMISP reads whatever we write
    decode_misp(export.text)
    return event_in(export.text)


def lost(*objects: StixObject) -> str:
    return "\n".join(each.text for each in encode_misp(objects).unmapped)


def typed(event: dict[str, Any]) -> set[tuple[str, str, bool]]:
    return {(each["type"], each["value"], each["to_ids"]) for each in event["Attribute"]}


def there_and_back(*attributes: dict[str, Any], **members: object) -> dict[str, Any]:
    export = encode_misp(imported(*attributes, **members).objects)
    assert export.unmapped == ()
    return event_in(export.text)


def test_nothing_is_an_event_of_its_own():
    event = written()
    assert (event["info"], event["timestamp"], event["distribution"]) == ("STIX objects", "0", "0")
    assert event["Attribute"] == []
    assert encode_misp([]) == MispExport(encode_misp([]).text, ())


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[domain-name:value = 'a.example']", {("domain", "a.example")}),
        (
            "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']",
            {("ip-dst", "192.0.2.1"), ("ip-dst", "192.0.2.2")},
        ),
        ("[file:hashes.'SHA-256' = '" + "a" * 64 + "']", {("sha256", "a" * 64)}),
        ("[file:hashes.MD5 = 'x' OR file:hashes.'SHA256' = 'y']", {("md5", "x"), ("sha256", "y")}),
        ("[file:name = 'it\\'s \\\\ here' AND file:hashes.MD5 = 'x']", {("filename|md5", "it's \\ here|x")}),
        ("[domain-name:value = 'a' AND domain-name:resolves_to_refs[*].value = 'b']", {("domain|ip", "a|b")}),
        (
            "[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 80]",
            {("ip-dst|port", "192.0.2.1|80")},
        ),
        (
            "[(network-traffic:src_ref.type = 'ipv4-addr' AND network-traffic:src_ref.value = '1.2.3.4')]",
            {("ip-src", "1.2.3.4")},
        ),
        ("[autonomous-system:number = 5]", {("AS", "AS5")}),
        ("[x509-certificate:hashes.'SHA-1' = 'x']", {("x509-fingerprint-sha1", "x")}),
    ],
)
def test_a_simple_pattern_becomes_attributes(pattern, found):
    event = written(indicator(1, pattern, description="why"))
    assert {(each["type"], each["value"]) for each in event["Attribute"]} == found
    assert {each["comment"] for each in event["Attribute"]} == {"why"}
    assert event["Attribute"][0]["uuid"] == UUID.format(1)
    assert event["Attribute"][0]["timestamp"] == SECONDS


@pytest.mark.parametrize(
    "pattern",
    [
        "[domain-name:value LIKE 'a%']",
        "[domain-name:value = 'a'] FOLLOWEDBY [url:value = 'b']",
        "[domain-name:value = 'a' AND url:value = 'b' OR url:value = 'c']",
        "[domain-name:value = 'a' AND url:value = 'b']",
        "[domain-name:value != 'a']",
        "[domain-name:value = 'a' OR process:pid = 5]",
        "[x509-certificate:hashes.'SHA-512' = 'x']",
        "[process:command_line = 'x']",
        "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'a']",
        "[file:name = 'a' AND file:x = 'b' AND file:size = 5]",
        "[domain-name:value = 'a' AND]",
        "domain-name:value = 'a'",
        "x",
    ],
)
def test_any_other_pattern_stays_a_pattern(pattern):
    event = written(indicator(1, pattern))
    assert typed(event) == {("stix2-pattern", pattern, True)}
    again = decode_misp(json.dumps({"Event": event}).encode())
    assert [each.value["pattern"] for each in again.objects if each.type == "indicator"] == [pattern]


def test_a_pattern_of_a_thousand_comparisons_stays_a_pattern():
    pattern = "[" + " OR ".join(f"url:value = '{number}'" for number in range(1_001)) + "]"
    assert typed(written(indicator(1, pattern))) == {("stix2-pattern", pattern, True)}


def test_a_pattern_of_a_file_becomes_an_object():
    pattern = "[file:name = 'a.exe' AND file:size = 5 AND file:hashes.MD5 = 'x']"
    (found,) = written(indicator(1, pattern, revoked=True))["Object"]
    assert (found["name"], found["uuid"], found["deleted"]) == ("file", UUID.format(1), True)
    parts = {(each["object_relation"], each["value"], each["to_ids"]) for each in found["Attribute"]}
    assert parts == {("filename", "a.exe", True), ("size-in-bytes", "5", True), ("md5", "x", True)}


def test_rules_and_languages():
    assert typed(written(indicator(1, "rule x {}", "yara"))) == {("yara", "rule x {}", True)}
    assert "MISP has no type for a pattern of pcre" in lost(indicator(1, "a+", "pcre"))


def test_observables_become_attributes_and_objects():
    address, name = (
        observable("ipv4-addr", 1, value="192.0.2.1"),
        observable("domain-name", 2, value="a.example"),
    )
    refs = {"src_ref": address.id, "dst_ref": name.id, "protocols": ["tcp"]}
    event = written(
        address,
        name,
        observable("network-traffic", 3, **refs, dst_port=443),
        observable("url", 4, value="http://a.example"),
        observable("autonomous-system", 5, number=5),
        observable("file", 6, name="a.exe", size=0, hashes={"SHA-256": "a" * 64, "OWN": "b"}),
        observable("mutex", 7, name="m"),
        observable(
            "windows-registry-key",
            8,
            key="HKEY_USERS\\x",
            values=[{"name": "n", "data": "d"}, 5],
        ),
    )
    assert typed(event) == {("url", "http://a.example", False), ("AS", "AS5", False), ("mutex", "m", False)}
    objects = {each["name"]: each for each in event["Object"]}
    assert _values(objects["network-connection"]) == {
        ("ip-src", "ip-src", "192.0.2.1"),
        ("hostname-dst", "hostname", "a.example"),
        ("dst-port", "port", "443"),
    }
    assert _values(objects["file"]) == {
        ("filename", "filename", "a.exe"),
        ("size-in-bytes", "size-in-bytes", "0"),
        ("sha256", "sha256", "a" * 64),
    }
    assert _values(objects["registry-key"]) == {
        ("key", "regkey", "HKEY_USERS\\x"),
        ("name", "text", "n"),
        ("data", "text", "d"),
    }


def _values(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(each["object_relation"], each["type"], each["value"]) for each in found["Attribute"]}


def test_mail_and_its_people():
    people = [observable("email-addr", number, value=f"{number}@a.example") for number in (1, 2, 3)]
    mail = observable(
        "email-message",
        4,
        is_multipart=False,
        subject="Hi",
        from_ref=people[0].id,
        to_refs=[people[1].id, "email-addr--" + UUID.format(99)],
        cc_refs=[people[2].id],
    )
    (found,) = written(*people, mail)["Object"]
    assert _values(found) == {
        ("subject", "email-subject", "Hi"),
        ("from", "email-src", "1@a.example"),
        ("to", "email-dst", "2@a.example"),
        ("cc", "email-dst", "3@a.example"),
    }


def test_hardware_addresses_of_traffic():
    mac = observable("mac-addr", 1, value="00:11:22:33:44:55")
    traffic = observable("network-traffic", 2, src_ref=mac.id, protocols=["tcp"], src_port=True, dst_port=53)
    (found,) = written(mac, traffic)["Object"]
    assert _values(found) == {
        ("mac-src", "mac-address", "00:11:22:33:44:55"),
        ("dst-port", "port", "53"),
    }


def test_observed_data_tells_of_its_observables():
    parts = [observable("domain-name", 1, value="a.example"), observable("url", 2, value="http://a.example")]
    seen = {"first_observed": WHEN, "last_observed": WHEN, "number_observed": 1}
    observed = obj(
        "observed-data", 3, object_refs=[*(each.id for each in parts), "url--" + UUID.format(9)], **seen
    )
    event = written(*parts, observed)
    assert typed(event) == {("domain", "a.example", False), ("url", "http://a.example", False)}
    assert event["Attribute"][0]["uuid"] == UUID.format(3)
    assert "says nothing that MISP has a type for" in lost(obj("observed-data", 3, object_refs=[], **seen))


def test_what_an_observable_says_beyond_misp_is_listed():
    found = lost(observable("domain-name", 1, value="a.example", x_own=5))
    assert f"domain-name domain-name--{UUID.format(1)}: MISP has no place for: x_own." in found
    assert "says nothing that MISP has a type for" in lost(observable("artifact", 1, url="http://a.example"))
    assert "says nothing" in lost(observable("x509-certificate", 1, hashes=5))


def test_actors_and_techniques_become_entries_of_galaxies():
    actor = obj(
        "threat-actor",
        1,
        name="Nobody",
        aliases=["No One"],
        external_references=[
            {"source_name": "x", "external_id": "G1"},
            {"source_name": "y", "url": "http://y"},
            5,
        ],
        threat_actor_types=["spy"],
    )
    malware = obj(
        "malware",
        2,
        name="Rat",
        is_family=True,
        kill_chain_phases=[{"kill_chain_name": "k", "phase_name": "p"}],
    )
    event = written(actor, malware, relation(3, actor, malware))
    entries = {each["type"]: each["GalaxyCluster"][0] for each in event["Galaxy"]}
    assert {each["name"] for each in event["Tag"]} == {each["tag_name"] for each in entries.values()}
    assert entries["stix-2.1-threat-actor"]["value"] == "Nobody"
    assert entries["stix-2.1-threat-actor"]["meta"] == {
        "synonyms": ["No One"],
        "external_id": ["G1"],
        "refs": ["http://y"],
        "threat_actor_types": ["spy"],
    }
    assert entries["stix-2.1-malware"]["meta"] == {"kill_chain": ["k:p"]}
    (related,) = entries["stix-2.1-threat-actor"]["GalaxyClusterRelation"]
    assert related["referenced_galaxy_cluster_uuid"] == UUID.format(2)


def test_an_indicator_of_malware_holds_it():
    mark, other = (
        indicator(1, "[url:value = 'http://a.example']"),
        indicator(4, "[file:name = 'a' AND file:size = 5]"),
    )
    malware = obj("malware", 2, name="Rat", is_family=True)
    event = written(
        mark, malware, relation(3, mark, malware, "indicates"), other, relation(5, other, malware)
    )
    held = (event["Attribute"][0], event["Object"][0]["Attribute"][0])
    for part in held:
        assert part["Galaxy"][0]["GalaxyCluster"][0]["uuid"] == UUID.format(2)
        assert part["Tag"] == [{"name": 'misp-galaxy:stix-2.1-malware="Rat"'}]
    assert "Galaxy" not in event


def test_two_entries_stand_in_one_galaxy():
    event = written(*(obj("tool", number, name=f"T{number}") for number in (1, 2)))
    assert [each["value"] for each in event["Galaxy"][0]["GalaxyCluster"]] == ["T1", "T2"]


def test_relationships_of_objects_are_references():
    one = indicator(1, "[file:name = 'a' AND file:size = 5]")
    two = indicator(2, "[url:value = 'http://a.example']")
    event = written(
        one, two, relation(3, one, two, "x", description="why", x_misp_relationship_type="Drops It")
    )
    (reference,) = event["Object"][0]["ObjectReference"]
    assert (reference["referenced_uuid"], reference["comment"]) == (UUID.format(2), "why")
    assert reference["relationship_type"] == "Drops It"


def test_relationships_that_misp_cannot_say_are_listed():
    one, two = (indicator(number, f"[url:value = 'http://{number}.example']") for number in (1, 2))
    assert "MISP cannot relate an attribute to an attribute" in lost(one, two, relation(3, one, two))
    assert "relates something that is not in this event" in lost(one, relation(3, one, two))


def test_people_and_bodies():
    author = obj("identity", 1, name="CERT", identity_class="organization")
    event = written(
        author,
        obj("identity", 2, name="Ministry", identity_class="organization", description="d"),
        obj("identity", 3, name="Jane", identity_class="individual"),
        indicator(4, "[url:value = 'http://a.example']", created_by_ref=author.id),
    )
    assert event["Orgc"] == {"uuid": UUID.format(1), "name": "CERT"}
    objects = {each["name"]: each for each in event["Object"]}
    assert _values(objects["organization"]) == {("name", "text", "Ministry"), ("description", "text", "d")}
    assert _values(objects["person"]) == {("full-name", "full-name", "Jane")}


def test_vulnerabilities_are_attributes():
    assert typed(written(obj("vulnerability", 1, name="CVE-2020-1"))) == {
        ("vulnerability", "CVE-2020-1", False)
    }


def test_what_misp_has_no_place_for_is_listed():
    assert "incident" in lost(obj("incident", 1, name="x"))
    assert "MISP has no place for it." in lost(obj("x-own-thing", 1, name="x"))
    assert lost(StixObject.decode(json.loads(json.dumps({**_STATEMENT})))) == ""


_STATEMENT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": f"marking-definition--{UUID.format(0x70)}",
    "created": WHEN,
    "definition_type": "statement",
    "definition": {"statement": "Ours"},
}


def test_markings_that_misp_cannot_say_are_listed():
    marked = indicator(1, "[url:value = 'http://a.example']", object_marking_refs=[_STATEMENT["id"]])
    assert f"MISP cannot say its marking {_STATEMENT['id']}" in lost(marked)
    parts = [{"marking_ref": TLP_IDS[Tlp.RED], "selectors": ["name"]}]
    assert "MISP cannot mark a part of it" in lost(obj("tool", 1, name="x", granular_markings=parts))


def test_the_strictest_label_is_that_of_the_event():
    red, green = ({"object_marking_refs": [TLP_IDS[label]]} for label in (Tlp.RED, Tlp.GREEN))
    first, second = (
        indicator(1, "[url:value = 'http://a']", **red),
        indicator(2, "[url:value = 'http://b']", **green),
    )
    event = written(first, second)
    assert event["Tag"] == [{"name": "tlp:red"}]
    assert all("Tag" not in each for each in event["Attribute"])
    report = obj("report", 3, name="R", published=WHEN, object_refs=[first.id, second.id], **green)
    event = written(first, second, report)
    assert event["Tag"] == [{"name": "tlp:green"}]
    assert [each.get("Tag") for each in event["Attribute"]] == [[{"name": "tlp:red"}], None]


@pytest.mark.parametrize(
    ("confidence", "level"), [(100, "completely-confident"), (50, "fairly-confident"), (0, "unconfident")]
)
def test_confidence_is_a_tag(confidence, level):
    event = written(indicator(1, "[url:value = 'http://a']", confidence=confidence, labels=["x"]))
    assert [each["name"] for each in event["Attribute"][0]["Tag"]] == [
        "x",
        f'misp:confidence-level="{level}"',
    ]


def test_of_several_versions_the_newest_is_written():
    newer = "2025-01-01T00:00:00.000Z"
    one = indicator(1, "[url:value = 'http://new']", modified=newer)
    old = indicator(1, "[url:value = 'http://old']")
    assert typed(written(one, old)) == typed(written(old, one)) == {("url", "http://new", True)}


def test_reports_beside_the_one_that_is_the_event():
    mark = indicator(1, "[url:value = 'http://a.example']")
    main = obj("report", 2, name="Main", published=WHEN, object_refs=[mark.id, "tool--" + UUID.format(8)])
    side = obj("grouping", 3, name="Side", context="x", description="Words.", object_refs=[mark.id])
    event = written(mark, main, side)
    assert (event["uuid"], event["info"], event["published"]) == (UUID.format(2), "Main", True)
    assert [(each["name"], each["content"]) for each in event["EventReport"]] == [("Side", "Words.")]
    assert "MISP cannot say which objects it names" in lost(mark, main, side)


def test_sightings_notes_and_opinions():
    mark = indicator(1, "[file:name = 'a' AND file:size = 5]")
    org = obj("identity", 2, name="Observers", identity_class="organization")
    seen = obj(
        "sighting", 3, sighting_of_ref=mark.id, where_sighted_refs=[org.id], last_seen=WHEN, description="s"
    )
    opinion = obj("opinion", 4, opinion="agree", object_refs=[mark.id], authors=["A", "B"])
    note = obj("note", 5, content="Look.", object_refs=[mark.id])
    event = written(mark, org, seen, opinion, note)
    (found,) = event["Object"]
    (sighting,) = found["Attribute"][0]["Sighting"]
    assert (sighting["type"], sighting["source"], sighting["date_sighting"]) == ("0", "s", SECONDS)
    assert sighting["Organisation"] == {"uuid": UUID.format(2), "name": "Observers"}
    assert (found["Opinion"][0]["opinion"], found["Opinion"][0]["authors"]) == (75, "A, B")
    assert (found["Note"][0]["note"], found["Note"][0]["object_type"]) == ("Look.", "Object")
    tool = obj("tool", 6, name="T")
    of_tool = obj("sighting", 7, sighting_of_ref=tool.id)
    assert "not in this event as an attribute" in lost(tool, of_tool)
    assert "speaks of something that is not in this event" in lost(note)


def test_all_that_was_said_goes_there_and_back():
    org = {"uuid": UUID.format(0x41), "name": "O"}
    seen = {
        "uuid": UUID.format(0x40),
        "type": "0",
        "date_sighting": "1472480400",
        "source": "s",
        "Organisation": org,
    }
    denied = seen | {"uuid": UUID.format(0x42), "type": "1", "source": ""}
    note = {"uuid": UUID.format(0x43), "note": "n", "created": "2024-01-01 10:00:00", "authors": "a"}
    report = {"uuid": UUID.format(0x44), "name": "r", "content": "c", "timestamp": "1472480400"}
    event = there_and_back(
        attribute(1, "domain", "a.example", "tlp:red", "x", Sighting=[seen, denied], Note=[note]),
        attribute(2, "target-org", "Hospital", comment="ward 7"),
        attribute(3, "mac-address", "00:AA:BB:CC:DD:EE", first_seen="2020-01-01T00:00:00.000Z"),
        attribute(4, "yara", "rule x {}", to_ids=False, deleted=True),
        attribute(5, "user-agent", "curl"),
        attribute(6, "campaign-name", "Night", to_ids=True, distribution="1"),
        attribute(7, "domain", "b.example", Galaxy=[galaxy("tool")]),
        Object=[whole(8, "url", inner(9, "url", "url", "http://a.example", "tlp:amber", "y"))],
        EventReport=[report],
    )
    parts = {each["uuid"]: each for each in event["Attribute"]}
    assert [each["type"] for each in parts[UUID.format(1)]["Sighting"]] == ["0", "1"]
    assert parts[UUID.format(1)]["Sighting"][0] == seen
    assert {each["name"] for each in parts[UUID.format(1)]["Tag"]} == {"tlp:red", "x"}
    assert parts[UUID.format(1)]["Note"][0]["note"] == "n"
    assert (parts[UUID.format(2)]["value"], parts[UUID.format(2)]["comment"]) == ("Hospital", "ward 7")
    assert parts[UUID.format(3)]["value"] == "00:AA:BB:CC:DD:EE"
    assert parts[UUID.format(3)]["first_seen"] == "2020-01-01T00:00:00.000Z"
    assert (parts[UUID.format(4)]["to_ids"], parts[UUID.format(4)]["deleted"]) == (False, True)
    assert parts[UUID.format(5)]["value"] == "curl"
    assert (parts[UUID.format(6)]["to_ids"], parts[UUID.format(6)]["distribution"]) == (True, "1")
    assert parts[UUID.format(7)]["Galaxy"][0]["GalaxyCluster"][0]["value"] == "Nobody"
    inside = event["Object"][0]["Attribute"][0]
    assert {each["name"] for each in inside["Tag"]} == {"tlp:amber", "y"}
    assert event["EventReport"][0]["content"] == "c"


def test_victims_and_strict_objects_go_there_and_back():
    parts = inner(2, "name", "target-org", "Hospital"), inner(3, "text", "text", "t")
    found = imported(Object=[whole(1, "victim", *parts)])
    marked = [
        _with(each, object_marking_refs=[TLP_IDS[Tlp.RED]])
        for each in found.objects
        if each.type == "x-misp-object"
    ]
    others = [each for each in found.objects if each.type != "x-misp-object"]
    event = event_in(encode_misp([*others, *marked]).text)
    assert [each["value"] for each in event["Object"][0]["Attribute"]] == ["Hospital", "t"]
    assert {tag["name"] for each in event["Object"][0]["Attribute"] for tag in each["Tag"]} == {"tlp:red"}
    assert len(event["Object"]) == 1


def _with(found: StixObject, **members: object) -> StixObject:
    return StixObject.decode(found.value | members)


def test_an_event_in_parts_goes_there_and_back(monkeypatch):
    monkeypatch.setattr("comity.formats.misp.reports.MAX_REPORT_REFS", 3)
    event = there_and_back(attribute(1, "domain", "a.example"), attribute(2, "url", "http://a.example"))
    assert typed(event) == {("domain", "a.example", True), ("url", "http://a.example", True)}
    assert "EventReport" not in event


def test_an_empty_event_goes_there_and_back():
    assert there_and_back()["Attribute"] == []


def test_what_misp_stix_wrote_is_read_without_our_own_members():
    """Objects that another tool made of MISP events have labels, and no `x_misp_attributes`."""
    found = imported(
        attribute(1, "domain", "a.example"),
        Object=[whole(2, "url", inner(3, "url", "url", "http://a.example"))],
    )
    bare = [
        StixObject.decode({name: said for name, said in each.value.items() if not name.startswith("x_")})
        for each in found.objects
    ]
    event = event_in(encode_misp(bare).text)
    assert typed(event) >= {("domain", "a.example", True), ("url", "http://a.example", True)}


def test_an_attribute_whose_observable_is_missing_is_known_by_its_pattern():
    found = [
        each for each in imported(attribute(1, "domain", "a.example")).objects if each.type == "indicator"
    ]
    assert typed(event_in(encode_misp(found).text)) == {("domain", "a.example", True)}
    broken = [_with(each, pattern=5) for each in found]
    assert "says nothing that MISP has a type for" in "\n".join(
        each.text for each in encode_misp(broken).unmapped
    )


def test_observed_data_whose_observable_says_nothing():
    found = imported(attribute(1, "domain", "a.example", to_ids=False)).objects
    bare = [_with(each, value=5) if each.type == "domain-name" else each for each in found]
    export = encode_misp([each for each in bare if each.type != "domain-name"])
    assert "says nothing that MISP has a type for" in "\n".join(each.text for each in export.unmapped)
    assert event_in(export.text)["Attribute"] == []


def test_what_a_stranger_wrote_into_our_members_harms_nothing():
    labels = ['misp:name="file"', 'misp:meta-category="file"']
    thing = obj("x-misp-object", 1, labels=labels, x_misp_attributes=[5, {"uuid": "x"}], x_misp_name=7)
    (found,) = written(thing)["Object"]
    assert (found["name"], found["Attribute"]) == ("file", [])
    assert "is not a JSON object" in lost(thing)
    report = obj("report", 2, name="R", published="soon", object_refs=[thing.id], x_misp_event=5, labels=5)
    assert written(report, thing)["publish_timestamp"] == "0"


def test_a_relationship_of_an_object_with_itself():
    one = indicator(1, "[file:name = 'a' AND file:size = 5]")
    (reference,) = written(one, relation(3, one, one, "duplicate-of"))["Object"][0]["ObjectReference"]
    assert reference["referenced_uuid"] == reference["object_uuid"] == UUID.format(1)


def test_times_that_misp_cannot_say():
    far = obj("x-own", 1, modified="9999-12-31T23:59:59.999Z")
    assert event_in(encode_misp([far]).text)["timestamp"] == "253402300799"
    address = observable("url", 2, value="http://a.example", modified="soon")
    assert written(far, address)["Attribute"][0]["timestamp"] == "253402300799"
    seen = {"sighting_of_ref": address.id, "last_seen": "soon"}
    sighted = written(address, obj("sighting", 3, **seen))["Attribute"][0]["Sighting"]
    assert sighted[0]["date_sighting"] == SECONDS


def test_a_false_positive_that_says_why_is_a_sighting_of_type_1():
    found = indicator(1, "[domain-name:value = 'a.example']")
    said = {"opinion": "strongly-disagree", "object_refs": [found.id], "explanation": "A resolver of ours."}
    wrong = obj("opinion", 3, labels=["false-positive"], **said)
    (sighting,) = written(found, wrong)["Attribute"][0]["Sighting"]
    assert (sighting["type"], sighting["source"]) == ("1", "A resolver of ours.")
    assert "Sighting" not in written(found, obj("opinion", 4, **said))["Attribute"][0]
