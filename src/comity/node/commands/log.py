"""`comity-node log`: open an entry to a party, erase by law what opens entries, copy the whole log."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from comity.base.errors import Conflict, NotFound
from comity.node.accountability import readers, services
from comity.node.accountability.copies import copy_log
from comity.node.commands.homes import write_private
from comity.node.commands.nodes import as_person
from comity.node.commands.parsing import BadUsage
from comity.node.commands.subcommands import subcommands
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.queries import parties_for

_DIGITS = 18  # of the largest index that a database keeps


def arguments(parser: argparse.ArgumentParser) -> None:
    """Subcommands; what decides needs a reason, and a person who may approve."""
    command = subcommands(parser)
    opens = command("open", "let a party that sees no content see what one entry says", _open)
    opens.add_argument("index", type=_place, metavar="INDEX", help="where the entry stands, from 0 on")
    opens.add_argument("--to", metavar="PARTY", required=True, help="name of the party, or its ref")
    opens.add_argument("--proof", type=Path, metavar="FILE", help="also write what to hand over to the party")
    erases = command("erase", "remove by law what opens entries; their commitments stay, and prove", _erase)
    erases.add_argument("index", type=_place, metavar="INDEX", nargs="+", help="where each entry stands")
    erases.add_argument("--yes", action="store_true", help="do not ask once more")
    for each in (opens, erases):
        each.add_argument("--why", metavar="WORDS", required=True, help="the decision or the law; it is kept")
        each.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")
    copies = command("copy", "copy the log as files that `comity verify log` checks", _copy)
    copies.add_argument("folder", type=Path, metavar="DIR", help="the copy; one that is there is continued")


def run(args: argparse.Namespace) -> int:
    """Do what the subcommand says."""
    args.does(args)
    return 0


def _open(args: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    actor = as_person(args.person, now)
    party = _party(actor, args.to)
    if args.proof and args.proof.exists():
        raise Conflict(f"{args.proof} exists, and is not overwritten. Name another file.")
    services.open_to(args.index, party=party, actor=actor, why=args.why, now=now)
    told: dict[str, object] = {"event": "opened", "index": args.index, "to": party.ref}
    line = f"Entry {args.index} is open to {party.name}, and that is recorded."
    if args.proof:
        proof = readers.proof_for(actor, args.index).as_json()
        write_private(args.proof, json.dumps(proof, indent=2, ensure_ascii=False).encode())
        told["proof"] = str(args.proof)
        line += f" Hand over {args.proof}; `comity verify proof` checks it."
    args.output.give(told, line)


def _erase(args: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    actor = as_person(args.person, now)
    _confirmed(args)
    erased = services.erase(args.index, actor=actor, why=args.why, now=now)
    told = {"event": "erased", "entries": len(erased), "recorded": [each.index for each in erased]}
    args.output.give(
        told,
        f"{len(erased)} entries are closed for good, and that is recorded; their commitments stay. "
        "Backups and copies that were handed out still hold what opens them.",
    )


def _confirmed(args: argparse.Namespace) -> None:
    """Go on only if whoever types wants this: it cannot be undone."""
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise BadUsage("--yes: missing, and nobody is at a terminal to ask. Erasing cannot be undone.")
    entries = ", ".join(map(str, args.index))
    if input(f"Erase for good what opens {entries}? Type yes: ").strip() != "yes":
        raise Conflict("Nothing was erased: it was not confirmed.")


def _copy(args: argparse.Namespace) -> None:
    with args.output.counted("Copying the log") as told:
        size = copy_log(args.folder, told=told)
    args.output.give(
        {"event": "copied", "folder": str(args.folder), "entries": size},
        f"{args.folder} holds the log of {size} entries; `comity verify log` checks it.",
    )


def _place(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= _DIGITS):
        raise argparse.ArgumentTypeError(f"{word!r} is no place in the log; expected is a number from 0 on")
    return int(word)


def _party(actor: Actor, name: str) -> Party:
    """The one party of this ref or name; two of one name have to be told apart by their refs."""
    known = parties_for(actor)
    found = list(known.filter(ref=name) or known.filter(name__iexact=name))
    if not found:
        raise NotFound(f"party called {name!r}")
    if len(found) > 1:
        refs = ", ".join(each.ref for each in found)
        raise Conflict(f"There are {len(found)} parties called {name!r}; name one by its ref: {refs}.")
    return found[0]
