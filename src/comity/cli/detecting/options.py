"""The options that commands of detection share; nothing heavy is imported to read a command line."""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType

from comity.base.errors import ComityError


class NotInstalled(ComityError):
    """A library that detection needs, and other commands do not."""

    code = "not-installed"


def needed(name: str) -> ModuleType:
    """A module of `comity.cli.detecting`, which is slow to import and needs an extra."""
    try:
        return importlib.import_module(f"comity.cli.detecting.{name}")
    except ModuleNotFoundError as error:
        text = f"{error.name} is missing: install Comity with its extras, `comity[detect,misp]`."
        raise NotInstalled(text) from error


def about_telling(group: argparse._ArgumentGroup, usual: str) -> None:
    """What is told of hits; `usual` says in words what is told of values."""
    group.add_argument(
        "--observed", choices=("nothing", "hashed", "values"),
        help=f"what of the values that hit is told: {usual}",
    )  # fmt: skip  # one option
    group.add_argument("--key", metavar="FILE", help="32 random bytes or more, for --observed hashed")
    group.add_argument("--where", metavar="IDENTITY", help="the STIX identity whose systems these are")
    group.add_argument("--tlp", metavar="LABEL", default="amber", help="how sightings are marked (amber)")


def about_judging(group: argparse._ArgumentGroup) -> None:
    """What counts as a hit."""
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


def about_logs(group: argparse._ArgumentGroup) -> None:
    """How logs are read."""
    group.add_argument(
        "--log-format", metavar="NAME", default="", help="the format of all logs; else found out"
    )
    group.add_argument(
        "--log-tables", metavar="DIR", help="a folder of your own formats, as docs/detect.md says"
    )
    group.add_argument("--zone", default="UTC", help="the zone of times that say none (UTC)")
