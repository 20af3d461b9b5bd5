"""MISP events to STIX: what each part becomes, how far it may go, and what is listed."""

import base64
import json
import sys
from typing import Any

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.base.tlp import Tlp
from comity.formats.markings import TLP_IDS, markings_of
from comity.formats.misp.decode import MispImport, decode_misp
from comity.formats.stix21.validate import errors, findings
from tests.formats.misp.events import (
    TIME,
    UUID,
    XORIST,
    attribute,
    by_id,
    event,
    galaxy,
    imported,
    inner,
    lost,
    of_type,
    only,
    real,
    whole,
)

ORG = {"uuid": UUID.format(0xF0), "name": "Observers"}


def labels(found: MispImport) -> dict[str, Tlp | None]:
    definitions = {each.id: each for each in found.objects}
    return {
        each.id: markings_of(each, definitions).tlp
        for each in found.objects
        if each.type != "marking-definition"
    }


def test_a_real_event_and_its_label():
    found = decode_misp(real("xorist.json"))
    kinds = [each.type for each in found.objects]
    expected = {"report": 1, "identity": 1, "indicator": 5, "relationship": 5, "file": 4}
    assert {kind: kinds.count(kind) for kind in expected} == expected
    assert set(labels(found).values()) == {Tlp.CLEAR}
    assert found.objects[-1].id == TLP_IDS[Tlp.CLEAR]
    assert found.victims == frozenset()
    as_it_is = "no STIX type: is kept as it is, as x-misp-attribute."
    assert found.notes == (
        f"comment: {as_it_is} (57c444c0-8004-48fa-9c33-8aca950d210f)",
        f"text: {as_it_is} (57c44648-96f4-45d4-a8eb-453e950d210f)",
    )


def test_the_mark_of_utf_8_is_passed_over():
    text = json.dumps(event(attribute(1, "domain", "a.example"))).encode()
    assert decode_misp(b"\xef\xbb\xbf" + text).objects[0].raw == decode_misp(text).objects[0].raw


def test_a_real_event_without_a_label_stays_without():
    assert set(labels(decode_misp(real("sshdoor-akiva.json"))).values()) == {None}


def test_many_of_one_reason_are_one_note():
    found = imported(*(attribute(number, "btc", f"1{number}") for number in range(3)))
    (note,) = found.notes
    assert note.startswith("btc: no STIX type")
    assert f"(3 of them, such as {UUID.format(0)})" in note


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
    classes = ["organization", "organization", "individual", "individual", "system", "unspecified"]
    assert [each["identity_class"] for each in identities.values()] == classes
    assert [each["name"] for each in identities.values()] == [
        f"v{number}@victim.example" for number in range(6)
    ]
    report = only(found, "report")
    assert found.victims <= set(report["object_refs"])
    assert report["created_by_ref"] not in found.victims
    assert found.unmapped == ()


def test_a_victim_inside_an_object_is_one_too():
    found = imported(Object=[whole(20, "victim", inner(21, "name", "target-org", "Hospital"))])
    assert found.victims == {f"identity--{UUID.format(21)}"}
    assert f"victim {UUID.format(20)}: no STIX type" in lost(found)


def test_the_stricter_label_counts_for_what_hangs_on_it():
    seen = {"uuid": UUID.format(9), "type": "0", "date_sighting": "1472480400"}
    found = labels(
        imported(
            attribute(1, "ip-dst", "198.51.100.9", "tlp:red", Sighting=[seen]),
            attribute(2, "domain", "a.example"),
            Tag=[{"name": "tlp:white"}],
        )
    )
    red = {ref.partition("--")[0] for ref, label in found.items() if label is Tlp.RED}
    assert red == {"observed-data", "network-traffic", "ipv4-addr", "indicator", "relationship", "sighting"}
    assert [ref for ref, label in found.items() if label is Tlp.RED and ref.endswith(UUID.format(2))] == []


