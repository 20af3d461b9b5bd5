"""The TAXII 2.1 server for content beside its peers: the same objects, on this machine, in one run.

python bench/taxii.py [post] [get] [grow] [--quick] [--postgres] [--peers FOLDER] [--skip-peers]

post: a thousand objects to each server in turn, round after round: what else the machine does meets all.
get: pages, and `added_after` with `match[type]`, with 10,000 and with 100,000 stored, beside OpenTAXII.
grow: the same of ours alone, with 10,000 and with 1,000,000 stored.

Without a name all three. Each server has one process that answers; ours also validates, indexes, and judges
every object for who asks. OpenTAXII's collection is open to everybody, so that it pays nothing to know who
asks. What is stored before is written in bulk into the database of each; OpenTAXII's on SQLite are kept in
the folder of the peers for the next run. medallion only takes posts here, and is empty when the first comes:
what it stores it compares with itself in every answer, ten thousand objects for minutes.
"""

# ruff: noqa: E402  the checkout comes before its modules

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.asking import Asking, Page, several, written
from bench.kit.content import PAGE, POSTED, WANTED, envelope, objects
from bench.kit.figures import begin, options, say, spread
from bench.kit.filling import our_node, progress
from bench.kit.processes import cpu_of
from bench.kit.servers import durable_server
from tests.peers.servers import STEP, Content, Door, Peers

PARTS = ("post", "get", "grow")
KEPT = Path(tempfile.gettempdir()) / "comity-peers"
WARM = 2  # rounds of posts before the first that counts
PATIENCE = 40.0  # seconds after which one thing is not done once more
SINCE = datetime(2026, 11, 20, tzinfo=UTC)  # the peers' first object
_TARGETS = ("20 times", "120 times")  # over OpenTAXII, with little and with much stored


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is stored, and how often each thing is done."""

    stored: tuple[int, ...]
    most: int
    runs: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds of pages from the beginning, and of pages of one type of what came last."""

    pages: list[float]
    filtered: list[float]
    cpu: float  # of one processor for a page; 0 for a peer


def main() -> None:
    """The parts that are named, on one database."""
    parser = options("The TAXII 2.1 server for content beside OpenTAXII and medallion.")
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="post, get, grow (default: all)")
    parser.add_argument("--peers", type=Path, default=KEPT, help="their folder, kept between runs")
    parser.add_argument("--skip-peers", action="store_true", help="ours alone")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server that syncs")
    parser.add_argument("--stored", default="10000,100000", help="how many objects are stored, rising")
    parser.add_argument("--most", type=int, default=1_000_000, help="how many ours holds at last")
    parser.add_argument("--runs", type=int, default=15, help="how often each thing is done")
    args = parser.parse_args()
    stored = tuple(sorted(int(each) for each in args.stored.split(",")))
    sizes = Sizes((2_000, 12_000), 30_000, 3) if args.quick else Sizes(stored, args.most, args.runs)
    _end_in_order()
    with ExitStack() as stack:
        if args.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(durable_server())
        url = os.environ.get("DATABASE_URL", "")
        url = url if url.startswith("postgres") else ""
        begin(f"TAXII 2.1 on {'PostgreSQL' if url else 'SQLite'}", "PostgreSQL 15, fsync on" if url else "")
        peers = None if args.skip_peers else _installed(args.peers)
        measure(args.parts or PARTS, sizes, peers, url)


def measure(parts: Sequence[str], sizes: Sizes, peers: Peers | None, url: str) -> None:
    """Ours is one node for all parts, filled more and more; peers are new for each."""
    with our_node() as (node, door, filling), Asking(door) as ours:
        if "post" in parts:
            post(ours, peers, sizes, url, pid=node.part("web"))
        found: dict[int, Reading] = {}
        for count in sizes.stored if "get" in parts else sizes.stored[:1] if "grow" in parts else ():
            filling.up_to(count)
            found[count] = read(ours, "comity", count, filling.at, sizes.runs, pid=node.part("web"))
        if "get" in parts and peers:
            for place, count in enumerate(found):
                beside_opentaxii(found[count], count, peers, url, _TARGETS[min(place, 1)])
        if "grow" in parts:
            filling.up_to(sizes.most)
            later = read(ours, "comity", sizes.most, filling.at, sizes.runs, pid=node.part("web"))
            grown(found[sizes.stored[0]], later, ours.walk(filling.at(0.5)), sizes)


