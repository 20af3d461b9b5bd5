"""`comity-node erase`: remove by law what an act says, or an object; let an erased object in again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from comity.base.errors import Conflict
from comity.node.acts.services.erasing import erase_act
from comity.node.commands.nodes import as_person
from comity.node.commands.parsing import BadUsage, shared_options
from comity.node.exchange import queries
from comity.node.exchange.services import erasing

_ELSEWHERE = "Partners who received it, and backups, still hold it."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; each needs a reason, and a person who may approve."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, about: str, does: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about, parents=[shared_options()])
        added.set_defaults(does=does)
        added.add_argument("ref", metavar="REF", help="its reference, as its page shows it")
        added.add_argument(
            "--why", metavar="WORDS", required=True, help="the decision or the law; it is kept"
        )
        added.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")
        return added

    for each in (
        command("act", "remove all that an act says and carries; its digest and proofs stay", _act),
        command("object", "remove all versions of an object, and refuse it if it comes again", _object),
    ):
        each.add_argument("--yes", action="store_true", help="do not ask once more")
    command("lift", "let an erased object in again; it does not come back by that", _lift)


def run(args: argparse.Namespace) -> int:
    """Do what the subcommand says."""
    args.does(args)
    return 0


def _act(args: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    actor = as_person(args.person, now)
    _confirmed(args)
    act = erase_act(actor=actor, ref=args.ref, why=args.why, now=now)
    told = {"event": "erased", "act": act.ref, "sha256": act.sha256, "log_index": act.log_index}
    args.output.give(told, f"What {act.ref} said is gone, and that is recorded. {_ELSEWHERE}")


def _object(args: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    actor = as_person(args.person, now)
    _confirmed(args)
    erased = erasing.erase_object(actor=actor, ref=args.ref, why=args.why, now=now)
    carrying = [act.ref for act in queries.acts_carrying(actor, erased.ref)]
    told = {"event": "erased", "object": erased.ref, "carried_by": carrying}
    line = f"{erased.ref} is gone, and that is recorded; it is refused if it comes again. {_ELSEWHERE}"
    if carrying:
        line += f" These acts carry it still: {', '.join(carrying)}. Erase them as well if they have to go."
    args.output.give(told, line)


def _lift(args: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    erasing.lift(actor=as_person(args.person, now), ref=args.ref, why=args.why, now=now)
    told = {"event": "lifted", "object": args.ref}
    args.output.give(told, f"{args.ref} may come in again, and that is recorded.")


def _confirmed(args: argparse.Namespace) -> None:
    """Go on only if whoever types wants this: it cannot be undone."""
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise BadUsage("--yes: missing, and nobody is at a terminal to ask. Erasing cannot be undone.")
    if input(f"Erase {args.ref} for good? Type yes: ").strip() != "yes":
        raise Conflict("Nothing was erased: it was not confirmed.")