def test_a_looser_label_of_an_attribute_does_not_open_the_event():
    tags = [{"name": "TLP:AMBER+STRICT"}]
    found = labels(imported(attribute(1, "ip-dst", "198.51.100.9", "tlp:green"), Tag=tags))
    assert set(found.values()) == {Tlp.AMBER_STRICT}


def test_an_object_is_as_strict_as_its_strictest_attribute():
    parts = inner(31, "ip", "ip-dst", "198.51.100.9", "tlp:amber"), inner(32, "domain", "domain", "a.example")
    found = labels(imported(Object=[whole(30, "domain-ip", *parts)]))
    amber = {ref for ref, label in found.items() if label is Tlp.AMBER}
    assert {ref.partition("--")[0] for ref in amber} >= {"indicator", "ipv4-addr", "domain-name"}


def test_a_label_nobody_knows_counts_as_red():
    found = imported(attribute(1, "domain", "a.example"), Tag=[{"name": "tlp:ex:chr"}])
    assert set(labels(found).values()) == {Tlp.RED}
    assert "is not a TLP label; what it marks is treated as TLP:RED." in lost(found)


def test_a_sharing_group_becomes_a_statement_that_a_person_must_judge():
    group = {
        "name": "Banks",
        "releasability": "members",
        "SharingGroupOrg": [{"Organisation": {"name": "B"}}, {"Organisation": {"name": "A"}}, 5],
    }
    given = {"distribution": "4", "sharing_group_id": "3"}
    found = imported(
        attribute(1, "domain", "a.example", SharingGroup=group, **given), attribute(2, "url", "u:x")
    )
    definition = only(found, "marking-definition")
    text = "MISP sharing group Banks. Releasable to: members. Members: A, B."
    assert definition["definition"] == {"statement": text}
    assert errors(findings(definition)) == ()
    marked = {
        each.id for each in found.objects if definition["id"] in each.value.get("object_marking_refs", ())
    }
    assert marked == {
        f"{kind}--{UUID.format(1)}" for kind in ("observed-data", "domain-name", "indicator")
    } | {only(imported(attribute(1, "domain", "a.example")), "relationship")["id"]}
    assert definition["id"] not in only(found, "report")["object_refs"]
    unnamed = only(imported(attribute(1, "domain", "a.example"), **given), "marking-definition")
    assert "number 3 of the instance" in unnamed["definition"]["statement"]


def test_tags_are_labels_and_confidence():
    tags = ["osint:lifetime", 'misp:confidence-level="usually-confident"']
    found = imported(attribute(1, "domain", "a.example", *tags))
    assert only(found, "indicator")["labels"][2:] == tags
    assert only(found, "indicator")["confidence"] == 75
    credible = [{"name": 'admiralty-scale:information-credibility="2"'}]
    assert only(imported(attribute(1, "url", "u:x"), Tag=credible), "report")["confidence"] == 70


def test_a_group_of_attributes_has_the_least_confidence():
    sure, unsure = 'misp:confidence-level="usually-confident"', 'misp:confidence-level="unconfident"'
    parts = inner(2, "url", "url", "http://a.example", sure), inner(3, "text", "text", "t", unsure)
    assert only(imported(Object=[whole(1, "url", *parts)]), "observed-data")["confidence"] == 0


