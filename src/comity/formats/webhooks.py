"""Calls to a webhook: what stands in them, and how a receiver finds out that a node made one.

A call is a POST signed by HTTP Message Signatures (RFC 9421) with the node's key; the digest of the body
(RFC 9530) is covered. The tag is one of its own, so that no node takes a call for a partner's request.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.base.verdict import Ground, Verdict
from comity.formats.canonical import canonical
from comity.formats.keys import NodeKey, Use, by_kid
from comity.formats.strict_json import Limits, decode

VERSION = 1
TAG = "comity-webhook"
SKEW = timedelta(minutes=5)
LIMITS = Limits(size=64 * 2**20)  # a page of content has at most 32 MiB and the object that passes it
MAX_HEADERS = 100
_SOURCE = "docs/wire/webhook.md"
_CALL = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHALLENGE = re.compile("[A-Za-z0-9_-]{43}")
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_COVERED = ("@method", "@target-uri", "content-digest")
_INPUT = re.compile(
    r'comity=(\("@method" "@target-uri" "content-digest"\);created=([0-9]{1,10});keyid="([A-Za-z0-9_-]{43})"'
    r';alg="ed25519";tag="comity-webhook")'
)
_SIGNATURE = re.compile(r"comity=:([A-Za-z0-9+/]{86}==):")
_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([!-~]{1,2000}) HTTP/1\.[01]")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}):[ \t]*(.*?)[ \t]*")


class CallKind(Enum):
    """What a call is for."""

    CHALLENGE = "challenge"  # does this address want to be called?
    NEWS = "news"  # something new can be read
    CONTENT = "content"  # and here it is


@dataclass(frozen=True, slots=True)
class Call:
    """What a node tells a webhook; instants of the collection's order are exact to the microsecond."""

    kind: CallKind
    id: str  # the same whenever the same call is made again
    at: datetime
    holder: str  # whose content it is
    party: str  # for whom release has judged
    collection: str  # its address
    challenge: str = ""
    added_after: str = ""  # to read just this, ask the collection for what was added after it
    last: str = ""  # and go on after this
    count: int = 0
    more: bool = False

    @classmethod
    def decode(cls, body: bytes) -> Call:
        """The call in the body of a request; raises `Malformed`."""
        fields = Fields(decode(body, limits=LIMITS))
        fields.exactly("v", VERSION)
        kind = fields.choice("kind", CallKind)
        asks = kind is CallKind.CHALLENGE
        return cls(
            kind=kind,
            id=fields.text("id", form=_CALL),
            at=fields.moment("at"),
            holder=fields.text("holder"),
            party=fields.text("party"),
            collection=fields.text("collection"),
            challenge=fields.text("challenge", form=_CHALLENGE) if asks else "",
            added_after="" if asks else fields.text("added_after", form=_EXACT),
            last="" if asks else fields.text("last", form=_EXACT),
            count=0 if asks else fields.number("count", least=1),
            more=not asks and fields.truth("more"),
        )

    def encode(self, envelope: bytes | None = None) -> bytes:
        """The body; an envelope stands at its end in the bytes that it has."""
        told = canonical(self.as_json())
        return told if envelope is None else b'%b,"envelope":%b}' % (told[:-1], envelope)

    def as_json(self) -> dict[str, Any]:
        """As a JSON value, without an envelope."""
        common = {
            "v": VERSION,
            "kind": self.kind.value,
            "id": self.id,
            "at": encode_time(self.at),
            "holder": self.holder,
            "party": self.party,
            "collection": self.collection,
        }
        if self.kind is CallKind.CHALLENGE:
            return common | {"challenge": self.challenge}
        place = {"added_after": self.added_after, "last": self.last}
        return common | place | {"count": self.count, "more": self.more}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its receiver has it; `address` is the one that was subscribed, headers in lower case."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def decode(cls, message: bytes, address: str = "") -> Request:
        """A request in the form of HTTP/1.1; without an address, that of its `Host` by https."""
        head, _, body = message.partition(b"\r\n\r\n" if b"\r\n" in message[:4_096] else b"\n\n")
        lines = _ascii(head).splitlines()
        line = _REQUEST_LINE.fullmatch(lines[0]) if lines else None
        if line is None:
            raise Malformed("the request line", "expected METHOD PATH HTTP/1.1")
        headers = _headers(lines[1:])
        target = address or f"https://{headers.get('host', '')}{line[2]}"
        return cls(line[1], target, headers, body)


def digest_of(body: bytes) -> str:
    """The value of `Content-Digest`."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def verify_call(request: Request, keys: Iterable[NodeKey], *, received: datetime | None = None) -> Verdict:
    """Whether a node with these keys made this call; with a time of arrival, also whether it is fresh."""
    told = _INPUT.fullmatch(request.headers.get("signature-input", ""))
    signature = _SIGNATURE.fullmatch(request.headers.get("signature", ""))
    if told is None or signature is None:
        return _no("unsigned", "It bears no signature of the form that calls to webhooks have.")
    if request.headers.get("content-digest") != digest_of(request.body):
        return _no("digest", "Content-Digest is not the digest of this body.")
    created = datetime.fromtimestamp(int(told[2]), UTC)
    key = by_kid(keys, Use.SIGN).get(told[3])
    if key is None or not key.valid_at(created):
        return _unknown(f"The descriptor names no key {told[3]} that could sign at that time.")
    if not _signed(request, told[1], key, signature[1]):
        return _no("signature", "The signature does not hold for this method, address and body.")
    if received is not None and abs(received - created) > SKEW:
        return _no("late", f"It was signed at {encode_time(created)}, more than five minutes away.")
    return Verdict.yes(Ground("webhook.signed", _SOURCE, f"Signed by the key {key.kid}."))


def _signed(request: Request, parameters: str, key: NodeKey, signature: str) -> bool:
    """RFC 9421, section 2.5: each component on its line, the parameters last."""
    values = (request.method, request.address, request.headers["content-digest"])
    lines = [f'"{name}": {value}' for name, value in zip(_COVERED, values, strict=True)]
    base = "\n".join((*lines, f'"@signature-params": {parameters}'))
    try:
        key.public.verify(b64decode(signature, validate=True), base.encode())
    except (InvalidSignature, NotBase64):
        return False
    return True


def _headers(lines: Iterable[str]) -> dict[str, str]:
    """What stands under one name several times is one list (RFC 9110, section 5.3)."""
    found: dict[str, list[str]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None or len(found) >= MAX_HEADERS:
            text = f"{line[:100]!r} is no header, or there are more than {MAX_HEADERS}."
            raise Malformed("the headers", text)
        found.setdefault(header[1].lower(), []).append(header[2])
    return {name: ", ".join(values) for name, values in found.items()}


def _ascii(head: bytes) -> str:
    try:
        return head.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("the headers", f"byte {error.start} is not ASCII") from error


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"webhook.{rule}", _SOURCE, text))


def _unknown(text: str) -> Verdict:
    return Verdict.unknown(Ground("webhook.unknown-key", _SOURCE, text))
