"""A log in memory: the files that a node serves, for trees of the reference entries."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.engines.ledger.checkpoint import Checkpoint, sign_checkpoint
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.tiles import TileRef, bundles_of, encode_bundle, tiles_of
from comity.engines.ledger.tree import EMPTY, Tree, leaf_hash
from tests.engines.ledger.reference import entry

ORIGIN = "cert.example/log"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey(ORIGIN, PRIVATE.public_key())

Entry = Callable[[int], bytes]


def grown(size: int, entry_at: Entry = entry) -> tuple[Tree, dict[str, bytes]]:
    """The tree of the first `size` entries, and its tiles by path."""
    growth = EMPTY.append([leaf_hash(entry_at(index)) for index in range(size)])
    full = {TileRef(tile.level, tile.index).path: tile.hashes for tile in growth.tiles}
    narrow = {ref.path: growth.tree.edge[ref.level] for ref in tiles_of(size) if ref.path not in full}
    return growth.tree, full | narrow


def files(size: int, entry_at: Entry = entry) -> dict[str, bytes]:
    """The whole folder of a log of `size` entries, signed."""
    tree, content = grown(size, entry_at)
    for ref in bundles_of(size):
        first = ref.index * 256
        content[ref.path] = encode_bundle([entry_at(index) for index in range(first, first + ref.width)])
    content["checkpoint"] = sign_checkpoint(Checkpoint(ORIGIN, size, tree.root), PRIVATE).encode()
    return content


@cache
def kept(size: int) -> dict[str, bytes]:
    """The same folder, made once; whoever alters it copies it first."""
    return files(size)


def reader(content: dict[str, bytes]) -> Callable[[TileRef], bytes]:
    """`ReadTile` over the folder."""
    return lambda ref: content[ref.path]


def checkpoint(size: int) -> Checkpoint:
    """The checkpoint of the reference log at `size`."""
    return Checkpoint(ORIGIN, size, grown(size)[0].root)