@pytest.mark.parametrize(
    ("kind", "value", "pattern"),
    [
        ("AS", "AS64500", "autonomous-system:number = '64500'"),
        ("domain|ip", "a.example|192.0.2.1", None),
        (
            "hostname|port",
            "a.example|443",
            "domain-name:value = 'a.example' AND network-traffic:dst_port = '443'",
        ),
        ("ip-src|port", "2001:db8::1|53", None),
        ("ip-dst", "192.0.2.0/24", None),
        ("filename|ssdeep", "a.exe|3:abc:d", "file:name = 'a.exe' AND file:hashes.SSDEEP = '3:abc:d'"),
        ("sha512/256", "a" * 64, "file:hashes.'SHA-512-256' = '" + "a" * 64 + "'"),
        ("x509-fingerprint-sha1", "b" * 40, None),
        ("mac-address", "00:11:22:AA:BB:CC", "mac-addr:value = '00:11:22:AA:BB:CC'"),
        ("email-header", "from a by b", "email-message:received_lines = 'from a by b'"),
        ("email-reply-to", "a@b.example", "email-message:additional_header_fields.reply_to = 'a@b.example'"),
        ("email-attachment", "a.pdf", "email-message:body_multipart[*].body_raw_ref.name = 'a.pdf'"),
        ("email-message-id", "<1@b>", "email-message:message_id = '<1@b>'"),
        ("github-username", "o'neil", None),
        ("malware-sample", "x.exe|" + "c" * 32, None),
        ("regkey|value", "HKCU\\Run|%TEMP%\\a.exe", None),
        ("email-dst", "a@b.example", "email-message:to_refs[*].value = 'a@b.example'"),
    ],
)
def test_an_attribute_is_observed_and_indicated(kind, value, pattern):
    found = imported(attribute(1, kind, value))
    observed, indicator = only(found, "observed-data"), only(found, "indicator")
    assert found.unmapped == ()
    assert pattern is None or indicator["pattern"] == f"[{pattern}]"
    assert (observed["created"], indicator["valid_from"]) == (TIME, TIME)
    assert only(found, "relationship")["relationship_type"] == "based-on"
    assert set(by_id(found)) >= set(observed["object_refs"])
    assert [text for each in found.objects for text in errors(findings(each.value))] == []


def test_without_detection_it_is_observed_only_and_keeps_its_comment():
    found = imported(attribute(1, "domain", "a.example", to_ids=False, comment="why"))
    assert of_type(found, "indicator") == []
    assert only(found, "observed-data")["x_misp_comment"] == "why"


@pytest.mark.parametrize(
    ("kind", "there"), [("domain", True), ("link", False), ("AS", False), ("yara", True)]
)
def test_the_type_decides_where_the_event_does_not_say(kind, there):
    value = {"domain": "a.example", "link": "http://a.example", "AS": "5", "yara": "rule x {}"}[kind]
    found = imported(attribute(1, kind, value, to_ids=None))
    assert bool(of_type(found, "indicator")) is there


@pytest.mark.parametrize("kind", ["yara", "sigma", "snort", "suricata"])
def test_a_rule_is_an_indicator_in_its_own_language(kind):
    found = imported(attribute(1, kind, "rule x { condition: true }", to_ids=False))
    indicator = only(found, "indicator")
    assert (indicator["pattern"], indicator["pattern_type"]) == ("rule x { condition: true }", kind)
    assert "pattern_version" not in indicator
    assert indicator["x_misp_to_ids"] is False


def test_what_only_a_pattern_can_say():
    meant, not_meant = (
        imported(attribute(1, "user-agent", "curl")),
        imported(attribute(1, "user-agent", "curl", to_ids=False)),
    )
    path = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
    assert only(meant, "indicator")["pattern"] == f"[{path} = 'curl']"
    assert only(not_meant, "x-misp-attribute")["x_misp_value"] == "curl"


