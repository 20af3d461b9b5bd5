"""Who is asking: requests between nodes are signed by HTTP Message Signatures (RFC 9421) with Ed25519.

The method, the whole target address and the digest of the body are covered, so a signature fits one request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import DatabaseError
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)

from comity.base.errors import ComityError

SKEW = timedelta(minutes=5)
BETWEEN_NODES = "comity"  # what is signed for another use is worth nothing at the doors
_COVERED = ("@method", "@target-uri", "content-digest")


class Unsigned(ComityError):
    """A request between nodes that is not signed, or not by a key we know."""

    code = "wire.unsigned"


@dataclass(frozen=True, slots=True)
class Message:
    """A request, as the signature sees it: `url` is absolute, header names are as sent."""

    method: str
    url: str
    headers: MutableMapping[str, str]


@dataclass(frozen=True)
class _Keys(HTTPSignatureKeyResolver):
    private: Ed25519PrivateKey | None = None
    find: Callable[[str], Ed25519PublicKey | None] | None = None

    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ANN401  the library's signature
        return self.private

    def resolve_public_key(self, key_id: str) -> Any:  # noqa: ANN401  the library's signature
        return self.find(key_id) if self.find else None


def sign_request(
    message: Message,
    *,
    body: bytes,
    key: Ed25519PrivateKey,
    kid: str,
    now: datetime,
    tag: str = BETWEEN_NODES,
) -> Mapping[str, str]:
    """The headers of the request with its digest and signature added."""
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(private=key))
    signer.sign(
        message,
        key_id=kid,
        created=now,
        tag=tag,
        label="comity",
        covered_component_ids=_COVERED[:2],
        body=body,
    )
    return message.headers


def signer_of(
    message: Message, *, read: Callable[[], bytes], find: Callable[[str], Ed25519PublicKey | None]
) -> tuple[str, bytes]:
    """The key id that signed this request, and its body; raises `Unsigned` and says what is wrong.

    The body is read once the signature holds: a stranger who sends one slowly must not hold a thread.
    """
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(find=find))
    verifier.max_clock_skew = SKEW
    try:
        results = verifier.verify(
            message,
            max_age=timedelta(0),  # the library adds the skew: five minutes either way, not ten
            expect_tag=BETWEEN_NODES,
            require_components=_COVERED,
        )
        (signed,) = verifier.verify_body(message, results[:1], body := read())
    except InvalidSignature as error:
        if isinstance(error.__cause__, DatabaseError):  # the library takes whatever `find` raises for its own
            raise error.__cause__ from None
        raise Unsigned(f"The request's signature does not hold: {error}.") from error
    return str(signed.parameters["keyid"]), body
