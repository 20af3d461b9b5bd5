"""Acts from end to end: composed at one node, received by another, receipt back; and an idle node's memory.

python bench/acts.py [--quick] [--seconds N]

Two nodes as `comity-node run` starts them, over HTTP on loopback, both on this machine with everything they
do synced to the disk. This process composes on the first node's database, as a command would.
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit import processes
from bench.kit.figures import begin, options, say, spread
from bench.kit.homes import load
from tests.nodes import Node, befriend, start_node

if TYPE_CHECKING:
    from comity.node.parties.actors import Actor
    from comity.node.parties.models import Party

BATCH = 100  # acts composed in one transaction
AHEAD = 1_000  # acts that may be under way before composing waits
WARM = 3.0  # seconds before the count begins
SINGLE = 10  # acts sent one by one


def main() -> None:
    """Memory first, while nothing has happened yet; then the stream."""
    parser = options("Acts from compose to receipt between two nodes, and the memory of an idle node.")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the stream is measured")
    args = parser.parse_args()
    seconds = 5.0 if args.quick else args.seconds
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comity-bench-")))
        a = start_node(folder, "CERT of Pakistan", "PK", worker_pause="1.0")
        stack.callback(a.close)
        b = start_node(folder, "CERT of Uruguay", "UY", worker_pause="1.0")
        stack.callback(b.close)
        begin("Acts")
        memory(b, rest=3.0 if args.quick else 15.0)
        befriend(a, b)
        load(a.home)
        stream = Stream.opened(a, b)
        one_by_one(stream, 3 if args.quick else SINGLE)
        sustained(stream, seconds)
        memory_after(b)


def memory(node: Node, rest: float) -> None:
    """Supervisor, web and worker of a node that answered one page and then rested."""
    with contextlib.closing(node.login("analyst")) as client:
        client.get("/").raise_for_status()
    time.sleep(rest)
    whole = processes.memory_of(node.pid)
    parts = ", ".join(f"{each.name} {each.rss:.0f}" for each in whole)
    say(
        "idle node, resident memory of all its processes",
        f"{_sizes(whole)} ({parts})",
        "< 250 MB RSS",
    )


def memory_after(node: Node) -> None:
    """The same node once it has taken the whole stream."""
    say("the receiving node after the stream", _sizes(processes.memory_of(node.pid)))


def _sizes(whole: list[processes.Memory]) -> str:
    return f"RSS {sum(each.rss for each in whole):.0f} MB, PSS {sum(each.pss for each in whole):.0f} MB"


@dataclass
class Stream:
    """The first node's side, in this process: an analyst, an agreement in force, objects to share."""

    analyst: Actor
    partner: Party
    agreement: str
    a: Node
    b: Node
    sent: int = 0
    unsent: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, a: Node, b: Node) -> Stream:
        """An agreement is proposed here and accepted there, and objects are imported."""
        from comity.node.federation.models import Partner

        partner = Partner.objects.select_related("party").get().party
        stream = cls(_actor("analyst"), partner, _agree(b, partner), a, b)
        stream.bring(200)
        return stream

    def bring(self, count: int) -> None:
        """Import so many indicators; every act carries another one."""
        from comity.base.tlp import Tlp
        from comity.node.exchange.services.importing import Source, import_bundle
        from comity.node.parties.queries import our_bodies

        values = [indicator(uuid4()) for _ in range(count)]
        bundle = {"type": "bundle", "id": f"bundle--{uuid4()}", "objects": values}
        import_bundle(
            actor=self.analyst,
            file=BytesIO(json.dumps(bundle).encode()),
            source=Source(our_bodies().first(), unmarked_as=Tlp.AMBER),
            now=datetime.now(UTC),
        )
        self.unsent += [str(value["id"]) for value in values]

    def compose(self, count: int) -> None:
        """Share so many objects, each by an act of its own, all in one transaction."""
        from comity.base.tlp import Tlp
        from comity.engines.release.terms import Purpose
        from comity.node.acts.kinds import Draft
        from comity.node.acts.services.composing import compose_all
        from comity.node.exchange.queries import own_body

        refs, self.unsent = self.unsent[:count], self.unsent[count:]
        body = {"title": "Indicator", "message": "Seen today."}
        author = own_body(self.analyst)
        drafts = [
            Draft(
                kind="share",
                author=author,
                recipients=(self.partner,),
                body=body,
                tlp=Tlp.AMBER,
                purpose=Purpose.NETWORK_DEFENCE.value,
                basis=(self.agreement,),
                selection=(ref,),
            )
            for ref in refs
        ]
        compose_all(actor=self.analyst, drafts=drafts, now=datetime.now(UTC))
        self.sent += len(refs)

    def receipted(self) -> int:
        """How many acts of ours have a receipt of the partner in our record.

        Without a join: it is asked many times a second, and would cost more than what it measures.
        """
        from comity.node.acts.models import Receipt

        return Receipt.objects.filter(issued=False).count()


