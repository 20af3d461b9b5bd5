"""The proof of one entry as a file: the JSON that a node's log page offers, or a C2SP tlog-proof."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.base.verdict import Ground, Refused, Verdict
from comity.cli.checks import Check
from comity.cli.copies import check_commitment, commitment_at, compare_with_copy, open_copy, unreadable_note
from comity.cli.keys import LogKeys
from comity.engines.ledger import logproof
from comity.engines.ledger.commitment import Opening
from comity.engines.ledger.copy import ReadFile
from comity.engines.ledger.lines import MAX_PROOF, decode_base64, parse_hashes
from comity.engines.ledger.note import VerifierKey
from comity.engines.ledger.tiles import HASH_SIZE
from comity.formats import receipts
from comity.formats.entries import LogEntry
from comity.formats.strict_json import decode

_TEXT = b"c2sp.org/tlog-proof@"
_MAX_ORIGIN = 200


@dataclass(frozen=True, slots=True)
class EntryProof:
    """Where an entry stands in a log; what it says is there only where the log's keeper opened it."""

    proof: logproof.LogProof
    commitment: bytes | None  # None in a tlog-proof that opens nothing: a copy of the log may have it
    opening: Opening | None
    origin: str | None = None  # as the file names it; the checkpoint decides

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The proof in a file of either form."""
        return cls._of_text(content) if content.startswith(_TEXT) else cls._of_json(Fields(decode(content)))

    @classmethod
    def of_receipt(cls, log: receipts.LogProof) -> Self:
        """The proof that a receipt carries."""
        opening = Opening(log.salt, log.entry.raw)
        proof = logproof.LogProof(log.index, log.proof, log.checkpoint.encode())
        return cls(proof, opening.commitment, opening, log.origin)

    def with_commitment(self, commitment: bytes | None) -> Self:
        """The proof for this commitment, which was told apart from the file; None: as it is."""
        if commitment in {None, self.commitment}:
            return self
        if self.commitment is not None:
            text = "The proof is of another commitment than the one that was given."
            raise Refused(Verdict.no(Ground("commitment.other", "Comity log format, entries", text)))
        return replace(self, commitment=commitment)

    def entry(self) -> LogEntry | None:
        """What the entry says; None where it was not opened."""
        return LogEntry.decode(self.opening.entry, "entry") if self.opening else None

    @classmethod
    def _of_text(cls, content: bytes) -> Self:
        proof = logproof.LogProof.decode(content)
        opening = Opening.decode(proof.extra) if proof.extra else None
        return cls(proof, opening.commitment if opening else None, opening)

    @classmethod
    def _of_json(cls, fields: Fields) -> Self:
        if fields.has("salt"):
            return cls.of_receipt(receipts.LogProof.decode(fields))
        origin = fields.text("origin", limit=_MAX_ORIGIN)
        note = fields.text("checkpoint", limit=receipts.MAX_CHECKPOINT).encode()
        hashes = parse_hashes(fields.texts("proof", most=MAX_PROOF))
        proof = logproof.LogProof(fields.number("index"), hashes, note)
        commitment = decode_base64(fields.at("commitment"), fields.text("commitment"))
        if len(commitment) != HASH_SIZE:
            raise Malformed(fields.at("commitment"), f"is not {HASH_SIZE} bytes long.")
        fields.nothing_else()
        return cls(proof, commitment, None, origin)


def check_place(
    proof: EntryProof, keys: LogKeys, read: ReadFile | None = None, *, of: str = ""
) -> tuple[Check, ...]:
    """Whether the log holds the entry where the proof says."""
    note, index = proof.proof.note, proof.proof.index
    key = keys.for_note(note)
    place = Check(f"entry {index} in the log{of}", _judge_place(proof, key, keys, read))
    if proof.origin in {None, key.name}:
        return (place,)
    text = f"The proof is of the log {proof.origin}; the key is that of {key.name}."
    origin = Verdict.no(Ground("checkpoint.origin", "C2SP tlog-checkpoint", text))
    return (Check(f"the name of the log{of}", origin), place)


def check_proof(
    proof: EntryProof, keys: LogKeys, read: ReadFile | None, *, of: str = ""
) -> tuple[Check, ...]:
    """The same, and whether the copy agrees where there is one."""
    told = check_place(proof, keys, read, of=of)
    if read is None:
        return told
    same = Check(f"the copy and the proof{of}", compare_with_copy(proof.proof.note, read, keys))
    if proof.commitment is None:
        return (*told, same)
    there = check_commitment(read, proof.proof.index, proof.commitment, keys)
    return (*told, Check(f"entry {proof.proof.index} in the copy{of}", there), same)


def _judge_place(proof: EntryProof, key: VerifierKey, keys: LogKeys, read: ReadFile | None) -> Verdict:
    try:
        return logproof.verify_log_proof(proof.proof, _leaf(proof, keys, read), key)
    except Refused as refusal:
        return refusal.verdict
    except Malformed as problem:
        return unreadable_note(problem)


def _leaf(proof: EntryProof, keys: LogKeys, read: ReadFile | None) -> bytes:
    """What stands in the tree: a tlog-proof without opening leaves it to the reader to know that."""
    if proof.commitment is not None:
        return proof.commitment
    if read is None:
        text = "This tlog-proof opens no entry, so what it proves is missing; add --commitment or --copy."
        raise Refused(Verdict.unknown(Ground("log.inclusion.leaf", "C2SP tlog-proof", text)))
    return commitment_at(read, proof.proof.index, open_copy(read, keys))
