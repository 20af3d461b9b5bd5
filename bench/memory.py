"""Memory of the processes of a node while a gigabyte comes in and a million objects go out.

python bench/memory.py [out] [import] [post] [whole] [--quick] [--postgres] [--bytes N] [--objects N]

out: a partner reads all that the node holds by TAXII, page after page.
import: one bundle, by `comity-node import`, beside the web process and the worker.
post: as many bytes in envelopes as large as the node takes.
whole: the bundle as one request, which the node refuses, by TAXII and by the API.

Told is the resident memory of each process before, its range over the second half of the time, and its peak:
flat is what does not go up with what has gone by. Without a name all four.
"""

# ruff: noqa: E402  the checkout comes before its modules

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

import httpx

from bench.kit.asking import Asking
from bench.kit.figures import begin, options, say
from bench.kit.filling import Filling, our_node, progress
from bench.kit.processes import Watch, family, rss_of
from bench.kit.servers import durable_server
from tests.nodes import Node, environment
from tests.peers.servers import MEDIA_TYPE, Door

PARTS = ("out", "import", "post", "whole")
GIGABYTE = 10**9
MILLION = 1_000_000
LARGEST = 10_000_000  # bytes of an envelope; the node takes 10,485,760 in one body
PADDING = 4_000  # bytes of a property of our own in each object, which no search reads
REST = 3.0  # seconds before memory is looked at
_ENDING = 3  # looks at a process that gives back what it has
TARGET = "flat within 50 MB"
_AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
_HEAD = b'{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":['


@dataclass(frozen=True, slots=True)
class Bench:
    """What the parts have in common."""

    node: Node
    door: Door
    filling: Filling
    folder: Path
    size: int
    objects: int


def main() -> None:
    """The parts that are named, at one node."""
    parser = options("Memory while a gigabyte comes in and a million objects go out.")
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="default: all")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server")
    parser.add_argument("--bytes", type=int, default=GIGABYTE, help="that come in")
    parser.add_argument("--objects", type=int, default=MILLION, help="that go out")
    args = parser.parse_args()
    size, objects = (30_000_000, 20_000) if args.quick else (args.bytes, args.objects)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda which, _: sys.exit(128 + which))
    with ExitStack() as stack:
        if args.postgres:
            os.environ["DATABASE_URL"] = stack.enter_context(durable_server())
        begin("Memory", "PostgreSQL 15, fsync on" if args.postgres else "")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comity-bench-")))
        node, door, filling = stack.enter_context(our_node())
        bench = Bench(node, door, filling, folder, size, objects)
        for name in args.parts or PARTS:
            _PARTS[name](bench)


