"""Commands with subcommands: each says what it does, and is told in whose name and when."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from comity.node.commands.parsing import shared_options
from comity.node.parties.actors import Actor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a subcommand needs besides its own words."""

    args: argparse.Namespace
    actor: Actor
    now: datetime


class AddSubcommand(Protocol):
    """Adds a subcommand: its name, what it is for, and what it does."""

    def __call__(self, name: str, about: str, does: Callable[[T], None]) -> argparse.ArgumentParser:
        """The parser of the subcommand, for its own words."""


def subcommands(parser: argparse.ArgumentParser) -> AddSubcommand:
    """What adds subcommands to this parser; what one does stands as `does` in what was read."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, about: str, does: Callable[[T], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about, parents=[shared_options()])
        added.set_defaults(does=does)
        return added

    return command
