"""What shows that a log was rewritten, as against what merely fails to show that it was not.

Anybody may send a genuine checkpoint with a worthless proof; nobody but the log's keeper can make two signed
checkpoints contradict each other. Only a contradiction raises an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from comity.base.errors import NotFound
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.proofs import ReadTile, consistency_proof, root_at, verify_inclusion
from comity.engines.ledger.witness import judge_checkpoint

_SOURCE = "C2SP tlog-witness"


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a checkpoint may be believed, and whether it contradicts the one seen before."""

    verdict: Verdict
    contradiction: bool


def judge_offer(seen: Checkpoint | None, new: Checkpoint, proof: Sequence[bytes]) -> Judged:
    """The judgement over a checkpoint that came with a proof."""
    verdict = judge_checkpoint(seen, new, proof)
    if seen is None or verdict.allowed or new.size < seen.size:
        return Judged(verdict, contradiction=False)  # an older checkpoint may simply have travelled slowly
    return Judged(verdict, new.size == seen.size or _lies_in(new, seen.size, proof))


def judge_by_tiles(seen: Checkpoint | None, new: Checkpoint, read: ReadTile) -> Judged:
    """The judgement over a checkpoint that we fetched, by tiles that `read` fetches from the same log."""
    if seen is None or new.size == seen.size:
        return judge_offer(seen, new, ())
    older, newer = sorted((seen, new), key=lambda each: each.size)
    tiles = cache(read)
    try:
        if root_at(tiles, newer.size) != newer.root:
            return Judged(_unshown(newer), contradiction=False)
        proof = consistency_proof(tiles, older.size, newer.size)
    except NotFound:
        if newer is new:
            raise
        return Judged(judge_checkpoint(seen, new, ()), contradiction=True)  # it no longer has what it signed
    verdict = judge_checkpoint(older, newer, proof)
    if verdict.allowed and newer is seen:
        verdict = _outrun(seen, new)
    return Judged(verdict, contradiction=not verdict.allowed)


def _lies_in(new: Checkpoint, old_size: int, proof: Sequence[bytes]) -> bool:
    """Whether the proof's hashes truly lie in the new tree, so that the older root they give is its own.

    The first hash is the last complete subtree of the older tree, the others its path in the new one: an
    inclusion proof, counted in subtrees of that height. Where the older tree is empty or one complete
    subtree, its root is not in the proof, and nothing follows.
    """
    if not proof or old_size & (old_size - 1) == 0:
        return False
    height = (old_size & -old_size).bit_length() - 1
    index, last = (old_size >> height) - 1, (new.size - 1) >> height
    return verify_inclusion(proof[0], index, last + 1, proof[1:], new.root).allowed


def _unshown(checkpoint: Checkpoint) -> Verdict:
    text = f"The tiles of the log do not give the root of {checkpoint.named()}; ask its keeper for a repair."
    return Verdict.unknown(Ground("log.unshown", _SOURCE, text))


def _outrun(seen: Checkpoint, new: Checkpoint) -> Verdict:
    text = f"{new.named()} is older than {seen.named()}, and that begins with it."
    return Verdict.yes(Ground("log.older", _SOURCE, text))
