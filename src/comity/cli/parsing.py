"""How the command line is read: complaints look like all other errors, and every command speaks JSON."""

from __future__ import annotations

import argparse
from typing import NoReturn

from comity.base.errors import ComityError


class BadUsage(ComityError):
    """Words on the command line that cannot be understood."""

    code = "bad-usage"


class Parser(argparse.ArgumentParser):
    """A parser that raises `BadUsage` where others print and exit."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where to read what would be right."""
        raise BadUsage(f"{message}. See `{self.prog} --help`.")


def key_options(parser: argparse.ArgumentParser, *, of: str = "", required: bool = True) -> None:
    """The two ways to say by whose key a log is checked; `of` tells two logs of one command apart."""
    suffix = f"-{of}" if of else ""
    whose = f"log {of.upper()}" if of else "the log"
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(f"--key{suffix}", metavar="VKEY", help=f"the key of {whose}: <name>+<id>+<base64>")
    group.add_argument(
        f"--descriptor{suffix}", metavar="FILE", help=f"the descriptor of the node that keeps {whose}"
    )


def output_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--json", action="store_true", help="print lines of JSON (the default in a pipe)")
    group.add_argument("--text", action="store_true", help="print for people (the default on a terminal)")
