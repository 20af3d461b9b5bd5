"""Exactness under writers: pollers while large and small posts, imports, shares and deletions overlap.

python bench/exactness.py [--quick] [--rounds N] [--minutes N] [--seed N] [--postgres]

Every program is a process of its own and reads or writes over HTTP; imports and shares go by the services.
A round is one large post (100 objects, and new versions of some before), ten small posts, deletions, an
import of which half is hidden, and a share, all begun at one moment. Two pollers read all the while: one by
`added_after`, the other by `next`. Lost is what there is and was not given; repeated, what was given twice.
"""

# ruff: noqa: E402  the checkout is named before what is in it

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.figures import begin, options, say
from tests import postgres
from tests.journeys.test_exactness import rounds_of

ROUNDS = 1_000


def main() -> None:
    """One run on one database."""
    parser = options("A TAXII poller among writers: what it loses, and what it is given twice.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--minutes", type=float, default=120, help="when to end before all rounds are done")
    parser.add_argument("--seed", type=int, default=29, help="of sizes, orders and pages")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server")
    args = parser.parse_args()
    rounds = 20 if args.quick else args.rounds
    with contextlib.ExitStack() as stack:
        if args.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(postgres.server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comity-bench-")))
        begin("Exactness under writers", "PostgreSQL 15, fsync off" if args.postgres else "")
        told = rounds_of(folder, rounds, args.seed, args.minutes)
    if told["failed"]:
        raise RuntimeError(f"writers failed: {told['failed']}")
    say(
        "rounds", f"{told['rounds']:,} in {told['seconds']:,.0f} s, {told['held']:,} versions held at the end"
    )
    for name, found in told["pollers"].items():
        figure = "{given:,} given in {pages:,} pages: {lost} lost, {repeated} repeated, {leaked} leaked"
        say(f"poller {name}", figure.format(**found), "0 lost, 0 repeated")


if __name__ == "__main__":
    main()
