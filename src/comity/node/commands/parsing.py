"""How the command line is read: complaints look like all other errors, and every command takes --home."""

from __future__ import annotations

import argparse
from typing import NoReturn

from comity.base.errors import ComityError


class BadUsage(ComityError):
    """Words on the command line that cannot be understood."""

    code = "bad-usage"


class Unreadable(ComityError):
    """A file that cannot be opened."""

    code = "unreadable"


class Parser(argparse.ArgumentParser):
    """A parser that raises `BadUsage` where others print and exit."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where to read what would be right."""
        raise BadUsage(f"{message}. See `{self.prog} --help`.")


def shared_options(*, of_a_node: bool = True) -> Parser:
    """What every command takes, before or after the words of a subcommand; --home where it is of one node."""
    parser = Parser(add_help=False, allow_abbrev=False)
    if of_a_node:
        parser.add_argument("--home", default=argparse.SUPPRESS, metavar="DIR", help="folder of the node")
    parser.add_argument(
        "--json",
        dest="as_json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print results as lines of JSON",
    )
    return parser
