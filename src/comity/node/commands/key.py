"""`comity-node key`: replace a key of this node, and tell every partner of the new one."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from comity.node.commands.nodes import as_person
from comity.node.commands.parsing import shared_options
from comity.node.federation.services import own
from comity.node.keys import KeyUse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What is done, with which key, and in whose name."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "use a new key from now on; partners are told by an act"
    renew = commands.add_parser("renew", help=about, description=about, parents=[shared_options()])
    uses = [use.value for use in own.RENEWABLE]
    renew.add_argument("--use", choices=uses, default=KeyUse.SIGN.value, help="which (default: %(default)s)")
    renew.add_argument("--as", dest="person", metavar="EMAIL", required=True, help="who decides this")


def run(args: argparse.Namespace) -> int:
    """Renew the key in the name of a person who looks after partners."""
    now, use = datetime.now(UTC), KeyUse(args.use)
    act = own.renew_key(use, actor=as_person(args.person, now), now=now)
    told = "Every partner is told by an act." if act else "There was no partner to tell."
    args.output.give(
        {"event": "renewed", "use": use.value, "act": act.ref if act else None},
        f"The node uses a new {use.value} key from now on. {told}",
    )
    return 0
