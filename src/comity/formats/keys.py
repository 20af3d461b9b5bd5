"""A node's published keys: what each is for, and from when until when it may sign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.formats.jws import KID, decode_jwk, encode_jwk, thumbprint


class Use(Enum):
    """What a key signs; a key has one use."""

    SIGN = "sign"  # acts, receipts and the descriptor
    LOG = "log"  # checkpoints of the node's own log
    WITNESS = "witness"  # cosignatures on the checkpoints of partners


@dataclass(frozen=True, slots=True)
class NodeKey:
    """A public key with its use and the time in which it may sign: from `since`, and before `until`."""

    kid: str
    use: Use
    raw: bytes
    since: datetime
    until: datetime | None = None

    @classmethod
    def of(
        cls, public: Ed25519PublicKey, use: Use, since: datetime, until: datetime | None = None
    ) -> NodeKey:
        """The entry for a key of one's own."""
        return cls(thumbprint(public), use, public.public_bytes_raw(), since, until)

    @classmethod
    def decode(cls, fields: Fields) -> NodeKey:
        """The key in a JSON Web Key with our members; its id must be its thumbprint."""
        kid = fields.text("kid", form=KID)
        public = decode_jwk(fields)
        if thumbprint(public) != kid:
            raise Malformed(fields.at("kid"), "is not the thumbprint (RFC 7638) of this key.")
        since, until = fields.moment("since"), fields.optional_moment("until")
        if until is not None and until <= since:
            raise Malformed(fields.at("until"), "is not after since.")
        return cls(kid, _use(fields), public.public_bytes_raw(), since, until)

    @property
    def public(self) -> Ed25519PublicKey:
        """The key itself."""
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def valid_at(self, moment: datetime) -> bool:
        """Whether a signature of that time counts."""
        return self.since <= moment and (self.until is None or moment < self.until)

    def as_json(self) -> dict[str, Any]:
        """As it stands on the wire."""
        until = {} if self.until is None else {"until": encode_time(self.until)}
        own = {"kid": self.kid, "use": self.use.value, "since": encode_time(self.since)}
        return encode_jwk(self.public) | own | until


def by_kid(keys: Iterable[NodeKey], use: Use) -> Mapping[str, NodeKey]:
    """The keys of one use, by their thumbprints."""
    return {key.kid: key for key in keys if key.use is use}


def _use(fields: Fields) -> Use:
    text = fields.text("use")
    try:
        return Use(text)
    except ValueError as error:
        raise Malformed(fields.at("use"), f"{text!r} is not one of sign, log, witness.") from error
