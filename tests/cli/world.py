"""Two nodes and an act between them, as files: what the commands are given."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.tlp import Tlp
from comity.engines.ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from comity.engines.ledger.commitment import Opening
from comity.engines.ledger.logproof import LogProof as TextProof
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.proofs import inclusion_proof
from comity.engines.ledger.tiles import TileRef, bundles_of, encode_bundle, tiles_of
from comity.engines.ledger.tree import EMPTY, leaf_hash
from comity.formats.acts import Act, Content, sign_act
from comity.formats.descriptor import Descriptor, sign_descriptor
from comity.formats.entries import Event, LogEntry
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.receipts import LogProof, Receipt, sign_receipt
from comity.formats.stix import StixObject
from comity.formats.stix import encode_bundle as encode_stix

NOW = datetime(2026, 1, 5, 3, 0, 0, tzinfo=UTC)  # in the past of every machine that runs the tests
SIZE = 300  # a full tile, and one that is not
OLD_SIZE = 270
SENT_AT, RECEIVED_AT, RECEIPTED_AT = 260, 7, 280
A_ID = "identity--3f1c2e64-7f0e-4b8e-9d0a-6f5c1b2a3d4e"
B_ID = "identity--b0a1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d"
VICTIM = "identity--c0a1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d"
ACT_ID = "comity-act--0f3b9c1e-5d7a-4c2b-8e6f-1a2b3c4d5e6f"
TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


@dataclass(frozen=True)
class Node:
    """One node: its keys follow from its number."""

    number: int
    identity: str
    host: str

    def key(self, use: Use) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes([self.number, list(Use).index(use)]) * 16)

    @property
    def origin(self) -> str:
        return f"{self.host}/log"

    @property
    def vkey(self) -> str:
        return VerifierKey(self.origin, self.key(Use.LOG).public_key()).encode()

    def descriptor(self, **differing: Any) -> bytes:
        base = f"https://{self.host}/"
        told = Descriptor(
            id=self.identity,
            name=f"CERT {self.number}",
            state="PK",
            kind="national-cert",
            address=base,
            discovery=f"{base}taxii2/",
            api_root=f"{base}taxii2/comity/",
            log_origin=self.origin,
            log_url=f"{base}log/",
            witness=f"{self.host}/witness",
            keys=keys(self),
            issued=NOW,
        )
        key = self.key(Use.SIGN)
        return sign_descriptor(replace(told, **differing), key, thumbprint(key.public_key())).raw


A, B = Node(1, A_ID, "a.example"), Node(2, B_ID, "b.example")


def stix(kind: str, number: int, tlp: str | None = "amber", **more: Any) -> dict[str, Any]:
    """A STIX object of a type that has versions."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--00000000-0000-4000-8000-{number:012d}",
        "created": "2026-01-02T10:00:00.000Z",
        "modified": "2026-01-02T10:00:00.000Z",
        "created_by_ref": A_ID,
        **({"object_marking_refs": [TLP[tlp]]} if tlp else {}),
        **more,
    }


INDICATOR = StixObject.decode(stix("indicator", 1, pattern="[url:value = 'x']", pattern_type="stix"))


def act(**differing: Any) -> bytes:
    key = A.key(Use.SIGN)
    said = Act(
        id=ACT_ID,
        created=NOW,
        author=A_ID,
        recipients=(B_ID,),
        tlp=Tlp.AMBER,
        kind="share",
        body={"title": "Servers \u0634\u06a9\u0631\u06cc\u06c1"},
        contents=(Content.of(INDICATOR),),
    )
    return sign_act(replace(said, **differing), key, thumbprint(key.public_key())).raw


def entry(event: Event, **differing: Any) -> LogEntry:
    told = LogEntry(event, NOW, ACT_ID, sha256(act()).hexdigest(), "share", A_ID, (B_ID,))
    return replace(told, **differing)


def opening(node: Node, index: int) -> Opening:
    """Entry and salt at an index; most entries are of no interest."""
    salt = sha256(f"{node.host} {index}".encode()).digest()
    dull = LogEntry(Event.PEOPLE_CHANGED, NOW, f"person {index}")
    told: dict[tuple[Node, int], LogEntry] = {
        (A, SENT_AT): entry(Event.ACT_SENT),
        (B, RECEIVED_AT): entry(Event.ACT_RECEIVED),
    }
    if (node, index) == (A, RECEIPTED_AT):
        digest = sha256(receipt()).hexdigest()
        dull = entry(Event.RECEIPT_RECEIVED, digest=digest, kind=None, sender=B_ID, to=(A_ID,))
    return Opening(salt, told.get((node, index), dull).raw)


@cache
def log(node: Node, size: int = SIZE) -> dict[str, bytes]:
    """The files of the node's log at a size; A has cosigned B's."""
    return _files(node, [opening(node, index).commitment for index in range(size)])


@cache
def rewritten(size: int) -> dict[str, bytes]:
    """A's log with another history, signed by the same key."""
    return _files(A, [opening(B, index).commitment for index in range(size)])


