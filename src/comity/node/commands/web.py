"""`comity-node web`: the web server. The parent only waits; Django is loaded in the processes it forks."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces

from comity.node.commands.run import endpoint
from comity.node.commands.signals import lifeline_option, stop_when_ended
from comity.node.config import load

_GRACE = 6  # seconds for requests under way, less than the supervisor's own patience


def arguments(parser: argparse.ArgumentParser) -> None:
    """How to notice the end of the supervisor."""
    lifeline_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM; requests under way are answered first."""
    config = load(os.environ)
    host, port = endpoint(config.listen)
    server = Granian(
        "comity.node.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=config.web_processes,
        blocking_threads=config.web_threads,
        workers_kill_timeout=_GRACE,
        log_enabled=False,  # Django's log goes to stderr already
    )
    line = os.dup(0) if args.until_stdin_ends else None
    if line is not None:
        stop_when_ended(line)
    server.serve(target_loader=_loader(line), wrap_loader=False)
    return 0


def _loader(line: int | None) -> Callable[[], Any]:
    def application() -> Any:  # noqa: ANN401  a WSGI application, to be loaded after the fork
        if line is not None:  # threads do not survive a fork: the child watches for itself
            stop_when_ended(line)
        from comity.node.wsgi import application as loaded  # noqa: PLC0415  as the comment above says

        return loaded

    return application
