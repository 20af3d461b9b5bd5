"""The demonstration from an empty clone with an empty home, and its second start.

python bench/start.py [--quick]

What is committed is cloned, nothing else is there, and `make demo` is run as a newcomer runs it. Packages
come from wherever pip is set up to find them; the time includes their download.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.figures import begin, children_cpu, options, say  # noqa: E402  after the path

CHECKOUT = Path(__file__).parents[1]
OPEN = "Open after"
PATIENCE = 900.0  # seconds
LAST = 10  # lines that are shown when it fails
KEPT = ("PATH", "LANG", "PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_")  # prefixes


def main() -> None:
    """The first start, a second one, and with everything installed the check."""
    args = options("`make demo` from an empty clone with an empty home, and its second start.").parse_args()
    begin("Start")
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        _say("make demo, from an empty clone until it is open", clone, home, "< 180 s")
        for _ in range(1 if args.quick else 3):
            _say("make demo, started again until it is open", clone, home, "< 15 s")
        wall, cpu = time.monotonic(), children_cpu()
        _make(clone, home, "demo", "ARGS=--check")
        spent = f"{time.monotonic() - wall:.1f} s (CPU {children_cpu() - cpu:.1f} s)"
        say("make demo ARGS=--check, everything installed", spent)


def _say(what: str, clone: Path, home: Path, target: str) -> None:
    cpu = children_cpu()
    took = opened(clone, home)
    say(what, f"{took:.1f} s (CPU {children_cpu() - cpu:.1f} s, with its end)", target)


def opened(clone: Path, home: Path) -> float:
    """Seconds until `make demo` says that the node is open; then it is ended as by Ctrl-C."""
    began = time.monotonic()
    told: list[str] = []
    with _running(clone, home) as lines:
        for line in lines:
            told.append(line)
            if OPEN in line:
                return time.monotonic() - began
            if time.monotonic() - began > PATIENCE:
                break
    raise RuntimeError(f"make demo did not come to “{OPEN}”:\n{''.join(told[-LAST:])}")


@contextlib.contextmanager
def _running(clone: Path, home: Path) -> Iterator[Iterator[str]]:
    command = subprocess.Popen(
        ["make", "demo"],
        cwd=clone,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    assert command.stdout
    try:
        yield iter(command.stdout)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGINT)
        command.communicate()


def _make(clone: Path, home: Path, *words: str) -> None:
    subprocess.run(["make", *words], cwd=clone, env=_environment(home), check=True, stdout=subprocess.DEVNULL)


def _environment(home: Path) -> dict[str, str]:
    """A newcomer's: an empty home, and of ours only what finds programs and packages."""
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(KEPT)}
    return kept | {"HOME": str(home)}


if __name__ == "__main__":
    main()
