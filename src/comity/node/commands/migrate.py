"""`comity-node migrate`: database and static files at the installed version; needed after each upgrade."""

from __future__ import annotations

import argparse
from io import StringIO

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from comity.base.errors import ComityError, Unavailable
from comity.node.commands.output import Output


class NotMigrated(ComityError):
    """The database does not have the tables of the installed version."""

    code = "not-migrated"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whether to look only."""
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if something is to be done"
    )


def run(args: argparse.Namespace) -> int:
    """Apply what is missing, or say that it is missing."""
    missing = missing_migrations()
    if not args.check:
        bring_up_to_date(args.output)
        line = (
            f"{len(missing)} migrations were applied." if missing else "The database was up to date already."
        )
        args.output.give({"event": "migrated", "applied": missing}, line)
    elif missing:
        raise NotMigrated(
            f"The database lacks {len(missing)} migrations, the first is {missing[0]}. "
            "Make a backup, then run `comity-node migrate`."
        )
    return 0


def missing_migrations() -> list[str]:
    """The migrations that the installed version has and the database has not, in their order."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    except OperationalError as error:
        raise Unavailable(f"The database cannot be reached: {error}. Look at database_url.") from error
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def bring_up_to_date(output: Output) -> None:
    """Apply migrations, and put the static files of the installed version in the home."""
    with output.step("Bringing the database to this version"):
        call_command("migrate", interactive=False, verbosity=0, stdout=StringIO())
    with output.step("Collecting static files"):
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, stdout=StringIO())
