"""Pollers among writers, each a process: who reads on from the last instant is given every object once.

python -m tests.journeys.exactness HOME ROUNDS SEED MINUTES     for a node that does not run; tells JSON

In each round a large post, small posts, an import, a share and deletions begin at one moment, while two
pollers read over HTTP from servers of their own. One goes on by `added_after`, the other by `next`.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import chain
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier, Event
from random import Random
from typing import Any
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import httpx

from comity.formats.taxii import MEDIA_TYPE

LARGE = 100  # objects in the large post of a round
SMALL = 10  # small posts in a round
WEBS = 2
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
THREADS = 4
CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
AT = "2026-11-20T06:30:00.000Z"

Pair = tuple[str, str]  # an object's id and version
_fork = multiprocessing.get_context("fork")


class Server(WSGIServer):
    """Answers with a few threads that stay: each keeps its connection to the database."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Quiet)
        self.pool = ThreadPoolExecutor(THREADS)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.pool.submit(self._answer, request, client_address)

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the base class has
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Where everybody reads and posts, with a token for each program."""

    addresses: tuple[str, ...]
    tokens: dict[str, str]

    def client(self, program: str, random: Random) -> httpx.Client:
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        headers["Authorization"] = f"Bearer {self.tokens[program]}"
        return httpx.Client(base_url=random.choice(self.addresses), headers=headers, timeout=120)


@dataclass(slots=True)
class Seen:
    """What a poller was given."""

    pairs: Counter[Pair] = field(default_factory=Counter)
    pages: int = 0

    def page(self, reply: httpx.Response) -> dict[str, Any]:
        found: dict[str, Any] = reply.raise_for_status().json()
        self.pages += 1
        self.pairs.update((each["id"], each["modified"]) for each in found.get("objects", ()))
        return found


@dataclass(slots=True)
class Writer:
    """Makes objects that nobody had; what it makes is always the same for one seed."""

    random: Random

    def objects(self, count: int, label: str = CLEAR, at: str = AT) -> list[dict[str, Any]]:
        return [self._object(label, at) for _ in range(count)]

    def _object(self, label: str, at: str) -> dict[str, Any]:
        number = self.random.getrandbits(128)
        return {
            "type": "tool",
            "spec_version": "2.1",
            "id": f"tool--{UUID(int=number, version=4)}",
            "created": AT,
            "modified": at,
            "name": f"Tool {number:x}",
            "object_marking_refs": [label],
        }


def newer(value: dict[str, Any], number: int) -> dict[str, Any]:
    """The next version of an object."""
    at = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=number)
    return value | {"modified": at.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def post(client: httpx.Client, values: list[dict[str, Any]]) -> None:
    """All of it is taken."""
    reply = client.post("objects/", content=json.dumps({"objects": values})).raise_for_status()
    status = reply.json()
    assert status["success_count"] == len(values), status


def large_posts(collection: Collection, writer: Writer) -> Iterator[None]:
    """A large post in each round, with new versions of some that came before."""
    before: list[dict[str, Any]] = []
    with collection.client("large", writer.random) as client:
        for number in range(sys.maxsize):
            revised = [newer(each, number) for each in before[:5]]
            before = writer.objects(LARGE)
            post(client, before + revised)
            yield


def small_posts(collection: Collection, writer: Writer) -> Iterator[None]:
    """Posts of one to three objects."""
    with collection.client("small", writer.random) as client:
        while True:
            for _ in range(SMALL):
                post(client, writer.objects(writer.random.randint(1, 3)))
            yield


def deletions(collection: Collection, writer: Writer) -> Iterator[None]:
    """What was posted in the round before is deleted, some of it."""
    before: list[dict[str, Any]] = []
    with collection.client("fickle", writer.random) as client:
        while True:
            for each in before[::2]:
                client.delete(f"objects/{each['id']}/").raise_for_status()
            before = writer.objects(4)
            post(client, before)
            yield


def imports(_collection: Collection, writer: Writer) -> Iterator[None]:
    """Files of our own work, of which a part is for nobody else."""
    from comity.node.exchange.services.importing import Source, import_bundle
    from comity.node.federation.queries import own_party

    actor, body = actor_of("analyst"), own_party()
    while True:
        objects = [*writer.objects(8), *writer.objects(8, AMBER)]
        writer.random.shuffle(objects)
        bundle = {"type": "bundle", "id": f"bundle--{UUID(int=1, version=4)}", "objects": objects}
        file = BytesIO(json.dumps(bundle).encode())
        import_bundle(actor=actor, file=file, source=Source(body), now=datetime.now(UTC))
        yield


def shares(_collection: Collection, writer: Writer) -> Iterator[None]:
    """Acts of a partner that carry objects."""
    from comity.formats.acts import Content
    from comity.formats.stix import StixObject
    from comity.node.federation.models import Partner
    from comity.node.federation.services import inbound, own
    from tests.node.far import values

    far, partner = far_node(), Partner.objects.get()
    far.meet(own.descriptor(datetime.now(UTC)).descriptor)
    while True:
        far.now = now = datetime.now(UTC)
        objects = writer.objects(6)
        contents = tuple(Content.of(StixObject.decode(each)) for each in objects)
        signed = far.act("share", body={"title": "For you"}, contents=contents, purpose="network-defence")
        found = inbound.sort([*values([signed]), *objects])
        (said,) = inbound.take(partner, found, now=now, hand_over=True, read=None)
        assert said.verdict.allowed, said
        yield


WRITERS: tuple[Callable[[Collection, Writer], Iterator[None]], ...] = (
    large_posts,
    small_posts,
    deletions,
    imports,
    shares,
)


def by_instant(client: httpx.Client, seen: Seen, random: Random) -> Iterator[bool]:
    """Go on from the last instant that was given; yields whether anything came."""
    since: dict[str, str] = {}
    while True:
        reply = client.get("objects/", params={"limit": str(random.choice((7, 97, 1_000))), **since})
        found = seen.page(reply)
        if found.get("objects"):
            since = {"added_after": reply.headers["X-TAXII-Date-Added-Last"]}
        yield bool(found.get("objects"))


def by_cursor(client: httpx.Client, seen: Seen, random: Random) -> Iterator[bool]:
    """Page by `next` as long as there is more; then from the last instant."""
    since: dict[str, str] = {}
    following: dict[str, str] = {}
    while True:
        params = {"limit": str(random.choice((13, 50))), **since, **following}
        reply = client.get("objects/", params=params)
        found = seen.page(reply)
        if found.get("more"):
            following = {"next": found["next"]}
        else:
            following = {}
            last = reply.headers.get("X-TAXII-Date-Added-Last")
            since = {"added_after": last} if last else since
        yield bool(found.get("objects"))


POLLERS = {"by added_after": by_instant, "by next": by_cursor}


@dataclass(frozen=True, slots=True)
class Clock:
    """Lets all writers begin a round at one moment, until there were enough, or the time is over."""

    rounds: int
    until: float
    begun: Synchronized[int]
    enough: Event

    def look(self) -> None:
        """One of the writers does this when all have come."""
        if self.begun.value == self.rounds or time.monotonic() > self.until:
            self.enough.set()
        else:
            self.begun.value += 1


def write(number: int, collection: Collection, seed: int, clock: Clock, together: Barrier) -> None:
    """The rounds of one writer; each begins when all others begin it."""
    work = WRITERS[number](collection, Writer(Random(seed * 31 + number)))
    while True:
        together.wait(300)
        if clock.enough.is_set():
            return
        next(work)


def poll(name: str, collection: Collection, seed: int, done: Event) -> Seen:
    """Read until all have written and nothing more comes."""
    random, seen = Random(f"{name}{seed}"), Seen()
    with collection.client(name, random) as client:
        for came in POLLERS[name](client, seen, random):
            if not came and done.is_set():
                return seen
            if not came:
                time.sleep(random.random() / 50)
    raise AssertionError("a poller goes on")


def actor_of(role: str) -> Any:
    """Somebody of our body who holds this role."""
    from comity.node.federation.queries import own_party
    from comity.node.parties.actors import Actor
    from comity.node.parties.models import Membership, Person
    from comity.node.parties.roles import Role

    body, now = own_party(), datetime.now(UTC)
    person, fresh = Person.objects.get_or_create(
        email=f"the-{role}@node.example", defaults={"name": f"The {role}", "added": now}
    )
    if fresh:
        Membership.objects.create(person=person, body=body, role=role, since=now - timedelta(hours=1))
    return Actor(name=person.name, body=body.pk, person=person.pk, roles=frozenset({Role(role)}))


def far_node() -> Any:
    """The partner that shares."""
    from tests.node.far import FarNode

    return FarNode("CERT Freedonia", "DE", "http://far.example/")


def opened(ports: list[int]) -> Collection:
    """A collection of all that we hold, a partner, and programs of parties that are no partners."""
    from comity.node.exchange.services.accounts import open_account
    from comity.node.exchange.services.collections import Wish, open_collection
    from comity.node.federation.queries import own_party
    from comity.node.federation.services import partners
    from comity.node.parties.actors import system_actor
    from comity.node.parties.models import Party
    from comity.node.parties.roles import Power

    now, body = datetime.now(UTC), own_party()
    wish = Wish(title="All that we hold", alias="all", may_post=True)
    open_collection(actor=actor_of("approver"), wish=wish, ref=UUID(int=7, version=4), now=now)
    clerk, administrator = system_actor("tests", body.pk, Power.MANAGE_PARTNERS), actor_of("administrator")
    signed = far_node().descriptor(now)
    far = partners.introduce(actor=administrator, address="http://far.example/", signed=signed, now=now)
    partners.accept(actor=administrator, partner=far.pk, fingerprint=far.fingerprint, now=now)
    actor_of("analyst")
    tokens = {}
    for number, program in enumerate(("large", "small", "fickle", *POLLERS), 1):
        ref = f"identity--{UUID(int=number, version=4)}"
        party = Party.objects.create(ref=ref, kind="national-cert", name=program, state="DE", added=now)
        _, tokens[program] = open_account(actor=clerk, party=party, name=program, now=now)
    root = f"taxii2/{body.ref.partition('--')[2]}/collections/all/"
    return Collection(tuple(f"http://127.0.0.1:{port}/{root}" for port in ports), tokens)


def judged(seen: Seen, there: set[Pair], hidden: set[Pair]) -> dict[str, int]:
    """What a poller was given, held against what there is for it, and what is not for it."""
    return {
        "given": sum(seen.pairs.values()),
        "lost": len(there - seen.pairs.keys()),
        "repeated": sum(count - 1 for count in seen.pairs.values()),
        "leaked": len(seen.pairs.keys() & hidden),
        "pages": seen.pages,
    }


def die_with_parent() -> None:
    """Whoever ends the run ends all of it, however that is done."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(home: str, rounds: int, seed: int, minutes: float) -> None:
    """Set up, fork, wait, compare."""
    die_with_parent()
    os.register_at_fork(after_in_child=die_with_parent)
    os.environ["COMITY_HOME"] = home
    from comity.node.commands.homes import set_up_django

    set_up_django()
    from django.db import connections

    from comity.node.exchange.models import StixObject
    from comity.node.exchange.taxii import callers
    from comity.node.wsgi import application

    callers.RATE = 10**9
    servers = [Server(0) for _ in range(WEBS)]
    for each in servers:
        each.set_app(application)
    collection = opened([each.server_port for each in servers])
    connections.close_all()
    done = _fork.Event()
    until = time.monotonic() + 60 * minutes
    clock = Clock(rounds, until, _fork.Value("i", 0), _fork.Event())
    together = _fork.Barrier(len(WRITERS), clock.look)
    webs = [_fork.Process(target=each.serve_forever, daemon=True) for each in servers]
    told: multiprocessing.Queue[tuple[str, Seen]] = _fork.Queue()

    def reading(name: str) -> None:
        told.put((name, poll(name, collection, seed, done)))

    pollers = [_fork.Process(target=reading, args=(name,), daemon=True) for name in POLLERS]
    writers = [
        _fork.Process(target=write, args=(number, collection, seed, clock, together), daemon=True)
        for number in range(len(WRITERS))
    ]
    begun = time.monotonic()
    for process in chain(webs, pollers, writers):
        process.start()
    for process in writers:
        process.join()
    took = time.monotonic() - begun
    failed = [process.exitcode for process in writers if process.exitcode]
    done.set()
    seen = dict(told.get(timeout=300) for _ in pollers)
    for process in webs:
        process.terminate()
    there, hidden = (
        set(StixObject.objects.filter(latest=True, tlp=label).values_list("ref", "modified"))
        for label in ("clear", "amber")
    )
    result = {name: judged(each, there, hidden) for name, each in seen.items()}
    held = StixObject.objects.count()
    told_of = {
        "rounds": clock.begun.value,
        "failed": failed,
        "seconds": took,
        "held": held,
        "pollers": result,
    }
    sys.stdout.write(f"{json.dumps(told_of)}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
