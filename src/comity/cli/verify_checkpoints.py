"""Checks that a log only grew between two of its checkpoints, with the tiles in a copy of the log."""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.base.verdict import Ground, Refused, Verdict
from comity.cli.checks import Check, Unchecked, report
from comity.cli.files import load, log_folder
from comity.cli.keys import LogKeys, log_keys
from comity.cli.output import Output
from comity.cli.parsing import key_options
from comity.engines.ledger.checkpoint import Checkpoint, open_checkpoint
from comity.engines.ledger.copy import compare
from comity.engines.ledger.note import MAX_NOTE, Note


def arguments(parser: argparse.ArgumentParser) -> None:
    """The two checkpoints, the copy, and the key."""
    parser.add_argument("old", metavar="OLD", help="the older checkpoint, a signed note")
    parser.add_argument("new", metavar="NEW", help="the newer checkpoint")
    parser.add_argument("--copy", metavar="DIR", required=True, help="a copy of the log at NEW or later")
    key_options(parser, required=False)


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check the two checkpoints."""
    read = log_folder(args.copy)
    keys = log_keys(args.key, args.descriptor, now=now) if args.key or args.descriptor else None
    old, old_signed = _load(args.old, keys)
    new, new_signed = _load(args.new, keys)
    grown = Check("the two checkpoints", compare(old, new, read))
    return report(
        "verify checkpoints", [*(keys.checks if keys else ()), old_signed, new_signed, grown], output
    )


def _load(path: str, keys: LogKeys | None) -> tuple[Checkpoint, Check | Unchecked]:
    return load(path, lambda content: _open(path, content, keys), limit=MAX_NOTE)


def _open(path: str, content: bytes, keys: LogKeys | None) -> tuple[Checkpoint, Check | Unchecked]:
    """The checkpoint, even where its signature does not hold: the two are compared all the same."""
    checkpoint, name = Checkpoint.decode(Note.decode(content).text), f"the signature on {path}"
    if keys is None:
        return checkpoint, Unchecked(name, "No key was given; add --key or --descriptor.")
    try:
        open_checkpoint(content, keys.for_note(content))
    except Refused as refusal:
        return checkpoint, Check(name, refusal.verdict)
    text = f"The log has signed {checkpoint.named()}."
    return checkpoint, Check(name, Verdict.yes(Ground("checkpoint.signed", "C2SP tlog-checkpoint", text)))
