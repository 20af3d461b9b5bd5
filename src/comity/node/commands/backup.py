"""`comity-node backup FILE`: everything that the node is, in one file, while it runs."""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from django.conf import settings

from comity.node.commands import archives, databases, log_state
from comity.node.commands.homes import HomeTaken
from comity.node.commands.nodes import own_body
from comity.node.config import Config


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where the backup goes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup to write; must not exist yet")


def run(args: argparse.Namespace) -> int:
    """Copy the database as of one moment, then keys, secret and settings; then read all of it back."""
    target: Path = args.file
    if target.exists():
        raise HomeTaken(f"{target} exists, and a backup is never overwritten. Name another file.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".comity-backup-") as folder:
        part = Path(folder) / "part"
        with args.output.step("Copying the database"):
            paths, manifest = _collected(settings.CONFIG, Path(folder))
        with args.output.step("Writing the backup"):
            archives.write(part, manifest, paths)
        with args.output.step("Reading it back"):
            archives.verify(part)
        part.rename(target)  # only a whole backup ever bears the name
    size = target.stat().st_size
    args.output.give(
        {"event": "backed-up", "file": str(target), "bytes": size, "files": len(manifest.files)},
        f"{target} holds {manifest.node} as of {manifest.made:%Y-%m-%d %H:%M:%S} UTC ({size:,} bytes). "
        "It contains the private keys and passwords: keep it where only you can read it.",
    )
    return 0


def _collected(config: Config, folder: Path) -> tuple[dict[str, Path], archives.Manifest]:
    """The files of the backup. The checkpoint is noted first: what the copy holds can only be later."""
    checkpoint = log_state.checkpoint().decode()
    copy = folder / "database"
    databases.dump(config.database, copy)
    paths = {"secret": config.secret_file, "database": copy}
    paths |= {f"keys/{key.name}": key for key in sorted(config.keys.glob("*.pem"))}
    paths |= {f"credentials/{each.name}": each for each in sorted(config.credentials.glob("[!.]*"))}
    written = config.home / "node.toml"
    paths |= {"node.toml": written} if written.exists() else {}
    return paths, archives.Manifest(
        made=datetime.now(UTC),
        node=own_body().name,
        version=version("comity"),
        engine=databases.engine_of(config.database).value,
        checkpoint=checkpoint,
        files=tuple(archives.entry(name, path) for name, path in paths.items()),
    )
