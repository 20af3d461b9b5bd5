"""Looks for shared indicators in logs; tells hits, or writes all matches to a file, each with its reason.

Logs are files, folders of them or standard input, packed or not, of any format that is known. Indicators are
STIX bundles, MISP events, tables or plain lists, or a collection of a node. The file of -o is there whole or
not at all. The exit status is 0 where nothing was hit and 3 where something was; 1 and 4 say the same where
not all logs and patterns could be looked at.
"""

from __future__ import annotations

import argparse
import importlib
from datetime import datetime

from comity.base.errors import ComityError
from comity.cli.output import Output


class NotInstalled(ComityError):
    """A library that detection needs, and other commands do not."""

    code = "not-installed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Logs, indicators, what counts, and what is told."""
    parser.add_argument("logs", nargs="+", metavar="LOGS", help="log files or folders; - for standard input")
    parser.add_argument(
        "-i", "--indicators", action="append", required=True, metavar="SOURCE",
        help="a file or folder of indicators, or the address of a node's collection; may be repeated",
    )  # fmt: skip  # one option
    parser.add_argument("--token", metavar="FILE", help="the token that the node gave for its collection")
    _about_results(parser.add_argument_group("results"))
    _about_judging(parser.add_argument_group("what counts as a hit"))
    _about_logs(parser.add_argument_group("logs"))


def _about_results(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-o", "--output", metavar="OUT", help="the file for all matches; else hits are told")
    group.add_argument(
        "--format", choices=("json", "csv", "parquet", "stix"),
        help="what is written: lines of JSON, a table, or sightings; else as the name of OUT says",
    )  # fmt: skip  # one option
    group.add_argument(
        "--observed", choices=("nothing", "hashed", "values"),
        help="what of the values that hit is told: by default nothing in sightings, and all elsewhere",
    )  # fmt: skip  # one option
    group.add_argument("--key", metavar="FILE", help="32 random bytes or more, for --observed hashed")
    group.add_argument("--hits-only", action="store_true", help="leave out of OUT what was set aside")
    group.add_argument("--where", metavar="IDENTITY", help="the STIX identity whose systems these are")
    group.add_argument("--tlp", metavar="LABEL", default="amber", help="how sightings are marked (amber)")


def _about_judging(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--known-good", action="append", default=[], metavar="PATH",
        help="a MISP warninglist, or a folder of them, beside those that are shipped; may be repeated",
    )  # fmt: skip  # one option
    group.add_argument(
        "--no-shipped-lists", action="store_true", help="take no list but those of --known-good"
    )
    group.add_argument("--own", metavar="FILE", help="your own words: what may occur, and what always counts")
    group.add_argument("--early", metavar="DAYS", default="90", help="days before valid_from that count (90)")
    group.add_argument("--least-score", metavar="N", default="1", help="the score that counts, 0 to 100 (1)")
    group.add_argument("--scores", metavar="FILE", help="parameters of the score, instead of those shipped")


def _about_logs(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--since", metavar="TIME", help="leave out what ended before, as 2026-11-22T03:00:00Z")
    group.add_argument("--until", metavar="TIME", help="leave out what began at this time or later")
    group.add_argument(
        "--log-format", metavar="NAME", default="", help="the format of all logs; else found out"
    )
    group.add_argument(
        "--log-tables", metavar="DIR", help="a folder of your own formats, as docs/detect.md says"
    )
    group.add_argument("--zone", default="UTC", help="the zone of times that say none (UTC)")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Look for all indicators in all logs."""
    try:
        detecting = importlib.import_module("comity.cli.detecting.command")  # slow, and part of an extra
    except ModuleNotFoundError as error:
        text = f"{error.name} is missing: install Comity with its extras, `comity[detect,misp]`."
        raise NotInstalled(text) from error
    status: int = detecting.run(args, output, now)
    return status
