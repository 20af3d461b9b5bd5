"""`comity-node export`: everything that a partner may see, as a STIX bundle; the rest stays out."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from comity.engines.release.terms import Purpose
from comity.node.commands.see import asked_for, partner_called, reader
from comity.node.exchange.services.exporting import export_bundle


def arguments(parser: argparse.ArgumentParser) -> None:
    """For whom, what for, and into which file."""
    asked_for(parser)
    parser.add_argument("-o", "--to", type=Path, required=True, metavar="FILE", help="the bundle to write")


def run(args: argparse.Namespace) -> int:
    """Judge every object for the partner, and write those that may go."""
    partner = partner_called(args.partner)
    with args.output.step(f"Judging everything for {partner.name}"):
        bundle = export_bundle(
            actor=reader(), partner=partner, purpose=Purpose(args.purpose), now=datetime.now(UTC)
        )
    part = args.to.with_name(args.to.name + ".part")
    part.write_bytes(bundle)
    os.replace(part, args.to)  # noqa: PTH105  in one step, so that no half file is taken for a whole one
    args.output.give({"event": "exported", "file": str(args.to), "bytes": len(bundle)}, f"Written: {args.to}")
    return 0
