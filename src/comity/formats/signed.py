"""Signed JSON objects: the member `signature` signs the canonical form of all the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.fields import Fields
from comity.base.verdict import Ground, Verdict
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.jws import BadSignature, Signature, UnknownKey, sign, verify
from comity.formats.keys import NodeKey, Use, by_kid
from comity.formats.strict_json import Limits, decode


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed object: the bytes that were signed, its signature, and the whole in canonical form."""

    payload: bytes
    signature: Signature
    raw: bytes

    @property
    def sha256(self) -> str:
        """The digest of the whole, its signature included."""
        return sha256_hex(self.raw)

    @property
    def value(self) -> dict[str, Any]:
        """The whole as a JSON value, to put into an envelope."""
        return cast("dict[str, Any]", decode(self.raw, limits=Limits(size=len(self.raw))))


class OnTheWire:
    """What a decoded signed object has beside its meaning: the bytes that carry it.

    That it was decoded says nothing of whether its signature fits.
    """

    __slots__ = ()
    sealed: Sealed

    @property
    def raw(self) -> bytes:
        """The whole in canonical form."""
        return self.sealed.raw

    @property
    def sha256(self) -> str:
        """The digest of those bytes: what receipts and log entries name."""
        return self.sealed.sha256

    @property
    def value(self) -> dict[str, Any]:
        """The whole as a JSON value, to put into an envelope."""
        return self.sealed.value


def seal(value: Mapping[str, Any], key: Ed25519PrivateKey, kid: str) -> Sealed:
    """The object with its signature."""
    payload = canonical(dict(value))
    signature = sign(payload, key, kid)
    return Sealed(payload, signature, canonical({**value, "signature": signature.as_json()}))


def open_sealed(source: object, limits: Limits) -> tuple[Fields, Sealed]:
    """The members of a signed object, given as bytes or as a decoded value; nothing is verified yet."""
    value = decode(source, limits=limits) if isinstance(source, bytes) else source
    fields = Fields(value)
    whole = canonical(value)
    if not isinstance(source, bytes):
        decode(whole, limits=limits)  # it came in an envelope, whose bounds are wider
    signature = Signature.decode(fields.object("signature"))
    rest = {name: part for name, part in cast("dict[str, Any]", value).items() if name != "signature"}
    return fields, Sealed(canonical(rest), signature, whole)


def check_signature(
    sealed: Sealed, keys: Iterable[NodeKey], *, at: datetime, rules: str, source: str
) -> Verdict:
    """Whether one of the signer's `sign` keys, valid at the time the object names, signed it.

    `rules` is the prefix of the stable codes: act, receipt, descriptor.
    """
    known = by_kid(keys, Use.SIGN)
    kid = sealed.signature.kid
    try:
        verify(sealed.payload, sealed.signature, {name: key.public for name, key in known.items()})
    except UnknownKey as error:
        return Verdict.unknown(Ground(f"{rules}.unknown-key", source, error.message))
    except BadSignature as error:
        return Verdict.no(Ground(f"{rules}.bad-signature", source, error.message))
    if not known[kid].valid_at(at):
        text = f"The key {kid} was not valid at {at:%Y-%m-%d %H:%M} UTC, the time that the object names."
        return Verdict.no(Ground(f"{rules}.key-not-valid-then", source, text))
    return Verdict.yes(Ground(f"{rules}.signed", source, f"Signed by the key {kid}, valid at that time."))
