"""The Merkle tree of RFC 6962 and RFC 9162 over SHA-256, kept as its right edge so that it can grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from comity.engines.ledger.tiles import FULL_TILE, HASH_SIZE, MAX_TREE_SIZE, TILE_HEIGHT, TILE_WIDTH

EMPTY_ROOT = sha256(b"").digest()

_LEAF = b"\x00"
_NODE = b"\x01"  # another prefix than a leaf's: a node can never pass for an entry
_PAIR = 2 * HASH_SIZE


def leaf_hash(entry: bytes) -> bytes:
    """The hash that stands for one entry in the tree."""
    return sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbouring subtrees."""
    return sha256(_NODE + left + right).digest()


def halve(hashes: bytes) -> bytes:
    """The hashes one height up: neighbours are paired, and a last one without neighbour rises unchanged."""
    whole = len(hashes) - len(hashes) % _PAIR
    paired = [sha256(_NODE + hashes[at : at + _PAIR]).digest() for at in range(0, whole, _PAIR)]
    return b"".join(paired) + hashes[whole:]


def fold(hashes: bytes) -> bytes:
    """The root over neighbouring subtrees of equal height (the last may be lower), at least one."""
    while len(hashes) > HASH_SIZE:
        hashes = halve(hashes)
    return hashes


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile that became full: its 256 hashes will never change again."""

    level: int
    index: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class Grown:
    """The tree after an append, and the tiles that became full by it, lower levels before higher."""

    tree: Tree
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of `size` entries; `edge` holds, level by level, the hashes of the tile that is not yet full."""

    size: int
    edge: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise ValueError(f"the size of a tree is 0 to {MAX_TREE_SIZE}, not {self.size}")
        if tuple(map(len, self.edge)) != _edge_lengths(self.size):
            raise ValueError(f"this edge is not that of a tree of {self.size} entries")

    @property
    def root(self) -> bytes:
        """The hash over the whole tree."""
        carried = b""
        for hashes in self.edge:
            carried = fold(hashes + carried)
        return carried or EMPTY_ROOT

    def append(self, leaf_hashes: Sequence[bytes]) -> Grown:
        """The tree with these leaves after its own; a tile is cut off whenever 256 hashes are together."""
        if any(len(each) != HASH_SIZE for each in leaf_hashes):
            raise ValueError(f"a leaf hash has {HASH_SIZE} bytes")
        rising, edge, tiles, level = b"".join(leaf_hashes), list[bytes](), list[Tile](), 0
        while rising or level < len(self.edge):
            hashes = (self.edge[level] if level < len(self.edge) else b"") + rising
            full = _cut(hashes, level, (self.size >> TILE_HEIGHT * level) // TILE_WIDTH)
            rising = b"".join(fold(tile.hashes) for tile in full)
            edge.append(hashes[len(full) * FULL_TILE :])
            tiles += full
            level += 1
        return Grown(Tree(self.size + len(leaf_hashes), tuple(edge)), tuple(tiles))


def _cut(hashes: bytes, level: int, first: int) -> list[Tile]:
    starts = range(0, len(hashes) - FULL_TILE + 1, FULL_TILE)
    return [Tile(level, first + at // FULL_TILE, hashes[at : at + FULL_TILE]) for at in starts]


def _edge_lengths(size: int) -> tuple[int, ...]:
    lengths: list[int] = []
    while size:
        lengths.append(size % TILE_WIDTH * HASH_SIZE)
        size //= TILE_WIDTH
    return tuple(lengths)


EMPTY = Tree(0, ())
