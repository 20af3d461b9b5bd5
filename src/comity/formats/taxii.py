"""The resources of TAXII 2.1 (OASIS Standard, 10 June 2021) as values, and its media type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.formats.canonical import canonical
from comity.formats.stix import MAX_OBJECTS, StixObject
from comity.formats.strict_json import Limits, decode

MEDIA_TYPE = "application/taxii+json;version=2.1"
ESSENCE = "application/taxii+json"
STIX_MEDIA_TYPE = "application/stix+json;version=2.1"
RECEIPTS = "x_comity_receipts"  # section 6.1: x_, then whose it is, then its name

MAX_API_ROOTS = 100
MAX_COLLECTIONS = 1_000
MAX_TEXT = 5_000
_SMALL = Limits(size=2 * 2**20, depth=32, values=100_000, string=MAX_TEXT)
# The standard asks for UUIDs; servers that many read have other ids. It becomes a part of an address.
IDENTIFIER = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,200}")
_CODE = re.compile(r"([a-z]+(?:[.-][a-z]+)*): ")
_CURSOR = re.compile(r"[\x20-\x7e]{1,1000}")


@dataclass(frozen=True, slots=True)
class Discovery:
    """Section 4.1: what a server offers."""

    title: str
    api_roots: tuple[str, ...] = ()
    default: str | None = None
    description: str | None = None
    contact: str | None = None

    @classmethod
    def decode(cls, text: bytes) -> Discovery:
        """The resource in a reply."""
        fields = Fields(decode(text, limits=_SMALL))
        return cls(
            title=fields.text("title"),
            api_roots=fields.texts("api_roots", most=MAX_API_ROOTS) if fields.has("api_roots") else (),
            default=fields.optional_text("default"),
            description=fields.optional_text("description", limit=MAX_TEXT),
            contact=fields.optional_text("contact"),
        )

    def encode(self) -> bytes:
        """The resource for a reply."""
        members = {"title": self.title, "description": self.description, "contact": self.contact}
        return _encode({**members, "default": self.default, "api_roots": list(self.api_roots) or None})


@dataclass(frozen=True, slots=True)
class ApiRoot:
    """Section 4.2: a root of collections."""

    title: str
    max_content_length: int
    versions: tuple[str, ...] = (MEDIA_TYPE,)
    description: str | None = None

    @classmethod
    def decode(cls, text: bytes) -> ApiRoot:
        """The resource in a reply."""
        fields = Fields(decode(text, limits=_SMALL))
        return cls(
            title=fields.text("title"),
            max_content_length=fields.number("max_content_length", least=1),
            versions=fields.texts("versions", least=1, most=50),
            description=fields.optional_text("description", limit=MAX_TEXT),
        )

    def encode(self) -> bytes:
        """The resource for a reply."""
        members = {"title": self.title, "description": self.description, "versions": list(self.versions)}
        return _encode({**members, "max_content_length": self.max_content_length})


@dataclass(frozen=True, slots=True)
class Collection:
    """Section 5.2: a collection, and what the asking client may do with it."""

    id: str
    title: str
    can_read: bool
    can_write: bool
    description: str | None = None
    alias: str | None = None
    media_types: tuple[str, ...] = (STIX_MEDIA_TYPE,)

    @classmethod
    def decode(cls, text: bytes) -> Collection:
        """The resource in a reply."""
        return cls.read(Fields(decode(text, limits=_SMALL)))

    @classmethod
    def read(cls, fields: Fields) -> Collection:
        """The resource in a list of collections."""
        return cls(
            id=fields.text("id", form=IDENTIFIER),
            title=fields.text("title"),
            can_read=fields.truth("can_read"),
            can_write=fields.truth("can_write"),
            description=fields.optional_text("description", limit=MAX_TEXT),
            alias=fields.optional_text("alias"),
            media_types=fields.texts("media_types", most=50)
            if fields.has("media_types")
            else (STIX_MEDIA_TYPE,),
        )

    def as_json(self) -> dict[str, Any]:
        """As it stands in a list of collections."""
        members = {"id": self.id, "title": self.title, "description": self.description, "alias": self.alias}
        rights = {"can_read": self.can_read, "can_write": self.can_write}
        return _present(members | rights | {"media_types": list(self.media_types)})

    def encode(self) -> bytes:
        """The resource for a reply."""
        return canonical(self.as_json())


def decode_collections(text: bytes) -> tuple[Collection, ...]:
    """The collections in a reply (section 5.1)."""
    fields = Fields(decode(text, limits=_SMALL))
    if not fields.has("collections"):
        return ()
    return tuple(Collection.read(each) for each in fields.objects("collections", most=MAX_COLLECTIONS))


def encode_collections(collections: Iterable[Collection]) -> bytes:
    """The collections for a reply."""
    found = [each.as_json() for each in collections]
    return canonical({"collections": found} if found else {})


@dataclass(frozen=True, slots=True)
class Envelope:
    """Section 3.7: objects, and how to ask for the rest; each object is decoded by whom it concerns."""

    objects: tuple[object, ...] = ()
    more: bool = False
    next: str | None = None

    @classmethod
    def decode(cls, text: bytes, *, limits: Limits | None = None) -> Envelope:
        """The envelope in a body; that something more is there without saying where would be no answer."""
        fields = Fields(decode(text, limits=limits or Limits()))
        envelope = cls(
            objects=fields.list("objects", most=MAX_OBJECTS) if fields.has("objects") else (),
            more=fields.truth("more") if fields.has("more") else False,
            next=fields.optional_text("next", form=_CURSOR),
        )
        if envelope.more and envelope.next is None:
            raise Malformed(fields.at("next"), "is missing, although there is more.")
        return envelope

    def __len__(self) -> int:
        return len(self.objects)

    def stix(self) -> tuple[StixObject, ...]:
        """All objects, where all are expected to be well-formed."""
        return tuple(
            StixObject.decode(value, f"/objects/{index}") for index, value in enumerate(self.objects)
        )

    def encode(self) -> bytes:
        """The envelope for a body; an empty one is an empty object."""
        members = {"more": self.more or None, "next": self.next, "objects": list(self.objects) or None}
        return _encode(members)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Section 4.3.1: what became of one object."""

    id: str
    version: str
    message: str | None = None

    @classmethod
    def refused(cls, ref: str, version: str, code: str, text: str) -> Outcome:
        """A failure in our form: the stable code, a colon, a sentence."""
        return cls(ref, version, f"{code}: {text}"[:MAX_TEXT])

    @property
    def code(self) -> str | None:
        """The stable code of a failure that a node of ours described."""
        found = _CODE.match(self.message or "")
        return found[1] if found else None

    @classmethod
    def read(cls, fields: Fields) -> Outcome:
        """The detail in a status."""
        message = fields.optional_text("message", limit=MAX_TEXT)
        return cls(fields.text("id"), fields.text("version"), message)

    def as_json(self) -> dict[str, Any]:
        """As it stands in a status."""
        told = {"id": self.id, "version": self.version}  # a thousand in a post, nearly all without a message
        return told if self.message is None else {**told, "message": self.message}