def told_otherwise(node: Node, index: int, **differing: Any) -> tuple[dict[str, bytes], bytes]:
    """The node's log in which the entry at an index says something else, and the proof of that entry."""
    found = opening(node, index)
    said = Opening(found.salt, replace(LogEntry.decode(found.entry), **differing).raw)
    commitments = [opening(node, each).commitment for each in range(SIZE)]
    commitments[index] = said.commitment
    files = _files(node, commitments)
    return files, _proof(node, index, files, SIZE, _shown(said))


def _files(node: Node, commitments: list[bytes]) -> dict[str, bytes]:
    size, grown = len(commitments), EMPTY.append([leaf_hash(each) for each in commitments])
    files = {TileRef(tile.level, tile.index).path: tile.hashes for tile in grown.tiles}
    files = {ref.path: grown.tree.edge[ref.level] for ref in tiles_of(size) if ref.path not in files} | files
    for ref in bundles_of(size):
        first = ref.index * 256
        files[ref.path] = encode_bundle(commitments[first : first + ref.width])
    note = sign_checkpoint(Checkpoint(node.origin, size, grown.tree.root), node.key(Use.LOG))
    if node is B:  # A's log has none: a line by a witness who is not known may be anything
        line = cosign(note, name=f"{A.host}/witness", key=A.key(Use.WITNESS), now=NOW)
        note = note.with_signature(line)
    return {**files, "checkpoint": note.encode()}


def keys(node: Node) -> tuple[NodeKey, ...]:
    return tuple(NodeKey.of(node.key(use).public_key(), use, NOW - timedelta(days=1)) for use in Use)


def hashes(node: Node, index: int) -> tuple[bytes, ...]:
    return _hashes(index, log(node), SIZE)


def _hashes(index: int, files: dict[str, bytes], size: int) -> tuple[bytes, ...]:
    return inclusion_proof(lambda ref: files[ref.path], index, size)


def proof(node: Node, index: int, size: int = SIZE, *, opened: bool = True, **differing: str) -> bytes:
    """What the node's log page offers as a file."""
    found = opening(node, index)
    shown = _shown(found) if opened else {"commitment": b64encode(found.commitment).decode()}
    return _proof(node, index, log(node, size), size, shown | differing)


def _shown(found: Opening) -> dict[str, Any]:
    return {"salt": b64encode(found.salt).decode(), "entry": json.loads(found.entry)}


def _proof(node: Node, index: int, files: dict[str, bytes], size: int, shown: dict[str, Any]) -> bytes:
    place = {
        "origin": node.origin,
        "index": index,
        "proof": [b64encode(each).decode() for each in _hashes(index, files, size)],
        "checkpoint": files["checkpoint"].decode(),
    }
    return json.dumps(place | shown, separators=(",", ":")).encode()


def text_proof(node: Node, index: int, *, opened: bool) -> bytes:
    extra = opening(node, index).encode() if opened else b""
    return TextProof(index, hashes(node, index), log(node)["checkpoint"], extra).encode()


def receipt(**differing: Any) -> bytes:
    key, found = B.key(Use.SIGN), opening(B, RECEIVED_AT)
    place = LogProof(
        origin=B.origin,
        index=RECEIVED_AT,
        salt=found.salt,
        entry=LogEntry.decode(found.entry),
        proof=hashes(B, RECEIVED_AT),
        checkpoint=log(B)["checkpoint"].decode(),
    )
    said = Receipt(
        id="comity-receipt--16fd2706-8baf-433b-82eb-8c7fada847da",
        created=NOW,
        author=B_ID,
        recipients=(A_ID,),
        tlp=Tlp.AMBER,
        act=ACT_ID,
        act_sha256=sha256(act()).hexdigest(),
        received=NOW,
        log=place,
    )
    return sign_receipt(replace(said, **differing), key, thumbprint(key.public_key())).raw


def bundle(*objects: dict[str, Any]) -> bytes:
    return encode_stix(
        "bundle--00000000-0000-4000-8000-000000000001", [StixObject.decode(each) for each in objects]
    )


def write(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def write_all(top: Path) -> None:
    """Every file that a command could want, under the names that the tests use."""
    for name, node in (("a", A), ("b", B)):
        write(top / f"log-{name}", log(node))
        (top / f"{name}.json").write_bytes(node.descriptor())
    write(
        top,
        {
            "act.json": act(),
            "receipt.json": receipt(),
            "sent.json": proof(A, SENT_AT),
            "closed.json": proof(A, SENT_AT, opened=False),
            "sent.txt": text_proof(A, SENT_AT, opened=True),
            "closed.txt": text_proof(A, SENT_AT, opened=False),
            "receipted.json": proof(A, RECEIPTED_AT),
            "received.json": proof(B, RECEIVED_AT),
            "entry.json": opening(A, SENT_AT).entry,
            "old": log(A, OLD_SIZE)["checkpoint"],
            "new": log(A)["checkpoint"],
            "bundle.json": bundle(INDICATOR.value),
        },
    )
