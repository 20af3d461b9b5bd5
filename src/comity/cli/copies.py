"""Questions to the copy of a log: one entry in it, and whether a checkpoint is of the same log."""

from __future__ import annotations

from itertools import islice

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Refused, Verdict, all_of
from comity.cli.keys import LogKeys
from comity.engines.ledger.checkpoint import Checkpoint, open_checkpoint
from comity.engines.ledger.copy import CHECKPOINT, ReadFile, compare
from comity.engines.ledger.proofs import ReadTile, inclusion_proof, verify_inclusion
from comity.engines.ledger.tiles import (
    HASH_SIZE,
    TILE_WIDTH,
    BundleRef,
    TileRef,
    decode_bundle,
    tile_width,
)
from comity.engines.ledger.tree import leaf_hash

_SOURCE = "C2SP tlog-tiles"


def open_copy(read: ReadFile, keys: LogKeys) -> Checkpoint:
    """The checkpoint of the copy; `Refused` where it is missing or not signed by the log."""
    content = checkpoint_of(read)
    try:
        return open_checkpoint(content, keys.for_note(content))
    except Malformed as problem:
        raise Refused(_malformed(CHECKPOINT, problem)) from problem


def checkpoint_of(read: ReadFile) -> bytes:
    """The checkpoint of the copy as it was signed; `Refused` where there is none."""
    content = read(CHECKPOINT)
    if content is None:
        raise Refused(_missing(CHECKPOINT))
    return content


def check_commitment(read: ReadFile, index: int, commitment: bytes, keys: LogKeys) -> Verdict:
    """Whether the copy has this commitment at `index`, and its tiles lead from there to its checkpoint."""
    try:
        checkpoint = open_copy(read, keys)
        if commitment_at(read, index, checkpoint) != commitment:
            return _no("entry", f"At the index {index} the copy has another entry.")
        proof = inclusion_proof(_tiles(read), index, checkpoint.size)
    except Refused as refusal:
        return refusal.verdict
    verdict = verify_inclusion(leaf_hash(commitment), index, checkpoint.size, proof, checkpoint.root)
    return (
        verdict if verdict.allowed else all_of((verdict, _no("tile", "The tiles of the copy are altered.")))
    )


def commitment_at(read: ReadFile, index: int, checkpoint: Checkpoint) -> bytes:
    """The commitment at `index`, from the entry bundles of the copy; `Refused` where it has none."""
    if index >= checkpoint.size:
        text = f"The copy has {checkpoint.size} entries, and none with the index {index}."
        raise Refused(Verdict.unknown(Ground("log.copy.behind", _SOURCE, text)))
    number, place = divmod(index, TILE_WIDTH)
    ref = BundleRef(number, tile_width(0, number, checkpoint.size))
    path, content, width = _either(read, ref.path, BundleRef(number).path, ref.width)
    try:
        return next(islice(decode_bundle(content, where=path, width=width), place, None))
    except Malformed as problem:
        raise Refused(_malformed(path, problem)) from problem


def compare_with_copy(note: bytes, read: ReadFile, keys: LogKeys) -> Verdict:
    """Whether the log of a checkpoint and the copy are the same log at two times."""
    try:
        one = open_checkpoint(note, keys.for_note(note))
        other = open_copy(read, keys)
    except Refused as refusal:
        return refusal.verdict
    except Malformed as problem:
        return unreadable_note(problem)
    if one.size > other.size:
        text = f"The copy is at {other.size} entries, before {one.named()}."
        return Verdict.unknown(Ground("log.copy.behind", _SOURCE, text))
    return compare(one, other, read)


def unreadable_note(problem: Malformed) -> Verdict:
    """What a checkpoint that cannot be read proves: nothing."""
    text = f"The checkpoint cannot be read: {problem}."
    return Verdict.no(Ground("note.malformed", "C2SP signed-note", text))


def _tiles(read: ReadFile) -> ReadTile:
    def tile(ref: TileRef) -> bytes:
        path, content, width = _either(read, ref.path, TileRef(ref.level, ref.index).path, ref.width)
        if len(content) != width * HASH_SIZE:
            raise Refused(_no("tile", f"The file {path} has {len(content)} bytes, not {width * HASH_SIZE}."))
        return content[: ref.width * HASH_SIZE]

    return tile


def _either(read: ReadFile, narrow: str, full: str, width: int) -> tuple[str, bytes, int]:
    """A narrow file, or the full one that it grew into: its path, content and width."""
    for path, wide in ((narrow, width), (full, TILE_WIDTH)):
        content = read(path)
        if content is not None:
            return path, content, wide
    raise Refused(_missing(narrow))


def _no(what: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"log.copy.{what}", _SOURCE, text))


def _missing(path: str) -> Verdict:
    return _no("missing", f"The file {path} is missing.")


def _malformed(path: str, problem: Malformed) -> Verdict:
    return _no("malformed", f"The file {path} is not as a log writes it: {problem.problem}.")
