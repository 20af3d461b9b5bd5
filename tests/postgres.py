"""A private PostgreSQL server for tests: on a Unix socket in a temporary folder, gone afterwards.

python tests/postgres.py COMMAND …     runs the command with DATABASE_URL set, and exits as it did
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

MISSING = "PostgreSQL's server programs are not installed (Debian: postgresql)"
_DEBIAN = Path("/usr/lib/postgresql")
_SUPERUSER = "postgres"
_FAST = {  # a crash may lose everything: that is what a database for tests is for
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "",
}


def programs() -> Path | None:
    """The folder of initdb and postgres: the newest of Debian's, or the one on the PATH; None if missing."""
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    path = found[-1] if found else Path(on_path) if on_path else None
    return path.parent if path else None


@contextmanager
def server() -> Iterator[str]:
    """A running server; the value is the URL of its empty database."""
    binaries = programs()
    if binaries is None:
        raise FileNotFoundError(MISSING)
    with tempfile.TemporaryDirectory(prefix="comity-pg-", ignore_cleanup_errors=True) as name:
        folder, data = Path(name), Path(name) / "data"
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, _SUPERUSER)
        access = ["-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [*_as_user(), str(binaries / "initdb"), "-D", str(data), *access],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        options = [word for pair in _FAST.items() for word in ("-c", "=".join(pair))]
        log = (folder / "log").open("wb")
        running = subprocess.Popen(
            [*_as_user(), str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_ready(binaries, folder, running)
            subprocess.run(
                [str(binaries / "createdb"), "-h", str(folder), "-U", _SUPERUSER, "comity"], check=True
            )
            yield f"postgresql://{_SUPERUSER}@/comity?host={folder}"
        finally:
            _stop(running)
            log.close()


def _as_user() -> list[str]:
    return (
        ["setpriv", f"--reuid={_SUPERUSER}", f"--regid={_SUPERUSER}", "--init-groups"]
        if os.geteuid() == 0
        else []
    )


def _wait_until_ready(binaries: Path, folder: Path, running: subprocess.Popen[bytes]) -> None:
    ask = [str(binaries / "pg_isready"), "-q", "-h", str(folder), "-U", _SUPERUSER]
    until = time.monotonic() + 30
    while subprocess.run(ask, check=False).returncode != 0:
        if running.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.1)


def _stop(running: subprocess.Popen[bytes]) -> None:
    """Stop at once: SIGINT ends every session, and SIGKILL whatever does not hear it."""
    for how in (signal.SIGINT, signal.SIGKILL):
        if running.poll() is None:
            os.killpg(running.pid, how)
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                continue


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def main(words: list[str]) -> int:
    """Run a command with a database, and stop it with us."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with server() as url, subprocess.Popen(words, env=os.environ | {"DATABASE_URL": url}) as command:
        try:
            return command.wait()
        finally:
            command.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
