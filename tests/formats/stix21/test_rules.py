"""Each rule with objects that break it, and it alone: the rule, the place, and the object."""

from __future__ import annotations

from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.formats.markings import TLP_EXTENSION, TLP_IDS, tlp_definition
from comity.formats.stix21.finding import WARNINGS, Level, Rule, shown
from comity.formats.stix21.validate import errors, findings
from tests.formats.stix21.samples import EXTENSION, IDENTITY, LATER, NOW, TLP_GREEN, an_id, changed, sample

_V5 = "-5f0c-5a8c-9c1c-3b1e2f4a5d6e"
_TYPES = an_id("x-acme-thing")
_CUSTOM = {"type": "x-acme-thing", "id": _TYPES, "size": 5}
_NEW_SDO = {
    "type": "acme-thing",
    "id": an_id("acme-thing"),
    "spec_version": "2.1",
    "created": NOW,
    "modified": NOW,
    "size": 5,
    "extensions": {EXTENSION: {"extension_type": "new-sdo"}},
}
_WHITE = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "created": "2017-01-20T00:00:00.000Z",
    "name": "TLP:WHITE",
    "definition_type": "tlp",
    "definition": {"tlp": "white"},
}
_BUNDLE = {"type": "bundle", "id": an_id("bundle"), "objects": [sample("campaign"), _WHITE]}
_HIVE = "HKLM\\Software"
_EMAIL_PARTS = {"is_multipart": False, "body_multipart": ..., "body": "b"}


def _marking(number: int, by: int) -> dict[str, Any]:
    return sample(
        "marking-definition",
        id=an_id("marking-definition", number),
        object_marking_refs=[an_id("marking-definition", by)],
    )


def _extended(kind: str, **changes: Any) -> dict[str, Any]:
    return sample(kind, extensions={EXTENSION: changes})


