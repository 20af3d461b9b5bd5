"""Shows a node's fingerprint in twelve words, to compare with its people over another channel."""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.cli.files import load
from comity.cli.output import Output
from comity.formats.descriptor import LIMITS, decode_descriptor, verify_descriptor


def arguments(parser: argparse.ArgumentParser) -> None:
    """The descriptor."""
    parser.add_argument("descriptor", metavar="DESCRIPTOR", help="the file that the node serves about itself")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Show the words; `Refused` for a descriptor that its own key did not sign."""
    signed = load(args.descriptor, decode_descriptor, limit=LIMITS.size)
    verify_descriptor(signed, now=now).require()
    node, words = signed.descriptor, signed.words or ()
    who = {"id": node.id, "name": node.name, "state": node.state, "address": node.address}
    output.give(
        {**who, "words": list(words)},
        f"{node.name} ({node.state}), {node.address}",
        f"    {' '.join(words)}",
        "Ring a person there whom you know, and accept the node only if all twelve words are the same.",
    )
    return 0