def test_vulnerabilities_and_campaigns():
    found = imported(
        attribute(1, "vulnerability", "CVE-2020-1", to_ids=False, comment="c"),
        attribute(2, "campaign-name", "Night Shift", to_ids=False),
    )
    assert only(found, "vulnerability")["external_references"][0]["external_id"] == "CVE-2020-1"
    assert only(found, "campaign")["name"] == "Night Shift"


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("md5", "xyz", "is not a hash of MD5"),
        ("ip-dst", "nowhere", "is not an IP address"),
        ("ip-dst|port", "192.0.2.1|0080", "is not a port"),
        ("ip-dst|port", "192.0.2.1|70000", "is not a port"),
        ("domain|ip", "a.example", "has not two parts"),
        ("regkey|value", "HKLM\\x", "has not two parts"),
        ("AS", "AS99999999999", "is not the number of an autonomous system"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_kept_and_listed(kind, value, reason):
    found = imported(attribute(1, kind, value, comment="c"))
    kept = only(found, "x-misp-attribute")
    assert (kept["x_misp_type"], kept["x_misp_value"], kept["x_misp_comment"]) == (kind, value, "c")
    assert kept["x_misp_to_ids"] is True
    assert reason in lost(found)


def test_an_attached_file_is_left_out_but_its_hash_and_size():
    content = base64.b64encode(b"Hello").decode()
    found = imported(attribute(1, "attachment", "a.txt", data=content, to_ids=False))
    file = only(found, "file")
    assert (file["name"], file["size"]) == ("a.txt", 5)
    assert file["hashes"]["SHA-256"].startswith("185f8db32271fe25")
    assert "the attached file (8 characters) is left out" in lost(found)
    assert "hashes" not in only(imported(attribute(1, "attachment", "a", data="%", to_ids=False)), "file")
    assert content.encode() not in b"".join(each.raw for each in found.objects)


def test_a_sample_is_known_by_its_name_and_hash():
    found = imported(attribute(1, "malware-sample", "x|" + "c" * 32, data="UEsDBA=="))
    assert only(found, "file")["hashes"] == {"MD5": "c" * 32}


def test_a_deleted_attribute_is_revoked():
    found = imported(attribute(1, "domain", "a.example", deleted=True))
    assert only(found, "indicator")["revoked"] is True
    assert only(found, "observed-data")["revoked"] is True


def test_when_it_was_seen():
    times = {"first_seen": "2020-01-02T00:00:00.000000+00:00", "last_seen": "2020-01-01T00:00:00+00:00"}
    observed = only(imported(attribute(1, "domain", "a.example", **times)), "observed-data")
    assert observed["first_observed"] == observed["last_observed"] == "2020-01-01T00:00:00.000Z"
    later = only(imported(attribute(1, "domain", "a.example", first_seen="2030-01-01")), "observed-data")
    assert later["first_observed"] == later["last_observed"] == "2030-01-01T00:00:00.000Z"


def test_a_galaxy_at_an_attribute_is_related_to_it():
    found = imported(attribute(1, "domain", "a.example", Galaxy=[galaxy("threat-actor")]))
    (related,) = [
        each for each in of_type(found, "relationship") if each["relationship_type"] == "related-to"
    ]
    assert related["source_ref"] == f"observed-data--{UUID.format(1)}"
    assert related["target_ref"] == only(found, "threat-actor")["id"]
    rule = imported(attribute(1, "yara", "rule x {}", Galaxy=[galaxy("tool"), galaxy("tool")]))
    assert only(rule, "relationship")["relationship_type"] == "indicates"


@pytest.mark.parametrize(
    ("kind", "stix"),
    [
        ("mitre-attack-pattern", "attack-pattern"),
        ("mitre-course-of-action", "course-of-action"),
        ("mitre-enterprise-attack-intrusion-set", "intrusion-set"),
        ("ransomware", "malware"),
        ("rat", "tool"),
        ("branded-vulnerability", "vulnerability"),
        ("sector", "identity"),
        ("country", "location"),
        ("unheard-of", "x-misp-galaxy-cluster"),
    ],
)
def test_the_types_of_galaxies(kind, stix):
    found = imported(attribute(1, "url", "http://a.example"), Galaxy=[galaxy(kind, meta={"ISO": "de"})])
    entry = next(each for each in of_type(found, stix) if each["id"] == f"{stix}--{UUID.format(0xE0)}")
    assert f'misp:galaxy-type="{kind}"' in entry["labels"]
    assert errors(findings(entry)) == ()


def test_what_an_entry_says_of_itself():
    meta: dict[str, Any] = {
        "synonyms": ["Nobody", "No One"],
        "external_id": ["T1", "CAPEC-5", "77", "APP-1"],
        "refs": "https://a.example",
        "kill_chain": ["mitre-attack:windows:impact", "nonsense"],
        "malware_types": ["rat"],
        "is_family": ["true"],
        "cfr-type": "x",
        "cfr_type": "y",
        "empty": [],
    }
    entry = galaxy("mitre-malware", meta=meta, value="Nobody - S1", timestamp="1472480357")
    found = only(imported(attribute(1, "url", "http://a.example"), Galaxy=[entry]), "malware")
    assert (found["name"], found["aliases"], found["is_family"]) == ("Nobody", ["Nobody", "No One"], True)
    assert [each["source_name"] for each in found["external_references"]] == [
        "mitre-attack",
        "capec",
        "WASC",
        "NIST Mobile Threat Catalogue",
        "url",
    ]
    assert found["kill_chain_phases"] == [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}]
    assert (found["x_misp_cfr_type"], found["x_misp_cfr_type_"]) == ("x", "y")
    assert found["x_misp_original_names"] == {"x_misp_cfr_type": "cfr-type", "x_misp_cfr_type_": "cfr_type"}
    assert found["modified"] == "2016-08-29T14:19:17.000Z"


