"""The environment of programs of others, apart from ours, in the versions and with the hashes of the lock.

python tests/peers/environment.py     makes it, if it is not there or the lock has changed
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")
FOLDER = Path(__file__).parents[2] / ".venv" / "peers"
MISSING = "the programs of others are not installed: run tests/peers/environment.py with .venv/bin/python"
_DONE = "made-from.lock"


def program(name: str) -> Path:
    """Where a program of the environment is."""
    return FOLDER / "bin" / name


def ready(lock: Path = LOCK, folder: Path = FOLDER) -> bool:
    """Whether the environment is there, made from the lock as it is now."""
    done = folder / _DONE
    return done.exists() and done.read_bytes() == lock.read_bytes()


def make(lock: Path = LOCK, folder: Path = FOLDER) -> None:
    """Make it anew if it is not ready; a half one is never taken for a whole one."""
    if ready(lock, folder):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    words = ["pip", "install", "--quiet", "--python", str(python), "--require-hashes"]
    subprocess.run([str(uv), *words, "-r", str(lock)], check=True)
    (folder / _DONE).write_bytes(lock.read_bytes())


if __name__ == "__main__":
    make()
