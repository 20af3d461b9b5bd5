"""Finds the subcommand, imports only that one, and turns errors into one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, cast

from comity.base.errors import ComityError
from comity.base.stdout import told, write_line
from comity.base.verdict import Refused
from comity.cli.output import Output, complain
from comity.cli.parsing import BadUsage, Parser, output_options

DONE, REFUSED, BAD_INPUT = 0, 1, 2
_INTERRUPTED = 130  # as shells report SIGINT


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table of commands."""

    words: tuple[str, ...]
    module: str  # in comity.cli
    about: str

    @property
    def name(self) -> str:
        """As it is typed after `comity`."""
        return " ".join(self.words)


COMMANDS = (
    Command(("verify", "receipt"), "verify_receipt", "an act arrived, unaltered, and stands in the log"),
    Command(("verify", "proof"), "verify_proof", "an entry stands in a log"),
    Command(("verify", "log"), "verify_log", "a whole copied log is unaltered"),
    Command(("verify", "checkpoints"), "verify_checkpoints", "a log only grew between two checkpoints"),
    Command(("verify", "entry"), "verify_entry", "an entry opened to you is the one that was recorded"),
    Command(("verify", "both"), "verify_both", "two logs tell of the same act"),
    Command(("verify", "webhook"), "verify_webhook", "a call to a webhook was made by a node"),
    Command(("detect",), "detect", "look for shared indicators in logs"),
    Command(("sensor",), "sensor", "follow logs with the indicators of a node"),
    Command(("lint",), "lint", "everything that is wrong with the form of an act"),
    Command(("inspect",), "inspection", "what a STIX bundle holds, and what of it a partner would see"),
    Command(("fingerprint",), "fingerprint", "a node's fingerprint, in words to compare on the telephone"),
    Command(("commands",), "commands", "this reference of all commands, as Markdown"),
)


class _Module(Protocol):
    """What every module of a command offers."""

    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Output, datetime], int]


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 done or holds, 1 refused or does not hold, 2 bad input."""
    try:
        _write_anything()
        return told(lambda: _run(sys.argv[1:] if words is None else list(words)))
    except ComityError as error:
        complain(error)
        return REFUSED if isinstance(error, Refused) else BAD_INPUT
    except KeyboardInterrupt:
        return _INTERRUPTED


def parser_of(command: Command) -> tuple[Parser, _Module]:
    """The parser of a command, and the module that runs it."""
    module = cast("_Module", importlib.import_module(f"comity.cli.{command.module}"))
    parser = Parser(prog=f"comity {command.name}", description=module.__doc__, allow_abbrev=False)
    module.arguments(parser)
    output_options(parser)
    return parser, module


def _run(words: list[str]) -> int:
    command = next((each for each in COMMANDS if tuple(words[: len(each.words)]) == each.words), None)
    if command is None:
        return _overview(words)
    parser, module = parser_of(command)
    args = parser.parse_args(words[len(command.words) :])
    return module.run(args, Output.chosen(json_asked=args.json, text_asked=args.text), datetime.now(UTC))


def _overview(words: list[str]) -> int:
    """Help on all commands, or on those of a group; anything else is not understood."""
    group = words[:1] if words[:1] == ["verify"] else []
    named = [each for each in COMMANDS if not group or each.words[:1] == tuple(group)]
    parser = Parser(
        prog=" ".join(("comity", *group)),
        description="Judges acts, receipts, proofs and bundles, and looks for indicators, without a node.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n" + "\n".join(f"  {each.name:19} {each.about}" for each in named),
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    parser.add_argument("command", metavar="COMMAND", nargs="?")
    args = parser.parse_args(words[len(group) :][:1])
    if args.version:
        metadata = importlib.import_module("importlib.metadata")  # slow, and only this asks for it
        write_line(metadata.version("comity"))
        return DONE
    asked = args.command
    problem = f"there is no command {asked!r}" if asked else "no command was given"
    raise BadUsage(f"{problem}. See `{parser.prog} --help`.")


def _write_anything() -> None:
    """Let a character that the terminal cannot show, or half a file name, be written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