def test_places_and_sectors_without_what_names_them():
    country = only(imported(attribute(1, "url", "u:x"), Galaxy=[galaxy("country", value="Île")]), "location")
    assert country["region"] == "x-le"
    sector = imported(attribute(1, "url", "u:x"), Galaxy=[galaxy("sector", description="")])
    assert (
        next(each for each in of_type(sector, "identity") if each["name"] == "Nobody")["description"] == "d"
    )


def test_entries_that_share_a_uuid_or_have_none_are_all_kept():
    shared = [galaxy("threat-actor", value=name) for name in ("A", "B")]
    assert len(of_type(imported(attribute(1, "url", "u:x"), Galaxy=shared), "threat-actor")) == 2
    first, again = (
        only(imported(attribute(1, "url", "u:x"), Galaxy=[galaxy("threat-actor", uuid="")]), "threat-actor")
        for _ in range(2)
    )
    assert first == again


def test_an_entry_without_a_value_is_no_entry():
    with pytest.raises(Malformed, match="GalaxyCluster/0: is not an entry"):
        imported(Galaxy=[galaxy("threat-actor", value="")])


def test_sightings():
    seen = {"uuid": UUID.format(0x10), "type": "0", "date_sighting": "1472480400", "source": "sensor"}
    denied = {"uuid": UUID.format(0x11), "type": "1", "date_sighting": 1472480401, "source": "desk"}
    ended = {"uuid": UUID.format(0x12), "type": "2", "date_sighting": "1472490000"}
    parts = [seen | {"Organisation": ORG}, denied | {"Organisation": ORG}, ended]
    found = imported(attribute(1, "domain", "a.example", Sighting=parts))
    sighting, opinion = only(found, "sighting"), only(found, "opinion")
    assert sighting["sighting_of_ref"] == f"indicator--{UUID.format(1)}"
    assert sighting["observed_data_refs"] == [f"observed-data--{UUID.format(1)}"]
    assert sighting["where_sighted_refs"] == [f"identity--{ORG['uuid']}"]
    assert (sighting["description"], sighting["modified"]) == ("sensor", "2016-08-29T14:20:00.000Z")
    assert (opinion["opinion"], opinion["authors"]) == ("strongly-disagree", ["Observers"])
    assert opinion["x_misp_source"] == "desk"
    assert only(found, "indicator")["valid_until"] == "2016-08-29T17:00:00.000Z"
    assert found.unmapped == ()
    assert f"identity--{ORG['uuid']}" not in only(found, "report")["object_refs"]


def test_sightings_of_what_has_no_indicator():
    seen = {"uuid": UUID.format(0x10), "type": "0"}
    found = imported(attribute(1, "text", "t", to_ids=False, Sighting=[seen]))
    assert only(found, "sighting")["sighting_of_ref"] == f"x-misp-attribute--{UUID.format(1)}"
    observed = imported(attribute(1, "domain", "a.example", to_ids=False, Sighting=[seen | {"type": None}]))
    assert "observed_data_refs" not in only(observed, "sighting")


