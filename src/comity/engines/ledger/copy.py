"""Checks a whole copied log offline: every entry, every tile and the checkpoint, a tile at a time.

The checkpoint vouches for the tiles on the right edge, each of their hashes for what lies below it.
Going down that way, the first file that does not fit is known to be the wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Refused, Verdict
from comity.engines.ledger.checkpoint import Checkpoint, open_checkpoint
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.proofs import consistency_proof, root_at, verify_consistency
from comity.engines.ledger.tiles import (
    HASH_SIZE,
    TILE_HEIGHT,
    TILE_WIDTH,
    BundleRef,
    TileRef,
    decode_bundle,
    tile_width,
)
from comity.engines.ledger.tree import Tree, fold, leaf_hash
from comity.engines.ledger.witness import judge_checkpoint

ReadFile = Callable[[str], bytes | None]

CHECKPOINT = "checkpoint"

_SOURCE = "C2SP tlog-tiles"


def verify_copy(read: ReadFile, key: VerifierKey) -> Verdict:
    """Whether the files from `read` are the log with `key`, unaltered and whole up to the checkpoint."""
    try:
        checkpoint = _open(read, key)
        _Copy(read, checkpoint).check()
    except Refused as refusal:
        return refusal.verdict
    except Malformed as problem:
        text = f"The file {problem.where} is not as a log writes it: {problem.problem}."
        return Verdict.no(Ground("log.copy.malformed", _SOURCE, text))
    text = f"All {checkpoint.size} entries and every tile are those of {checkpoint.named()}."
    return Verdict.yes(Ground("log.copy.whole", _SOURCE, text))


def compare(one: Checkpoint, other: Checkpoint, read: ReadFile) -> Verdict:
    """Whether two checkpoints can be of one log that only grew; `read` gives the tiles of the larger one."""
    older, newer = sorted((one, other), key=lambda each: each.size)
    if older.origin != newer.origin or older.size == newer.size:
        return judge_checkpoint(older, newer, ())
    tiles = _Copy(read, newer)
    try:
        proof = consistency_proof(tiles.tile, older.size, newer.size)
        root = root_at(tiles.tile, older.size, within=newer.size)
    except Refused as refusal:
        return Verdict.unknown(*refusal.verdict.grounds)
    if not verify_consistency(older.size, root, newer.size, newer.root, proof).allowed:
        text = f"The tiles at hand are not those of {newer.named()}: without them nothing can be said."
        return Verdict.unknown(Ground("log.copy.other", _SOURCE, text))
    return judge_checkpoint(older, newer, proof)


def _open(read: ReadFile, key: VerifierKey) -> Checkpoint:
    content = _file(read, CHECKPOINT)
    try:
        return open_checkpoint(content, key)
    except Malformed as problem:
        _refuse("checkpoint", f"The file {CHECKPOINT} is not a checkpoint: {problem}.")
    except Refused as refusal:
        _refuse("checkpoint", f"The file {CHECKPOINT} is not of this log.", *refusal.verdict.grounds)


@dataclass(frozen=True, slots=True)
class _Copy:
    """The files of a copied log, read as those of one checkpoint."""

    read: ReadFile
    checkpoint: Checkpoint

    def check(self) -> None:
        """Raise `Refused` at the first file, in the order of the entries, that is not the checkpoint's."""
        refs = self._edge_refs()
        edge = [self.tile(ref) if ref else b"" for ref in refs]
        if not self._is_root(edge):
            self._explain(refs, edge)
        for ref, hashes in zip(reversed(refs), reversed(edge), strict=True):
            if ref:
                self._check_below(ref, hashes)

    def tile(self, ref: TileRef) -> bytes:
        """The hashes of a tile; a narrow one may have been replaced by the full one that it grew into."""
        content, width = self._either(ref.path, TileRef(ref.level, ref.index).path, ref.width)
        if len(content) != width * HASH_SIZE:
            _refuse(
                "tile", f"The file {ref.path} has {len(content)} bytes; it should have {width * HASH_SIZE}."
            )
        return content[: ref.width * HASH_SIZE]

    def _entries(self, ref: BundleRef) -> Iterator[bytes]:
        content, width = self._either(ref.path, BundleRef(ref.index).path, ref.width)
        entries = decode_bundle(content, where=ref.path, width=width)
        return entries if width == ref.width else islice(entries, ref.width)

    def _either(self, path: str, full: str, width: int) -> tuple[bytes, int]:
        content = self.read(path)
        return (_file(self.read, full, named=path), TILE_WIDTH) if content is None else (content, width)

    def _check_below(self, ref: TileRef, hashes: bytes) -> None:
        """Check what stands below a tile that is known to be right."""
        if ref.level == 0:
            return self._check_bundle(ref, hashes)
        for child, expected in zip(_children(ref), _each(hashes), strict=True):
            content = self.tile(child)
            if fold(content) != expected:
                self._explain_tile(child, content)
            self._check_below(child, content)
        return None

    def _check_bundle(self, ref: TileRef, hashes: bytes) -> None:
        bundle = BundleRef(ref.index, ref.width)
        # Not strict: a bundle with too few or too many entries is refused by its decoder, after those it has.
        for number, (entry, expected) in enumerate(zip(self._entries(bundle), _each(hashes), strict=False)):
            if leaf_hash(entry) != expected:
                which = ref.index * TILE_WIDTH + number
                _refuse("entry", f"Entry {which} in the file {bundle.path} is not the one that was recorded.")

    def _explain_tile(self, ref: TileRef, hashes: bytes) -> NoReturn:
        """Say of a full tile that is wrong as a whole from which entry on it is."""
        self._refuse_tile(ref, _first_difference(hashes, self._below(ref)) or 0)

    def _explain(self, refs: list[TileRef | None], edge: list[bytes]) -> NoReturn:
        """Say why the tiles on the right edge do not give the root of the checkpoint."""
        below = [b"".join(self._below(ref)) if ref else b"" for ref in refs]
        for ref, hashes, found in zip(refs, edge, below, strict=True):
            if ref and hashes != found:
                number = _first_difference(hashes, _each(found)) or 0
                if self._is_root(below):
                    self._refuse_tile(ref, number)
                self._refuse_both(ref, number)
        _refuse(
            "root", f"The files agree with one another, but are not of the log that signed {self._named}."
        )

    def _below(self, ref: TileRef) -> Iterator[bytes]:
        """The hashes of a tile as the files below it give them."""
        if ref.level == 0:
            return map(leaf_hash, self._entries(BundleRef(ref.index, ref.width)))
        return (fold(self.tile(child)) for child in _children(ref))

    def _edge_refs(self) -> list[TileRef | None]:
        size, level = self.checkpoint.size, 0
        refs: list[TileRef | None] = []
        while complete := size >> TILE_HEIGHT * level:
            index = complete // TILE_WIDTH
            width = tile_width(level, index, size)
            refs.append(TileRef(level, index, width) if width else None)
            level += 1
        return refs

    def _is_root(self, edge: list[bytes]) -> bool:
        return Tree(self.checkpoint.size, tuple(edge)).root == self.checkpoint.root

    @property
    def _named(self) -> str:
        return self.checkpoint.named()

    def _refuse_tile(self, ref: TileRef, number: int) -> NoReturn:
        which = (ref.index * TILE_WIDTH + number) << TILE_HEIGHT * ref.level
        _refuse(
            "tile", f"The file {ref.path} is not that of {self._named}: it differs from entry {which} on."
        )

    def _refuse_both(self, ref: TileRef, number: int) -> NoReturn:
        which = (ref.index * TILE_WIDTH + number) << TILE_HEIGHT * ref.level
        text = f"and with neither the rest is the log that signed {self._named}"
        _refuse("root", f"The file {ref.path} and those below it disagree from entry {which} on, {text}.")


def _children(ref: TileRef) -> Iterator[TileRef]:
    return (TileRef(ref.level - 1, ref.index * TILE_WIDTH + number) for number in range(ref.width))


def _each(hashes: bytes) -> Iterator[bytes]:
    return (hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE))


def _first_difference(hashes: bytes, others: Iterator[bytes]) -> int | None:
    pairs = enumerate(zip(_each(hashes), others, strict=True))
    return next((number for number, (one, other) in pairs if one != other), None)


def _file(read: ReadFile, path: str, *, named: str = "") -> bytes:
    content = read(path)
    if content is None:
        _refuse("missing", f"The file {named or path} is missing.")
    return content


def _refuse(what: str, text: str, *more: Ground) -> NoReturn:
    raise Refused(Verdict.no(Ground(f"log.copy.{what}", _SOURCE, text), *more))
