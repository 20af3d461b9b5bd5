"""The words of the command line as a run, and what it came to as an exit status."""

from __future__ import annotations

import argparse
from datetime import datetime
from itertools import filterfalse
from pathlib import Path

from comity.base.times import decode_time
from comity.cli.detecting.outputs import kind_of
from comity.cli.detecting.running import Asked, Running
from comity.cli.detecting.summary import tell
from comity.cli.detecting.wishes import reader_of, rules_of, sighter_of, token_of
from comity.cli.files import STDIN, Unreadable
from comity.cli.output import Output
from comity.cli.parsing import BadUsage
from comity.detection.sources import ADDRESS
from comity.formats.detections.telling import Observed
from comity.formats.detections.writing import Kind


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Run, and tell what it came to."""
    asked = _asked(args, now)
    for each in (*(log for log in asked.logs if log != STDIN), *filterfalse(ADDRESS.match, asked.indicators)):
        _there(each)
    return tell(Running(asked, reader_of(args, now), output).run(), output)


def _asked(args: argparse.Namespace, now: datetime) -> Asked:
    if args.format and not args.output:
        raise BadUsage("--format needs -o. See `comity detect --help`.")
    kind = kind_of(args.output, args.format) if args.output else Kind.JSON
    usual = Observed.NOTHING if kind is Kind.STIX else Observed.VALUES
    return Asked(
        logs=args.logs,
        indicators=args.indicators,
        token=token_of(args),
        output=args.output,
        kind=kind,
        hits_only=args.hits_only,
        sighter=sighter_of(args, usual, now),
        rules=rules_of(args, now),
        since=decode_time(args.since, "--since") if args.since else None,
        until=decode_time(args.until, "--until") if args.until else None,
        now=now,
    )


def _there(path: str) -> None:
    """Raise `Unreadable` for a name that was mistyped: without it less would be found, and all look well."""
    try:
        Path(path).stat()
    except OSError as error:
        raise Unreadable(path, error) from error
