"""The TAXII 2.1 server for content beside its peers: the same objects, on this machine, in one run.

python bench/taxii.py [--quick] [--peers FOLDER] [--skip-peers] [--postgres] [--stored 10000,100000]

Each server has one process that answers; ours also validates, indexes, and judges every object for who asks.
The folder of the peers is kept: what is stored in OpenTAXII is there for the next run.
OpenTAXII's collection is open to everybody, so that it pays nothing to know who asks; it is filled in bulk,
ours by imports of our own work. medallion only takes posts here, and is empty when the first comes: what it
stores it compares with itself in every answer, ten thousand objects for minutes.
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Self
from unittest.mock import patch
from uuid import UUID

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

import httpx

from bench.acts import Stream
from bench.kit.figures import begin, options, say, spread
from bench.kit.homes import load
from bench.kit.servers import durable_server
from tests.nodes import Node, befriend, start_node
from tests.peers.servers import MEDIA_TYPE, STEP, Content, Door, Peers

if TYPE_CHECKING:
    from comity.node.parties.actors import Actor

PAGE = 1_000  # objects in a page and in a post
POSTED = 10**6  # the number of the first post; what is stored has the numbers from 0
WARM = 2  # posts before the first that counts
KEPT = Path(tempfile.gettempdir()) / "comity-peers"
MOST_PAGES = 10  # of one walk
SINCE = datetime(2026, 11, 20, tzinfo=UTC)  # the peers' first object
WANTED = "malware"  # one object in five
_TLP = (
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",  # green
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",  # amber
)
_BUNDLE = b"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"
_FAMILIES = ("Emotet", "QakBot", "IcedID", "AsyncRAT", "PlugX", "LokiBot", "Remcos", "RedLine")

Object = dict[str, object]


@dataclass(slots=True)
class Taken:
    """What was measured at one server: objects in a second, seconds of a page, seconds of a filtered page."""

    name: str
    posts: list[float] = field(default_factory=list)
    pages: dict[int, list[float]] = field(default_factory=dict)
    filtered: dict[int, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is stored, and how often each thing is done."""

    stored: tuple[int, ...]
    most: int  # in ours alone, at last
    runs: int


def main() -> None:
    """Ours, then the peers, then how many times."""
    parser = options("The TAXII 2.1 server for content beside OpenTAXII and medallion.")
    parser.add_argument("--peers", type=Path, default=KEPT, help="their folder, kept between runs")
    parser.add_argument("--skip-peers", action="store_true", help="ours alone")
    parser.add_argument("--skip-ours", action="store_true", help="the peers alone")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server that syncs")
    parser.add_argument("--stored", default="10000,100000", help="how many objects are stored, rising")
    parser.add_argument("--most", type=int, default=1_000_000, help="how many ours holds at last")
    parser.add_argument("--runs", type=int, default=7, help="how often each thing is done")
    args = parser.parse_args()
    stored = tuple(sorted(int(each) for each in args.stored.split(",")))
    sizes = Sizes((2_000, 4_000), 10_000, 3) if args.quick else Sizes(stored, args.most, args.runs)
    _end_in_order()
    with contextlib.ExitStack() as stack:
        if args.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(durable_server())
        url = os.environ.get("DATABASE_URL", "")
        database = "PostgreSQL" if url.startswith("postgres") else "SQLite"
        begin(f"TAXII 2.1 on {database}", "PostgreSQL 15, fsync on" if args.postgres else "")
        ours = None if args.skip_ours else measure_ours(sizes, f"comity, {database}")
        if not args.skip_peers:
            peers = Peers(args.peers)
            peers.install()
            theirs = measure_opentaxii(peers, sizes, url if database == "PostgreSQL" else "")
            empty = measure_medallion(peers, sizes)
            if ours is not None:
                compare(ours, theirs, empty)


def measure_ours(sizes: Sizes, name: str) -> Taken:
    """One node that is filled more and more."""
    taken = Taken(name)
    with our_door() as (door, filling), Asking(door) as asking:
        taken.posts = posts(asking, sizes.runs)
        say_posts(taken)
        for count in (*sizes.stored, sizes.most):
            filling.up_to(count)
            read(asking, taken, count, filling.at, sizes.runs)
        say_growth(taken, sizes, asking.walk(filling.at(0.5)))
    return taken


def measure_opentaxii(peers: Peers, sizes: Sizes, url: str) -> Taken:
    """A new one for what is posted, and one for each size of what is stored."""
    taken = Taken("OpenTAXII 0.9.3, " + ("PostgreSQL" if url else "SQLite"))
    with _asking(peers.opentaxii(None, url)) as asking:
        taken.posts = posts(asking, sizes.runs)
        say_posts(taken)
    for count in sizes.stored:
        content = Content(count, SINCE.isoformat(), _portions(count))
        with _asking(peers.opentaxii(content, url)) as asking:

            def at(share: float, count: int = count) -> datetime:
                return SINCE + STEP * round(count * share)

            read(asking, taken, count, at, 3)
    return taken