@dataclass(frozen=True, slots=True)
class Status:
    """Section 4.3: what became of a post; receipts that are ready at once travel in a custom property."""

    id: str
    complete: bool
    request_timestamp: datetime | None = None
    successes: tuple[Outcome, ...] = ()
    failures: tuple[Outcome, ...] = ()
    pendings: tuple[Outcome, ...] = ()
    receipts: tuple[object, ...] = ()
    success_count: int = field(default=0, compare=False)  # as stated: the details may be left out
    pending_count: int = field(default=0, compare=False)

    @classmethod
    def decode(cls, text: bytes) -> Status:
        """The resource in a reply."""
        fields = Fields(decode(text))
        state = fields.text("status")
        if state not in {"complete", "pending"}:
            raise Malformed(fields.at("status"), f"{state!r} is neither complete nor pending.")
        return cls(
            id=fields.text("id", form=IDENTIFIER),
            complete=state == "complete",
            request_timestamp=fields.optional_time("request_timestamp"),
            successes=_outcomes(fields, "successes", "success_count"),
            failures=_outcomes(fields, "failures", "failure_count"),
            pendings=_outcomes(fields, "pendings", "pending_count"),
            receipts=fields.list(RECEIPTS, most=MAX_OBJECTS) if fields.has(RECEIPTS) else (),
            success_count=fields.number("success_count"),
            pending_count=fields.number("pending_count"),
        )

    def encode(self) -> bytes:
        """The resource for a reply."""
        lists = {"successes": self.successes, "failures": self.failures, "pendings": self.pendings}
        moment = None if self.request_timestamp is None else encode_time(self.request_timestamp)
        return _encode(
            {
                "id": self.id,
                "status": "complete" if self.complete else "pending",
                "request_timestamp": moment,
                "total_count": sum(map(len, lists.values())),
                "success_count": len(self.successes),
                "failure_count": len(self.failures),
                "pending_count": len(self.pendings),
                **{name: [each.as_json() for each in found] or None for name, found in lists.items()},
                RECEIPTS: list(self.receipts) or None,
            }
        )


