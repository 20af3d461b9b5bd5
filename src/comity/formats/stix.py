"""STIX 2.1 objects, as far as every part needs them: id, type, version, and the bytes they are known by.

What the properties of each type mean is left to those who use them; all of them are kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast
from uuid import UUID, uuid5

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.base.times import is_written
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.plain_json import read_plain
from comity.formats.strict_json import STANDARD, Limits, decode

MAX_OBJECTS = 50_000
MAX_OBJECT = 4 * 2**20  # bytes of one object in canonical form: an act with 10,000 contents fits
MAX_REFS = 10_000
MAX_ID = 300

UUID_FORM = "[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TYPE = re.compile(r"(?=.{3,250}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
ID = re.compile(rf"(?=.{{3,{MAX_ID}}}\Z)([a-z][a-z0-9]*(?:-[a-z0-9]+)*)--{UUID_FORM}")
IDENTITY_ID = re.compile(rf"identity--{UUID_FORM}")
MARKING_ID = re.compile(rf"marking-definition--{UUID_FORM}")

_OBJECT = Limits(size=MAX_OBJECT)
_UUID = re.compile(UUID_FORM).fullmatch
# What nearly all objects look like; the days that a month may not have are left to the careful way.
_PLAIN_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z"
).fullmatch
_PLAIN_LENGTH = len("2026-11-22T03:00:00.000Z")
_MILLISECONDS = 3  # the digits that STIX gives `modified`
_IDENTITY, _MARKING = len("identity--") + 36, len("marking-definition--") + 36
_NO_REFS: list[str] = []

_PARTIES = UUID(
    "5d3b8f0e-6a43-4c57-9e4f-6b0f6a3c9d21"
)  # the namespace of ids that follow from a party's name

# STIX 2.1, section 6: observables have no author and no versions.
OBSERVABLES = frozenset(
    {
        "artifact",
        "autonomous-system",
        "directory",
        "domain-name",
        "email-addr",
        "email-message",
        "file",
        "ipv4-addr",
        "ipv6-addr",
        "mac-addr",
        "mutex",
        "network-traffic",
        "process",
        "software",
        "url",
        "user-account",
        "windows-registry-key",
        "x509-certificate",
    }
)
# STIX 2.1, section 4.
DOMAIN_TYPES = frozenset(
    {
        "attack-pattern",
        "campaign",
        "course-of-action",
        "grouping",
        "identity",
        "incident",
        "indicator",
        "infrastructure",
        "intrusion-set",
        "location",
        "malware",
        "malware-analysis",
        "note",
        "observed-data",
        "opinion",
        "report",
        "threat-actor",
        "tool",
        "vulnerability",
    }
)
RELATIONS = frozenset({"relationship", "sighting"})  # section 5
# Sections 4, 5 and 7: created, modified and spec_version are required.
_VERSIONED = DOMAIN_TYPES | RELATIONS | {"language-content", "extension-definition"}


@dataclass(frozen=True, slots=True)
class StixObject:
    """One version of one object; the digest of its canonical form is the same however it was written."""

    id: str
    type: str
    modified: str | None  # as written: STIX lets the digits of a second differ in number
    raw: bytes  # as it came; the canonical form of what came as a value
    value: dict[str, Any]
    sha256: str  # of the canonical form: acts refer to the object by it

    @classmethod
    def decode(cls, value: object, where: str = "") -> StixObject:
        """The object in a decoded JSON value; its common properties are checked, the others are kept."""
        found, kind, modified = _identified(value, where)
        raw = _bounded(canonical(value), where or found)
        return cls(found, kind, modified, raw, cast("dict[str, Any]", value), sha256_hex(raw))

    @classmethod
    def read(cls, raw: bytes, where: str = "") -> StixObject:
        """The object in its own bytes, which are kept."""
        plain = read_plain(raw)
        if plain is None:
            value = decode(_bounded(raw, where), limits=_OBJECT)
            found, kind, modified = _identified(value, where)
            plain = cast("dict[str, Any]", value), canonical(value)
        else:
            found, kind, modified = _identified(plain[0], where)
        return cls(found, kind, modified, raw, plain[0], sha256_hex(plain[1]))

    @property
    def version(self) -> tuple[str, str]:
        """What no two different objects share; an observable has one version, ""."""
        return self.id, version_key(self.modified)


def version_key(modified: str | None) -> str:
    """The instant of a version in one spelling: what else spells it is the same version.

    STIX 2.1 names a version by id and `modified` (section 3.6), a time of which three digits of a second are
    written, and more or fewer may be (section 3.2). What is no time stands as it is, and names nothing.
    """
    if modified is None:
        return ""
    if len(modified) == _PLAIN_LENGTH or not is_written(modified):
        return modified
    second, _, fraction = modified[:-1].partition(".")
    return f"{second}.{fraction.rstrip('0').ljust(_MILLISECONDS, '0')}Z"


def in_time(key: str) -> str:
    """What sorts the keys of versions as their times, to the last digit that is written."""
    return key.removesuffix("Z")


def decode_bundle(text: bytes, *, limits: Limits = STANDARD) -> tuple[StixObject, ...]:
    """The objects of a STIX 2.1 bundle."""
    fields = Fields(decode(text, limits=limits))
    fields.exactly("type", "bundle")
    if not fields.text("id", form=ID).startswith("bundle--"):
        raise Malformed(fields.at("id"), "is not the id of a bundle.")
    return decode_objects(fields) if fields.has("objects") else ()


def decode_objects(fields: Fields) -> tuple[StixObject, ...]:
    """The objects in the `objects` member of a bundle or an envelope."""
    values = fields.list("objects", most=MAX_OBJECTS)
    found = tuple(StixObject.decode(value, f"{fields.at('objects')}/{i}") for i, value in enumerate(values))
    _one_content_each(found, fields.at("objects"))
    return found


def encode_bundle(bundle_id: str, objects: Iterable[StixObject]) -> bytes:
    """The bundle in canonical form."""
    return canonical({"type": "bundle", "id": bundle_id, "objects": [each.value for each in objects]})


def is_observable(ref: str) -> bool:
    """Whether an id is that of an observable, which mostly follows from its value."""
    return ref.partition("--")[0] in OBSERVABLES


def party_id(state: str, name: str) -> str:
    """The identity that everyone gives to a body of a state (alpha-2 code) before it has named one itself."""
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return f"identity--{uuid5(_PARTIES, f'{state.upper()}/{plain}')}"


def _identified(value: object, where: str) -> tuple[str, str, str | None]:
    """Id, type and version; the common properties are in order."""
    plain = _plainly(value) if type(value) is dict else None
    return plain or _carefully(Fields(value, where))


def _plainly(value: Mapping[str, Any]) -> tuple[str, str, str | None] | None:
    """The same for an object as nearly all are written; None if only the careful way can tell."""
    kind, found = value.get("type"), value.get("id")
    if type(kind) is not str or type(found) is not str or not found.startswith(f"{kind}--"):
        return None
    if not _UUID(found, len(kind) + 2) or not _belongs_plainly(value):
        return None
    if kind in OBSERVABLES:
        return (found, kind, None) if value.get("spec_version", "2.1") == "2.1" else None
    modified = _plain_version(value) if kind in _VERSIONED else None
    return (found, kind, modified) if modified else None


def _plain_version(value: Mapping[str, Any]) -> str | None:
    """The text of `modified`, where all that says which version this is is in order at first sight."""
    created, modified = value.get("created"), value.get("modified")
    if value.get("spec_version") != "2.1" or type(modified) is not str or not _PLAIN_TIME(modified):
        return None
    if created == modified:
        return modified
    earlier = type(created) is str and _PLAIN_TIME(created) is not None and created < modified
    return modified if earlier else None


def _belongs_plainly(value: Mapping[str, Any]) -> bool:
    """Whether author and markings are in order at first sight."""
    if "granular_markings" in value:
        return False
    if "created_by_ref" in value and not _is_identity(value["created_by_ref"]):
        return False
    refs = value.get("object_marking_refs", _NO_REFS)
    return type(refs) is list and len(refs) <= MAX_REFS and all(map(_is_marking, refs))


@lru_cache(maxsize=4096)  # what one source sends names the same few; none is long, whatever is sent
def _is_known_form(ref: str) -> bool:
    return bool(MARKING_ID.fullmatch(ref) or IDENTITY_ID.fullmatch(ref))


def _is_identity(ref: object) -> bool:
    return type(ref) is str and len(ref) == _IDENTITY and ref[0] == "i" and _is_known_form(ref)


def _is_marking(ref: object) -> bool:
    return type(ref) is str and len(ref) == _MARKING and ref[0] == "m" and _is_known_form(ref)


def _carefully(fields: Fields) -> tuple[str, str, str | None]:
    kind = fields.text("type", limit=MAX_ID, form=TYPE)
    found = fields.text("id", limit=MAX_ID, form=ID)
    if found.partition("--")[0] != kind:
        raise Malformed(fields.at("id"), f"{found!r} is not the id of a {kind}.")
    modified = _version(fields, kind)
    _markings(fields)
    return found, kind, modified


def _bounded(raw: bytes, where: str) -> bytes:
    if len(raw) > MAX_OBJECT:
        raise TooLarge(where, f"{len(raw):,} bytes; at most {MAX_OBJECT:,} are read in one object.")
    return raw


def _version(fields: Fields, kind: str) -> str | None:
    """The text of `modified`; the common properties that say which version this is are in order."""
    if fields.has("created_by_ref"):
        fields.text("created_by_ref", form=IDENTITY_ID)
    if kind in OBSERVABLES:
        if fields.has("spec_version"):
            fields.exactly("spec_version", "2.1")
        return None
    if kind in _VERSIONED or kind == "marking-definition" or fields.has("created"):
        fields.exactly("spec_version", "2.1")
        created = fields.time("created")
    if kind not in _VERSIONED and not fields.has("modified"):
        return None
    if fields.time("modified") < (created if fields.has("created") else fields.time("modified")):
        raise Malformed(fields.at("modified"), "is earlier than created.")
    return fields.text("modified")


def _markings(fields: Fields) -> None:
    if fields.has("object_marking_refs"):
        fields.texts("object_marking_refs", most=MAX_REFS, form=MARKING_ID)
    if fields.has("granular_markings"):
        for marking in fields.objects("granular_markings", most=MAX_REFS):
            marking.optional_text("marking_ref", form=MARKING_ID)


def _one_content_each(objects: Iterable[StixObject], where: str) -> None:
    seen: dict[tuple[str, str], bytes] = {}
    for each in objects:
        if seen.setdefault(each.version, each.raw) != each.raw:
            raise Malformed(
                where, f"{each.id} stands there twice in the same version with different content."
            )