BREAKING: list[tuple[Rule, str, Any]] = [
    (Rule.OBJECT, "", None),
    (Rule.OBJECT, "", [1]),
    (Rule.OBJECT, "", "campaign"),
    (Rule.TYPE, "/type", {"type": "A", "id": "x"}),
    (Rule.TYPE, "/type", {"type": 5}),
    (Rule.TYPE, "/type", {"type": ["campaign"]}),
    (Rule.TYPE, "/relationship_type", sample("relationship", relationship_type="Uses It")),
    (Rule.TYPE, "/objects/1", _BUNDLE | {"objects": [_WHITE, _BUNDLE]}),
    (Rule.CUSTOM_TYPE, "/type", _CUSTOM),
    (Rule.REQUIRED, "/type", {"id": "x"}),
    (Rule.REQUIRED, "/name", sample("campaign", name=...)),
    (Rule.REQUIRED, "/spec_version", sample("campaign", spec_version=...)),
    (Rule.REQUIRED, "/created_by_ref", sample("extension-definition", created_by_ref=...)),
    (Rule.REQUIRED, "/name", sample("malware", name=...)),
    (Rule.REQUIRED, "/modified", {**_NEW_SDO, "modified": ...}),
    (
        Rule.REQUIRED,
        "/kill_chain_phases/0/phase_name",
        changed("tool", "kill_chain_phases/0/phase_name", ...),
    ),
    (Rule.REQUIRED, f"/extensions/{EXTENSION}/extension_type", _extended("campaign", rank=1)),
    (Rule.REQUIRED, "/definition/statement", sample("marking-definition", definition={"x": "y"})),
    (Rule.REQUIRED, "/objects/0/type", sample("observed-data", objects={"0": {}}, object_refs=...)),
    (
        Rule.REQUIRED_ONE,
        "",
        sample(
            "location", region=..., country=..., **dict.fromkeys(("latitude", "longitude", "precision"), ...)
        ),
    ),
    (Rule.REQUIRED_ONE, "", sample("malware-analysis", result=..., analysis_sco_refs=...)),
    (Rule.REQUIRED_ONE, "", sample("observed-data", object_refs=...)),
    (Rule.REQUIRED_ONE, "", sample("artifact", payload_bin=...)),
    (Rule.REQUIRED_ONE, "", sample("file", hashes=..., name=...)),
    (Rule.REQUIRED_ONE, "", sample("network-traffic", src_ref=..., dst_ref=...)),
    (Rule.REQUIRED_ONE, "", {"type": "process", "id": an_id("process")}),
    (Rule.REQUIRED_ONE, "", {"type": "user-account", "id": an_id("user-account")}),
    (Rule.REQUIRED_ONE, "", {"type": "windows-registry-key", "id": an_id("windows-registry-key")}),
    (Rule.REQUIRED_ONE, "", {"type": "x509-certificate", "id": an_id("x509-certificate")}),
    (Rule.REQUIRED_ONE, "", sample("marking-definition", definition=...)),
    (
        Rule.REQUIRED_ONE,
        "/external_references/0",
        sample("incident", external_references=[{"source_name": "s"}], granular_markings=...),
    ),
    (Rule.REQUIRED_ONE, "/extensions/tcp-ext", changed("network-traffic", "extensions/tcp-ext", {})),
    (Rule.TOGETHER, "/latitude", sample("location", longitude=..., precision=...)),
    (Rule.TOGETHER, "/longitude", sample("location", latitude=..., precision=...)),
    (Rule.TOGETHER, "/precision", sample("location", latitude=..., longitude=...)),
    (Rule.TOGETHER, "/url", sample("artifact", payload_bin=..., url="https://a.example", hashes=...)),
    (Rule.TOGETHER, "/decryption_key", sample("artifact", encryption_algorithm=...)),
    (Rule.EXCLUSIVE, "/url", sample("artifact", url="https://a.example")),
    (Rule.EXCLUSIVE, "/body", sample("email-message", body="b")),
    (Rule.EXCLUSIVE, "/body_multipart", sample("email-message", is_multipart=False)),
    (Rule.EXCLUSIVE, "/is_active", sample("network-traffic", is_active=True)),
    (Rule.EXCLUSIVE, "/extension_properties", sample("extension-definition", extension_types=["new-sdo"])),
    (Rule.EXCLUSIVE, "/granular_markings/0", sample("campaign", granular_markings=[{"selectors": ["name"]}])),
    (
        Rule.EXCLUSIVE,
        "/granular_markings/0",
        sample(
            "campaign", granular_markings=[{"selectors": ["name"], "lang": "en", "marking_ref": TLP_GREEN}]
        ),
    ),
    (Rule.KIND, "/name", sample("campaign", name=5)),
    (Rule.KIND, "/revoked", sample("campaign", revoked="false")),
    (Rule.KIND, "/confidence", sample("campaign", confidence=5.0)),
    (Rule.KIND, "/confidence", sample("campaign", confidence=True)),
    (Rule.KIND, "/latitude", sample("location", latitude="48")),
    (Rule.KIND, "/labels", sample("campaign", labels="x", granular_markings=...)),
    (Rule.KIND, "/labels/1", sample("campaign", labels=["x", 5], granular_markings=...)),
    (Rule.KIND, "/created", sample("campaign", created=5)),
    (Rule.KIND, "/created_by_ref", sample("campaign", created_by_ref={})),
    (Rule.KIND, "/opinion", sample("opinion", opinion=3)),
    (Rule.KIND, "/context", sample("grouping", context=[])),
    (Rule.KIND, "/hashes", sample("file", hashes="x")),
    (Rule.KIND, "/hashes/MD5", sample("file", hashes={"MD5": 5})),
    (Rule.KIND, "/environment_variables", sample("process", environment_variables=["A=B"])),
    (Rule.KIND, "/extensions", sample("campaign", extensions="x")),
    (Rule.KIND, f"/extensions/{EXTENSION}", sample("campaign", extensions={EXTENSION: "x"})),
    (Rule.KIND, "/extensions/x-acme-ext", sample("campaign", extensions={"x-acme-ext": 5})),
    (Rule.KIND, "/kill_chain_phases/0", sample("tool", kill_chain_phases=["x"])),
    (Rule.KIND, "/objects/0", sample("observed-data", objects={"0": 5}, object_refs=...)),
    (Rule.KIND, "/objects", _BUNDLE | {"objects": {}}),
    (Rule.KIND, "/id", sample("campaign", id=5)),
    (Rule.NULL, "/name", sample("campaign", name=None)),
    (
        Rule.NULL,
        "/x_acme",
        _extended("campaign", extension_type="toplevel-property-extension") | {"x_acme": None},
    ),
    (Rule.NULL, "/size", {**_NEW_SDO, "size": None}),
    (Rule.RANGE, "/confidence", sample("campaign", confidence=101)),
    (Rule.RANGE, "/confidence", sample("campaign", confidence=10**400)),
    (Rule.RANGE, "/latitude", sample("location", latitude=90.5)),
    (Rule.RANGE, "/src_port", sample("network-traffic", src_port=70_000)),
    (Rule.RANGE, "/number_observed", sample("observed-data", number_observed=0)),
    (Rule.EMPTY, "/labels", sample("campaign", labels=[], granular_markings=...)),
    (Rule.EMPTY, "/environment_variables", sample("process", environment_variables={})),
    (Rule.EMPTY, "/hashes", sample("file", hashes={})),
    (Rule.EMPTY, "/extensions", sample("campaign", extensions={})),
    (Rule.EMPTY, "/objects", _BUNDLE | {"objects": []}),
    (
        Rule.EMPTY,
        f"/extensions/{EXTENSION}/rank",
        _extended("campaign", extension_type="property-extension", rank=[]),
    ),
    (Rule.ID, "/id", sample("campaign", id="campaign--1")),
    (Rule.ID, "/id", sample("campaign", id=an_id("malware"))),
    (Rule.ID, "/id", {**_NEW_SDO, "id": an_id("campaign")}),
    (Rule.ID_VERSION, "/id", sample("campaign", id=f"campaign--00000001{_V5}")),
    (Rule.ID_VERSION_NEEDED, "/id", sample("process", id=f"process--00000001{_V5}")),
    (
        Rule.ID_VERSION_NEEDED,
        "/id",
        sample(
            "user-account",
            id=f"user-account--00000001{_V5}",
            account_type=...,
            user_id=...,
            account_login=...,
        ),
    ),
    (Rule.ID_DETERMINISTIC, "/id", sample("mutex", id=f"mutex--00000001{_V5}")),
    (Rule.SPEC_VERSION, "/spec_version", sample("campaign", spec_version="2.0")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="2026-11-22")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="2026-11-22T03:00:00+00:00")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="2026-11-22t03:00:00z")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="2026-04-31T03:00:00Z")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="2025-02-29T03:00:00Z")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="1900-02-29T03:00:00Z")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="2026-11-22T24:00:00Z")),
    (Rule.TIMESTAMP, "/first_seen", sample("campaign", first_seen="\uff12026-11-22T03:00:00Z")),
    (Rule.TIMESTAMP, "/created", sample("campaign", created="yesterday")),
    (Rule.PRECISION, "/created", sample("campaign", created="2026-11-22T03:00:00Z")),
    (
        Rule.PRECISION,
        "/extensions/windows-pebinary-ext/time_date_stamp",
        changed("file", "extensions/windows-pebinary-ext/time_date_stamp", NOW),
    ),
    (Rule.ORDER, "/modified", sample("campaign", created=LATER, modified=NOW)),
    (Rule.ORDER, "/last_seen", sample("campaign", first_seen=LATER, last_seen=NOW)),
    (
        Rule.ORDER,
        "/valid_until",
        sample("indicator", valid_from="2026-11-22T03:00:00.50Z", valid_until="2026-11-22T03:00:00.5Z"),
    ),
    (Rule.ORDER, "/valid_until", sample("indicator", valid_until=NOW)),
    (Rule.ORDER, "/stop_time", sample("relationship", stop_time=NOW)),
    (Rule.ORDER, "/last_observed", sample("observed-data", first_observed=LATER, last_observed=NOW)),
    (Rule.ORDER, "/end", sample("network-traffic", start=LATER, end=NOW)),
    (Rule.ORDER, "/last_seen", sample("sighting", first_seen=LATER, last_seen=NOW)),
    (Rule.REFERENCE, "/created_by_ref", sample("campaign", created_by_ref="ACME")),
    (Rule.REFERENCE, "/created_by_ref", sample("campaign", created_by_ref="identity--" + "1" * 400)),
    (Rule.REFERENCE_TYPE, "/created_by_ref", sample("campaign", created_by_ref=an_id("malware"))),
    (Rule.REFERENCE_TYPE, "/object_marking_refs/0", sample("campaign", object_marking_refs=[IDENTITY])),
    (Rule.REFERENCE_TYPE, "/source_ref", sample("relationship", source_ref=TLP_GREEN)),
    (Rule.REFERENCE_TYPE, "/sighting_of_ref", sample("sighting", sighting_of_ref=an_id("file"))),
    (Rule.REFERENCE_TYPE, "/where_sighted_refs/0", sample("sighting", where_sighted_refs=[an_id("file")])),
    (Rule.REFERENCE_TYPE, "/resolves_to_refs/0", sample("ipv4-addr", resolves_to_refs=[an_id("url")])),
    (Rule.REFERENCE_TYPE, "/sample_refs/0", sample("malware", sample_refs=[an_id("url")])),
    (Rule.REFERENCE_TYPE, "/contains_refs/0", sample("file", contains_refs=[an_id("malware")])),
    (Rule.REFERENCE_TYPE, "/object_refs", sample("observed-data", object_refs=[an_id("relationship")])),
    (Rule.REFERENCE_TYPE, "/object_refs/0", sample("observed-data", object_refs=[an_id("malware")])),
    (Rule.REFERENCE_TYPE, "/object_ref", sample("language-content", object_ref=an_id("bundle"))),
    (Rule.RELATIONSHIP, "/relationship_type", sample("relationship", relationship_type="eats")),
    (Rule.VOCABULARY, "/context", sample("grouping", context="lunch")),
    (Rule.VOCABULARY, "/country", sample("location", country="Austria")),
    (
        Rule.VOCABULARY,
        "/extensions/socket-ext/options/keepalive",
        changed("network-traffic", "extensions/socket-ext/options", {"keepalive": 1}),
    ),
    (Rule.ENUMERATION, "/opinion", sample("opinion", opinion="fine")),
    (Rule.ENUMERATION, "/encryption_algorithm", sample("artifact", encryption_algorithm="ROT13")),
    (
        Rule.ENUMERATION,
        "/extensions/windows-process-ext/integrity_level",
        changed("process", "extensions/windows-process-ext/integrity_level", "none"),
    ),
    (Rule.ENUMERATION, f"/extensions/{EXTENSION}/extension_type", _extended("campaign", extension_type="x")),
    (
        Rule.ENUMERATION,
        "/external_references/0/hashes/FNV",
        sample(
            "incident",
            external_references=[{"source_name": "s", "url": "https://a.example", "hashes": {"FNV": "00"}}],
            granular_markings=...,
        ),
    ),
    (Rule.HASH, "/hashes/SHA-256", sample("file", hashes={"SHA-256": "00"})),
    (Rule.HASH_NAME, "/hashes/FNV", sample("file", hashes={"FNV": "00"})),
    (Rule.HEX, "/magic_number_hex", sample("file", magic_number_hex="4D5")),
    (Rule.BINARY, "/payload_bin", sample("artifact", payload_bin="a b")),
    (Rule.KEY, "/hashes/x", sample("file", hashes={"x": "00"})),
    (Rule.KEY, "/environment_variables/A B", sample("process", environment_variables={"A B": "c"})),
    (Rule.KEY, "/extensions/a b", sample("campaign", extensions={"a b": {"x_y": 1}})),
    (
        Rule.PROPERTY_NAME,
        "/Foo",
        sample(
            "campaign", Foo="x", extensions={EXTENSION: {"extension_type": "toplevel-property-extension"}}
        ),
    ),
    (Rule.PROPERTY_NAME, "/Foo", {**_NEW_SDO, "Foo": 1}),
    (
        Rule.PROPERTY_NAME,
        f"/extensions/{EXTENSION}/A~1b",
        _extended("campaign", **{"A/b": 1, "extension_type": "new-sdo"}),
    ),
    (Rule.PROPERTY_NAME, "/contents/de/X", sample("language-content", contents={"de": {"X": "y"}})),
    (Rule.PROPERTY_NAME, "/kill_chain_phases/0/X", changed("tool", "kill_chain_phases/0/X", "y")),
    (Rule.RESERVED, "/severity", sample("campaign", severity="high")),
    (Rule.RESERVED, "/type", {"type": "action", "id": an_id("action")}),
    (Rule.CUSTOM_PROPERTY, "", sample("campaign", **{f"x_acme_{index}": 1 for index in range(12)})),
    (Rule.UNKNOWN_PROPERTY, "", sample("campaign", score=["a"])),
    (Rule.UNKNOWN_PROPERTY, "", _BUNDLE | {"spec_version": "2.0"}),
    (Rule.UNKNOWN_PROPERTY, "/kill_chain_phases/0/phase", changed("tool", "kill_chain_phases/0/phase", "y")),
    (
        Rule.CUSTOM_EXTENSION,
        "/extensions/x-acme-ext",
        sample("campaign", extensions={"x-acme-ext": {"x_y": 1}}),
    ),
    (Rule.DEFANGED, "/defanged", sample("campaign", defanged=True)),
    (Rule.DEPRECATED, "/objects", sample("observed-data", objects={"0": {"type": "file"}}, object_refs=...)),
    (
        Rule.EXTERNAL_ID,
        "/external_references/0/external_id",
        changed("campaign", "external_references/0/external_id", "CVE-1"),
    ),
    (
        Rule.EXTERNAL_ID,
        "/external_references/0/external_id",
        changed("campaign", "external_references/0/source_name", "nvd"),
    ),
    (
        Rule.EXTERNAL_ID,
        "/external_references/0/external_id",
        sample("tool", external_references=[{"source_name": "capec", "description": "x"}]),
    ),
    (Rule.LANGUAGE, "/lang", sample("campaign", lang="English (UK)")),
    (Rule.LANGUAGE, "/contents/d", sample("language-content", contents={"d": {"name": "y"}})),
    (Rule.URL, "/value", sample("url", value="www.example.com")),
    (Rule.URL, "/value", sample("url", value="https://example.com/a b")),
    (Rule.URL, "/url", sample("artifact", payload_bin=..., url="x")),
    (Rule.URL, "/external_references/1/url", changed("campaign", "external_references/1/url", "//x")),
    (Rule.ADDRESS, "/value", sample("ipv4-addr", value="198.51.100.256")),
    (Rule.ADDRESS, "/value", sample("ipv4-addr", value="198.51.100.1/33")),
    (Rule.ADDRESS, "/value", sample("ipv4-addr", value="198.51.100.1.")),
    (Rule.ADDRESS, "/value", sample("ipv6-addr", value="2001:db8::1::")),
    (Rule.ADDRESS, "/value", sample("ipv6-addr", value="2001:db8::/129")),
    (Rule.ADDRESS, "/value", sample("mac-addr", value="D2-FB-49-24-37-18")),
    (Rule.ADDRESS, "/value", sample("domain-name", value="example[.]com")),
    (Rule.ADDRESS, "/value", sample("domain-name", value="https://example.com")),
    (Rule.ADDRESS, "/value", sample("domain-name", value="a." * 200)),
    (Rule.ADDRESS, "/value", sample("email-addr", value="example.com")),
    (Rule.MIME_TYPE, "/mime_type", sample("file", mime_type="text")),
    (Rule.CHARACTER_SET, "/path_enc", sample("directory", path_enc="latin 1")),
    (Rule.CPE, "/cpe", sample("software", cpe="cpe:/a:microsoft:word:2000")),
    (Rule.HIVE, "/key", sample("windows-registry-key", key=_HIVE)),
    (Rule.HIVE, "/key", sample("windows-registry-key", key="hkcu")),
    (
        Rule.SELECTOR,
        "/granular_markings/0/selectors/0",
        changed("campaign", "granular_markings/0/selectors", ["labels.[2]"]),
    ),
    (
        Rule.SELECTOR,
        "/granular_markings/0/selectors/0",
        changed("campaign", "granular_markings/0/selectors", ["nothing"]),
    ),
    (
        Rule.SELECTOR,
        "/granular_markings/0/selectors/1",
        changed("campaign", "granular_markings/0/selectors", ["id", "name.x"]),
    ),
    (
        Rule.SELECTOR,
        "/granular_markings/0/selectors/0",
        changed("campaign", "granular_markings/0/selectors", ["labels.[" + "9" * 5000 + "]"]),
    ),
    (
        Rule.SELECTOR,
        "/granular_markings/0/selectors/0",
        changed("campaign", "granular_markings/0/selectors", ["a b"]),
    ),
    (Rule.MARKING_CYCLE, "/object_marking_refs", _marking(1, 1)),
    (
        Rule.MARKING_CYCLE,
        "/granular_markings",
        sample(
            "marking-definition",
            granular_markings=[{"marking_ref": an_id("marking-definition"), "selectors": ["id"]}],
        ),
    ),
    (Rule.TLP, "", _WHITE | {"definition": {"tlp": "green"}}),
    (Rule.TLP, "", _WHITE | {"created": NOW}),
    (Rule.TLP, "", _WHITE | {"id": an_id("marking-definition")}),
    (Rule.TLP, "", _WHITE | {"definition_type": "other"}),
    (Rule.TLP, "", tlp_definition(Tlp.RED) | {"id": an_id("marking-definition")}),
    (Rule.TLP, "", sample("marking-definition", id=TLP_IDS[Tlp.RED])),
    (
        Rule.TLP,
        f"/extensions/{TLP_EXTENSION}/extension_type",
        tlp_definition(Tlp.RED) | {"extensions": {TLP_EXTENSION: {"extension_type": "x", "tlp_2_0": "red"}}},
    ),
]


