"""The receipt on the wire: a node signs that an act arrived and stands in its log (docs/wire/receipt.md)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.times import encode_time
from comity.base.verdict import Ground, Verdict
from comity.formats.acts import ACT_ID, SHA256, SignedAct
from comity.formats.common import Common, decode_common, decode_more, encode_common
from comity.formats.entries import Event, LogEntry
from comity.formats.keys import NodeKey
from comity.formats.signed import OnTheWire, Sealed, check_signature, open_sealed, seal
from comity.formats.stix import UUID_FORM
from comity.formats.strict_json import Limits

TYPE = "comity-receipt"
EXTENSION = "extension-definition--2fb2aad9-2509-4297-8e25-20360fff9949"
RECEIPT_ID = re.compile(rf"comity-receipt--{UUID_FORM}")
SOURCE = "docs/wire/receipt.md"
SALT_BYTES = 32
HASH_BYTES = 32
MAX_PROOF = 64  # a tree of 2^64 leaves is as high
MAX_CHECKPOINT = 16 * 2**10
LIMITS = Limits(size=256 * 2**10, depth=32, values=5_000, string=MAX_CHECKPOINT)


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where the receiver's log holds the entry, and what proves it: RFC 6962 path and signed checkpoint."""

    origin: str
    index: int
    salt: bytes
    entry: LogEntry
    proof: tuple[bytes, ...]
    checkpoint: str

    @classmethod
    def decode(cls, fields: Fields) -> LogProof:
        """The proof in its one form."""
        path = fields.texts("proof", most=MAX_PROOF)
        found = cls(
            origin=fields.text("origin", limit=200),
            index=fields.number("index"),
            salt=_base64(fields.text("salt"), fields.at("salt"), SALT_BYTES),
            entry=LogEntry.decode(fields.object("entry").everything(), fields.at("entry")),
            proof=tuple(
                _base64(part, f"{fields.at('proof')}/{i}", HASH_BYTES) for i, part in enumerate(path)
            ),
            checkpoint=fields.text("checkpoint", limit=MAX_CHECKPOINT),
        )
        fields.nothing_else()
        return found

    def as_json(self) -> dict[str, Any]:
        """As it stands in a receipt."""
        return {
            "origin": self.origin,
            "index": self.index,
            "salt": b64encode(self.salt).decode("ascii"),
            "entry": self.entry.as_json(),
            "proof": [b64encode(part).decode("ascii") for part in self.proof],
            "checkpoint": self.checkpoint,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Common):
    """What a receipt says; its author is the receiver of the act, its recipient the act's author."""

    act: str
    act_sha256: str
    received: datetime
    log: LogProof

    def as_json(self) -> dict[str, Any]:
        """The receipt without its signature, as it is signed."""
        return encode_common(self, TYPE, EXTENSION) | {
            "act": self.act,
            "act_sha256": self.act_sha256,
            "received": encode_time(self.received),
            "log": self.log.as_json(),
        }


@dataclass(frozen=True, slots=True)
class SignedReceipt(OnTheWire):
    """A receipt as it was signed."""

    receipt: Receipt
    sealed: Sealed


def sign_receipt(receipt: Receipt, key: Ed25519PrivateKey, kid: str) -> SignedReceipt:
    """The receipt signed by the node that received the act."""
    return decode_receipt(seal(receipt.as_json(), key, kid).raw)


def decode_receipt(source: object) -> SignedReceipt:
    """The receipt in bytes or in a decoded JSON value; its signature is not verified here."""
    fields, sealed = open_sealed(source, LIMITS)
    receipt = Receipt(
        **decode_common(fields, TYPE, RECEIPT_ID, most_recipients=1),
        act=fields.text("act", form=ACT_ID),
        act_sha256=fields.text("act_sha256", form=SHA256),
        received=fields.moment("received"),
        log=LogProof.decode(fields.object("log")),
        more=decode_more(fields, EXTENSION),
    )
    return SignedReceipt(receipt, sealed)


def verify_receipt(signed: SignedReceipt, act: SignedAct, keys: Iterable[NodeKey]) -> Verdict:
    """Whether this is a recipient's receipt for this act; the first check that does not say yes decides.

    That the receiver's log holds the entry is for the ledger to verify, with `LogProof`.
    """
    grounds: list[Ground] = []
    for verdict in _verdicts(signed, act, keys):
        if not verdict.allowed:
            return verdict
        grounds += verdict.grounds
    return Verdict.yes(*grounds)


def _verdicts(signed: SignedReceipt, act: SignedAct, keys: Iterable[NodeKey]) -> Iterator[Verdict]:
    yield _check_parties(signed.receipt, act)
    yield check_signature(signed.sealed, keys, at=signed.receipt.created, rules="receipt", source=SOURCE)
    yield _check_act(signed.receipt, act)
    yield _check_entry(signed.receipt)


def _check_parties(receipt: Receipt, act: SignedAct) -> Verdict:
    if receipt.author not in act.act.recipients or receipt.recipients != (act.act.author,):
        text = f"It is from {receipt.author} to {receipt.recipients[0]}, between whom the act did not pass."
        return _no("receipt.wrong-sender", text)
    return _yes("receipt.parties", "It goes from a recipient of the act to the act's author.")


def _check_act(receipt: Receipt, act: SignedAct) -> Verdict:
    if receipt.act != act.act.id or receipt.act_sha256 != act.sha256:
        return _no("receipt.other-act", "It names another act, or other bytes, than those that were sent.")
    return _yes("receipt.act", "It names the act and the bytes that were sent.")


def _check_entry(receipt: Receipt) -> Verdict:
    entry = receipt.log.entry
    told = (entry.event, entry.subject, entry.digest, entry.at)
    if told != (Event.ACT_RECEIVED, receipt.act, receipt.act_sha256, receipt.received):
        return _no("receipt.wrong-entry", "The log entry in it does not say that this act was received then.")
    return _yes("receipt.entry", "The log entry in it says the same.")


def _base64(text: str, where: str, size: int) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise Malformed(where, "is not base64.") from error
    if len(content) != size or b64encode(content).decode("ascii") != text:
        raise Malformed(where, f"is not {size} bytes in the one canonical spelling of base64.")
    return content


def _yes(rule: str, text: str) -> Verdict:
    return Verdict.yes(Ground(rule, SOURCE, text))


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, SOURCE, text))
