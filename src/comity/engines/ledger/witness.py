"""What a witness decides about a checkpoint, and the message that brings it one (C2SP tlog-witness)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.lines import (
    MAX_PROOF,
    cut_note,
    encode_base64,
    join_lines,
    parse_hashes,
    parse_size,
)
from comity.engines.ledger.note import MAX_NOTE
from comity.engines.ledger.proofs import verify_consistency
from comity.engines.ledger.tree import EMPTY_ROOT

MAX_REQUEST = MAX_NOTE + (MAX_PROOF + 2) * 64

_SOURCE = "C2SP tlog-witness"
_OLD = "old "


def judge_checkpoint(seen: Checkpoint | None, new: Checkpoint, proof: Sequence[bytes]) -> Verdict:
    """Whether `new` may replace `seen`, the last checkpoint of the log that was accepted (None: none yet)."""
    if seen is None:
        return _judge_first(new, proof)
    if seen.origin != new.origin:
        return _no("other-origin", f"{new.named()} is of another log than {seen.named()}.")
    if new.size < seen.size:
        return _no("shrunk", f"The log has lost entries: it showed {seen.named()}, and now {new.named()}.")
    if new.size == seen.size:
        return _judge_same(seen, new)
    return _judge_later(seen, new, proof)


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The body of `add-checkpoint`: the size that the witness saw last, a proof from there, a checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes  # as it was signed

    def encode(self) -> bytes:
        """The body as bytes."""
        lines = (f"{_OLD}{self.old_size}", *map(encode_base64, self.proof), "")
        return join_lines(lines).encode() + self.note

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The request in `body`; the note is cut off and not looked into."""
        form = "a request is a line 'old <size>', proof lines, an empty line and a checkpoint"
        (first, *hashes), note = cut_note("request", body, MAX_REQUEST, form)
        if not first.startswith(_OLD):
            raise Malformed("line 1", "the first line is 'old <size>'")
        return cls(parse_size("line 1", first.removeprefix(_OLD)), parse_hashes(hashes), note)


def _judge_first(new: Checkpoint, proof: Sequence[bytes]) -> Verdict:
    if proof:
        return _no("inconsistent", f"{new.named()} is the first of its log here, yet comes with a proof.")
    if new.size == 0 and new.root != EMPTY_ROOT:
        return _no("inconsistent", f"{new.named()} is not the root of a log without entries.")
    return _yes("first", f"{new.named()} is the first checkpoint seen of this log.")


def _judge_same(seen: Checkpoint, new: Checkpoint) -> Verdict:
    if seen.root != new.root:
        return _no("rewritten", f"The log was rewritten: it showed {seen.named()}, and now {new.named()}.")
    return _yes("same", f"{new.named()} was seen before.")


def _judge_later(seen: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> Verdict:
    consistent = verify_consistency(seen.size, seen.root, new.size, new.root, proof)
    both = f"it showed {seen.named()}, and now {new.named()}"
    if not consistent.allowed:
        return _no("inconsistent", f"The log is not shown to be the same: {both}.", *consistent.grounds)
    return _yes("extended", f"The log has only grown: {both}.")


def _yes(rule: str, text: str) -> Verdict:
    return Verdict.yes(Ground(f"log.{rule}", _SOURCE, text))


def _no(rule: str, text: str, *more: Ground) -> Verdict:
    return Verdict.no(Ground(f"log.{rule}", _SOURCE, text), *more)
