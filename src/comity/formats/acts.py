"""The act on the wire: a STIX 2.1 object of our own type, signed by its author's node (docs/wire/act.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.formats.canonical import canonical
from comity.formats.common import Common, decode_common, decode_more, encode_common
from comity.formats.signed import OnTheWire, Sealed, open_sealed, seal
from comity.formats.stix import ID, MAX_OBJECT, UUID_FORM, StixObject, version_key
from comity.formats.strict_json import Limits

TYPE = "comity-act"
EXTENSION = "extension-definition--80ab4182-6fca-427f-be3d-73f41983b6ff"
ACT_ID = re.compile(rf"comity-act--{UUID_FORM}")
KIND = re.compile(r"[a-z]+(?:-[a-z]+)*")
SHA256 = re.compile(r"[0-9a-f]{64}")

MAX_KIND = 40
MAX_PURPOSE = 40
MAX_RECIPIENTS = 200
MAX_BASIS = 50
MAX_CONTENTS = 10_000
MAX_BODY = 2**20  # bytes in canonical form
LIMITS = Limits(size=MAX_OBJECT, depth=64, values=200_000, string=2**20)


@dataclass(frozen=True, slots=True)
class Content:
    """One object that an act carries: which version, and the digest of its canonical form."""

    ref: str
    modified: str | None
    sha256: str

    @classmethod
    def of(cls, carried: StixObject) -> Content:
        """The entry for an object."""
        return cls(carried.id, carried.modified, carried.sha256)

    @classmethod
    def decode(cls, fields: Fields) -> Content:
        """The entry as it stands in an act."""
        entry = cls(
            fields.text("ref", form=ID), fields.optional_text("modified"), fields.text("sha256", form=SHA256)
        )
        if entry.modified is not None:
            fields.time("modified")
        fields.nothing_else()
        return entry

    @property
    def version(self) -> tuple[str, str]:
        """Which version of which object it is, however the time is spelt."""
        return self.ref, version_key(self.modified)

    def as_json(self) -> dict[str, str]:
        """As it stands in an act."""
        modified = {} if self.modified is None else {"modified": self.modified}
        return {"ref": self.ref, **modified, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Common):
    """What an act says."""

    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    contents: tuple[Content, ...] = ()
    in_reply_to: str | None = None
    purpose: str | None = None
    basis: tuple[str, ...] = ()
    expires: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The act without its signature, as it is signed."""
        optional = {
            "in_reply_to": self.in_reply_to,
            "purpose": self.purpose,
            "basis": list(self.basis) or None,
            "expires": None if self.expires is None else encode_time(self.expires),
        }
        own = {
            "kind": self.kind,
            "body": dict(self.body),
            "contents": [content.as_json() for content in self.contents],
        }
        present = {name: value for name, value in optional.items() if value is not None}
        return encode_common(self, TYPE, EXTENSION) | present | own


@dataclass(frozen=True, slots=True)
class SignedAct(OnTheWire):
    """An act as it was signed."""

    act: Act
    sealed: Sealed


def sign_act(act: Act, key: Ed25519PrivateKey, kid: str) -> SignedAct:
    """The act signed by its author's node; raises `Malformed` where no other node would accept it."""
    return decode_act(seal(act.as_json(), key, kid).raw)


def decode_act(source: object) -> SignedAct:
    """The act in bytes or in a decoded JSON value; its signature is not verified here."""
    fields, sealed = open_sealed(source, LIMITS)
    act = Act(
        **decode_common(fields, TYPE, ACT_ID, most_recipients=MAX_RECIPIENTS),
        kind=fields.text("kind", limit=MAX_KIND, form=KIND),
        body=_body(fields),
        contents=_contents(fields),
        in_reply_to=fields.optional_text("in_reply_to", form=ACT_ID),
        purpose=fields.optional_text("purpose", limit=MAX_PURPOSE),
        basis=fields.distinct_texts("basis", least=1, most=MAX_BASIS) if fields.has("basis") else (),
        expires=fields.optional_moment("expires"),
        more=decode_more(fields, EXTENSION),
    )
    _consistent(act)
    return SignedAct(act, sealed)


def _body(fields: Fields) -> dict[str, Any]:
    body = fields.object("body").everything()
    size = len(canonical(body))
    if size > MAX_BODY:
        raise TooLarge(fields.at("body"), f"{size:,} bytes; at most {MAX_BODY:,} are read.")
    return body


def _contents(fields: Fields) -> tuple[Content, ...]:
    contents = tuple(Content.decode(entry) for entry in fields.objects("contents", most=MAX_CONTENTS))
    if len({content.version for content in contents}) < len(contents):
        raise Malformed(fields.at("contents"), "names one version of an object twice.")
    return contents


def _consistent(act: Act) -> None:
    if act.author in act.recipients:
        raise Malformed("/recipients", "names the author.")
    if act.in_reply_to == act.id:
        raise Malformed("/in_reply_to", "names the act itself.")
    if act.expires is not None and act.expires <= act.created:
        raise Malformed("/expires", "is not after created.")
