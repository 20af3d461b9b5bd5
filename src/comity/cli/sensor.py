"""Follows logs with the indicators of a node, until it is stopped, and tells the node what was met.

Indicators are read from a collection of the node as they come, change and go; what counts as a hit becomes a
sighting, one for each indicator, which is posted and grows. How far each log was read is kept in a folder, so
that nothing is missed and nothing told twice, whenever it is stopped. SIGTERM and Ctrl-C end it.
"""

from __future__ import annotations

import argparse
import os
from datetime import datetime

from comity.cli.detecting.options import about_judging, about_logs, about_telling, needed
from comity.cli.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    """Logs, the node, and what is told."""
    parser.add_argument(
        "logs", nargs="+", metavar="LOGS",
        help="files, there or not yet, or folders whose files are followed, but for their older parts",
    )  # fmt: skip  # one option
    parser.add_argument(
        "--node", required=True, metavar="COLLECTION",
        help="where indicators are: https://HOST/taxii2/BODY/collections/ID/",
    )  # fmt: skip  # one option
    parser.add_argument("--token", required=True, metavar="FILE", help="the token that the node gave")
    parser.add_argument(
        "--state",
        required=True,
        metavar="DIR",
        help="a folder of its own, where the sensor keeps all it knows",
    )
    parser.add_argument("--once", action="store_true", help="read what is there now, tell the node, and end")
    parser.add_argument("--pull-every", metavar="SECONDS", default="0.5", help="between two looks (0.5)")
    telling = parser.add_argument_group("what is told")
    telling.add_argument(
        "--sightings",
        metavar="COLLECTION",
        help="where sightings are posted; by default where indicators are",
    )
    telling.add_argument(
        "--tell-nothing", action="store_true", help="post no sighting; the node is told how the sensor does"
    )
    telling.add_argument("--tell-every", metavar="SECONDS", default="60", help="how often (60)")
    about_telling(telling, "by default nothing")
    about_judging(parser.add_argument_group("what counts as a hit"))
    about_logs(parser.add_argument_group("logs"))


def run(args: argparse.Namespace, output: Output, now: datetime) -> int:
    """Go round and round."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # it shares the machine with what it watches
    status: int = needed("sensing").run(args, output, now)
    return status