def out(bench: Bench) -> None:
    """All that is held, in pages of a thousand, by one reader."""
    bench.filling.up_to(bench.objects)

    def read() -> str:
        with Asking(bench.door) as asking:
            pages = asking.walk(most=bench.objects // 1_000)
        return f"{len(pages):,} pages of 1,000 objects go out by TAXII"

    watched(bench.node, read)


def bring(bench: Bench) -> None:
    """A bundle, by the command; the process of the command is watched as well."""
    path = bundle_of(bench)
    words = ["--own", "--unmarked-as", "amber", str(path), "--json"]
    command = [sys.executable, "-m", "comity.node.manage", "--home", str(bench.node.home), "import", *words]

    def work(watch: Watch) -> str:
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as running:
            watch.pids = {**watch.pids, "comity-node import": running.pid}
            try:
                running.communicate()
            finally:
                running.kill()
        if running.returncode:
            raise RuntimeError(f"comity-node import ended with {running.returncode}")
        return f"a bundle of {path.stat().st_size / 1e6:,.0f} MB comes in by comity-node import"

    watched_by(bench.node, work)


def post(bench: Bench) -> None:
    """Envelopes, one after another."""

    def send() -> str:
        sent = count = 0
        with Asking(bench.door) as asking:
            for body in envelopes(bench.size):
                asking.post(body)
                sent, count = sent + len(body), count + 1
        return f"{sent / 1e6:,.0f} MB come in by {count} posts"

    watched(bench.node, send)


def whole(bench: Bench) -> None:
    """The bundle as one body: refused, and nothing of it is kept in memory."""
    path = bundle_of(bench)
    told = {"Content-Length": str(path.stat().st_size), "Accept": "*/*"}
    taxii = {**told, **bench.door.headers, "Content-Type": MEDIA_TYPE}
    with closing(httpx.Client(timeout=600)) as program, closing(bench.node.login("analyst")) as person:
        api = {**told, "Content-Type": "application/json", "X-CSRFToken": person.cookies["csrftoken"]}
        for name, client, address, headers in (
            ("TAXII", program, bench.door.objects, {**taxii, "Accept": MEDIA_TYPE}),
            ("the API", person, f"{bench.node.address}api/v1/imports?note=bench", api),
        ):
            # Bound at once: it is called before the next.
            def send(
                name: str = name,
                client: httpx.Client = client,
                address: str = address,
                headers: dict[str, str] = headers,
            ) -> str:
                answer = _sent(client, address, headers, path)
                return f"{path.stat().st_size / 1e6:,.0f} MB in one body by {name}, {answer}"

            watched(bench.node, send)


def _sent(client: httpx.Client, address: str, headers: dict[str, str], path: Path) -> str:
    """What is answered; a server that answers before the end may close, and is right to."""
    with path.open("rb") as file, suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        reply = client.post(address, headers=headers, content=iter(lambda: file.read(2**20), b""))
        if reply.status_code != httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            raise RuntimeError(f"{address} answered {reply.status_code} {reply.text[:2_000]}")
        return "refused with 413"
    return "refused, the line closed"


def watched(node: Node, work: Callable[[], str]) -> None:
    """Do it, and tell the memory of the web process and the worker meanwhile."""
    watched_by(node, lambda _: work())


def watched_by(node: Node, work: Callable[[Watch], str]) -> None:
    """The same for work that has a process of its own to be watched."""
    time.sleep(REST)
    pids = {name: _largest(node, name) for name in ("web", "worker")}
    before = {name: rss_of(pid) for name, pid in pids.items()}
    begun = time.monotonic()
    with Watch(pids) as watch:
        what = work(watch)
    progress(f"{what} in {time.monotonic() - begun:.0f} s")
    for name, seen in watch.seen.items():
        late = seen[len(seen) // 2 : -_ENDING] or seen
        first = f"before {before[name]:.0f} MB, " if name in before else ""
        figure = f"{first}second half {min(late):.0f} to {max(late):.0f} MB, peak {max(seen):.0f} MB"
        say(f"{what}: {name}", figure, TARGET)


def _largest(node: Node, name: str) -> int:
    """The process of this part that answers or works: its parent only waits."""
    return max(family(node.part(name)), key=rss_of)


def bundle_of(bench: Bench) -> Path:
    """The file, made once."""
    path = bench.folder / "large.json"
    if not path.exists():
        with path.open("wb") as file:
            file.write(_HEAD)
            for number, each in enumerate(_objects(bench.size, 1)):
                file.write(b"," * (number > 0) + each)
            file.write(b"]}")
    return path


def envelopes(size: int) -> Iterator[bytes]:
    """So many bytes of other objects, in bodies that the node takes."""
    waiting: list[bytes] = []
    for each in _objects(size, 2):
        waiting.append(each)
        if len(waiting) * (PADDING + 500) > LARGEST:
            yield b'{"objects":[' + b",".join(waiting) + b"]}"
            waiting.clear()
    if waiting:
        yield b'{"objects":[' + b",".join(waiting) + b"]}"


def _objects(size: int, seed: int) -> Iterator[bytes]:
    """Indicators until they have so many bytes."""
    random, made = Random(seed), 0
    while made < size:
        word = random.randbytes(PADDING // 2).hex()
        each = (
            f'{{"type":"indicator","spec_version":"2.1","id":"indicator--{_uuid(random)}",'
            '"created":"2026-11-20T06:30:00.000Z","modified":"2026-11-20T06:30:00.000Z",'
            f'"object_marking_refs":["{_AMBER}"],"name":"Sample {word[:8]}",'
            f'"pattern":"[file:hashes.\'SHA-256\' = \'{word[:64]}\']","pattern_type":"stix",'
            f'"valid_from":"2026-11-20T06:30:00.000Z","x_sample":"{word}"}}'
        ).encode()
        made += len(each) + 1
        yield each


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


_PARTS = {"out": out, "import": bring, "post": post, "whole": whole}

if __name__ == "__main__":
    main()
