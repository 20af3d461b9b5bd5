"""`comity-node run`: web server and worker under one supervisor. This module must not import Django."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import subprocess
import sys
from enum import Enum
from pathlib import Path

from comity.base.errors import ComityError
from comity.node.commands.signals import lifeline_option, stop_when_ended
from comity.node.commands.supervisor import Child, supervise
from comity.node.config import Config, load


class Part(Enum):
    """The processes of a node."""

    WEB = "web"
    WORKER = "worker"


class PortTaken(ComityError):
    """The web server cannot listen where the settings say."""

    code = "port-taken"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which part to run."""
    parser.add_argument(
        "--only",
        choices=[part.value for part in Part],
        help="run one part alone, for nodes on several hosts (default: both)",
    )
    lifeline_option(parser)


def run(args: argparse.Namespace) -> int:
    """Check that it can start, then run until told to stop."""
    config = load(os.environ)
    if args.until_stdin_ends:
        stop_when_ended(os.dup(0))
    parts = [Part(args.only)] if args.only else list(Part)
    if Part.WEB in parts:
        require_free(config.listen)
    words = command(config.home, "migrate", "--check")
    migrated = subprocess.run(words, check=False, stdin=subprocess.DEVNULL).returncode
    if migrated != 0:
        return migrated
    with_web = Part.WEB in parts
    return supervise(
        [Child(part.value, command(config.home, part.value, "--until-stdin-ends")) for part in parts],
        ready=lambda: not with_web or answers(config.listen),
        started=_started(config) if with_web else "The worker runs. Stop it with Ctrl-C.",
        output=args.output,
    )


def command(home: Path, *words: str) -> list[str]:
    """The words that start another `comity-node` for the same home."""
    return [sys.executable, "-m", "comity.node.manage", "--home", str(home), *words]


def endpoint(listen: str) -> tuple[str, int]:
    """Host and port of a `listen` setting."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def require_free(listen: str) -> None:
    """Raise `PortTaken` unless this address can be listened at.

    The web server shares its port between its workers (SO_REUSEPORT), so a second node would not fail at it.
    """
    host, port = endpoint(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror
            raise PortTaken(
                f"Cannot listen at {listen}: {why}. Stop the other program, or change `listen` in node.toml."
            ) from error


def answers(listen: str) -> bool:
    """Whether a web server answers there."""
    host, port = endpoint(listen)
    near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  a comparison
    try:
        with socket.create_connection((near, port), timeout=5) as line:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.recv(5) == b"HTTP/"
    except OSError:
        return False


def _started(config: Config) -> str:
    return f"The node answers at {config.address} (listening at {config.listen}). Stop it with Ctrl-C."
