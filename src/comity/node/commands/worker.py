"""`comity-node worker`: delivers, pulls and keeps time until told to stop; it finishes its step first."""

from __future__ import annotations

import argparse
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from comity.node.commands.signals import STOPPING, WOKEN, Signals, lifeline_option, stop_when_ended
from comity.node.federation import worker


def arguments(parser: argparse.ArgumentParser) -> None:
    """How to notice the end of the supervisor."""
    lifeline_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the loop in a thread of its own, so that a signal never cuts a step short."""
    if args.until_stdin_ends:
        stop_when_ended(os.dup(0))
    stop = threading.Event()
    with Signals() as signals, ThreadPoolExecutor(max_workers=1) as threads:
        loop = threads.submit(worker.run, stop, settings.CONFIG)
        loop.add_done_callback(lambda _: signals.wake())
        while not signals.wait(None) & (STOPPING | {WOKEN}):
            pass
        stop.set()
        loop.result()
    return 0