def post(ours: Asking, peers: Peers | None, sizes: Sizes, url: str, *, pid: int) -> None:
    """Each server in turn, and how many times more ours takes in a second."""
    with ExitStack() as stack:
        asked = {"comity": ours}
        if peers:
            asked["OpenTAXII 0.9.3"] = stack.enter_context(_asking(peers.opentaxii(None, url)))
            asked["medallion 3.0.0, memory"] = stack.enter_context(_asking(peers.medallion()))
        rates: dict[str, list[float]] = {name: [] for name in asked}
        used = 0.0
        for number in range(WARM + sizes.runs):
            used = cpu_of(pid) if number == WARM else used
            body = envelope(POSTED + number)
            for name, each in asked.items():
                rates[name].append(PAGE / each.post(body))
            progress(f"round {number + 1} of {WARM + sizes.runs}")
    for name, found in rates.items():
        say(f"POST of {PAGE:,} objects, {name}", spread(found[WARM:], "objects/s"))
    say("  of one processor, comity", f"{(cpu_of(pid) - used) / sizes.runs * 1e3:.0f} ms a post")
    mine, *others = rates.items()
    for (name, found), target in zip(others, ("20 times, better 40", "5 times"), strict=False):
        times = median(mine[1][WARM:]) / median(found[WARM:])
        say(f"POST: comity over {name}", f"{times:,.1f} times", target)


def read(
    asking: Asking, name: str, count: int, at: Callable[[float], datetime], runs: int, *, pid: int = 0
) -> Reading:
    """Pages from the beginning, and the pages of a poller that wants one type of what came last."""
    asking.walk(most=2)  # whoever begins is slower
    used = cpu_of(pid) if pid else 0.0
    walks = several(asking.walk, 3 if name == "comity" else 1, PATIENCE)
    pages = [each for walk in walks for each in walk]
    told = f"{count:,} stored, {name}"
    say(f"GET in pages of {PAGE:,}, {told}", spread([PAGE / each for each in pages], "objects/s"))
    cpu = (cpu_of(pid) - used) / len(pages) if pid else 0.0
    if pid:
        say(f"  of one processor, {told}", f"{cpu * 1e3:.1f} ms a page")
    filtered: list[float] = []
    for share, words in ((1 - PAGE / count, "the last thousand"), (0.5, "the last half")):
        query = {"added_after": written(at(share)), "match[type]": WANTED, "limit": str(PAGE)}
        found = several(lambda query=query: asking.page(query), runs, PATIENCE)  # type: ignore[misc]  # bound at once
        filtered = [each.seconds for each in found]
        target = "<= 15 ms at 100,000" if name == "comity" else ""
        figure = spread([each * 1e3 for each in filtered], "ms", ",.1f")
        say(f"added_after and match[type], {words} of {told}", f"{figure}; {_full(found)} objects", target)
    return Reading(pages, filtered, cpu)


def _full(found: Sequence[Page]) -> str:
    return " or ".join(f"{each:,}" for each in sorted({page.count for page in found}))


def beside_opentaxii(ours: Reading, count: int, peers: Peers, url: str, target: str) -> None:
    """The same of OpenTAXII with as many stored, and how many times longer it takes."""
    progress(f"OpenTAXII is filled with {count:,} objects, unless it was")
    content = Content(count, SINCE.isoformat(), (objects(number) for number in range(count // PAGE)))

    def at(share: float) -> datetime:
        return SINCE + STEP * round(count * share)

    with _asking(peers.opentaxii(content, url)) as asking:
        theirs = read(asking, "OpenTAXII 0.9.3", count, at, 3)
    what = f"with {count:,} stored: comity over OpenTAXII 0.9.3"
    times = median(theirs.pages) / median(ours.pages)
    say(f"GET {what}", f"{times:,.1f} times", target)
    times = median(theirs.filtered) / median(ours.filtered)
    say(f"added_after and match[type] {what}", f"{times:,.1f} times")


def grown(before: Reading, after: Reading, middle: Sequence[float], sizes: Sizes) -> None:
    """The time of a page when much is stored, at its beginning and middle, to that when little is."""
    least = median(before.pages)
    for seconds, where in ((after.pages, "beginning"), (middle, "middle")):
        times = median(seconds) / least
        say(
            f"page time at {sizes.most:,} stored, from the {where}, to that at {sizes.stored[0]:,}",
            f"{median(seconds) * 1e3:.1f} ms to {least * 1e3:.1f} ms: {times:.2f} times",
            "<= 1.3 times",
        )
    say("  of one processor, from the beginning", f"{after.cpu / before.cpu:.2f} times")


def _installed(folder: Path) -> Peers:
    peers = Peers(folder)
    peers.install()
    return peers


@contextlib.contextmanager
def _asking(running: AbstractContextManager[Door]) -> Iterator[Asking]:
    with running as door, Asking(door) as asking:
        yield asking


def _end_in_order() -> None:
    """Whoever ends us ends what we started as well."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda which, _: sys.exit(128 + which))


if __name__ == "__main__":
    main()