@pytest.mark.parametrize(
    ("sighting", "reason"),
    [
        ({"type": "2", "date_sighting": "1472490000"}, "there is no indicator of it"),
        ({"type": "9"}, "'9' is not a type of sighting"),
        ({"type": "0", "date_sighting": "yesterday"}, "'yesterday' is not a time"),
        ({"type": "0", "uuid": "x"}, "'x' is not a uuid"),
    ],
)
def test_sightings_that_cannot_be_mapped_are_listed(sighting, reason):
    found = imported(attribute(1, "domain", "a.example", to_ids=False, Sighting=[sighting]))
    assert reason in lost(found)
    assert of_type(found, "sighting") == []


def test_an_expiry_without_a_time_is_listed():
    found = imported(attribute(1, "domain", "a.example", Sighting=[{"type": "2"}]))
    assert "date_sighting: is missing" in lost(found)
    assert "valid_until" not in only(found, "indicator")


def test_notes_and_opinions_of_analysts():
    times = {"created": "2024-01-01 10:00:00", "modified": "2024-01-02 10:00:00"}
    note = {"uuid": UUID.format(0x20), "note": "Look here.", "authors": "a@b.example", **times}
    opinion = {"uuid": UUID.format(0x21), "opinion": 61, "comment": "likely", **times}
    found = imported(
        attribute(1, "domain", "a.example", Note=[note], Opinion=[opinion]), Note=[note | {"uuid": ""}]
    )
    first, second = of_type(found, "note")
    assert first["object_refs"] == [f"observed-data--{UUID.format(1)}", f"indicator--{UUID.format(1)}"]
    assert (first["content"], first["authors"]) == ("Look here.", ["a@b.example"])
    assert second["object_refs"] == [only(found, "report")["id"]]
    made = only(found, "opinion")
    assert (made["opinion"], made["x_misp_opinion"], made["explanation"]) == ("agree", 61, "likely")
    assert made["modified"] == "2024-01-02T10:00:00.000Z"


@pytest.mark.parametrize(
    ("remarks", "reason"),
    [
        ({"Note": [{}]}, "note: is missing"),
        ({"Opinion": [{"opinion": "101"}]}, "is not a number from 0 to 100"),
    ],
)
def test_remarks_that_say_nothing_are_listed(remarks, reason):
    assert reason in lost(imported(attribute(1, "domain", "a.example", **remarks)))


def test_an_event_report_is_a_note_on_what_it_mentions():
    content = f"See @[attribute]({UUID.format(1)}) and @[attribute]({UUID.format(0x99)})."
    report = {"uuid": UUID.format(0x30), "name": "How it went", "content": content, "timestamp": "1472480400"}
    found = imported(
        attribute(1, "domain", "a.example", "tlp:red"),
        EventReport=[report, report | {"uuid": UUID.format(0x31), "content": "", "deleted": True}, 5],
    )
    first, second = of_type(found, "note")
    assert first["object_refs"] == [f"observed-data--{UUID.format(1)}"]
    assert (first["abstract"], second["content"], second["revoked"]) == ("How it went", "How it went", True)
    assert second["object_refs"] == [only(found, "report")["id"]]
    assert labels(found)[first["id"]] is Tlp.RED
    assert "EventReport/2: is not a JSON object" in lost(found)


def test_an_unpublished_event_is_a_grouping():
    assert only(imported(attribute(1, "url", "u:x"), published=False), "grouping")["context"]
    assert only(imported(attribute(1, "url", "u:x"), publish_timestamp="0"), "grouping")["name"]


def test_an_empty_event_says_so():
    found = imported()
    assert only(found, "report")["object_refs"] == [only(found, "note")["id"]]
    assert [text for each in found.objects for text in errors(findings(each.value))] == []


