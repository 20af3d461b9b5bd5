"""`comity-node export`: what a partner may see, or our own devices may act on, in the form they read."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from comity.engines.release.terms import Purpose
from comity.formats.exports.all import FORMS
from comity.node.commands.nodes import own_body
from comity.node.commands.see import partner_called, reader
from comity.node.exchange.services.exporting import STIX, export_as, export_bundle
from comity.node.parties.models import Party

MOST = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """In which form, for whom, what for, and into which file."""
    about = f"a bundle of all that may be seen ({STIX}), or what valid indicators seek"
    parser.add_argument("--form", choices=[STIX, *FORMS], default=STIX, help=about)
    parser.add_argument(
        "--partner", metavar="NAME", help="its name, or its ref; without it, for our own devices"
    )
    purposes = [purpose.value for purpose in Purpose]
    parser.add_argument("--purpose", choices=purposes, default=Purpose.NETWORK_DEFENCE.value)
    least = "only indicators of this confidence (0 to 100) or above; a bundle takes all"
    parser.add_argument("--min-confidence", type=_upto_100, default=0, metavar="NUMBER", help=least)
    worth = "only values whose score (0 to 100) is this or above now; a bundle takes all"
    parser.add_argument("--min-score", type=_upto_100, default=0, metavar="NUMBER", help=worth)
    parser.add_argument(
        "-o", "--to", type=Path, metavar="FILE", help="the file to write; without it, to the standard output"
    )


def run(args: argparse.Namespace) -> int:
    """Judge every object for whoever it is for, and write those that may go."""
    partner = partner_called(args.partner) if args.partner else None
    pieces = _bundle(args, partner) if args.form == STIX else _values(args, partner)
    if args.to is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return 0
    part = args.to.with_name(args.to.name + ".part")
    with part.open("wb") as out:
        size = sum(out.write(piece) for piece in pieces)
    os.replace(part, args.to)  # noqa: PTH105  in one step, so that no half file is taken for a whole one
    args.output.give({"event": "exported", "file": str(args.to), "bytes": size}, f"Written: {args.to}")
    return 0


def _upto_100(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {MOST}")
    return int(text)


def _bundle(args: argparse.Namespace, partner: Party | None) -> Iterable[bytes]:
    now, purpose = datetime.now(UTC), Purpose(args.purpose)
    return [export_bundle(actor=reader(), partner=partner or own_body(), purpose=purpose, now=now)]


def _values(args: argparse.Namespace, partner: Party | None) -> Iterable[bytes]:
    done = export_as(
        args.form,
        actor=reader(),
        partner=partner,
        purpose=Purpose(args.purpose),
        least=args.min_confidence,
        least_score=args.min_score,
        now=datetime.now(UTC),
    )
    if args.to is not None:
        for line in done.about.lines:
            args.output.say(line)
    return done