@dataclass(frozen=True, slots=True)
class TaxiiError:
    """Section 3.6.1: what went wrong, for people and with our stable code."""

    title: str
    http_status: int
    description: str | None = None
    error_code: str | None = None
    error_id: str | None = None

    @classmethod
    def decode(cls, text: bytes) -> TaxiiError:
        """The error message in a reply."""
        fields = Fields(decode(text, limits=_SMALL))
        status = fields.optional_text("http_status", form=re.compile("[1-5][0-9]{2}"))
        return cls(
            title=fields.text("title", limit=MAX_TEXT),
            http_status=int(status or 0),
            description=fields.optional_text("description", limit=MAX_TEXT),
            error_code=fields.optional_text("error_code"),
            error_id=fields.optional_text("error_id"),
        )

    @classmethod
    def in_words(cls, text: bytes) -> TaxiiError | None:
        """The error message if the reply holds one: a refusal in any other form is still a refusal."""
        try:
            return cls.decode(text)
        except Malformed:
            return None

    def encode(self) -> bytes:
        """The error message for a reply."""
        members = {"title": self.title, "description": self.description, "error_id": self.error_id}
        return _encode({**members, "error_code": self.error_code, "http_status": str(self.http_status)})


@dataclass(frozen=True, slots=True)
class Entry:
    """Section 5.3.1: one version of one object, without the object."""

    id: str
    date_added: str
    version: str
    media_type: str = STIX_MEDIA_TYPE

    def as_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        members = {"id": self.id, "date_added": self.date_added}
        return members | {"version": self.version, "media_type": self.media_type}


def encode_manifest(entries: Iterable[Entry], *, more: bool) -> bytes:
    """The manifest of a collection for a reply (section 5.3)."""
    found = [each.as_json() for each in entries]
    return _encode({"more": more or None, "objects": found or None})


def encode_versions(versions: Iterable[str], *, more: bool, following: str | None) -> bytes:
    """The versions of an object for a reply (section 5.8)."""
    return _encode({"more": more or None, "next": following, "versions": list(versions) or None})


def envelope_of(objects: Iterable[bytes], *, following: str | None) -> bytes:
    """An envelope of objects in their own bytes; with a cursor if there is more."""
    listed = b",".join(objects)
    parts = [b'"more":true,"next":%b' % canonical(following)] if following is not None else []
    return b"{%b}" % b",".join([*parts, b'"objects":[%b]' % listed] if listed else parts)


def accepts(accept: str | None) -> bool:
    """Whether a client that sent this Accept header takes TAXII 2.1; one that sent none takes anything."""
    offers = [_media_type(part) for part in (accept or "*/*").lower().split(",")]
    return any(
        essence in {ESSENCE, "application/*", "*/*"}
        and parameters.get("version", "2.1") == "2.1"
        and not re.fullmatch(r"0(\.0*)?", parameters.get("q", "1"))
        for essence, parameters in offers
    )


def is_taxii(content_type: str | None) -> bool:
    """Whether a body is TAXII 2.1; without a version it is taken for the one there is (section 1.6.8)."""
    essence, parameters = _media_type((content_type or "").lower())
    return essence == ESSENCE and parameters.get("version", "2.1") == "2.1"


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    essence, *parameters = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in parameters)
    return essence, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _outcomes(fields: Fields, name: str, count: str) -> tuple[Outcome, ...]:
    """The details, where there are any; their number must be the one stated."""
    stated = fields.number(count)
    if not fields.has(name):
        return ()
    found = tuple(Outcome.read(each) for each in fields.objects(name, most=MAX_OBJECTS))
    if len(found) != stated:
        raise Malformed(fields.at(count), f"is {stated}, but {len(found)} are listed.")
    return found


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _encode(members: Mapping[str, Any]) -> bytes:
    return canonical(_present(members))
