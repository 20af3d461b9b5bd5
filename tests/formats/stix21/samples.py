"""One valid object of each type of STIX 2.1, with every property that may stand beside the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

NOW = "2026-11-22T03:00:00.000Z"
LATER = "2026-11-22T04:00:00.000Z"
_UUID = "{:08x}-5f0c-4a8c-9c1c-3b1e2f4a5d6e"
IDENTITY = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"
TLP_GREEN = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
EXTENSION = "extension-definition--d83fce45-ef58-4c6c-a3f4-1fbc32e98c6e"
_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

Object = dict[str, Any]


def an_id(kind: str, number: int = 1) -> str:
    return f"{kind}--{_UUID.format(number)}"


_COMMON: Object = {
    "spec_version": "2.1",
    "created_by_ref": IDENTITY,
    "created": NOW,
    "modified": LATER,
    "revoked": False,
    "labels": ["one", "two"],
    "confidence": 70,
    "lang": "en",
    "external_references": [
        {"source_name": "cve", "external_id": "CVE-2021-44228"},
        {
            "source_name": "a report",
            "description": "read it",
            "url": "https://example.com/report?id=1#top",
            "hashes": {"SHA-256": SHA256},
        },
    ],
    "object_marking_refs": [TLP_GREEN],
    "granular_markings": [
        {"marking_ref": TLP_GREEN, "selectors": ["labels.[1]", "external_references.[1].url"]},
    ],
    "extensions": {EXTENSION: {"extension_type": "property-extension", "rank": 5}},
}
_PHASES = [{"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "reconnaissance"}]
_SEEN = {"first_seen": NOW, "last_seen": LATER}
_NAMED = {"name": "A name", "description": "More words."}
_REFS = [an_id("malware", 7), an_id("ipv4-addr", 8)]

_VERSIONED: dict[str, Object] = {
    "attack-pattern": {**_NAMED, "aliases": ["x"], "kill_chain_phases": _PHASES},
    "campaign": {**_NAMED, **_SEEN, "aliases": ["x"], "objective": "y"},
    "course-of-action": _NAMED,
    "grouping": {**_NAMED, "context": "suspicious-activity", "object_refs": _REFS},
    "identity": {
        **_NAMED,
        "roles": ["Hospital"],
        "identity_class": "organization",
        "sectors": ["healthcare"],
        "contact_information": "z",
    },
    "incident": _NAMED,
    "indicator": {
        **_NAMED,
        "indicator_types": ["malicious-activity"],
        "pattern": "[ipv4-addr:value = '198.51.100.1']",
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": NOW,
        "valid_until": LATER,
        "kill_chain_phases": _PHASES,
    },
    "infrastructure": {
        **_NAMED,
        **_SEEN,
        "infrastructure_types": ["botnet"],
        "aliases": ["x"],
        "kill_chain_phases": _PHASES,
    },
    "intrusion-set": {
        **_NAMED,
        **_SEEN,
        "aliases": ["x"],
        "goals": ["g"],
        "resource_level": "government",
        "primary_motivation": "dominance",
        "secondary_motivations": ["revenge"],
    },
    "location": {
        **_NAMED,
        "latitude": 48.2,
        "longitude": 16,
        "precision": 10.5,
        "region": "western-europe",
        "country": "AT",
        "administrative_area": "AT-9",
        "city": "Wien",
        "street_address": "s",
        "postal_code": "1010",
    },
    "malware": {
        **_NAMED,
        **_SEEN,
        "malware_types": ["worm"],
        "is_family": True,
        "aliases": ["x"],
        "kill_chain_phases": _PHASES,
        "operating_system_refs": [an_id("software")],
        "architecture_execution_envs": ["x86"],
        "implementation_languages": ["c++"],
        "capabilities": ["anti-vm"],
        "sample_refs": [an_id("file")],
    },
    "malware-analysis": {
        "product": "p",
        "version": "1",
        "host_vm_ref": an_id("software"),
        "operating_system_ref": an_id("software"),
        "installed_software_refs": [an_id("software")],
        "configuration_version": "1",
        "modules": ["m"],
        "analysis_engine_version": "1",
        "analysis_definition_version": "1",
        "submitted": NOW,
        "analysis_started": NOW,
        "analysis_ended": LATER,
        "result_name": "r",
        "result": "malicious",
        "analysis_sco_refs": [an_id("file")],
        "sample_ref": an_id("file"),
    },
    "note": {"abstract": "a", "content": "c", "authors": ["x"], "object_refs": _REFS},
    "observed-data": {
        "first_observed": NOW,
        "last_observed": LATER,
        "number_observed": 3,
        "object_refs": [an_id("file"), an_id("relationship")],
    },
    "opinion": {"explanation": "e", "authors": ["x"], "opinion": "agree", "object_refs": _REFS},
    "report": {**_NAMED, "report_types": ["campaign"], "published": NOW, "object_refs": _REFS},
    "threat-actor": {
        **_NAMED,
        **_SEEN,
        "threat_actor_types": ["spy"],
        "aliases": ["x"],
        "roles": ["agent"],
        "goals": ["g"],
        "sophistication": "expert",
        "resource_level": "team",
        "primary_motivation": "ideology",
        "secondary_motivations": ["revenge"],
        "personal_motivations": ["revenge"],
    },
    "tool": {
        **_NAMED,
        "granular_markings": [{"lang": "de-AT", "selectors": ["name"]}],
        "tool_types": ["remote-access"],
        "aliases": ["x"],
        "kill_chain_phases": _PHASES,
        "tool_version": "1",
    },
    "vulnerability": _NAMED,
    "relationship": {
        "relationship_type": "indicates",
        "description": "d",
        "source_ref": an_id("indicator"),
        "target_ref": an_id("malware"),
        "start_time": NOW,
        "stop_time": LATER,
    },
    "sighting": {
        "description": "d",
        **_SEEN,
        "count": 3,
        "sighting_of_ref": an_id("indicator"),
        "observed_data_refs": [an_id("observed-data")],
        "where_sighted_refs": [IDENTITY, an_id("location")],
        "summary": False,
    },
    "language-content": {
        "object_ref": an_id("campaign"),
        "object_modified": NOW,
        "contents": {"de": {"name": "Name"}, "fr": {"name": "nom", "aliases": ["x", ""]}},
    },
    "extension-definition": {
        **_NAMED,
        "schema": "https://example.com/schema",
        "version": "1.2.1",
        "extension_types": ["property-extension", "toplevel-property-extension"],
        "extension_properties": ["toxicity"],
    },
}

_MARKED: Object = {
    "spec_version": "2.1",
    "object_marking_refs": [TLP_GREEN],
    "granular_markings": [{"marking_ref": TLP_GREEN, "selectors": ["id"]}],
    "defanged": False,
    "extensions": {EXTENSION: {"extension_type": "property-extension", "rank": 5}},
}
_HASHES = {
    "MD5": _MD5,
    "SHA-256": SHA256,
    "SSDEEP": "96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO",
}
_TIMES = {"ctime": NOW, "mtime": NOW, "atime": NOW}
_OBSERVABLES: dict[str, Object] = {
    "artifact": {
        "mime_type": "application/zip",
        "payload_bin": "VBORw0KGgoAAAANSUhEUgAAADI==",
        "hashes": _HASHES,
        "encryption_algorithm": "mime-type-indicated",
        "decryption_key": "infected",
    },
    "autonomous-system": {"number": 15139, "name": "n", "rir": "ARIN"},
    "directory": {
        "path": "C:\\Windows",
        "path_enc": "UTF-8",
        **_TIMES,
        "contains_refs": [an_id("file"), an_id("directory")],
    },
    "domain-name": {
        "value": "www.example.com",
        "resolves_to_refs": [an_id("ipv4-addr"), an_id("ipv6-addr"), an_id("domain-name")],
    },
    "email-addr": {"value": "a@example.com", "display_name": "A", "belongs_to_ref": an_id("user-account")},
    "email-message": {
        "is_multipart": True,
        "date": NOW,
        "content_type": "multipart/mixed",
        "from_ref": an_id("email-addr"),
        "sender_ref": an_id("email-addr"),
        "to_refs": [an_id("email-addr")],
        "cc_refs": [an_id("email-addr")],
        "bcc_refs": [an_id("email-addr")],
        "message_id": "<1@example.com>",
        "subject": "s",
        "received_lines": ["from a by b"],
        "additional_header_fields": {"Reply-To": ["a@example.com", "b@example.com"]},
        "body_multipart": [
            {"content_type": "text/plain", "content_disposition": "inline", "body": "Cats"},
            {"content_type": "image/png", "body_raw_ref": an_id("artifact")},
        ],
        "raw_email_ref": an_id("artifact"),
    },
    "file": {
        "hashes": _HASHES,
        "size": 10,
        "name": "a.exe",
        "name_enc": "windows-1252",
        "magic_number_hex": "4d5a",
        "mime_type": "application/vnd.microsoft.portable-executable",
        **_TIMES,
        "parent_directory_ref": an_id("directory"),
        "contains_refs": [an_id("ipv4-addr")],
        "content_ref": an_id("artifact"),
        "extensions": {
            "archive-ext": {"contains_refs": [an_id("file")], "comment": "c"},
            "ntfs-ext": {"sid": "1", "alternate_data_streams": [{"name": "s", "hashes": _HASHES, "size": 5}]},
            "pdf-ext": {
                "version": "1.7",
                "is_optimized": True,
                "document_info_dict": {"Title": "T"},
                "pdfid0": "a",
                "pdfid1": "b",
            },
            "raster-image-ext": {
                "image_height": 1,
                "image_width": 1,
                "bits_per_pixel": 8,
                "exif_tags": {"Make": "Nikon", "XResolution": 4928},
            },
            "windows-pebinary-ext": {
                "pe_type": "exe",
                "imphash": "x",
                "machine_hex": "014c",
                "number_of_sections": 4,
                "time_date_stamp": "2016-01-22T12:31:12Z",
                "pointer_to_symbol_table_hex": "74726144",
                "number_of_symbols": 4542568,
                "size_of_optional_header": 224,
                "characteristics_hex": "818f",
                "file_header_hashes": _HASHES,
                "optional_header": {"magic_hex": "010b", "size_of_code": 512, "hashes": _HASHES},
                "sections": [{"name": "CODE", "size": 1, "entropy": 0.061089, "hashes": _HASHES}],
            },
        },
    },
    "ipv4-addr": {
        "value": "198.51.100.0/24",
        "resolves_to_refs": [an_id("mac-addr")],
        "belongs_to_refs": [an_id("autonomous-system")],
    },
    "ipv6-addr": {
        "value": "2001:db8::1",
        "resolves_to_refs": [an_id("mac-addr")],
        "belongs_to_refs": [an_id("autonomous-system")],
    },
    "mac-addr": {"value": "d2:fb:49:24:37:18"},
    "mutex": {"name": "__CLEANSWEEP__"},
    "network-traffic": {
        "start": NOW,
        "end": LATER,
        "is_active": False,
        "src_ref": an_id("ipv4-addr"),
        "dst_ref": an_id("domain-name"),
        "src_port": 24678,
        "dst_port": 80,
        "protocols": ["ipv4", "tcp", "http"],
        "src_byte_count": 35779,
        "dst_byte_count": 935750,
        "src_packets": 3,
        "dst_packets": 4,
        "ipfix": {"minimumIpTotalLength": 32, "x": "y"},
        "src_payload_ref": an_id("artifact"),
        "dst_payload_ref": an_id("artifact"),
        "encapsulates_refs": [an_id("network-traffic")],
        "encapsulated_by_ref": an_id("network-traffic"),
        "extensions": {
            "http-request-ext": {
                "request_method": "get",
                "request_value": "/download.html",
                "request_version": "http/1.1",
                "request_header": {"Accept-Encoding": ["gzip,deflate"]},
                "message_body_length": 5,
                "message_body_data_ref": an_id("artifact"),
            },
            "icmp-ext": {"icmp_type_hex": "08", "icmp_code_hex": "00"},
            "socket-ext": {
                "address_family": "AF_INET",
                "is_blocking": True,
                "is_listening": True,
                "options": {"SO_KEEPALIVE": 1},
                "socket_type": "SOCK_STREAM",
                "socket_descriptor": 3,
                "socket_handle": 4,
            },
            "tcp-ext": {"src_flags_hex": "00000002", "dst_flags_hex": "00"},
        },
    },
    "process": {
        "is_hidden": False,
        "pid": 1221,
        "created_time": NOW,
        "cwd": "/",
        "command_line": "./gedit-bin",
        "environment_variables": {"HOME": "/root"},
        "opened_connection_refs": [an_id("network-traffic")],
        "creator_user_ref": an_id("user-account"),
        "image_ref": an_id("file"),
        "parent_ref": an_id("process"),
        "child_refs": [an_id("process")],
        "extensions": {
            "windows-process-ext": {
                "aslr_enabled": True,
                "dep_enabled": True,
                "priority": "HIGH_PRIORITY_CLASS",
                "owner_sid": "S-1",
                "window_title": "w",
                "startup_info": {"lpDesktop": "d"},
                "integrity_level": "low",
            },
            "windows-service-ext": {
                "service_name": "sirvizio",
                "descriptions": ["d"],
                "display_name": "Sirvizio",
                "group_name": "g",
                "start_type": "SERVICE_AUTO_START",
                "service_dll_refs": [an_id("file")],
                "service_type": "SERVICE_WIN32_OWN_PROCESS",
                "service_status": "SERVICE_RUNNING",
            },
        },
    },
    "software": {
        "name": "Word",
        "cpe": "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*",
        "swid": "s",
        "languages": ["eng"],
        "vendor": "Microsoft",
        "version": "2002",
    },
    "url": {"value": "https://example.com/research/index.html"},
    "user-account": {
        "user_id": "1001",
        "credential": "c",
        "account_login": "jdoe",
        "account_type": "unix",
        "display_name": "John Doe",
        "is_service_account": False,
        "is_privileged": False,
        "can_escalate_privs": True,
        "is_disabled": False,
        "account_created": NOW,
        "account_expires": NOW,
        "credential_last_changed": NOW,
        "account_first_login": NOW,
        "account_last_login": NOW,
        "extensions": {
            "unix-account-ext": {
                "gid": 1001,
                "groups": ["wheel"],
                "home_dir": "/home/jdoe",
                "shell": "/bin/sh",
            }
        },
    },
    "windows-registry-key": {
        "key": "HKEY_LOCAL_MACHINE\\System\\Foo\\Bar",
        "values": [{"name": "Foo", "data": "qwerty", "data_type": "REG_SZ"}],
        "modified_time": NOW,
        "creator_user_ref": an_id("user-account"),
        "number_of_subkeys": 2,
    },
    "x509-certificate": {
        "is_self_signed": False,
        "hashes": _HASHES,
        "version": "3",
        "serial_number": "36:f7:d4:32",
        "signature_algorithm": "sha256",
        "issuer": "C=ZA",
        "validity_not_before": NOW,
        "validity_not_after": LATER,
        "subject": "C=DE",
        "subject_public_key_algorithm": "rsaEncryption",
        "subject_public_key_modulus": "m",
        "subject_public_key_exponent": 65537,
        "x509_v3_extensions": {
            "basic_constraints": "critical,CA:TRUE, pathlen:0",
            "private_key_usage_period_not_before": NOW,
        },
    },
}

MARKING_DEFINITION: Object = {
    "type": "marking-definition",
    "id": an_id("marking-definition"),
    "spec_version": "2.1",
    "created": NOW,
    "created_by_ref": IDENTITY,
    "name": "Copyright",
    "definition_type": "statement",
    "definition": {"statement": "Copyright 2026"},
    "external_references": [{"source_name": "s", "description": "d"}],
    "object_marking_refs": [TLP_GREEN],
}

SAMPLES: Mapping[str, Object] = {
    **{kind: {"type": kind, "id": an_id(kind), **_COMMON, **own} for kind, own in _VERSIONED.items()},
    **{kind: {"type": kind, "id": an_id(kind), **_MARKED, **own} for kind, own in _OBSERVABLES.items()},
    "marking-definition": MARKING_DEFINITION,
}


def sample(kind: str, /, **changes: Any) -> Object:
    """The sample of a type with other properties; what becomes `...` is left out."""
    found = deepcopy(SAMPLES[kind]) | changes
    return {name: value for name, value in found.items() if value is not ...}


def changed(kind: str, path: str, value: Any) -> Object:
    """The sample with another value somewhere inside; `...` removes what is there."""
    found: Any = json.loads(json.dumps(SAMPLES[kind]))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = found
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return dict(found)
