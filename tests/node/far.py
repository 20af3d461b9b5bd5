"""A partner's node that lives in memory: real keys, real acts, a real log, and answers to what we ask.

It is made of the same formats and engines as a node, and answers a transport's asks without a socket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.tlp import Tlp
from comity.engines.ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from comity.engines.ledger.commitment import commit
from comity.engines.ledger.note import Note
from comity.engines.ledger.proofs import inclusion_proof
from comity.engines.ledger.tiles import TileRef, parse_path
from comity.engines.ledger.tree import EMPTY, leaf_hash
from comity.engines.ledger.witness import AddCheckpoint
from comity.formats import acts, receipts
from comity.formats.conversation import Ask, PartnerUnavailable, Reply
from comity.formats.descriptor import Descriptor, SignedDescriptor, sign_descriptor
from comity.formats.entries import Event, LogEntry
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.strict_json import decode
from comity.formats.taxii import MEDIA_TYPE, Envelope, Outcome, Status

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FarNode:
    """A partner. `refuse` and `refuse_receipts` name codes with which it refuses; `broken` how it answers."""

    name: str
    state: str
    address: str
    now: datetime = datetime(2026, 11, 22, 3, tzinfo=UTC)
    refuse: str = ""
    broken: str = ""
    refuse_receipts: str = ""
    says: dict[str, Any] = field(default_factory=dict)  # what it says of itself otherwise than at first
    receipts_given: bool = True
    taken: dict[str, acts.SignedAct] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    outbox: list[Any] = field(default_factory=list)
    returned: list[Any] = field(default_factory=list)
    cosigned: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    seen_size: int = 0

    def __post_init__(self) -> None:
        self.keys = {
            use: Ed25519PrivateKey.from_private_bytes(sha256(f"{self.name} {use}".encode()).digest())
            for use in Use
        }
        self.ref = f"identity--{uuid5(UUID(int=0), self.name)}"
        self.own: Descriptor | None = None
        self._given: dict[str, receipts.SignedReceipt] = {}

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def kid(self) -> str:
        return thumbprint(self.keys[Use.SIGN].public_key())

    def descriptor(self, now: datetime, **changes: Any) -> SignedDescriptor:
        told = {
            "id": self.ref,
            "name": self.name,
            "state": self.state,
            "kind": "national-cert",
            "address": self.address,
            "discovery": f"{self.address}taxii2/",
            "api_root": f"{self.address}taxii2/comity/",
            "log_origin": f"{self.host}/log",
            "log_url": f"{self.address}log/",
            "witness": f"{self.host}/witness",
            "keys": tuple(NodeKey.of(key.public_key(), use, LONG_AGO) for use, key in self.keys.items()),
            "issued": now,
        }
        return sign_descriptor(Descriptor(**{**told, **changes}), self.keys[Use.SIGN], self.kid)

    def meet(self, own: Descriptor) -> None:
        """Know the node under test."""
        self.own = own

    def meet_as(self, other: FarNode) -> FarNode:
        """Know the node that the other one knows: for acts in the other's name by keys of our own."""
        self.own = other.own
        return self

    def act(self, kind: str = "test-note", **changes: Any) -> acts.SignedAct:
        """An act of this node for the node under test."""
        assert self.own
        said = {
            "id": f"comity-act--{uuid4()}",
            "created": self.now,
            "kind": kind,
            "author": self.ref,
            "recipients": (self.own.id,),
            "tlp": Tlp.AMBER,
            "body": {"title": "From afar", "word": "go"},
        }
        return acts.sign_act(acts.Act(**{**said, **changes}), self.keys[Use.SIGN], self.kid)

    def __call__(self, ask: Ask) -> Reply:
        """Answer as a node does."""
        self.asks.append(ask)
        if self.broken == "down":
            raise PartnerUnavailable(f"{ask.url} cannot be reached: refused.")
        if self.broken == "500":
            return Reply(500, {"content-type": "text/html"}, b"<h1>oops</h1>")
        if self.broken == "garbage":
            return Reply(202, {"content-type": MEDIA_TYPE}, b"\xff\x00 not json")
        path = urlsplit(ask.url).path
        if path.endswith("/objects/"):
            return self._post(ask) if ask.method == "POST" else self._get(ask)
        if path == "/federation/cosignature":
            self.cosigned.append(ask.body or b"")
            return Reply(200, {"content-type": "application/json"}, b"{}")
        if path == "/.well-known/comity.json":
            told = self.descriptor(self.now, **self.says)
            return Reply(200, {"content-type": "application/json"}, told.raw)
        return self._log(path, ask.body or b"")

    def _log(self, path: str, body: bytes) -> Reply:
        if path == "/log/checkpoint":
            return Reply(200, {"content-type": "text/plain"}, self.note().encode())
        if path == "/log/add-checkpoint":
            return self._witness(body)
        ref = parse_path(path.removeprefix("/log/"))
        assert isinstance(ref, TileRef), "nobody asks a partner in memory for its entries"
        content = self.read(ref)
        return Reply(200, {"content-type": "application/octet-stream"}, content)

    def record(self, entry: bytes, salt: bytes = b"s" * 32) -> int:
        self.leaves.append(leaf_hash(commit(salt, entry)))
        return len(self.leaves) - 1

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        count = len(self.leaves) if size is None else size
        return Checkpoint(f"{self.host}/log", count, EMPTY.append(self.leaves[:count]).tree.root)

    def note(self, size: int | None = None) -> Note:
        return sign_checkpoint(self.checkpoint(size), self.keys[Use.LOG])

    def read(self, ref: TileRef) -> bytes:
        step = 256**ref.level
        start = ref.index * 256 * step
        starts = range(start, start + ref.width * step, step)
        return b"".join(EMPTY.append(self.leaves[each : each + step]).tree.root for each in starts)

    def receipt_for(self, signed: acts.SignedAct) -> receipts.SignedReceipt:
        """A receipt with its proof; the same one for the same act."""
        if signed.act.id not in self._given:
            entry = LogEntry(
                Event.ACT_RECEIVED, self.now, signed.act.id, signed.sha256, signed.act.kind,
                signed.act.author, signed.act.recipients,
            )  # fmt: skip
            index = self.record(entry.raw)
            self._given[signed.act.id] = self._receipt(signed, entry, index)
        return self._given[signed.act.id]

    def _receipt(
        self, signed: acts.SignedAct, entry: LogEntry, index: int, **changes: Any
    ) -> receipts.SignedReceipt:
        size = len(self.leaves)
        said = {
            "id": f"comity-receipt--{uuid4()}",
            "created": self.now,
            "author": self.ref,
            "recipients": (signed.act.author,),
            "tlp": Tlp.AMBER,
            "act": signed.act.id,
            "act_sha256": signed.sha256,
            "received": self.now,
            "log": receipts.LogProof(
                f"{self.host}/log", index, b"s" * 32, entry,
                inclusion_proof(self.read, index, size), self.note().encode().decode(),
            ),
        }  # fmt: skip
        return receipts.sign_receipt(receipts.Receipt(**{**said, **changes}), self.keys[Use.SIGN], self.kid)

    def _post(self, ask: Ask) -> Reply:
        objects: tuple[Any, ...] = Envelope.decode(ask.body or b"").objects
        spoken = [acts.decode_act(each) for each in objects if each["type"] == acts.TYPE]
        self.returned += [each for each in objects if each["type"] == receipts.TYPE]
        outcomes, given = [], []
        for signed in spoken:
            version = "2026-11-22T03:00:00.000Z"
            if self.refuse:
                outcomes.append(Outcome(signed.act.id, version, f"{self.refuse}: not here"))
                continue
            self.taken[signed.act.id] = signed
            outcomes.append(Outcome(signed.act.id, version, "act.taken: fine"))
            if self.receipts_given:
                given.append(self.receipt_for(signed).value)
        version, code = "2026-11-22T03:00:00.000Z", self.refuse_receipts
        back = [each["id"] for each in objects if each["type"] == receipts.TYPE and code]
        refused = [Outcome(ref, version, f"{code}: not now") for ref in back]
        lists: dict[str, Any] = (
            {"failures": tuple(outcomes)} if self.refuse else {"successes": tuple(outcomes)}
        )
        lists["failures"] = (*lists.get("failures", ()), *refused)
        status = Status(str(uuid4()), True, self.now, **lists, receipts=tuple(given))
        return Reply(202, {"content-type": MEDIA_TYPE}, status.encode())

    def _get(self, ask: Ask) -> Reply:
        since = dict(ask.query).get("added_after", "")
        stamped = [
            ((self.now + timedelta(microseconds=place)).isoformat().replace("+00:00", "Z"), each)
            for place, each in enumerate(self.outbox, 1)
        ]
        found = [(stamp, each) for stamp, each in stamped if stamp > since]
        headers = {"content-type": MEDIA_TYPE}
        if found:
            headers["x-taxii-date-added-last"] = found[-1][0]
        return Reply(200, headers, Envelope(tuple(each for _, each in found)).encode())

    def _witness(self, body: bytes) -> Reply:
        offer = AddCheckpoint.decode(body)
        if offer.old_size != self.seen_size:
            return Reply(409, {"content-type": "text/x.tlog.size"}, f"{self.seen_size}\n".encode())
        note = Note.decode(offer.note)
        self.seen_size = Checkpoint.decode(note.text).size
        line = cosign(note, name=f"{self.host}/witness", key=self.keys[Use.WITNESS], now=self.now)
        return Reply(200, {"content-type": "text/plain"}, f"{line.encode()}\n".encode())


def values(signed: Sequence[acts.SignedAct]) -> list[Any]:
    """Acts as they stand in an envelope."""
    return [decode(each.raw) for each in signed]