@pytest.mark.parametrize(("rule", "where", "value"), BREAKING, ids=lambda part: str(part)[:40])
def test_an_object_that_breaks_one_rule(rule, where, value):
    value = (
        {name: part for name, part in value.items() if part is not ...} if isinstance(value, dict) else value
    )
    found = findings(value)
    assert [(each.rule, each.where) for each in found] == [(rule, where)]
    assert found[0].level is (Level.WARNING if rule in WARNINGS else Level.ERROR)
    assert len(found[0].text) < 700


def test_every_rule_has_an_object_that_breaks_it():
    assert {rule for rule, _, _ in BREAKING} | {Rule.PATTERN} == set(Rule)


def test_the_pattern_is_the_callers():
    asked: list[str] = []

    def problem(pattern: str) -> str | None:
        asked.append(pattern)
        return "is not closed" if pattern.startswith("[[") else None

    assert findings(sample("indicator"), pattern_problem=problem) == ()
    (found,) = findings(sample("indicator", pattern="[[x"), pattern_problem=problem)
    assert (found.rule, found.where, found.level) == (Rule.PATTERN, "/pattern", Level.ERROR)
    assert findings(sample("indicator", pattern_type="sigma"), pattern_problem=problem) == ()
    assert [each.where for each in findings(sample("indicator", pattern=5), pattern_problem=problem)] == [
        "/pattern"
    ]
    assert len(asked) == 2