def measure_medallion(peers: Peers, sizes: Sizes) -> Taken:
    """Its memory, empty at the beginning."""
    taken = Taken("medallion 3.0.0, memory")
    with _asking(peers.medallion()) as asking:
        taken.posts = posts(asking, sizes.runs)
        say_posts(taken)
    return taken


def compare(ours: Taken, opentaxii: Taken, medallion: Taken) -> None:
    """How many times faster, each with what issue 3 asks for."""
    for other, target in ((opentaxii, "20 times, better 40"), (medallion, "5 times")):
        times = median(ours.posts) / median(other.posts)
        say(f"POST: {ours.name} over {other.name}", f"{times:,.1f} times", target)
    for place, count in enumerate(opentaxii.pages):
        times = median(opentaxii.pages[count]) / median(ours.pages[count])
        say(
            f"GET, {count:,} stored: {ours.name} over {opentaxii.name}",
            f"{times:,.1f} times",
            "120 times" if place else "20 times",
        )
        times = median(opentaxii.filtered[count]) / median(ours.filtered[count])
        say(
            f"added_after and match[type], {count:,} stored: {ours.name} over {opentaxii.name}",
            f"{times:,.1f} times",
        )


def posts(asking: Asking, runs: int) -> list[float]:
    """Objects in a second, of posts one after another; the first few do not count."""
    bodies = [b'{"objects":' + _objects(POSTED + number) + b"}" for number in range(WARM + runs)]
    return [PAGE / asking.post(each) for each in bodies][WARM:]


def read(asking: Asking, taken: Taken, count: int, at: Callable[[float], datetime], runs: int) -> None:
    """Pages from the beginning, and the pages of a poller that wants one type of what came last."""
    taken.pages[count] = asking.walk()
    rates = [PAGE / each for each in taken.pages[count]]
    say(f"GET in pages of {PAGE:,}, {count:,} stored, {taken.name}", spread(rates, "objects/s"))
    for share, words in ((1 - PAGE / count, "the last thousand"), (0.5, "the last half")):
        asked = {"added_after": _time(at(share)), "match[type]": WANTED, "limit": str(PAGE)}
        found = [asking.page(asked) for _ in range(runs)]
        taken.filtered[count] = [each.seconds for each in found]
        milliseconds = [each.seconds * 1e3 for each in found]
        say(
            f"added_after and match[type], {words} of {count:,} stored, {taken.name}",
            f"{spread(milliseconds, 'ms', ',.1f')}; {found[0].count:,} objects",
            "<= 15 ms at 100,000" if taken.name.startswith("comity") else "",
        )


def say_posts(taken: Taken) -> None:
    """The rate of posts."""
    say(f"POST of {PAGE:,} objects, {taken.name}", spread(taken.posts, "objects/s"))


def say_growth(taken: Taken, sizes: Sizes, later: Sequence[float]) -> None:
    """The time of a page when much is stored, at its beginning and middle, to that when little is."""
    least = median(taken.pages[sizes.stored[0]])
    for seconds, where in ((taken.pages[sizes.most], "beginning"), (later, "middle")):
        times = median(seconds) / least
        say(
            f"page time at {sizes.most:,} stored, from the {where}, to that at {sizes.stored[0]:,}",
            f"{median(seconds) * 1e3:.1f} ms to {least * 1e3:.1f} ms: {times:.2f} times",
            "<= 1.3 times",
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page: how long it took, how many objects it held, and how to go on."""

    seconds: float
    count: int
    following: str


class Asking:
    """A client of one collection; who is told to come later comes later, and the wait does not count."""

    def __init__(self, door: Door) -> None:
        self._door = door
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE, **door.headers}
        self._client = httpx.Client(headers=headers, timeout=3_600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, body: bytes) -> float:
        """Post an envelope, all of which is taken: the seconds."""
        seconds, reply = self._timed("POST", content=body)
        status = reply.json()
        if status["success_count"] != PAGE or status["status"] != "complete":
            raise RuntimeError(f"{self._door.name} took less than all: {reply.text[:2_000]}")
        return seconds

    def page(self, query: dict[str, str]) -> Page:
        """One page."""
        seconds, reply = self._timed("GET", params=query)
        value = reply.json()
        return Page(seconds, len(value.get("objects", ())), value["next"] if value.get("more") else "")

    def walk(self, since: datetime | None = None) -> list[float]:
        """The seconds of each page, one after another, no more than there are or `MOST_PAGES`."""
        query = {"limit": str(PAGE)} | ({"added_after": _time(since)} if since else {})
        page, seconds = self.page(query), list[float]()
        if page.count < PAGE:
            raise RuntimeError(f"{self._door.name} gave {page.count} objects, not {PAGE:,}")
        while page.count == PAGE:
            seconds.append(page.seconds)
            if not page.following or len(seconds) == MOST_PAGES:
                break
            page = self.page(query | {"next": page.following})
        return seconds

    def _timed(
        self, method: str, *, params: dict[str, str] | None = None, content: bytes | None = None
    ) -> tuple[float, httpx.Response]:
        while True:
            begun = time.perf_counter()
            reply = self._client.request(method, self._door.objects, params=params, content=content)
            seconds = time.perf_counter() - begun
            if reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
                time.sleep(float(reply.headers.get("Retry-After", "1")))
                continue
            if reply.is_error:
                raise RuntimeError(f"{self._door.name}: {reply.status_code} {reply.text[:2_000]}")
            return seconds, reply


class Filling:
    """Imports of our own work, which the partner may see; when each began is known.

    What the partner posted would not do: nobody is given what came from it.
    """

    def __init__(self, analyst: Actor) -> None:
        self._analyst = analyst
        self._begun: list[datetime] = []

    def up_to(self, count: int) -> None:
        """Import until so many are stored."""
        from comity.node.exchange.services.importing import Source, import_bundle
        from comity.node.parties.queries import our_bodies

        body = our_bodies().first()
        for number in range(len(self._begun), count // PAGE):
            now = datetime.now(UTC)
            bundle = BytesIO(b'{"type":"bundle","id":"%s","objects":%s}' % (_BUNDLE, _objects(number)))
            import_bundle(actor=self._analyst, file=bundle, source=Source(body), now=now)
            self._begun.append(now)

    def at(self, share: float) -> datetime:
        """The last instant before more than this share of all was stored."""
        return self._begun[round(len(self._begun) * share)] - timedelta(microseconds=1)


@contextlib.contextmanager
def our_door() -> Iterator[tuple[Door, Filling]]:
    """A node that has an agreement with another, and shows it all that it holds."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comity-bench-")))
        a = start_node(folder, "CERT of Pakistan", "PK")
        stack.callback(a.close)
        b = start_node(folder, "CERT of Uruguay", "UY")
        stack.callback(b.close)
        befriend(a, b)
        with patch.dict(os.environ):
            os.environ.pop("DATABASE_URL", None)  # it would be taken for the node's own
            load(a.home)
        stream = Stream.opened(a, b)
        b.close_processes()
        yield opened(a, stream.partner.ref), Filling(stream.analyst)


