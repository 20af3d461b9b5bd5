"""The home of a node: the folder with settings, secret, keys, static files and, by default, the database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comity.base.errors import ComityError
from comity.node.config import Config

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class NoNode(ComityError):
    """The home holds no node."""

    code = "no-node"


class HomeTaken(ComityError):
    """The home that is to be filled holds something already."""

    code = "home-taken"


def require_node(config: Config) -> None:
    """Raise `NoNode` unless there is a node in this home."""
    if not config.secret_file.exists():
        raise NoNode(
            f"There is no node in {config.home}. Make one with `comity-node --home {config.home} init`, "
            "or name another home with --home or COMITY_HOME."
        )


def set_up_django() -> None:
    """Load the settings of the node in `COMITY_HOME`, and the installed systems."""
    import django  # noqa: PLC0415  the supervisor must stay small: it never needs Django

    os.environ["DJANGO_SETTINGS_MODULE"] = "comity.node.settings"
    django.setup()


@contextmanager
def filling(home: Path) -> Iterator[None]:
    """Make the empty folder `home`; what stands in it is removed again if the filling fails."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise HomeTaken(
            f"{home} is not empty, and nothing is overwritten. Name another home, or move it away."
        )
    existed = home.exists()
    home.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    home.chmod(FOLDER_MODE)
    try:
        yield
    except BaseException:
        _empty(home)
        if not existed:
            home.rmdir()
        raise


def write_private(path: Path, content: bytes) -> None:
    """A new file that only its owner may read, safely on the disk when this returns."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
