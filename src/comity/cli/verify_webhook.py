"""Checks that a call to a webhook was made by a node: its signature covers the address and the whole body."""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.base.times import decode_time, encode_time
from comity.cli.checks import Check, Unchecked, report
from comity.cli.files import load
from comity.cli.keys import check_descriptor
from comity.cli.output import Output
from comity.formats.descriptor import LIMITS as DESCRIPTOR_LIMITS
from comity.formats.descriptor import decode_descriptor
from comity.formats.webhooks import LIMITS, Call, Request, verify_call


def arguments(parser: argparse.ArgumentParser) -> None:
    """The request, and who is said to have made it."""
    parser.add_argument("request", metavar="REQUEST", help="the request as HTTP/1.1: line, headers, body")
    parser.add_argument("--descriptor", metavar="FILE", required=True, help="the descriptor of the node")
    parser.add_argument(
        "--address", metavar="URL", default="", help="the address that was called; else https:// and its Host"
    )
    parser.add_argument("--received", metavar="TIME", help="when it came, in UTC: checks that it was fresh")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Check the call, and say what it tells."""
    request = load(args.request, lambda content: Request.decode(content, args.address), limit=LIMITS.size)
    signed = load(args.descriptor, decode_descriptor, limit=DESCRIPTOR_LIMITS.size)
    received = decode_time(args.received, "--received") if args.received else None
    verdict = verify_call(request, signed.descriptor.keys, received=received)
    told: list[Check | Unchecked] = [
        check_descriptor(signed, now=now, of="the node"),
        Check("the call", verdict),
    ]
    if received is None:
        told.append(
            Unchecked("its age", "Add --received: what is older than five minutes may be played again.")
        )
    if verdict.allowed:
        call = Call.decode(request.body)
        place = f": {call.count} objects added after {call.added_after}" if call.count else ""
        words = f"{call.kind.value} for {call.party} of {call.collection}{place} ({encode_time(call.at)})"
        output.give({"call": call.as_json()}, words)
    return report("verify webhook", told, output)
