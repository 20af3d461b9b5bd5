"""A node of one's own for a benchmark, in this process: real settings, real keys, a real database."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def init(home: Path, *, database: str = "") -> None:
    """Make a node by `comity-node init`."""
    words = ["--name", "CERT of Pakistan", "--state", "PK"]
    words += ["--admin-email", "administrator@bench.example", "--admin-name", "The administrator"]
    words += ["--database-url", database] if database else []
    subprocess.run(
        [sys.executable, "-m", "comity.node.manage", "--home", str(home), "init", *words, "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def load(home: Path) -> None:
    """Load Django for this home; once in a process."""
    os.environ["COMITY_HOME"] = str(home)
    from comity.node.commands.homes import set_up_django  # noqa: PLC0415  settings are read at import

    set_up_django()


@contextmanager
def node_here(database: str = "") -> Iterator[Path]:
    """A new node whose Django is loaded in this process."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder:
        home = Path(folder) / "node"
        init(home, database=database)
        load(home)
        yield home
