"""Checks that two logs tell of the same act: in the sender's that it went, in the receiver's that it came."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime

from comity.base.verdict import Ground, Verdict, all_of
from comity.cli.checks import Check, report
from comity.cli.files import load, log_folder
from comity.cli.keys import LogKeys, log_keys
from comity.cli.output import Output
from comity.cli.parsing import key_options
from comity.cli.proofs import EntryProof, check_proof
from comity.engines.ledger.copy import ReadFile
from comity.engines.ledger.logproof import MAX_TEXT
from comity.formats.entries import Event, LogEntry
from comity.formats.receipts import LIMITS, SignedReceipt, decode_receipt

_SOURCE = "Comity log format, entries"
_SENT = (Event.ACT_SENT, Event.RECEIPT_RECEIVED)


def arguments(parser: argparse.ArgumentParser) -> None:
    """For each side the proof, the copy and the key; the receipt, which joins the two."""
    parser.add_argument(
        "proof_a", metavar="PROOF_A", help="the sender's entry: act sent, or receipt received"
    )
    parser.add_argument("proof_b", metavar="PROOF_B", help="the receiver's entry: act received")
    for side in ("a", "b"):
        copy_of = f"a copy of the log {side.upper()}"
        parser.add_argument(f"--copy-{side}", metavar="DIR", required=True, help=copy_of)
        key_options(parser, of=side)
    parser.add_argument(
        "--receipt", metavar="FILE", help="the receipt, where PROOF_A is of a receipt received"
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """One side's proof, with what it is checked by."""

    proof: EntryProof
    entry: LogEntry | None
    keys: LogKeys
    read: ReadFile

    def checks(self, name: str) -> tuple[Check, ...]:
        return (*self.keys.checks, *check_proof(self.proof, self.keys, self.read, of=f" {name}"))


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check both sides, and that they agree."""
    a = _side(args.proof_a, log_keys(args.key_a, args.descriptor_a, now=now, whose="log A"), args.copy_a)
    b = _side(args.proof_b, log_keys(args.key_b, args.descriptor_b, now=now, whose="log B"), args.copy_b)
    receipt = load(args.receipt, decode_receipt, limit=LIMITS.size) if args.receipt else None
    told = [*a.checks("A"), *b.checks("B"), _two_logs(a, b), *_checks(a.entry, b.entry, receipt)]
    return report("verify both", told, output)


def _side(path: str, keys: LogKeys, folder: str) -> _Side:
    def decode(content: bytes) -> tuple[EntryProof, LogEntry | None]:
        proof = EntryProof.decode(content)
        return proof, proof.entry()

    return _Side(*load(path, decode, limit=MAX_TEXT), keys, log_folder(folder))


def _two_logs(a: _Side, b: _Side) -> Check:
    """One log that tells of both sides would be one witness, not two."""
    one, other = a.keys.keys[0].name, b.keys.keys[0].name
    text = f"A is the log {one}, B the log {other}."
    return Check("the two logs", _no("one-log", text) if one == other else _yes("two-logs", text))


def _checks(a: LogEntry | None, b: LogEntry | None, receipt: SignedReceipt | None) -> list[Check]:
    closed = [f"Entry {side} is not opened in its proof." for side, each in (("A", a), ("B", b)) if not each]
    if a is None or b is None:
        grounds = (Ground("both.opening", _SOURCE, text) for text in closed)
        return [Check("what the entries say", Verdict.unknown(*grounds))]
    return [
        Check("what the entries are of", all_of((_are_a_pair(a, b), _one_act(a, b), _parties(a, b)))),
        Check("the digests", _digests(a, b, receipt)),
    ]


def _are_a_pair(a: LogEntry, b: LogEntry) -> Verdict:
    if a.event not in _SENT or b.event is not Event.ACT_RECEIVED:
        text = (
            f"A is of the event {a.event.value}, B of {b.event.value}; a sent and a received act are wanted."
        )
        return _no("events", text)
    return _yes("events", f"A tells of the event {a.event.value}, B of {b.event.value}.")


def _one_act(a: LogEntry, b: LogEntry) -> Verdict:
    if a.subject != b.subject:
        return _no("subject", f"A is about {a.subject}, B about {b.subject}.")
    return _yes("subject", f"Both are about {a.subject}.")


def _parties(a: LogEntry, b: LogEntry) -> Verdict:
    """A receipt goes the other way than its act."""
    if a.event is Event.RECEIPT_RECEIVED:
        agree = (b.sender,) == a.to and a.sender in b.to
    else:
        agree = a.sender == b.sender and set(b.to) <= set(a.to)
    if not agree:
        return _no("parties", f"A names {_named(a)}; B names {_named(b)}.")
    return _yes("parties", "Both name the same sender and the same receiver.")


def _digests(a: LogEntry, b: LogEntry, receipt: SignedReceipt | None) -> Verdict:
    if a.event is not Event.RECEIPT_RECEIVED:
        return _same_digest(a.digest, b.digest, "the act")
    if receipt is None:
        text = "A names the digest of the receipt and B that of the act: the receipt between them is missing."
        return Verdict.unknown(Ground("both.receipt", _SOURCE, text))
    first = _same_digest(a.digest, receipt.sha256, "the receipt")
    return all_of((first, _same_digest(receipt.receipt.act_sha256, b.digest, "the act")))


def _same_digest(one: str | None, other: str | None, of: str) -> Verdict:
    if one is None or one != other:
        return _no("digest", f"The digests of {of} differ: {one} and {other}.")
    return _yes("digest", f"The digest of {of} is {one} on both sides.")


def _named(entry: LogEntry) -> str:
    return f"{entry.sender or 'nobody'} to {', '.join(entry.to) or 'nobody'}"


def _yes(what: str, text: str) -> Verdict:
    return Verdict.yes(Ground(f"both.{what}", _SOURCE, text))


def _no(what: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"both.{what}", _SOURCE, text))
