"""Looks for shared indicators in logs; tells hits, or writes all matches to a file, each with its reason.

Logs are files, folders of them or standard input, packed or not, of any format that is known. Indicators are
STIX bundles, MISP events, tables or plain lists, or a collection of a node. The file of -o is there whole or
not at all. The exit status is 0 where nothing was hit and 3 where something was; 1 and 4 say the same where
not all logs and patterns could be looked at.
"""

from __future__ import annotations

import argparse
from datetime import datetime

from comity.cli.detecting.options import about_judging, about_logs, about_telling, needed
from comity.cli.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    """Logs, indicators, what counts, and what is told."""
    parser.add_argument("logs", nargs="+", metavar="LOGS", help="log files or folders; - for standard input")
    parser.add_argument(
        "-i", "--indicators", action="append", required=True, metavar="SOURCE",
        help="a file or folder of indicators, or the address of a node's collection; may be repeated",
    )  # fmt: skip  # one option
    parser.add_argument("--token", metavar="FILE", help="the token that the node gave for its collection")
    _about_results(parser.add_argument_group("results"))
    about_judging(parser.add_argument_group("what counts as a hit"))
    logs = parser.add_argument_group("logs")
    _about_times(logs)
    about_logs(logs)


def _about_results(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-o", "--output", metavar="OUT", help="the file for all matches; else hits are told")
    group.add_argument(
        "--format", choices=("json", "csv", "parquet", "stix"),
        help="what is written: lines of JSON, a table, or sightings; else as the name of OUT says",
    )  # fmt: skip  # one option
    group.add_argument("--hits-only", action="store_true", help="leave out of OUT what was set aside")
    about_telling(group, "by default nothing in sightings, and all elsewhere")


def _about_times(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--since", metavar="TIME", help="leave out what ended before, as 2026-11-22T03:00:00Z")
    group.add_argument("--until", metavar="TIME", help="leave out what began at this time or later")


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Look for all indicators in all logs."""
    status: int = needed("command").run(args, output, now)
    return status
