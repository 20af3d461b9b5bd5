"""The words of the command line as a run, and what it came to as an exit status."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import filterfalse
from pathlib import Path

from comity.base.errors import Malformed
from comity.base.known import KnownList
from comity.base.times import decode_time
from comity.base.tlp import Tlp
from comity.cli.detecting.outputs import kind_of
from comity.cli.detecting.running import Asked, Running
from comity.cli.detecting.summary import tell
from comity.cli.files import STDIN, Unreadable, load
from comity.cli.output import Output
from comity.cli.parsing import BadUsage
from comity.detection.sources import ADDRESS
from comity.detection.weighing import weighing
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.hits import Rules
from comity.engines.patterns.judging.own import Own
from comity.engines.scoring.parameters import Parameters, read_parameters
from comity.engines.scoring.parameters import shipped as shipped_parameters
from comity.formats.detections.sightings import Sighter
from comity.formats.detections.telling import Key, Observed, Telling
from comity.formats.detections.writing import Kind
from comity.formats.stix import IDENTITY_ID
from comity.formats.telemetry.known import shipped as shipped_formats
from comity.formats.telemetry.known import with_folder
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.times import Clock
from comity.formats.warninglists.reading import LIMITS, read_list
from comity.formats.warninglists.reading import shipped as shipped_lists

MOST_DAYS, MOST_SCORE = 36_500, 100
MOST_TOKEN = 4_096  # bytes


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Run, and tell what it came to."""
    asked = _asked(args, now)
    for each in (*(log for log in asked.logs if log != STDIN), *filterfalse(ADDRESS.match, asked.indicators)):
        _there(each)
    known = shipped_formats()
    reader = Reader(
        clock=Clock(now, args.zone),
        known=with_folder(known, Path(args.log_tables)) if args.log_tables else known,
        format=args.log_format,
    )
    return tell(Running(asked, reader, output).run(), output)


def _asked(args: argparse.Namespace, now: datetime) -> Asked:
    if args.format and not args.output:
        raise BadUsage("--format needs -o. See `comity detect --help`.")
    kind = kind_of(args.output, args.format) if args.output else Kind.JSON
    return Asked(
        logs=args.logs,
        indicators=args.indicators,
        token=load(args.token, _token, limit=MOST_TOKEN) if args.token else None,
        output=args.output,
        kind=kind,
        hits_only=args.hits_only,
        sighter=Sighter(_telling(args, kind), now, _where(args.where), _label(args.tlp)),
        rules=_rules(args, now),
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


def _rules(args: argparse.Namespace, now: datetime) -> Rules:
    own = load(args.own, lambda content: Own.read(_text(content), args.own)) if args.own else Own()
    parameters = load(args.scores, _parameters) if args.scores else shipped_parameters()
    return Rules(
        known=_known(args),
        own=own,
        early=timedelta(days=_number("--early", args.early, MOST_DAYS)),
        least=_number("--least-score", args.least_score, MOST_SCORE),
        weigh=weighing(parameters, now),
    )


def _known(args: argparse.Namespace) -> KnownGood:
    paths = [path for each in args.known_good for path in _list_files(Path(each))]
    lists = tuple(load(str(path), read_list, limit=LIMITS.size) for path in paths)
    return _with_shipped(lists) if not args.no_shipped_lists else KnownGood.of(lists)


@lru_cache(maxsize=1)
def _with_shipped(lists: tuple[KnownList, ...]) -> KnownGood:
    return KnownGood.of((*shipped_lists(), *lists))


def _list_files(path: Path) -> list[Path]:
    """The file, or all files of JSON in and beneath a folder, as MISP keeps its lists."""
    return sorted(path.rglob("*.json")) if path.is_dir() else [path]


def _telling(args: argparse.Namespace, kind: Kind) -> Telling:
    usual = Observed.NOTHING if kind is Kind.STIX else Observed.VALUES
    observed = Observed(args.observed) if args.observed else usual
    if (observed is Observed.HASHED) != bool(args.key):
        raise BadUsage("--observed hashed and --key go together. See `comity detect --help`.")
    return Telling(observed, load(args.key, Key.read) if args.key else None)


def _where(identity: str | None) -> str | None:
    if identity is not None and not IDENTITY_ID.fullmatch(identity):
        raise BadUsage(f"--where {identity[:60]!r} is no id of a STIX identity. See `comity detect --help`.")
    return identity


def _label(word: str) -> Tlp:
    try:
        return Tlp(word.lower().removeprefix("tlp:"))
    except ValueError as error:
        labels = ", ".join(each.value for each in Tlp)
        raise BadUsage(f"--tlp {word[:60]!r} is none of {labels}. See `comity detect --help`.") from error


def _number(option: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise BadUsage(f"{option} takes a whole number from 0 to {most:,}. See `comity detect --help`.")
    return int(text)


def _parameters(content: bytes) -> Parameters:
    return read_parameters(_text(content), "the parameters")


def _token(content: bytes) -> str:
    return _text(content).strip()


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start}", "is not UTF-8.") from error
