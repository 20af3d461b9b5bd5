"""Checks that an entry which somebody opened to you, with its salt, is the one that the log recorded."""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.base.errors import Malformed
from comity.base.verdict import Refused, Verdict
from comity.cli.checks import Check, report
from comity.cli.copies import check_commitment, commitment_at, open_copy
from comity.cli.files import load, log_folder
from comity.cli.hashes import hash_bytes
from comity.cli.keys import LogKeys, log_keys
from comity.cli.output import Output
from comity.cli.parsing import key_options
from comity.engines.ledger.commitment import opens
from comity.engines.ledger.copy import ReadFile
from comity.engines.ledger.lines import parse_size
from comity.engines.ledger.tiles import MAX_ENTRY
from comity.formats.canonical import canonical
from comity.formats.strict_json import decode


def arguments(parser: argparse.ArgumentParser) -> None:
    """The copy, and the opening."""
    parser.add_argument("--copy", metavar="DIR", required=True, help="a copy of the log")
    parser.add_argument("--index", metavar="N", required=True, help="where the entry stands, from 0 on")
    parser.add_argument("--salt", required=True, help="its salt: 32 bytes in base64 or hexadecimal")
    parser.add_argument("--entry", metavar="FILE", required=True, help="the entry, as JSON")
    key_options(parser)


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check the opening."""
    index, salt = parse_size("--index", args.index), hash_bytes("--salt", args.salt)
    keys, read = log_keys(args.key, args.descriptor, now=now), log_folder(args.copy)
    entry = load(args.entry, lambda content: content, limit=MAX_ENTRY)
    told = (*keys.checks, *_checks(read, keys, index, salt, entry))
    return report("verify entry", told, output)


def _checks(read: ReadFile, keys: LogKeys, index: int, salt: bytes, entry: bytes) -> tuple[Check, ...]:
    try:
        commitment = commitment_at(read, index, open_copy(read, keys))
    except Refused as refusal:
        return (Check(f"entry {index} in the copy", refusal.verdict),)
    return (
        Check("salt and entry", _opens(commitment, salt, entry)),
        Check(f"entry {index} in the copy", check_commitment(read, index, commitment, keys)),
    )


def _opens(commitment: bytes, salt: bytes, entry: bytes) -> Verdict:
    """An entry is canonical JSON; one that was laid out for reading, or ends in a newline, is put back."""
    verdict = opens(commitment, salt, entry)
    if verdict.allowed:
        return verdict
    try:
        return opens(commitment, salt, canonical(decode(entry)))
    except Malformed:
        return verdict
