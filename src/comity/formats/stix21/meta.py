"""What all objects share (section 3.2), and the objects about objects (section 7), as data."""

from __future__ import annotations

import re
from typing import Any

from comity.formats.stix21.finding import FINE, Problem, Problems, Rule, shown, under, unlike
from comity.formats.stix21.kinds import (
    UUID,
    Check,
    boolean,
    enumeration,
    exactly,
    formed,
    integer,
    language,
    reference,
    text,
    timestamp,
    timestamp_milliseconds,
)
from comity.formats.stix21.object_type import ObjectType, closed_vocabulary, object_type
from comity.formats.stix21.structures import (
    MAX_NAME,
    MISNAMED,
    PROPERTY_NAME,
    dictionary,
    hashes,
    listed,
    loose,
    strings,
    structure,
)

TLP_2_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_EXTENSION_ID = re.compile(f"extension-definition--{UUID}")
_EXTENSION_NAME = re.compile("[a-zA-Z0-9_-]{1,250}")
# RFC 3986: a scheme, and after it only characters of a URI; possessive, so that nothing is tried twice.
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*+:"
    r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]++|\[[0-9A-Fa-fvV:.]++\]|%[0-9A-Fa-f]{2})++"
    r"(?:#(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]++|%[0-9A-Fa-f]{2})*+)?"
)
_CVE = re.compile(r"CVE-\d{4}-(?:0\d{3}|[1-9]\d{3,})", re.ASCII)
_CAPEC = re.compile(r"CAPEC-\d+", re.ASCII)
_SELECTOR = re.compile(r"[a-zA-Z0-9_-]{1,250}(?:\.(?:\[\d+\]|[a-zA-Z0-9_-]{1,250}))*", re.ASCII)

url = formed(_URL, Rule.URL, "a URL of RFC 3986", "2.5")
property_name = formed(
    PROPERTY_NAME, Rule.PROPERTY_NAME, "a name of 3 to 250 letters a-z, digits and _", "3.1"
)
created_by = reference(only=("identity",), section="3.2")
marking_reference = reference(only=("marking-definition",), section="7.2")
extension_type = closed_vocabulary("extension-type-enum")


_EXTERNAL_IDS = {"cve": _CVE, "capec": _CAPEC}


def _external_id(found: dict[str, Any]) -> Problems:
    """Ids of CVE and CAPEC have a form, and stand nowhere else."""
    source, name = found["source_name"], found.get("external_id", "")
    if source not in _EXTERNAL_IDS and not name.startswith(("CVE-", "CAPEC-")):
        return FINE
    if all((source == owner) == bool(form.fullmatch(name)) for owner, form in _EXTERNAL_IDS.items()):
        return FINE
    text = f"is {shown(name)}; ids of CVE and CAPEC stand with the source cve and capec, in their form"
    return (Problem(Rule.EXTERNAL_ID, text, "4", "/external_id"),)


external_reference = structure(
    "2.5",
    {
        "source_name": text,
        "description": text,
        "url": url,
        "hashes": hashes(strict=True),
        "external_id": text,
    },
    required=("source_name",),
    one_of=("description", "url", "external_id"),
    constraint=_external_id,
)


def _one_marking(found: dict[str, Any]) -> Problems:
    if ("lang" in found) != ("marking_ref" in found):
        return FINE
    return (Problem(Rule.EXCLUSIVE, "must have exactly one of lang and marking_ref", "7.2.3"),)


granular_marking = structure(
    "7.2.3",
    {
        "lang": language,
        "marking_ref": marking_reference,
        "selectors": listed(
            formed(_SELECTOR, Rule.SELECTOR, "names and [indices] with dots between", "7.2.3")
        ),
    },
    required=("selectors",),
    constraint=_one_marking,
)

kill_chain_phase = structure(
    "2.11", {"kill_chain_name": text, "phase_name": text}, required=("kill_chain_name", "phase_name")
)


def _foreign(found: object) -> Problems:
    """The contents of an extension that somebody defined: only the standard's own demands are known."""
    if type(found) is not dict:
        return (Problem(Rule.KIND, f"is {shown(found)}, and must be an object", "3.2"),)
    if "extension_type" not in found:
        return (Problem(Rule.REQUIRED, "is missing", "3.2", "/extension_type"),)
    problems = extension_type(found["extension_type"])
    return under("extension_type", problems) if problems else _contents(found)


