"""Signatures: flattened JSON Web Signatures with detached content (RFC 7515, appendix F).

One algorithm, `Ed25519` (RFC 8037, RFC 9864); the key is found by its thumbprint (RFC 7638) among those
already known, and never taken from the signature itself.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from comity.base.errors import ComityError, Malformed
from comity.base.fields import Fields
from comity.formats.canonical import canonical
from comity.formats.strict_json import Limits, decode

ALGORITHM = "Ed25519"
MAX_HEADER = 1_024
KID = re.compile(r"[A-Za-z0-9_-]{43}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_HEADER_LIMITS = Limits(size=MAX_HEADER, depth=4, values=64, string=MAX_HEADER)
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64


class SignatureError(ComityError):
    """A signature that proves nothing."""

    code = "signature"


class BadSignature(SignatureError):
    """The bytes were not signed by this key, or were changed since."""

    code = "signature.wrong"


class UnknownKey(SignatureError):
    """None of the given keys has the thumbprint that the signature names."""

    code = "signature.unknown-key"

    def __init__(self, kid: str) -> None:
        super().__init__(f"The signature names the key {kid}, which is not among the signer's keys.")
        self.kid = kid


@dataclass(frozen=True, slots=True)
class Signature:
    """What travels beside the signed value: the protected header and the signature, both base64url."""

    protected: str
    signature: str
    kid: str

    @classmethod
    def decode(cls, fields: Fields) -> Signature:
        """The signature in its one permitted form; header members we do not know are signed, and ignored."""
        protected = fields.text("protected", limit=MAX_HEADER)
        signature = fields.text("signature", limit=MAX_HEADER)
        fields.nothing_else()
        header_at, signature_at = fields.at("protected"), fields.at("signature")
        if len(decode_base64url(signature, signature_at)) != _SIGNATURE_BYTES:
            raise Malformed(signature_at, f"is not {_SIGNATURE_BYTES} bytes long.")
        return cls(protected, signature, _kid(decode_base64url(protected, header_at), header_at))

    def as_json(self) -> dict[str, str]:
        """As it stands on the wire."""
        return {"protected": self.protected, "signature": self.signature}


def sign(payload: bytes, key: Ed25519PrivateKey, kid: str) -> Signature:
    """The signature over the payload, which stays outside it."""
    protected = encode_base64url(canonical({"alg": ALGORITHM, "kid": kid}))
    return Signature(protected, encode_base64url(key.sign(_signing_input(protected, payload))), kid)


def verify(payload: bytes, signature: Signature, keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Raise `UnknownKey` or `BadSignature` unless one of the keys, by thumbprint, signed this payload."""
    if signature.kid not in keys:
        raise UnknownKey(signature.kid)
    try:
        keys[signature.kid].verify(
            decode_base64url(signature.signature, "/signature"), _signing_input(signature.protected, payload)
        )
    except InvalidSignature as error:
        raise BadSignature(
            "The signature does not fit: the signed bytes were changed, or another key signed them."
        ) from error


def encode_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 8037, section 2)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(key.public_bytes_raw())}


def decode_jwk(fields: Fields) -> Ed25519PublicKey:
    """The Ed25519 public key in a JSON Web Key; a key of another kind, or a private one, is refused."""
    fields.exactly("kty", "OKP")
    fields.exactly("crv", "Ed25519")
    fields.absent("d", "is a private key: it must never be published. Make a new key now.")
    raw = decode_base64url(fields.text("x", limit=64), fields.at("x"))
    if len(raw) != _KEY_BYTES:
        raise Malformed(fields.at("x"), f"is not {_KEY_BYTES} bytes long.")
    return Ed25519PublicKey.from_public_bytes(raw)


def thumbprint_bytes(key: Ed25519PublicKey) -> bytes:
    """The SHA-256 of the key's required members in canonical form (RFC 7638)."""
    return sha256(canonical(encode_jwk(key))).digest()


def thumbprint(key: Ed25519PublicKey) -> str:
    """The key's id on the wire: its thumbprint in base64url."""
    return encode_base64url(thumbprint_bytes(key))


def encode_base64url(content: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def decode_base64url(text: str, where: str) -> bytes:
    """The bytes of a text in their one spelling: a second spelling would be a second valid signature."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise Malformed(where, "is not base64url without padding.")
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(content) != text:
        raise Malformed(where, "is not in the one canonical base64url spelling of its bytes.")
    return content


def _kid(header: bytes, where: str) -> str:
    try:
        fields = Fields(decode(header, limits=_HEADER_LIMITS))
        fields.exactly("alg", ALGORITHM)
        fields.absent("crit", "asks for an extension that is not understood here.")
        return fields.text("kid", form=KID)
    except Malformed as error:
        raise Malformed(where, f"in the header, {error.message}") from error


def _signing_input(protected: str, payload: bytes) -> bytes:
    return protected.encode("ascii") + b"." + encode_base64url(payload).encode("ascii")
