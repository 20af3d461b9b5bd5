"""Proofs that an entry is in a tree, and that a later tree only adds to an earlier one.

They are made from tiles and checked without them: RFC 9162, sections 2.1.3 and 2.1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.tiles import HASH_SIZE, TILE_HEIGHT, TileRef, tile_width
from comity.engines.ledger.tree import EMPTY_ROOT, halve, node_hash

ReadTile = Callable[[TileRef], bytes]
_Range = tuple[int, int]  # from this entry to before that one, as the tree is cut

_REMEMBERED = (
    256  # tiles whose inner nodes are kept: 4 MB; a proof at 1,000,000 entries falls from 0.5 to 0.03 ms
)
_INCLUSION = "RFC 9162, 2.1.3"
_CONSISTENCY = "RFC 9162, 2.1.4"


class _Side(Enum):
    """Where the neighbour stands that is hashed in on the way to the root."""

    LEFT = "left"
    RIGHT = "right"


def inclusion_proof(read: ReadTile, index: int, size: int) -> tuple[bytes, ...]:
    """The hashes that lead from entry `index` to the root of the tree of `size` entries, from the leaf up."""
    return _Nodes(read, size).all_over(_inclusion_ranges(index, size))


def inclusion_tiles(index: int, size: int) -> frozenset[TileRef]:
    """Every tile that this proof is made from, so that a store can read them together."""
    return _tiles(_inclusion_ranges(index, size), size)


def consistency_proof(read: ReadTile, old: int, new: int) -> tuple[bytes, ...]:
    """The hashes that show the tree of `new` entries to begin with that of `old`; none when that is plain."""
    return _Nodes(read, new).all_over(_consistency_ranges(old, new))


def consistency_tiles(old: int, new: int) -> frozenset[TileRef]:
    """Every tile that this proof is made from, as for `inclusion_tiles`."""
    return _tiles(_consistency_ranges(old, new), new)


def root_at(read: ReadTile, size: int, *, within: int | None = None) -> bytes:
    """The root at `size` entries, from the tiles of that tree or of a larger one of `within` entries."""
    return _Nodes(read, size if within is None else within).over(0, size) if size else EMPTY_ROOT


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> Verdict:
    """Whether `proof` leads from the leaf at `index` to `root`, the root of a tree of `size` entries."""
    if not 0 <= index < size:
        return _no_inclusion("index", f"There is no entry {index} in a tree of {size} entries.")
    if short := _not_a_hash((leaf_hash, root, *proof)):
        return _no_inclusion("hash", short)
    sides = tuple(_sides(index, size - 1))
    if len(proof) != len(sides):
        wanted = f"the path of entry {index} in a tree of {size} entries has {len(sides)}"
        return _no_inclusion("length", f"The proof has {len(proof)} hashes; {wanted}.")
    if _climb(leaf_hash, proof, sides) != root:
        return _no_inclusion(
            "root", f"The proof does not lead from entry {index} to the root {root.hex()[:16]}…"
        )
    text = f"The entry stands at index {index} of the tree of {size} entries."
    return Verdict.yes(Ground("log.included", _INCLUSION, text))


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> Verdict:
    """Whether `proof` shows that the tree of `new_size` begins with the entries of the tree of `old_size`."""
    if not 0 <= old_size <= new_size:
        return _no_consistency("size", f"A tree of {new_size} entries cannot extend one of {old_size}.")
    if short := _not_a_hash((old_root, new_root, *proof)):
        return _no_consistency("hash", short)
    if old_size in {0, new_size}:
        return _trivially_consistent(old_size, old_root, new_size, new_root, proof)
    return _consistent(old_size, old_root, new_size, new_root, proof)


def _trivially_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> Verdict:
    if proof:
        return _no_consistency("length", f"The proof has {len(proof)} hashes; here none are needed.")
    if old_size == 0 and old_root != EMPTY_ROOT:
        return _no_consistency("old-root", "The older root is not that of a tree without entries.")
    if old_size == new_size and old_root != new_root:
        return _no_consistency("new-root", f"Two trees of {new_size} entries have different roots.")
    return _extends(old_size, new_size)


def _consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> Verdict:
    # The old tree ends in a complete subtree; the proof is its path in the new tree, and the left neighbours
    # on that path are all that the old tree consists of besides.
    height = (old_size & -old_size).bit_length() - 1
    sides = tuple(_sides((old_size >> height) - 1, new_size - 1 >> height))
    whole = old_size == 1 << height  # then the subtree is the old tree itself, and its hash is not sent
    path = proof if whole else proof[1:]
    if len(path) != len(sides) or (not whole and not proof):
        wanted = len(sides) + (0 if whole else 1)
        text = f"The proof has {len(proof)} hashes; one from {old_size} to {new_size} entries has {wanted}."
        return _no_consistency("length", text)
    start = old_root if whole else proof[0]
    if _climb(start, path, sides) != new_root:
        return _no_consistency(
            "new-root", f"The proof does not give the root of the newer tree ({new_size} entries)."
        )
    left = [(each, side) for each, side in zip(path, sides, strict=True) if side is _Side.LEFT]
    if _climb(start, [each for each, _ in left], [side for _, side in left]) != old_root:
        return _no_consistency(
            "old-root", f"The proof does not give the root of the older tree ({old_size} entries)."
        )
    return _extends(old_size, new_size)


def _sides(index: int, last: int) -> Iterator[_Side]:
    """For each neighbour on the way up from the node `index` of nodes 0 to `last`: its side."""
    while last:
        if index & 1:
            yield _Side.LEFT
        elif index < last:
            yield _Side.RIGHT
        index, last = index >> 1, last >> 1


def _climb(start: bytes, path: Sequence[bytes], sides: Sequence[_Side]) -> bytes:
    reached = start
    for neighbour, side in zip(path, sides, strict=True):
        reached = node_hash(neighbour, reached) if side is _Side.LEFT else node_hash(reached, neighbour)
    return reached


def _not_a_hash(hashes: Sequence[bytes]) -> str:
    # Without this check a proof could move bytes from one hash to the next and still give the same root.
    lengths = [len(each) for each in hashes if len(each) != HASH_SIZE]
    return f"A hash has {HASH_SIZE} bytes; one of these has {lengths[0]}." if lengths else ""


def _no_inclusion(what: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"log.inclusion.{what}", _INCLUSION, text))


def _no_consistency(what: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"log.consistency.{what}", _CONSISTENCY, text))


def _extends(old_size: int, new_size: int) -> Verdict:
    text = f"The tree of {new_size} entries begins with the tree of {old_size} entries."
    return Verdict.yes(Ground("log.consistent", _CONSISTENCY, text))


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The hashes inside a tree of `size` entries, found in its tiles."""

    read: ReadTile
    size: int
    tiles: dict[TileRef, tuple[bytes, ...]] = field(default_factory=dict)  # each is read once

    def all_over(self, ranges: Iterable[_Range]) -> tuple[bytes, ...]:
        """The hash over each of these ranges."""
        return tuple(self.over(start, end) for start, end in ranges)

    def over(self, start: int, end: int) -> bytes:
        """The hash over the entries from `start` to before `end`, a range that the tree's shape has."""
        *left, hashed = (self._complete(*each) for each in _complete_within(start, end))
        for each in reversed(left):
            hashed = node_hash(each, hashed)
        return hashed

    def _complete(self, start: int, height: int) -> bytes:
        ref, inner, at = _place(start, height, self.size)
        if ref not in self.tiles:
            self.tiles[ref] = self._inside(ref)
        return self.tiles[ref][inner][at * HASH_SIZE : (at + 1) * HASH_SIZE]

    def _inside(self, ref: TileRef) -> tuple[bytes, ...]:
        hashes, wanted = self.read(ref), ref.width * HASH_SIZE
        if len(hashes) != wanted:
            raise Malformed(ref.path, f"the tile has {len(hashes)} bytes; it should have {wanted}")
        return _heights(hashes)