def one_by_one(stream: Stream, count: int) -> None:
    """The time of one act alone; most of it is the worker's pause."""
    times = []
    for _ in range(count):
        before, began = stream.receipted(), time.monotonic()
        stream.compose(1)
        while stream.receipted() == before:
            time.sleep(0.01)
        times.append(time.monotonic() - began)
    say("one act alone, compose to receipt (the worker looks once a second)", spread(times, "s", ".2f"))


def sustained(stream: Stream, seconds: float) -> None:
    """Compose as fast as receipts come back, and count receipts over the whole time."""
    stream.bring(int((seconds + WARM) * 400) + AHEAD)
    begun = time.monotonic()
    counting, at, steps = 0.0, 0, list[tuple[float, int]]()
    cpu = {node.name: processes.cpu_of(node.pid) for node in (stream.a, stream.b)}
    own = time.process_time()
    first = stream.receipted()
    base = stream.sent - first
    while True:
        done, now = stream.receipted(), time.monotonic()
        if not counting and now - begun > WARM and done > first:
            counting, at = now, done
            cpu = {node.name: processes.cpu_of(node.pid) for node in (stream.a, stream.b)}
            own = time.process_time()
        if counting:
            steps.append((now, done))
            if now - counting > seconds:
                break
        if stream.sent - base - done < AHEAD and stream.unsent:
            stream.compose(BATCH)
        else:
            time.sleep(0.05)
    took, receipts = steps[-1][0] - counting, steps[-1][1] - at
    each = [f"{_short(n.name)} {processes.cpu_of(n.pid) - cpu[n.name]:.0f} s" for n in (stream.a, stream.b)]
    share = f"CPU: composing {time.process_time() - own:.0f} s, node {', node '.join(each)} in {took:.0f} s"
    say(
        f"shares of one object, batches of {BATCH}, {receipts:,} receipts back in {took:.0f} s",
        f"{receipts / took:,.0f} acts/s ({share}); by fifths: {_fifths(steps)}",
        ">= 100 acts/s",
    )


def _fifths(steps: list[tuple[float, int]]) -> str:
    """The rate in each fifth of the time: a stream that slows down shows here."""
    begin_, end = steps[0][0], steps[-1][0]
    marks = [begin_ + (end - begin_) * part / 5 for part in range(6)]
    counts = [max((done for when, done in steps if when <= mark), default=0) for mark in marks]
    return ", ".join(f"{(b - a) / ((end - begin_) / 5):,.0f}" for a, b in pairwise(counts))


def _short(name: str) -> str:
    return name.rpartition(" ")[2]


def indicator(identifier: UUID) -> dict[str, object]:
    """An indicator of a domain that nobody has, without a label of its own."""
    at = "2026-11-20T06:30:00.000Z"
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{identifier}",
        "created": at,
        "modified": at,
        "name": f"Domain of a command server {identifier.hex[:8]}",
        "pattern": f"[domain-name:value = '{identifier.hex}.example']",
        "pattern_type": "stix",
        "valid_from": at,
    }


def _actor(role: str) -> Actor:
    """Somebody of our body who holds the role."""
    from django.utils import timezone

    from comity.node.parties.actors import Actor
    from comity.node.parties.models import Membership, Person
    from comity.node.parties.queries import our_bodies
    from comity.node.parties.roles import Role

    body, now = our_bodies().get(), timezone.now()
    person = Person.objects.create(email=f"{role}@bench.example", name=f"The {role}", added=now)
    Membership.objects.create(person=person, body=body, role=role, since=now)
    return Actor(name=person.name, body=body.pk, person=person.pk, roles=frozenset({Role(role)}))


def _agree(b: Node, partner: Party) -> str:
    """Propose an agreement, and accept it at the other node through its pages."""
    from comity.base.tlp import Tlp
    from comity.engines.release.terms import Category, Onward, Purpose, Terms
    from comity.node.instruments import services
    from comity.node.instruments.models import Agreement

    now = datetime.now(UTC)
    terms = Terms(
        agreement=services.new_reference(),
        title="Memorandum on sharing",
        source="art. 4",
        since=now.date(),
        highest=Tlp.AMBER,
        purposes=frozenset({Purpose.NETWORK_DEFENCE}),
        categories=frozenset(Category),
        onward=Onward.OWN_CONSTITUENCY,
        second_person_above=Tlp.AMBER,
        remove_victims=False,
    )
    services.propose(actor=_actor("diplomat"), partner=partner, terms=terms, now=now)
    with contextlib.closing(b.login("diplomat")) as client:
        path = f"/agreements/{terms.agreement}/answer"
        page = client.get(path)
        while page.status_code == 404:
            time.sleep(0.2)
            page = client.get(path)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page.raise_for_status().text))
        client.post(path, data={**hidden, "decision": "accept", "understood": "on"}).raise_for_status()
    while not Agreement.objects.filter(ref=terms.agreement, state="in-force").exists():
        time.sleep(0.2)
    return terms.agreement


if __name__ == "__main__":
    main()
