"""`comity-node django …`: Django's own commands with the settings of this node."""

from __future__ import annotations

import argparse

from django.core.management import ManagementUtility


def arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is handed over."""
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="…", help="for example: shell, dbshell, help"
    )


def run(args: argparse.Namespace) -> int:
    """Hand over; Django exits by itself when it refuses."""
    ManagementUtility(["comity-node django", *args.words]).execute()
    return 0
