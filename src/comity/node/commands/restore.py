"""`comity-node restore FILE`: the node of a backup, in an empty home; nothing is left if it fails."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from comity.base.errors import Conflict
from comity.node.commands import archives, databases
from comity.node.commands.homes import filling, set_up_django, write_private
from comity.node.commands.node_toml import with_setting, written
from comity.node.config import Config, load


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to restore, and into which database."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup")
    parser.add_argument(
        "--database-url", metavar="URL", help="an empty database in place of the one backed up"
    )


def run(args: argparse.Namespace) -> int:
    """Verify every file, write them, bring the database to this version, and compare the log."""
    backup: Path = args.file
    with args.output.step("Verifying the backup"):
        manifest = archives.verify(backup)
    with filling(args.home):
        config = _settled(backup, manifest, args.home, args.database_url)
        databases.require_empty(config.database)
        with args.output.step("Writing the database"):
            dump = args.home / "restoring"
            archives.extract(backup, "database", dump)
            databases.fill(config.database, dump)
            dump.unlink(missing_ok=True)
        set_up_django()
        from comity.node.commands.restored import finish  # noqa: PLC0415  Django needs the home to be filled

        finish(args.output, manifest)
    args.output.give(
        {
            "event": "restored",
            "home": str(args.home),
            "node": manifest.node,
            "made": manifest.made.isoformat(),
        },
        f"{manifest.node} stands again in {args.home} as of {manifest.made:%Y-%m-%d %H:%M:%S} UTC. "
        f"See that the old node is off, then start this one with `comity-node --home {args.home} run`.",
    )
    return 0


def _settled(backup: Path, manifest: archives.Manifest, home: Path, database_url: str | None) -> Config:
    """Settings, secret and keys stand in the home; the settings as they are read from there."""
    for each in manifest.files:
        if each.name not in ("database", "node.toml"):
            archives.extract(backup, each.name, home / each.name)
    has_settings = any(each.name == "node.toml" for each in manifest.files)
    settings = archives.read_text(backup, "node.toml") if has_settings else written({})
    if database_url is not None:
        settings = with_setting(settings, "database_url", database_url)
    write_private(home / "node.toml", settings.encode())
    config = load(os.environ)
    if databases.engine_of(config.database).value != manifest.engine:
        raise Conflict(
            f"{backup} holds a {manifest.engine} database, and {databases.without_password(config.database)} "
            "is of another kind. Name one of the same kind with --database-url."
        )
    return config
