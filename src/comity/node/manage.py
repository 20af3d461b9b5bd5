"""`comity-node`: runs and looks after a node. Finds the subcommand, imports only that one, answers errors."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NoReturn, Protocol, cast

from comity.base.errors import ComityError, Malformed, Unavailable
from comity.base.stdout import told, write_line
from comity.node.commands.homes import require_node, set_up_django
from comity.node.commands.output import Output, complain
from comity.node.commands.parsing import BadUsage, Parser, Unreadable, shared_options
from comity.node.config import BadConfig, load


class Stage(Enum):
    """What must stand before a command's module is imported."""

    ALONE = "alone"  # it is of no one node
    NOTHING = "nothing"  # there may be no node yet
    HOME = "home"  # a node's home; Django stays out, to save memory
    NODE = "node"  # a node's home, and Django set up


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table of commands."""

    name: str
    module: str  # in comity.node.commands
    stage: Stage
    about: str


COMMANDS = (
    Command("init", "init", Stage.NOTHING, "make a new node: settings, keys, database, first administrator"),
    Command("run", "run", Stage.HOME, "run the node: web server and worker, until SIGTERM or Ctrl-C"),
    Command("web", "web", Stage.HOME, "the web server alone; `run --only web` supervises it"),
    Command("worker", "worker", Stage.NODE, "the worker alone; `run --only worker` supervises it"),
    Command("user", "user", Stage.NODE, "add and list people, give roles, make log-in links"),
    Command("partner", "partner", Stage.NODE, "introduce, accept, suspend and end partners"),
    Command("key", "key", Stage.NODE, "replace a key of this node, and tell partners"),
    Command("import", "bring", Stage.NODE, "bring in a STIX bundle or a MISP event"),
    Command("see", "see", Stage.NODE, "what a partner would see of us, and why not the rest"),
    Command("export", "export", Stage.NODE, "what a partner may see, or our own devices act on, as a file"),
    Command("report", "report", Stage.NODE, "record what sensors saw, and what is wrong, as lines of JSON"),
    Command("collection", "collection", Stage.NODE, "what parties read of us by TAXII 2.1, and their tokens"),
    Command("webhook", "webhook", Stage.NODE, "addresses to call when a party can read something new"),
    Command("taxii", "taxii", Stage.NODE, "read collections at TAXII servers of others, and give to them"),
    Command("feed", "feed", Stage.NODE, "what is read again and again from elsewhere, and how it does"),
    Command("observe", "observe", Stage.NODE, "copy the logs of partners, and verify every entry"),
    Command("log", "log", Stage.NODE, "open entries to a party, erase by law, copy the log"),
    Command("erase", "erase", Stage.NODE, "remove by law what an act says, or an object"),
    Command("demo", "demo.command", Stage.ALONE, "three nodes on this machine, and one act between them"),
    Command("migrate", "migrate", Stage.NODE, "bring database and static files to the installed version"),
    Command("backup", "backup", Stage.NODE, "write database, keys and settings to one file"),
    Command("restore", "restore", Stage.NOTHING, "make a node again from a backup, in an empty home"),
    Command("check", "check", Stage.NODE, "look for what is wrong, and say what to do"),
    Command("settings", "settings_table", Stage.NOTHING, "list every setting with its value"),
    Command("commands", "reference", Stage.ALONE, "this reference of all commands, as Markdown"),
    Command("django", "django_commands", Stage.NODE, "hand over to Django's own commands"),
)


BAD_INPUT = (BadUsage, BadConfig, Malformed, Unreadable)
_INTERRUPTED = 130  # as shells report SIGINT


class _Module(Protocol):
    """What every module of comity.node.commands offers."""

    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused, 2 bad input."""
    os.umask(0o077)  # whatever a node writes is for its own user alone
    # httpx would import its own command line with click and pygments: 5 MB more in web and worker each.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # this is how Python marks what is not there
    try:
        return told(lambda: _run(sys.argv[1:] if words is None else list(words)))
    except ComityError as error:
        complain(error)
        return 2 if isinstance(error, BAD_INPUT) else 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return _INTERRUPTED
    except OSError as error:  # no space, no permission, no such folder
        complain(
            Unavailable(f"{error.filename or 'The system'}: {error.strerror or error}. Put that right first.")
        )
        return 1


def _run(words: Sequence[str]) -> int:
    top = _top_parser()
    first = top.parse_args(words)
    command = next((each for each in COMMANDS if each.name == first.command), None)
    if command is None:
        top.error(f"there is no command {first.command!r}")
    given, _ = _shared(command).parse_known_args(first.rest)
    os.environ["COMITY_HOME"] = str(Path(getattr(given, "home", first.home)).expanduser().resolve())
    _make_ready(command.stage, asks_help=bool({"-h", "--help"} & set(first.rest)))
    parser, module = parser_of(command)
    args = parser.parse_args(first.rest)
    args.home = Path(os.environ["COMITY_HOME"])
    args.output = Output(as_json=first.json or "as_json" in args)
    return module.run(args)


def parser_of(command: Command) -> tuple[Parser, _Module]:
    """The parser of a command, and the module that runs it; what its stage asks for must stand."""
    module = cast("_Module", importlib.import_module(f"comity.node.commands.{command.module}"))
    parser = Parser(
        prog=f"comity-node {command.name}",
        description=command.about,
        parents=[_shared(command)],
        allow_abbrev=False,
    )
    module.arguments(parser)
    return parser, module


def _shared(command: Command) -> Parser:
    return shared_options(of_a_node=command.stage is not Stage.ALONE)


class _Version(argparse.Action):
    """Looks the version up only when asked: the module for it would cost the supervisor 2 MB."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415  see above

        write_line(version("comity"))
        parser.exit()


def _top_parser() -> Parser:
    parser = Parser(
        prog="comity-node",
        description=__doc__.partition(".")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n" + "\n".join(f"  {each.name:10} {each.about}" for each in COMMANDS),
        allow_abbrev=False,
    )
    home = os.environ.get("COMITY_HOME", "~/comity")
    parser.add_argument("--home", default=home, metavar="DIR", help=f"folder of the node (now {home})")
    parser.add_argument("--json", action="store_true", help="print results as lines of JSON")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.add_argument("command", metavar="COMMAND")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="…", help="what the command takes")
    return parser


def _make_ready(stage: Stage, *, asks_help: bool) -> None:
    if stage in (Stage.ALONE, Stage.NOTHING):
        return
    if not asks_help:
        require_node(load(os.environ))
    if stage is Stage.NODE:
        set_up_django()


if __name__ == "__main__":
    sys.exit(main())
