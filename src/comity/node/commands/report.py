"""`comity-node report`: sightings, false positives and ends from a sensor or an analyst, as lines of JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.formats.strict_json import Limits, decode
from comity.node.commands.nodes import as_person
from comity.node.commands.parsing import Unreadable
from comity.node.exchange.reports import LONGEST_OBJECT, Report
from comity.node.exchange.seekers import reports_of
from comity.node.exchange.services.reporting import MOST_REPORTS, record_reports
from comity.node.parties.actors import Actor

LONGEST_LINE = 16_384
_LIMITS = Limits(size=LONGEST_LINE, depth=2)
_MOST = MOST_REPORTS * 1_024


def arguments(parser: argparse.ArgumentParser) -> None:
    """The lines, and in whose name."""
    about = (
        'lines such as {"value": "198.51.100.7", "count": 3}; `object` names a ref instead of a value; '
        "further `what` (seen, false-positive, expired), `first_seen`, `last_seen`, `where`, `why`, `tlp`; "
        "- is the standard input"
    )
    parser.add_argument("file", metavar="FILE", help=about)
    parser.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who reports this")


def run(args: argparse.Namespace) -> int:
    """Record all lines, or none; the first that is wrong is named."""
    now = datetime.now(UTC)
    actor = as_person(args.person, now)
    pairs = [pair for line in _lines(args.file) for pair in _reports(actor, *line)]
    done = record_reports(actor=actor, reports=pairs, now=now)
    for (about, said), ref in zip(pairs, done.refs, strict=True):
        told = {"event": "reported", "about": about, "what": said.what.value, "object": ref}
        args.output.give(told, f"{about}: {said.what.words} ({ref})")
    for each in done.told:
        act, why = each.act.ref if each.act else None, each.reason
        given = {"event": "told", "party": each.party.ref, "act": act, "why": why}
        args.output.give(given, f"{each.party.name}: {act or f'not told. {why}'}")
    return 0


def _lines(name: str) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, without empty ones."""
    try:
        content = sys.stdin.buffer.read(_MOST + 1) if name == "-" else _read(Path(name))
    except OSError as error:
        raise Unreadable(f"{name}: {error.strerror}.") from error
    if len(content) > _MOST:
        raise TooLarge(name, f"has more than {_MOST:,} bytes.")
    return ((number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST + 1)


def _reports(actor: Actor, number: int, line: bytes) -> list[tuple[str, Report]]:
    try:
        return _report(actor, Fields(decode(line, limits=_LIMITS)))
    except Malformed as error:
        raise Malformed(f"line {number}, {error.where}", error.problem) from error


def _report(actor: Actor, fields: Fields) -> list[tuple[str, Report]]:
    ref = fields.optional_text("object", limit=LONGEST_OBJECT) or ""
    value = fields.optional_text("value", limit=LONGEST_OBJECT) or ""
    said = Report.decode(fields)
    fields.nothing_else()
    return reports_of(actor, ref, value, said)
