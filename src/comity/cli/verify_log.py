"""Checks the whole copy of a log, entry by entry, against the log's key; says which file is wrong first."""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.base.verdict import Refused, Verdict
from comity.cli.checks import Check, report
from comity.cli.copies import checkpoint_of, compare_with_copy
from comity.cli.files import load, log_folder
from comity.cli.keys import LogKeys, log_keys
from comity.cli.output import Output
from comity.cli.parsing import key_options
from comity.engines.ledger.checkpoint import Checkpoint
from comity.engines.ledger.copy import ReadFile, verify_copy
from comity.engines.ledger.note import MAX_NOTE, Note


def arguments(parser: argparse.ArgumentParser) -> None:
    """The copy, the key, and an older checkpoint."""
    parser.add_argument("folder", metavar="DIR", help="the copy, in the layout of C2SP tlog-tiles")
    key_options(parser)
    parser.add_argument("--since", metavar="FILE", help="an older checkpoint that the copy must begin with")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check the copy."""
    keys, read = log_keys(args.key, args.descriptor, now=now), log_folder(args.folder)
    return report("verify log", [*keys.checks, *_checks(args.since, keys, read)], output)


def _checks(since: str | None, keys: LogKeys, read: ReadFile) -> list[Check]:
    whole = Check("the copy of the log", _whole(keys, read))
    if since is None:
        return [whole]
    note = load(since, _checkpoint, limit=MAX_NOTE)
    return [whole, Check("the older checkpoint", compare_with_copy(note, read, keys))]


def _checkpoint(content: bytes) -> bytes:
    """The content, if it is a checkpoint at all: otherwise the wrong file was named."""
    Checkpoint.decode(Note.decode(content).text)
    return content


def _whole(keys: LogKeys, read: ReadFile) -> Verdict:
    try:
        return verify_copy(read, keys.for_note(checkpoint_of(read)))
    except Refused as refusal:
        return refusal.verdict