def _contents(found: dict[str, Any]) -> Problems:
    problems: Problems = FINE
    for name, part in found.items():
        wrong = loose(part)
        if not PROPERTY_NAME.fullmatch(name):
            wrong += (MISNAMED,)
        if wrong:
            problems += under(name[:MAX_NAME], wrong)
    return problems


def extensions(**predefined: Check) -> Check:
    """The extensions of an object: those that the standard defines for its type, and those of others."""
    known = {name.replace("_", "-"): check for name, check in predefined.items()}
    known[TLP_2_EXTENSION] = _tlp_2

    def check(found: object) -> Problems:
        if type(found) is not dict:
            return (Problem(Rule.KIND, f"is {shown(found)}, and must be a dictionary", "3.2"),)
        if not found:
            return (Problem(Rule.EMPTY, "is an empty dictionary; leave the property out instead", "2.3"),)
        problems: Problems = FINE
        for name, part in found.items():
            if name in known:
                wrong = known[name](part)
            elif _EXTENSION_ID.fullmatch(name):
                wrong = _foreign(part)
            else:
                wrong = _custom_extension(name, part)
            if wrong:
                problems += under(name[:MAX_NAME], wrong)
        return problems

    return check


def _custom_extension(name: str, part: object) -> Problems:
    """An extension by a name of its own, as it was done before extension definitions."""
    if not _EXTENSION_NAME.fullmatch(name):
        return (Problem(Rule.KEY, "is not a key of at most 250 letters, digits, - and _", "2.3"),)
    if type(part) is not dict or not part:
        return (Problem(Rule.KIND, f"is {shown(part)}, and must be an object that is not empty", "11.3"),)
    text = "is not an extension of this type; name others by the id of their extension-definition"
    return (*_contents(part), Problem(Rule.CUSTOM_EXTENSION, text, "11.3"))


_tlp_2 = structure(
    "7.3",
    {
        "extension_type": exactly("property-extension", Rule.TLP, "7.3"),
        "tlp_2_0": enumeration("TLP 2.0", ("clear", "green", "amber", "amber+strict", "red")),
    },
    required=("extension_type", "tlp_2_0"),
)

_MARKING = {
    "object_marking_refs": listed(marking_reference),
    "granular_markings": listed(granular_marking),
}
_NAMED = {
    "spec_version": exactly("2.1", Rule.SPEC_VERSION, "3.2"),
    "created_by_ref": created_by,
    "created": timestamp_milliseconds,
    "external_references": listed(external_reference),
    "extensions": extensions(),
    **_MARKING,
}
# The columns of the table in section 3.2; `type` and `id` are checked apart.
VERSIONED: dict[str, Check] = {
    **_NAMED,
    "modified": timestamp_milliseconds,
    "revoked": boolean,
    "labels": listed(text),
    "confidence": integer(0, 100),
    "lang": language,
}
OBSERVABLE: dict[str, Check] = {
    "spec_version": _NAMED["spec_version"],
    "defanged": boolean,
    "extensions": extensions(),
    **_MARKING,
}
ANYTHING: dict[str, Check] = {**VERSIONED, "defanged": boolean}  # of a type that nobody defined here


def _bundle_objects(found: object) -> Problems:
    """The list of objects in a bundle; the objects themselves are for `validate`."""
    if type(found) is not list:
        return unlike(found, "a list", "8")
    return (
        FINE if found else (Problem(Rule.EMPTY, "is an empty list; leave the property out instead", "2.12"),)
    )


MARKING_DEFINITION = object_type(
    "7.2.1",
    "spec_version created",
    **_NAMED,
    name=text,
    definition_type=text,
    definition=dictionary(loose),
)
META_OBJECTS: dict[str, ObjectType] = {
    "language-content": object_type(
        "7.1",
        "object_ref contents",
        object_ref=reference(never=("bundle",), expected="an object, not a bundle", section="7.1"),
        object_modified=timestamp,
        contents=dictionary(dictionary(loose, key=property_name), key=language),
    ),
    "extension-definition": object_type(
        "7.3",
        "created_by_ref name schema version extension_types",
        **strings("name description schema version"),
        extension_types=listed(extension_type),
        extension_properties=listed(property_name),
    ),
}
BUNDLE = object_type("8", objects=_bundle_objects)
