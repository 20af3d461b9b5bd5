"""`comity-node observe`: copy the logs of partners and verify every entry, without seeing any content."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from comity.base.errors import ComityError, NotFound
from comity.node.federation import queries, their_log
from comity.node.federation.models import Partner
from comity.node.federation.transport import Http


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whose log, and where the copies are kept."""
    parser.add_argument("address", nargs="?", help="address of one partner's node (default: all accepted)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="folder of the copies (default: HOME/copies)")


def run(args: argparse.Namespace) -> int:
    """Copy and verify; 1 if a log does not hold, or cannot be read."""
    folder = args.to or args.home / "copies"
    return max([_observe(each, folder, args) for each in _partners(args.address)])


def _partners(address: str | None) -> list[Partner]:
    found = [each for each in queries.accepted() if address in (None, each.address)]
    if not found:
        raise NotFound("accepted partner whose log could be read")
    return found


def _observe(partner: Partner, folder: Path, args: argparse.Namespace) -> int:
    copy = folder / partner.log_origin.replace("/", "_").replace(":", "_")
    try:
        with Http() as transport, args.output.step(f"Reading the log of {partner.party.name}"):
            verdict = their_log.copy(partner, copy, transport, now=datetime.now(UTC))
    except ComityError as error:
        told = {"partner": partner.party.name, "answer": "unknown", "code": error.code, "text": error.message}
        args.output.give(told, f"{partner.party.name}: {error.message}")
        return 1
    text = " ".join(ground.text for ground in verdict.grounds)
    told = {"partner": partner.party.name, "copy": str(copy), **verdict.as_json()}
    args.output.give(told, f"{partner.party.name}: {text} The copy is in {copy}.")
    return 0 if verdict.allowed else 1