def _inclusion_ranges(index: int, size: int) -> Iterator[_Range]:
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not in a tree of {size} entries")
    return _path(index, 0, size)


def _consistency_ranges(old: int, new: int) -> Iterator[_Range]:
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} entries cannot extend one of {old}")
    return _extension(old, 0, new, seen=True) if old else iter(())


def _path(index: int, start: int, end: int) -> Iterator[_Range]:
    """PATH of RFC 9162, 2.1.3.1, over the entries from `start` to before `end`."""
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _path(index, start, middle)
        yield middle, end
    else:
        yield from _path(index, middle, end)
        yield start, middle


def _extension(old: int, start: int, end: int, *, seen: bool) -> Iterator[_Range]:
    """SUBPROOF of RFC 9162, 2.1.4.1: `seen` while the verifier already knows the hash of what is left."""
    if old == end:
        if not seen:
            yield start, end
        return
    middle = start + _split(end - start)
    if old <= middle:
        yield from _extension(old, start, middle, seen=seen)
        yield middle, end
    else:
        yield from _extension(old, middle, end, seen=False)
        yield start, middle


def _tiles(ranges: Iterable[_Range], size: int) -> frozenset[TileRef]:
    complete = (each for start, end in ranges for each in _complete_within(start, end))
    return frozenset(_place(start, height, size)[0] for start, height in complete)


def _complete_within(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that the range is hashed from: where each begins, and its height."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield start, height
        start += 1 << height


def _place(start: int, height: int, size: int) -> tuple[TileRef, int, int]:
    """Where the hash over a complete subtree is found: its tile, the height inside it, the node there."""
    level, inner = divmod(height, TILE_HEIGHT)
    index, at = divmod(start >> TILE_HEIGHT * level, 1 << TILE_HEIGHT)
    return TileRef(level, index, tile_width(level, index, size)), inner, at >> inner


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)


@lru_cache(maxsize=_REMEMBERED)
def _heights(hashes: bytes) -> tuple[bytes, ...]:
    """The nodes inside a tile, height by height from its own hashes up."""
    heights = [hashes]
    while len(heights) < TILE_HEIGHT:
        heights.append(halve(heights[-1]))
    return tuple(heights)