VALID: list[Any] = [
    _WHITE,
    _BUNDLE,
    _NEW_SDO,
    *(tlp_definition(tlp) for tlp in Tlp),
    {"type": "bundle", "id": an_id("bundle")},
    {"type": "acme-seen", "id": an_id("acme-seen"), "extensions": {EXTENSION: {"extension_type": "new-sco"}}},
    sample("marking-definition", definition_type="iep", definition={"iep": {}}),
    sample(
        "marking-definition",
        definition=...,
        definition_type=...,
        extensions={EXTENSION: {"extension_type": "property-extension"}},
    ),
    sample("email-message", **_EMAIL_PARTS),
    sample("malware", is_family=False, name=...),
    sample("artifact", payload_bin=..., url="https://a.example/%20?x#y"),
    sample("artifact", payload_bin=..., url="hxxps://a[.]example", defanged=True),
    sample("url", value="hxxps://a[.]example", defanged=True),
    sample("url", value="http://[2001:db8::1]:80/"),
    sample("domain-name", value="example[.]com", defanged=True),
    sample("domain-name", value="xn--bcher-kva.example."),
    sample("domain-name", value="_dmarc.bücher.example"),
    sample("email-addr", value='"a b"@example.com'),
    sample("ipv4-addr", value="198.51.100.1"),
    sample("ipv6-addr", value="2001:db8::/32"),
    sample("observed-data", object_refs=[an_id("x-acme-thing")]),
    sample("relationship", relationship_type="related-to", source_ref=an_id("url")),
    sample("relationship", relationship_type="eats", target_ref=an_id("x-acme-thing")),
    sample("relationship", start_time=...),
    sample("campaign", first_seen="2024-02-29T00:00:00Z", last_seen="2024-02-29T00:00:00.000Z"),
    sample("campaign", first_seen="2000-02-29T00:00:00.5Z", last_seen="2000-02-29T00:00:00.50Z"),
    sample("campaign", score=5, extensions={EXTENSION: {"extension_type": "toplevel-property-extension"}}),
    sample("file", hashes={"TLSH": "T1" + "0A" * 35}, name=...),
    sample("mutex", id="mutex--f93fe911-e545-5239-b9b0-597840d0c871"),
    sample("software", languages=["en", "deu"]),
]