def test_an_event_too_large_for_one_report(monkeypatch):
    monkeypatch.setattr("comity.formats.misp.reports.MAX_REPORT_REFS", 3)
    found = imported(attribute(1, "domain", "a.example"), attribute(2, "url", "http://a.example"))
    parts = of_type(found, "grouping")
    assert only(found, "report")["object_refs"] == [each["id"] for each in parts]
    assert [len(each["object_refs"]) for each in parts] == [3, 3, 2]
    assert [text for each in found.objects for text in errors(findings(each.value))] == []


def test_what_else_an_event_has_is_listed():
    proposals = [{"type": "domain"}, {"type": "url"}]
    found = imported(attribute(1, "url", "u:x"), ShadowAttribute=proposals, Orgc={})
    assert "ShadowAttribute 57c4445b-c548-4654-af0b-4be3950d210f: 2 of them are not taken." in lost(found)
    assert "The event does not say who made it." in lost(found)
    assert "created_by_ref" not in only(found, "report")


def test_several_events_in_one_reply():
    other = json.loads(real("sshdoor-akiva.json"))
    found = decode_misp(json.dumps({"response": [XORIST, other, XORIST]}).encode())
    assert sum(each.type in {"report", "grouping"} for each in found.objects) == 2
    assert decode_misp(b'{"response": []}') == MispImport((), frozenset(), ())
    assert (
        decode_misp(json.dumps([XORIST]).encode()).objects == decode_misp(json.dumps(XORIST).encode()).objects
    )


def test_events_that_differ_in_one_object():
    changed = attribute(1, "url", "http://b.example")
    both = [event(attribute(1, "url", "http://a.example")), event(changed)]
    found = decode_misp(json.dumps(both).encode())
    assert "stands in two events that differ in it; the first counts." in lost(found)
    assert [each["value"] for each in of_type(found, "url")] == ["http://a.example"]


def test_parts_with_the_uuid_of_another_are_listed():
    found = imported(attribute(1, "url", "http://a.example"), attribute(1, "url", "http://b.example"))
    assert "has the uuid of a part before it" in lost(found)
    object_too = imported(
        attribute(1, "url", "http://a.example"),
        Object=[whole(1, "url", inner(2, "url", "url", "http://b.example"))] * 2,
    )
    assert "has the id of an object before it, which counts." in lost(object_too)
    assert "url 57c4445b-c548-4654-af0b-000000000001: has the uuid of a part before it" in lost(object_too)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (5, "Attribute/0: is not a JSON object"),
        ({"uuid": "x", "type": "url", "value": "u"}, "'x' is not a uuid"),
        ({"uuid": UUID.format(1), "value": "u"}, "type: is missing"),
        ({"uuid": UUID.format(1), "type": "a\n", "value": "u"}, "is not a type"),
        ({"uuid": UUID.format(1), "type": "url"}, "value: is missing"),
        ({"uuid": UUID.format(1), "type": "url", "value": []}, "value: must be a string"),
        ({"uuid": UUID.format(1), "type": "url", "value": "u", "timestamp": "soon"}, "'soon' is not a time"),
        ({"uuid": UUID.format(1), "type": "url", "value": "u", "timestamp": -5}, "'-5' is not a time"),
        ({"uuid": UUID.format(1), "type": "url", "value": "u", "timestamp": []}, "must be a time"),
        ({"uuid": UUID.format(1), "type": "url", "value": "u", "to_ids": "maybe"}, "must be true or false"),
        ({"uuid": UUID.format(1), "type": "url", "value": "u", "Tag": "x"}, "Tag: must be a list"),
        (
            {"uuid": UUID.format(1), "type": "url", "value": "u", "comment": "x" * (2**20 + 1)},
            "at most 1,048,576",
        ),
    ],
)
def test_an_attribute_that_cannot_be_read_is_listed_and_harms_no_other(part, reason):
    found = decode_misp(json.dumps(event(part, attribute(2, "domain", "a.example"))).encode())
    assert reason in lost(found)
    assert only(found, "domain-name")["value"] == "a.example"