def opened(node: Node, partner: str) -> Door:
    """A collection of everything, and the token of an account of the partner."""
    node.login("approver").close()
    person = f"approver@{node.home.name}.example"
    words = ["--title", "All that we hold", "--alias", "all", "--post", "--as", person, "--json"]
    node.command("collection", "open", *words)
    token = json.loads(node.command("collection", "account", partner, "bench", "--json").stdout)["token"]
    discovery = f"{node.address}taxii2/"
    headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {token}"}
    roots = httpx.get(discovery, headers=headers).raise_for_status().json()["api_roots"]
    return Door("comity", f"{roots[0]}collections/all/objects/", headers)


@contextlib.contextmanager
def _asking(running: AbstractContextManager[Door]) -> Iterator[Asking]:
    with running as door, Asking(door) as asking:
        yield asking


def _portions(count: int) -> Iterator[bytes]:
    return (_objects(number) for number in range(count // PAGE))


def _objects(number: int) -> bytes:
    """A thousand objects, always the same for one number: malware, what indicates it, and relationships."""
    random = Random(number)
    made: list[Object] = []
    for _ in range(PAGE // 5):
        malware = _malware(random)
        indicators = [_indicator(random, place) for place in range(3)]
        link = _object(
            random,
            "relationship",
            relationship_type="indicates",
            source_ref=indicators[0]["id"],
            target_ref=malware["id"],
        )
        made += [malware, *indicators, link]
    return json.dumps(made, separators=(",", ":")).encode()


def _malware(random: Random) -> Object:
    family = random.choice(_FAMILIES)
    return _object(
        random,
        "malware",
        name=f"{family} build {random.randrange(10**6)}",
        description=f"A sample of {family} that came by mail to a ministry and asked for a second stage.",
        malware_types=["downloader"],
        is_family=False,
    )


def _indicator(random: Random, kind: int) -> Object:
    word = f"{random.getrandbits(256):064x}"
    address = ".".join(str(random.randrange(1, 255)) for _ in range(4))
    pattern = (
        f"[domain-name:value = '{word[:12]}.example']",
        f"[ipv4-addr:value = '{address}']",
        f"[file:hashes.'SHA-256' = '{word}']",
    )[kind]
    return _object(
        random,
        "indicator",
        name=f"Command server {word[:8]}",
        description="Seen in traffic of a ministry by a sensor of the national team, every ten minutes.",
        indicator_types=["malicious-activity"],
        labels=["c2"],
        pattern=pattern,
        pattern_type="stix",
        valid_from="2026-11-20T06:30:00.000Z",
        confidence=80,
    )


def _object(random: Random, kind: str, **more: object) -> Object:
    at = f"2026-11-{random.randrange(1, 21):02}T06:{random.randrange(60):02}:00.{random.randrange(1000):03}Z"
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{UUID(int=random.getrandbits(128), version=4)}",
        "created": at,
        "modified": at,
        "object_marking_refs": [random.choice(_TLP)],
        **more,
    }


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _end_in_order() -> None:
    """Whoever ends us ends what we started as well."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda which, _: sys.exit(128 + which))


if __name__ == "__main__":
    main()