@pytest.mark.parametrize("value", VALID, ids=lambda value: value["type"])
def test_what_is_unusual_and_allowed(value):
    assert findings(value) == ()


def test_a_bundle_names_the_place_of_each_object():
    found = findings(_BUNDLE | {"objects": [5, sample("campaign", name=5)]})
    assert [(each.ref, each.where) for each in found] == [
        ("", "/objects/0"),
        (an_id("campaign"), "/objects/1/name"),
    ]


def test_marking_definitions_that_mark_one_another():
    circle = [_marking(1, 2), _marking(2, 3), _marking(3, 1)]
    found = findings(_BUNDLE | {"objects": [*circle, _marking(4, 1), _marking(5, 6), _marking(6, 9)]})
    assert {each.rule for each in found} == {Rule.MARKING_CYCLE}
    assert [each.ref for each in found] == [each["id"] for each in circle]


def test_one_wrong_part_does_not_hide_another():
    found = findings(sample("indicator", name=5, pattern=..., valid_until="x", confidence=500, x_acme=1))
    assert {(each.rule, each.where) for each in found} == {
        (Rule.KIND, "/name"),
        (Rule.REQUIRED, "/pattern"),
        (Rule.TIMESTAMP, "/valid_until"),
        (Rule.RANGE, "/confidence"),
        (Rule.CUSTOM_PROPERTY, ""),
    }


def test_many_faults_of_one_property_are_some_findings():
    faulty = sample("process", environment_variables={f"k{index}": index for index in range(1_000)})
    assert len(findings(faulty)) == 20
    assert len(findings(sample("campaign", labels=list(range(1_000)), granular_markings=...))) == 20
    assert len(findings(sample("file", hashes={f"abc{index}": "x" for index in range(1_000)}))) == 20


def test_mixed_properties_that_a_type_does_not_know():
    found = findings(sample("campaign", x_acme=1, score=2, severity="x"))
    assert {each.rule for each in found} == {Rule.CUSTOM_PROPERTY, Rule.UNKNOWN_PROPERTY, Rule.RESERVED}


def test_errors_are_those_that_break_the_standard():
    found = findings(sample("campaign", x_acme=1, name=5))
    assert [each.rule for each in errors(found)] == [Rule.KIND]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (10**100, "a huge number"),
        ({}, "an object"),
        ([], "a list"),
        ("a'b", '"a\'b"'),
        ("x" * 500, "'" + "x" * 78 + "…"),
        (1.5, "1.5"),
    ],
)
def test_values_in_sentences_are_short(value, text):
    assert shown(value) == text
