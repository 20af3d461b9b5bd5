"""Checks a receipt: that this act arrived, unaltered, and that the receiver's log holds it for good."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from datetime import datetime

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict, all_of
from comity.cli.checks import Check, Unchecked, report
from comity.cli.files import load
from comity.cli.keys import LogKeys, check_descriptor, log_keys_of, witness_keys_of
from comity.cli.output import Output
from comity.cli.proofs import EntryProof, check_place
from comity.engines.ledger.checkpoint import verify_cosignature
from comity.engines.ledger.note import Note
from comity.formats.act_checks import check_author
from comity.formats.acts import LIMITS as ACT_LIMITS
from comity.formats.acts import SignedAct, decode_act
from comity.formats.descriptor import LIMITS as DESCRIPTOR_LIMITS
from comity.formats.descriptor import SignedDescriptor, decode_descriptor
from comity.formats.keys import NodeKey
from comity.formats.receipts import LIMITS as RECEIPT_LIMITS
from comity.formats.receipts import SignedReceipt, decode_receipt, verify_receipt


def arguments(parser: argparse.ArgumentParser) -> None:
    """The receipt, the act, and who signed them."""
    parser.add_argument("receipt", metavar="RECEIPT", help="the receipt that the receiver's node signed")
    parser.add_argument("--act", metavar="FILE", required=True, help="the act as it was sent")
    parser.add_argument(
        "--descriptor", metavar="FILE", required=True, help="the descriptor of the receiver's node"
    )
    parser.add_argument(
        "--sender-descriptor", metavar="FILE", help="that of the sender's node: checks the act's signature"
    )


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check the receipt."""
    receipt = load(args.receipt, decode_receipt, limit=RECEIPT_LIMITS.size)
    act = load(args.act, decode_act, limit=ACT_LIMITS.size)
    receiver = load(args.descriptor, decode_descriptor, limit=DESCRIPTOR_LIMITS.size)
    sender = (
        load(args.sender_descriptor, decode_descriptor, limit=DESCRIPTOR_LIMITS.size)
        if args.sender_descriptor
        else None
    )
    told = [
        check_descriptor(receiver, now=now, of="the receiver"),
        Check("the receipt", _receipt(receipt, act, receiver)),
        *_act(act, sender, now),
        *_log(receipt, receiver),
        *_cosignatures(receipt, [each for each in (receiver, sender) if each], now),
    ]
    return report("verify receipt", told, output)


def _receipt(receipt: SignedReceipt, act: SignedAct, receiver: SignedDescriptor) -> Verdict:
    own = _is_node(receiver, receipt.receipt.author, "receipt", "docs/wire/receipt.md")
    return all_of((own, verify_receipt(receipt, act, receiver.descriptor.keys)))


def _act(act: SignedAct, sender: SignedDescriptor | None, now: datetime) -> Iterator[Check | Unchecked]:
    if sender is None:
        yield Unchecked("the signature of the act", "The author's keys are missing; add --sender-descriptor.")
        return
    yield check_descriptor(sender, now=now, of="the sender")
    own = _is_node(sender, act.act.author, "act", "docs/wire/act.md")
    yield Check("the signature of the act", all_of((own, check_author(act, sender.descriptor.keys))))


def _is_node(signed: SignedDescriptor, author: str, rules: str, source: str) -> Verdict:
    if signed.descriptor.id != author:
        text = f"The descriptor is of {signed.descriptor.id}; the {rules} is by {author}."
        return Verdict.no(Ground(f"{rules}.wrong-sender", source, text))
    return Verdict.yes(Ground(f"{rules}.author", source, f"The descriptor is that of its author, {author}."))


def _log(receipt: SignedReceipt, receiver: SignedDescriptor) -> Iterator[Check]:
    """The commitment that salt and entry make stands in the log, under a checkpoint signed by its key."""
    pairs = log_keys_of(receiver.descriptor)
    proof = EntryProof.of_receipt(receipt.receipt.log)
    if not pairs:
        text = "The descriptor names no key for a log: what checks the checkpoint is missing."
        yield Check(
            "the receiver's log", Verdict.unknown(Ground("note.unknown-key", "C2SP signed-note", text))
        )
        return
    keys = LogKeys(tuple(key for _, key in pairs))
    yield from check_place(proof, keys)
    used = next(each for each, key in pairs if key == keys.for_note(proof.proof.note))
    yield Check("the key of the log", _valid_then(used, receipt.receipt.received))


def _valid_then(key: NodeKey, moment: datetime) -> Verdict:
    source, then = "docs/wire/descriptor.md", f"{moment:%Y-%m-%d %H:%M} UTC"
    if key.valid_at(moment):
        text = f"It was valid at {then}, when the act was received."
        return Verdict.yes(Ground("checkpoint.key-valid-then", source, text))
    text = f"It was not valid at {then}, when the act was received."
    return Verdict.no(Ground("checkpoint.key-not-valid-then", source, text))


def _cosignatures(
    receipt: SignedReceipt, known: Iterable[SignedDescriptor], now: datetime
) -> Iterator[Check | Unchecked]:
    """Who else vouches for the checkpoint; a witness whose key is not at hand is named, and not believed."""
    try:
        note = Note.decode(receipt.receipt.log.checkpoint.encode())
    except Malformed:
        return  # the check of the log says so
    keys = [key for each in known for key in witness_keys_of(each.descriptor)]
    for line in note.signatures:
        key = next((each for each in keys if line.by(each)), None)
        if key is not None:
            yield Check(f"the cosignature of {line.name}", verify_cosignature(note, key, now=now))
        elif line.name != receipt.receipt.log.origin:
            yield Unchecked(
                f"the cosignature of {line.name}", "The key of this witness is in no descriptor here."
            )