@pytest.mark.parametrize(
    ("members", "time"),
    [
        ({"timestamp": 1472480356}, TIME),
        ({"timestamp": 1472480356.5}, "2016-08-29T14:19:16.500Z"),
        ({"timestamp": "2016-08-29T14:19:16+00:00"}, TIME),
        ({"timestamp": None}, "2016-08-30T07:10:11.000Z"),
        ({"value": 5}, TIME),
        ({"to_ids": "1"}, TIME),
        ({"Tag": {"name": "x"}}, TIME),
        ({"Tag": {}}, TIME),
    ],
)
def test_other_spellings_are_read(members, time):
    found = imported(attribute(1, "url", "http://a.example") | members)
    assert (only(found, "indicator")["modified"], found.unmapped) == (time, ())


def test_an_attribute_without_a_uuid_has_the_same_id_every_time():
    first, again = (imported(attribute(1, "domain", "a.example", uuid=None)) for _ in range(2))
    assert first.objects == again.objects


@pytest.mark.parametrize(
    "value",
    [
        {},
        5,
        [5],
        {"Event": []},
        {"Event": {}},
        {"response": [{}]},
        {"Event": {"uuid": 5, "Attribute": "x"}},
        {"Event": {"info": "x", "Tag": [{"name": 5}]}},
        {"Event": {"uuid": UUID.format(1)}},
        {"Event": {"uuid": UUID.format(1), "date": "sometime"}},
        {"Event": XORIST["Event"] | {"uuid": "not-a-uuid"}},
        {"Event": XORIST["Event"] | {"Attribute": "x"}},
        {"Event": XORIST["Event"] | {"date": "2016-13-01"}},
        {"Event": XORIST["Event"] | {"Galaxy": [{"GalaxyCluster": [5]}]}},
    ],
)
def test_what_is_no_event_is_malformed(value):
    with pytest.raises(Malformed):
        decode_misp(json.dumps(value).encode())


def test_an_event_with_a_date_alone():
    found = imported(attribute(1, "domain", "a.example", timestamp=None), timestamp=None)
    assert only(found, "indicator")["modified"] == "2016-08-29T00:00:00.000Z"


def test_an_event_without_a_date():
    assert "date" not in only(imported(attribute(1, "url", "u:x"), date=""), "report")["x_misp_event"]


def test_bounds(monkeypatch):
    monkeypatch.setattr("comity.formats.misp.gathering.MAX_ATTRIBUTES", 1)
    objects = [whole(1, "url", inner(2, "url", "url", "http://b.example"))]
    with pytest.raises(TooLarge, match="more than 1 attributes"):
        imported(attribute(3, "domain", "a.example"), Object=objects)
    with pytest.raises(TooLarge, match="/Event/Attribute: has 2 members; at most 1"):
        imported(attribute(3, "domain", "a.example"), attribute(4, "domain", "a.example"))
    monkeypatch.setattr("comity.formats.misp.decode.MAX_EVENTS", 1)
    with pytest.raises(TooLarge, match="2 events; at most 1 are read"):
        decode_misp(json.dumps([XORIST, XORIST]).encode())


def test_an_object_too_large_for_stix_is_listed():
    parts = [inner(number, "text", "text", "x" * 2**20) for number in range(2, 7)]
    found = imported(Object=[whole(1, "note-like", *parts)])
    assert "at most 4,194,304 are read in one object" in lost(found)


def test_misp_stix_is_asked_only_for_rare_objects():
    sys.modules.pop("comity.formats.misp.library", None)
    decode_misp(real("xorist.json"))
    assert "comity.formats.misp.library" not in sys.modules


def test_an_object_that_cannot_be_read_is_listed_with_its_attributes():
    parts = [inner(2, "url", "url", "http://a.example"), 5]
    found = imported(Object=[whole(1, "url", uuid="x") | {"Attribute": parts}])
    assert [each.uuid for each in found.unmapped] == ["x", UUID.format(2), "/Event/Object/0/Attribute/1"]
    assert "stands in an object that cannot be read: /Event/Object/0." in lost(found)
