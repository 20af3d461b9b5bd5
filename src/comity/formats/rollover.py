"""Key rollover: the body of an act of the kind `declare-key`, by which a node announces a new key.

The act is signed by a key the partner already knows; the body proves that the node also holds the new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.fields import Fields
from comity.base.verdict import Ground, Verdict
from comity.formats.canonical import canonical
from comity.formats.jws import KID, BadSignature, Signature, UnknownKey, sign, verify
from comity.formats.keys import NodeKey

KIND = "declare-key"
SOURCE = "docs/wire/descriptor.md"


@dataclass(frozen=True, slots=True)
class KeyDeclaration:
    """A new key, which older key it replaces from its `since` on, and the proof that the author holds it."""

    key: NodeKey
    replaces: str | None
    proof: Signature

    @classmethod
    def decode(cls, body: object) -> KeyDeclaration:
        """The declaration in the body of an act, which may say more beside it."""
        fields = Fields(body, "/body")
        key_fields = fields.object("key")
        found = cls(
            NodeKey.decode(key_fields),
            fields.optional_text("replaces", form=KID),
            Signature.decode(fields.object("proof")),
        )
        key_fields.nothing_else()
        return found

    def as_json(self) -> dict[str, Any]:
        """The body of the act."""
        replaces = {} if self.replaces is None else {"replaces": self.replaces}
        return {"key": self.key.as_json(), **replaces, "proof": self.proof.as_json()}


def declare_key(
    author: str, key: NodeKey, private: Ed25519PrivateKey, *, replaces: str | None
) -> KeyDeclaration:
    """The declaration of a new key of one's own."""
    return KeyDeclaration(key, replaces, sign(_proven(author, key), private, key.kid))


def check_declaration(author: str, declaration: KeyDeclaration) -> Verdict:
    """Whether the author, a party, holds the new key: the proof is for this author and this key alone."""
    key = declaration.key
    try:
        verify(_proven(author, key), declaration.proof, {key.kid: key.public})
    except (BadSignature, UnknownKey):
        text = "The proof of possession is not by the new key, or is for another author or other terms."
        return Verdict.no(Ground("key.bad-proof", SOURCE, text))
    if declaration.replaces == key.kid:
        return Verdict.no(Ground("key.replaces-itself", SOURCE, "The new key is the one it replaces."))
    return Verdict.yes(Ground("key.proven", SOURCE, "The author holds the new key."))


def _proven(author: str, key: NodeKey) -> bytes:
    """What the proof signs: an act could not be mistaken for it, nor it for an act."""
    return canonical({"comity": "proof-of-possession", "author": author, "key": key.as_json()})
