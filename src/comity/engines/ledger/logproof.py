"""The proof that a receipt carries: index, inclusion proof and checkpoint in one text (C2SP tlog-proof)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Ground, Refused, Verdict, all_of
from comity.engines.ledger.checkpoint import open_checkpoint
from comity.engines.ledger.commitment import Opening
from comity.engines.ledger.lines import (
    cut_note,
    decode_base64,
    encode_base64,
    join_lines,
    parse_hashes,
    parse_size,
)
from comity.engines.ledger.note import MAX_NOTE, VerifierKey
from comity.engines.ledger.proofs import verify_inclusion
from comity.engines.ledger.tree import leaf_hash

MAX_EXTRA = 1 << 17
MAX_TEXT = MAX_NOTE + 2 * MAX_EXTRA

_SOURCE = "C2SP tlog-proof"
_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where an entry stands in a log, and all that is needed to check it without asking the log."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes  # the checkpoint as it was signed, cosignatures included
    extra: bytes = b""  # not covered by any signature

    def encode(self) -> bytes:
        """The proof as a text."""
        extra = (_EXTRA + encode_base64(self.extra),) if self.extra else ()
        lines = (_HEADER, *extra, f"{_INDEX}{self.index}", *map(encode_base64, self.hashes), "")
        return join_lines(lines).encode() + self.note

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The proof in `content`; the checkpoint is cut off and not looked into."""
        form = "a proof is header, index, hashes, an empty line and a checkpoint"
        (header, *lines), note = cut_note("proof", content, MAX_TEXT, form)
        if header != _HEADER:
            raise Malformed("line 1", f"the first line is {_HEADER}")
        extra = _parse_extra(lines.pop(0)) if lines and lines[0].startswith(_EXTRA) else b""
        return cls(_parse_index(lines), parse_hashes(lines[1:]), note, extra)


def verify_log_proof(proof: LogProof, leaf: bytes, key: VerifierKey) -> Verdict:
    """Whether the log with `key` holds `leaf` (in our own logs: the commitment) where the proof says."""
    try:
        checkpoint = open_checkpoint(proof.note, key)
    except Refused as refusal:
        return refusal.verdict
    signed = Ground("checkpoint.signed", _SOURCE, f"The log has signed {checkpoint.named()}.")
    included = verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return all_of((Verdict.yes(signed), included))


def verify_opened_proof(proof: LogProof, key: VerifierKey) -> Verdict:
    """Whether the log with `key` holds the entry that the proof opens in its extra bytes."""
    return verify_log_proof(proof, Opening.decode(proof.extra).commitment, key)


def _parse_extra(line: str) -> bytes:
    extra = decode_base64("extra", line.removeprefix(_EXTRA))
    if not extra:
        raise Malformed("extra", "a proof without extra bytes has no such line")
    if len(extra) > MAX_EXTRA:
        raise TooLarge("extra", f"{len(extra)} bytes are more than {MAX_EXTRA}")
    return extra


def _parse_index(lines: list[str]) -> int:
    if not lines or not lines[0].startswith(_INDEX):
        raise Malformed("index", "the line 'index <number>' is missing")
    return parse_size("index", lines[0].removeprefix(_INDEX))
