"""Node descriptors: who a node is, where it answers and which keys it has, at /.well-known/comity.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.base.verdict import Ground, Verdict
from comity.formats.act_checks import SKEW
from comity.formats.common import UnknownWire
from comity.formats.keys import NodeKey, Use, by_kid
from comity.formats.signed import OnTheWire, Sealed, check_signature, open_sealed, seal
from comity.formats.stix import IDENTITY_ID
from comity.formats.strict_json import Limits
from comity.formats.words import fingerprint

PATH = "/.well-known/comity.json"
VERSION = 1
MAX_KEYS = 100
MAX_URL = 500
LIMITS = Limits(size=128 * 2**10, depth=16, values=5_000, string=2_000)
SOURCE = "docs/wire/descriptor.md"
_STATE = re.compile(r"(?:[A-Z]{2})?")  # empty for a regional organisation or an observer of no state
_SLUG = re.compile(r"[a-z]+(?:-[a-z]+)*")
_NAME = re.compile(r"[^\s+\x00-\x20]+")  # what C2SP signed notes allow as a key name
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/\-]*)?")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a node says of itself."""

    id: str
    name: str
    state: str
    kind: str
    address: str
    discovery: str
    api_root: str
    log_origin: str
    log_url: str
    witness: str
    keys: tuple[NodeKey, ...]
    issued: datetime
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The descriptor without its signature, as it is signed."""
        return {
            **self.more,
            "comity": VERSION,
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "kind": self.kind,
            "address": self.address,
            "taxii": {"discovery": self.discovery, "api_root": self.api_root},
            "log": {"origin": self.log_origin, "url": self.log_url},
            "witness": {"name": self.witness},
            "keys": [key.as_json() for key in self.keys],
            "issued": encode_time(self.issued),
        }

    def key_for(self, use: Use, moment: datetime) -> NodeKey | None:
        """The newest key of a use that is valid at that time."""
        usable = (key for key in self.keys if key.use is use and key.valid_at(moment))
        return max(usable, key=lambda key: key.since, default=None)


@dataclass(frozen=True, slots=True)
class SignedDescriptor(OnTheWire):
    """A descriptor as it was signed."""

    descriptor: Descriptor
    sealed: Sealed

    @property
    def words(self) -> tuple[str, ...] | None:
        """The fingerprint of the key that signed, in words; None if the descriptor does not hold that key."""
        signer = by_kid(self.descriptor.keys, Use.SIGN).get(self.sealed.signature.kid)
        return None if signer is None else fingerprint(signer.public)


def sign_descriptor(descriptor: Descriptor, key: Ed25519PrivateKey, kid: str) -> SignedDescriptor:
    """The descriptor signed by one of its own keys."""
    return decode_descriptor(seal(descriptor.as_json(), key, kid).raw)


def decode_descriptor(source: object) -> SignedDescriptor:
    """The descriptor in bytes or in a decoded JSON value; its signature is not verified here."""
    fields, sealed = open_sealed(source, LIMITS)
    if fields.number("comity") != VERSION:
        raise UnknownWire(
            fields.at("comity"), f"is not {VERSION}, the only version of this format known here."
        )
    taxii, log, witness = fields.object("taxii"), fields.object("log"), fields.object("witness")
    descriptor = Descriptor(
        id=fields.text("id", form=IDENTITY_ID),
        name=fields.line("name", limit=200),
        state=fields.text("state", form=_STATE),
        kind=fields.text("kind", limit=60, form=_SLUG),
        address=_url(fields, "address"),
        discovery=_url(taxii, "discovery"),
        api_root=_url(taxii, "api_root"),
        log_origin=log.text("origin", limit=200, form=_NAME),
        log_url=_url(log, "url"),
        witness=witness.text("name", limit=200, form=_NAME),
        keys=_keys(fields),
        issued=fields.moment("issued"),
        more=fields.rest(),
    )
    for part in (taxii, log, witness):
        part.nothing_else()
    _one_origin(descriptor)
    return SignedDescriptor(descriptor, sealed)


def verify_descriptor(signed: SignedDescriptor, *, now: datetime) -> Verdict:
    """Whether a descriptor seen for the first time is signed by a key it holds; whose key, people compare."""
    late = _late(signed, now)
    return (
        late
        if late is not None
        else check_signature(
            signed.sealed,
            signed.descriptor.keys,
            at=signed.descriptor.issued,
            rules="descriptor",
            source=SOURCE,
        )
    )


def verify_update(
    signed: SignedDescriptor, kept: Descriptor, known: Iterable[NodeKey], *, now: datetime
) -> Verdict:
    """Whether a later descriptor of an accepted partner counts: same node, newer, signed by a known key."""
    new = signed.descriptor
    if new.id != kept.id:
        return _no("descriptor.other-node", f"It is of {new.id}, not of {kept.id}.")
    if new.issued < kept.issued:
        return _no("descriptor.older", f"It is older than the one of {kept.issued:%Y-%m-%d %H:%M} UTC.")
    late = _late(signed, now)
    return (
        late
        if late is not None
        else check_signature(signed.sealed, known, at=new.issued, rules="descriptor", source=SOURCE)
    )


def _late(signed: SignedDescriptor, now: datetime) -> Verdict | None:
    if signed.descriptor.issued <= now + SKEW:
        return None
    return _no(
        "descriptor.from-the-future", "It was issued later than now; compare the clocks of both nodes."
    )


def _keys(fields: Fields) -> tuple[NodeKey, ...]:
    keys = tuple(NodeKey.decode(entry) for entry in fields.objects("keys", least=1, most=MAX_KEYS))
    if len({key.kid for key in keys}) < len(keys):
        raise Malformed(fields.at("keys"), "names one key twice: a key has one use.")
    return keys


def _one_origin(descriptor: Descriptor) -> None:
    """A node speaks for its own host alone: its partners must not be sent to ask elsewhere in its name."""
    origin = descriptor.address.split("/")[:3]
    places = (("/taxii/discovery", descriptor.discovery), ("/taxii/api_root", descriptor.api_root))
    for where, url in (*places, ("/log/url", descriptor.log_url)):
        if url.split("/")[:3] != origin:
            raise Malformed(where, f"{url} is not on the same scheme, host and port as the address.")


def _url(fields: Fields, name: str) -> str:
    return fields.text(name, limit=MAX_URL, form=_URL)


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, SOURCE, text))
