"""The log of `docs/wire/log.md`, made from its salts, entries and keys: what the vectors must say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.engines.ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from comity.engines.ledger.commitment import Opening
from comity.engines.ledger.logproof import LogProof
from comity.engines.ledger.note import KeyKind, VerifierKey
from comity.engines.ledger.proofs import consistency_proof, inclusion_proof
from comity.engines.ledger.tiles import TileRef, bundles_of, encode_bundle, tiles_of
from comity.engines.ledger.tree import EMPTY, leaf_hash
from comity.engines.ledger.witness import AddCheckpoint
from tests.engines.ledger.small_log import grown


def made_from(given: dict[str, Any]) -> dict[str, Any]:
    """Everything that follows from what is given."""
    log = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["log_seed"]))
    witness = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["witness_seed"]))
    name, origin = given["witness_name"], given["origin"]
    pairs = zip(given["salts"], given["entries"], strict=True)
    openings = [Opening(bytes.fromhex(salt), entry.encode()) for salt, entry in pairs]
    commitments = [opening.commitment for opening in openings]
    leaves = [leaf_hash(each) for each in commitments]
    tree = EMPTY.append(leaves).tree
    note = sign_checkpoint(Checkpoint(origin, tree.size, tree.root), log)
    now = datetime.fromtimestamp(given["cosigned"], UTC)
    cosigned = note.with_signature(cosign(note, name=name, key=witness, now=now))
    consistency = consistency_proof(lambda ref: tree.edge[ref.level], 1, tree.size)
    hashes = inclusion_proof(lambda ref: tree.edge[ref.level], 1, tree.size)
    return {
        "log_key": VerifierKey(origin, log.public_key()).encode(),
        "witness_key": VerifierKey(name, witness.public_key(), KeyKind.COSIGNATURE).encode(),
        "commitments": [each.hex() for each in commitments],
        "leaf_hashes": [each.hex() for each in leaves],
        "files": {
            "checkpoint": cosigned.encode().decode(),
            **{ref.path: tree.edge[ref.level].hex() for ref in tiles_of(tree.size)},
            **{ref.path: encode_bundle(commitments).hex() for ref in bundles_of(tree.size)},
        },
        "proof_of_entry_1": LogProof(1, hashes, cosigned.encode()).encode().decode(),
        "opened_proof_of_entry_1": LogProof(1, hashes, cosigned.encode(), openings[1].encode())
        .encode()
        .decode(),
        "request_from_size_1": AddCheckpoint(1, consistency, note.encode()).encode().decode(),
        "roots": {size: grown(int(size))[0].root.hex() for size in given["sizes"]},
        "inclusion_65535_of_66000": _inclusion(65_535, 66_000),
        "consistency_300_to_66000": _consistency(300, 66_000),
    }


def _inclusion(index: int, size: int) -> list[str]:
    tiles = grown(size)[1]
    return [each.hex() for each in inclusion_proof(lambda ref: tiles[ref.path], index, size)]


def _consistency(old: int, new: int) -> list[str]:
    tiles = grown(new)[1]

    def read(ref: TileRef) -> bytes:
        return tiles[ref.path]

    return [each.hex() for each in consistency_proof(read, old, new)]
