"""Checks that a log holds an entry, from the proof that the node's log page offers as a file."""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.cli.checks import report
from comity.cli.files import load, log_folder
from comity.cli.hashes import hash_bytes
from comity.cli.keys import log_keys
from comity.cli.output import Output
from comity.cli.parsing import key_options
from comity.cli.proofs import EntryProof, check_proof
from comity.engines.ledger.logproof import MAX_TEXT


def arguments(parser: argparse.ArgumentParser) -> None:
    """The proof, the key, and a copy of the log."""
    parser.add_argument("proof", metavar="PROOF", help="the proof: JSON, or a C2SP tlog-proof")
    key_options(parser)
    parser.add_argument(
        "--commitment", metavar="HASH", help="what stands in the log, where the proof does not say it"
    )
    parser.add_argument("--copy", metavar="DIR", help="a copy of the log that must agree with the proof")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check the proof."""
    keys, read = log_keys(args.key, args.descriptor, now=now), args.copy and log_folder(args.copy)

    leaf = args.commitment and hash_bytes("--commitment", args.commitment)

    def judge(content: bytes) -> int:
        proof = EntryProof.decode(content).with_commitment(leaf)
        entry, told = proof.entry(), [*keys.checks, *check_proof(proof, keys, read)]
        if entry is not None:
            output.give({"entry": entry.as_json()}, f"The entry says: {entry.raw.decode()}")
        return report("verify proof", told, output)

    return load(args.proof, judge, limit=MAX_TEXT)
