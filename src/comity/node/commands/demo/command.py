"""`comity-node demo`: three nodes on this machine and one act between them; `--check` verifies and leaves."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from comity.base.errors import ComityError, Conflict
from comity.node.commands.demo.stage import (
    ROLES,
    DemoNode,
    free_ports,
    keep_nodes,
    known_nodes,
    make_nodes,
    running,
)
from comity.node.commands.demo.story import Story, found_again
from comity.node.commands.output import Output
from comity.node.commands.signals import STOPPING, Signals, interrupted_by_all

_WORDS = 2_000  # characters of what a node said last, when a step fails
_DONE = "told.json"  # the nodes of this folder have been through the whole story


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where the nodes live, and whether to stay."""
    parser.add_argument("--check", action="store_true", help="verify every step, and leave nothing")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("demo"),
        metavar="DIR",
        help="home of the three nodes (default: demo)",
    )


def run(args: argparse.Namespace) -> int:
    """Tell the story once; then keep the nodes open until Ctrl-C."""
    began = time.monotonic()
    folder = args.folder.resolve()
    with interrupted_by_all():
        if args.check:
            with _folder_for_once() as empty, free_ports(ROLES) as ports:
                return _checked(empty, ports, args.output, began)
        if (folder / _DONE).exists():
            args.output.say(
                f"The three nodes in {folder} start again with everything they had. "
                "Remove the folder to see them made and the story told anew."
            )
            return _stay(known_nodes(folder), args.output, began)
        with free_ports(ROLES) as ports:
            return _stay(_told(_emptied(folder), ports, args.output), args.output, began)


def _checked(folder: Path, ports: Sequence[int], output: Output, began: float) -> int:
    nodes = _told(folder, ports, output)
    with output.step("The nodes stop and start again"), running(nodes):
        kept = found_again(nodes, folder)
    output.say(f"      {kept}")
    seconds = time.monotonic() - began
    output.give(
        {"event": "checked", "seconds": round(seconds, 1)}, f"All steps hold ({seconds:.0f} seconds)."
    )
    return 0


def _told(folder: Path, ports: Sequence[int], output: Output) -> list[DemoNode]:
    """New nodes in the folder, after the whole story."""
    with output.step("Making three nodes, each with its own keys and database"):
        nodes = make_nodes(folder, ports)
    keep_nodes(folder, nodes)
    with running(nodes):
        story = Story(nodes, folder)
        with contextlib.closing(story):
            steps = list(story.steps())
            for number, (doing, step) in enumerate(steps, 1):
                with output.step(f"[{number}/{len(steps)}] {doing}"):
                    came_out = step()
                for line in came_out.splitlines():
                    output.say(f"      {line}")
    (folder / _DONE).write_text("{}")
    return nodes


def _stay(nodes: list[DemoNode], output: Output, began: float) -> int:
    with Signals() as signals, running(nodes):
        (told,) = nodes[0].command("user", "link", "analyst@pk.example", "--minutes", "60")
        output.give(
            {"event": "open", "address": nodes[0].address, "login": told["login"]},
            f"\nOpen after {time.monotonic() - began:.0f} seconds: {nodes[0].address}\n"
            f"Log in once, within an hour, as the analyst of Pakistan's CERT:\n  {told['login']}\n"
            "Ctrl-C ends the three nodes; what they hold stays in the folder.",
        )
        while not signals.wait(None) & STOPPING:
            pass
    return 0


def _emptied(folder: Path) -> Path:
    """The folder without what a broken-off run left; never one that holds anything else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "nodes.json").exists():
        raise Conflict(f"{folder} holds something else than a demonstration; name another with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    keep_nodes(folder, [])
    return folder


@contextlib.contextmanager
def _folder_for_once() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="comity-demo-") as name:
        try:
            yield Path(name)
        except ComityError:
            for log in sorted(Path(name).glob("*.log")):
                sys.stderr.write(f"--- {log.name}\n{log.read_text()[-_WORDS:]}\n")
            raise
