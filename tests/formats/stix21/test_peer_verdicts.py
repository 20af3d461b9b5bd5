"""The same verdicts as stix2-validator 3.2.0 (its errors, not its SHOULD checks), but for these differences.

What it says of each object was taken down from a run of it. `bench/validation.py` holds all objects of real
bundles, and these tables, against the validator itself where it is installed.
"""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from comity.formats.misp.decode import decode_misp
from comity.formats.stix21.validate import errors, findings
from tests.formats.stix21.samples import SAMPLES, an_id, changed, sample

_MISP = (
    "tests/vectors/formats/misp/xorist.json",
    "tests/vectors/formats/misp/sshdoor-akiva.json",
    "src/comity/node/exchange/samples/misp-backdoordiplomacy.json",
)
_ATTACK = "src/comity/node/exchange/samples/attack-revil.json"


def _real() -> list[dict[str, Any]]:
    events = (decode_misp(Path(path).read_bytes()).objects for path in _MISP)
    attack = json.loads(Path(_ATTACK).read_text("utf-8"))["objects"]
    return [*(each.value for each in chain.from_iterable(events)), *attack]


def test_real_objects_that_the_validator_takes_are_taken():
    found = {each["id"]: errors(findings(each)) for each in _real()}
    assert len(found) > 100
    assert {ref: wrong for ref, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "value",
    [
        changed("windows-registry-key", "key", "HKCU\\Software\\EpicNet Inc.\\CloudNet\\"),
        changed("windows-registry-key", "key", "HKLM\\SOFTWARE\\App\\Application"),
        changed("url", "value", "djcaps.gotdns.ch"),
        changed("url", "value", "/dp/B00000/ref=gbps_img"),
        changed("url", "value", "http://198.51.100.7/DOVIDNIK - (2).zip"),
    ],
    ids=lambda value: str(value.get("key") or value.get("value")),
)
def test_kinds_of_faults_in_real_events_that_the_validator_refuses_are_refused(value):
    assert len(errors(findings(value))) == 1


# Why we say otherwise, and an object of which the validator says the opposite of us.
STRICTER: list[tuple[str, dict[str, Any]]] = [
    (
        "references in observables are of a type (section 6)",
        changed("email-message", "from_ref", an_id("file")),
    ),
    ("references in observables are ids (section 2.9)", changed("ipv4-addr", "belongs_to_refs", ["x"])),
    ("samples of malware are files or artifacts (4.11)", changed("malware", "sample_refs", [an_id("url")])),
    ("a sighting is of a domain object (5.2)", changed("sighting", "sighting_of_ref", an_id("file"))),
    (
        "an observation holds an observable (4.14)",
        sample("observed-data", object_refs=[an_id("relationship")]),
    ),
    ("an author is an identity (3.2)", changed("campaign", "created_by_ref", an_id("malware"))),
    ("markings are marking definitions (7.2.2)", changed("campaign", "object_marking_refs", [an_id("file")])),
    ("an extension has an author (7.3)", sample("extension-definition", created_by_ref=...)),
    (
        "names of new properties have a form (7.3)",
        changed("extension-definition", "extension_properties", ["x"]),
    ),
    ("a dictionary is not empty (2.3)", changed("language-content", "contents", {"de": {}})),
    ("there is no null (2)", changed("language-content", "contents/de/name", None)),
    ("hexadecimal digits are of lower case (2.8)", changed("file", "magic_number_hex", "4D5A")),
    (
        "values of environment variables are strings (6.13)",
        changed("process", "environment_variables", {"A": 1}),
    ),
    (
        "values of further header fields are lists (6.6)",
        changed("email-message", "additional_header_fields", {"A": "b"}),
    ),
    ("counts of bytes are not negative (6.12)", changed("network-traffic", "src_byte_count", -1)),
    (
        "a group id is a whole number (6.16.2)",
        changed("user-account", "extensions/unix-account-ext/gid", 2.5),
    ),
    (
        "alternate data streams are objects (6.7.3)",
        changed("file", "extensions/ntfs-ext/alternate_data_streams", ["x"]),
    ),
    ("a fuzzy hash has three parts (2.7)", changed("file", "hashes/SSDEEP", "x")),
    (
        "definitions of TLP 2.0 have fixed ids (OASIS common objects)",
        sample(
            "marking-definition",
            definition=...,
            definition_type=...,
            extensions={
                "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                    "extension_type": "property-extension",
                    "tlp_2_0": "red",
                }
            },
        ),
    ),
]
LOOSER: list[tuple[str, dict[str, Any]]] = [
    ("a granular marking may have lang instead of marking_ref (7.2.3)", SAMPLES["tool"]),
    (
        "IANA's list of character sets grows; a name of its form will do (6.3)",
        changed("directory", "path_enc", "identity-x"),
    ),
    ("IANA's list of media types is a SHOULD: a warning (6.1)", changed("artifact", "mime_type", "x")),
    (
        "a header field may be there once (6.6)",
        changed("email-message", "additional_header_fields", {"A": ["b"]}),
    ),
    (
        "the struct STARTUP_INFO is not spelt out (6.13.2)",
        changed("process", "extensions/windows-process-ext/startup_info", {"a": 1}),
    ),
    (
        "names of EXIF tags are not spelt out (6.7.5)",
        changed("file", "extensions/raster-image-ext/exif_tags", {"make": 1}),
    ),
    (
        "names of socket options are a SHOULD: a warning (6.12.4)",
        changed("network-traffic", "extensions/socket-ext/options", {"a": 1}),
    ),
    ("languages of software are those of RFC 5646 (6.14)", changed("software", "languages", ["en"])),
    ("languages are any of RFC 5646, not a list of some (3.2)", changed("campaign", "lang", "de-Latn-AT")),
    (
        "an observable whose values are defanged says so (3.2)",
        sample("url", value="hxxps://a[.]b/", defanged=True),
    ),
    ("names that are no hosts have underscores (6.4)", changed("domain-name", "value", "_dmarc.example.com")),
    ("no bytes at all are base64 too (2.1)", changed("artifact", "payload_bin", "")),
    ("syntax of patterns is the caller's", changed("indicator", "pattern", "x")),
]


@pytest.mark.parametrize(("why", "value"), STRICTER, ids=[why for why, _ in STRICTER])
def test_stricter_than_the_validator(why, value):
    assert errors(findings(value)), why


@pytest.mark.parametrize(("why", "value"), LOOSER, ids=[why for why, _ in LOOSER])
def test_looser_than_the_validator(why, value):
    assert errors(findings(value)) == (), why
