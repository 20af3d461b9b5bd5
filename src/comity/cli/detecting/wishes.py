"""What the words of a command line ask for: rules, what is told, and how logs are read."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from comity.base.errors import Malformed
from comity.base.known import KnownList
from comity.base.tlp import Tlp
from comity.cli.files import load
from comity.cli.parsing import BadUsage
from comity.detection.weighing import weighing
from comity.engines.patterns.judging.good import KnownGood
from comity.engines.patterns.judging.hits import Rules
from comity.engines.patterns.judging.own import Own
from comity.engines.scoring.parameters import Parameters, read_parameters
from comity.engines.scoring.parameters import shipped as shipped_parameters
from comity.formats.detections.sightings import Sighter
from comity.formats.detections.telling import Key, Observed, Telling
from comity.formats.stix import IDENTITY_ID
from comity.formats.telemetry.known import shipped as shipped_formats
from comity.formats.telemetry.known import with_folder
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.times import Clock
from comity.formats.warninglists.reading import LIMITS, read_list
from comity.formats.warninglists.reading import shipped as shipped_lists

MOST_DAYS, MOST_SCORE = 36_500, 100
MOST_TOKEN = 4_096  # bytes


def reader_of(args: argparse.Namespace, now: datetime) -> Reader:
    """Reads logs as it is asked for."""
    known = shipped_formats()
    return Reader(
        clock=Clock(now, args.zone),
        known=with_folder(known, Path(args.log_tables)) if args.log_tables else known,
        format=args.log_format,
    )


def sighter_of(args: argparse.Namespace, usual: Observed, now: datetime) -> Sighter:
    """Who says so, and what is told of values, by default as usual."""
    return Sighter(_telling(args, usual), now, _where(args.where), _label(args.tlp))


def token_of(args: argparse.Namespace) -> str | None:
    """The token in the file that is named; None where none is."""
    return load(args.token, lambda content: _text(content).strip(), limit=MOST_TOKEN) if args.token else None


def rules_of(args: argparse.Namespace, now: datetime) -> Rules:
    """What counts as a hit."""
    own = load(args.own, lambda content: Own.read(_text(content), args.own)) if args.own else Own()
    parameters = load(args.scores, _parameters) if args.scores else shipped_parameters()
    return Rules(
        known=_known(args),
        own=own,
        early=timedelta(days=number("--early", args.early, MOST_DAYS)),
        least=number("--least-score", args.least_score, MOST_SCORE),
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


def _telling(args: argparse.Namespace, usual: Observed) -> Telling:
    observed = Observed(args.observed) if args.observed else usual
    if (observed is Observed.HASHED) != bool(args.key):
        raise BadUsage("--observed hashed and --key go together. See --help.")
    return Telling(observed, load(args.key, Key.read) if args.key else None)


def _where(identity: str | None) -> str | None:
    if identity is not None and not IDENTITY_ID.fullmatch(identity):
        raise BadUsage(f"--where {identity[:60]!r} is no id of a STIX identity. See --help.")
    return identity


def _label(word: str) -> Tlp:
    try:
        return Tlp(word.lower().removeprefix("tlp:"))
    except ValueError as error:
        labels = ", ".join(each.value for each in Tlp)
        raise BadUsage(f"--tlp {word[:60]!r} is none of {labels}. See --help.") from error


def number(option: str, text: str, most: int) -> int:
    """The whole number that stands behind an option."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise BadUsage(f"{option} takes a whole number from 0 to {most:,}. See --help.")
    return int(text)


def _parameters(content: bytes) -> Parameters:
    return read_parameters(_text(content), "the parameters")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start}", "is not UTF-8.") from error
