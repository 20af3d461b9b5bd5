"""`comity-node import`: bring a STIX bundle or a MISP event into the node, with a report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from comity.base.tlp import Tlp
from comity.node.commands.nodes import own_body
from comity.node.commands.parsing import Unreadable
from comity.node.exchange.services.importing import Source, import_bundle, import_file, import_misp
from comity.node.parties.actors import system_actor
from comity.node.parties.roles import Power


def arguments(parser: argparse.ArgumentParser) -> None:
    """The file, its form, and what is known of where it comes from."""
    parser.add_argument("file", type=Path, help="a STIX 2.1 bundle or a MISP event, as JSON")
    parser.add_argument("--form", choices=["stix", "misp"], help="(default: what the file says itself)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--own", action="store_true", help="it is our own work, ours to give")
    source.add_argument("--source", metavar="WORDS", help="who made it, and where you got it")
    parser.add_argument("--strict", action="store_true", help="refuse objects that break the standard")
    labels = [label.value for label in Tlp]
    parser.add_argument(
        "--unmarked-as", choices=labels, help="label of what carries none; without it, such objects stay here"
    )


def run(args: argparse.Namespace) -> int:
    """Import, and say what became of the objects."""
    body = own_body()
    label = Tlp(args.unmarked_as) if args.unmarked_as else None
    party = body if args.own else None
    source = Source(party, note=args.source or "", unmarked_as=label, strict=args.strict)
    bring = {"stix": import_bundle, "misp": import_misp}.get(args.form, import_file)
    with _opened(args.file) as file, args.output.step(f"Importing {args.file.name}"):
        row = bring(
            actor=system_actor("comity-node import", body.pk, Power.IMPORT),
            file=file,
            source=source,
            now=datetime.now(UTC),
        )
    told = {"event": "imported", "file": args.file.name, **row.report}
    args.output.give(told, "\n  ".join(_lines(row.report)))
    return 0


def _lines(report: dict[str, Any]) -> Iterator[str]:
    """The counts, and the reason of everything that is wrong."""
    refused, faulty = (len(report[name]) + report["more"].get(name, 0) for name in ("refused", "faulty"))
    yield f"{report['new']} new, {report['known']} known already, {refused} refused."
    yield from (f"{ref}: {why}" for ref, why in report["refused"])
    if faulty:
        yield f"{faulty} of them break STIX 2.1 and are kept; --strict would refuse them:"
        yield from (f"{ref}: {why}" for ref, why in report["faulty"])
    if report["notes"]:
        yield "What STIX has no words for:"
        yield from report["notes"]


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        why = (error.strerror or "cannot be read").lower()
        raise Unreadable(f"{path}: {why}. Name a STIX bundle or a MISP event.") from error
