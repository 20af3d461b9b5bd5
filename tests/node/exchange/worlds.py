"""Two worlds: one that holds what a partner may not see, one where that never was. It cannot tell them apart.

What the partner asks is the same in both, and so must be every answer, but for times, and for the order of
what came together, which is random: the pages of an answer are compared in how long each is and in all that
they hold, and what is listed is sorted. That distances of instants tell nothing is shown in
`taxii/test_distances.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import caches
from django.db import connection, transaction

from comity.base.tlp import Tlp
from comity.formats.canonical import canonical
from comity.formats.markings import TLP_IDS
from comity.formats.strict_json import decode
from comity.node.exchange.feeds import doors
from tests.node.exchange.holding import indicator, joined, made, own_work
from tests.node.exchange.taxii.asking import Reader
from tests.node.world import NOW, World

# Instants of ours, to the microsecond, and cursors; ids of statuses, when a post came, or an event changed.
_INSTANT = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"|"\d{16,17}"')
_OF_THIS_POST = re.compile(
    rb'("request_timestamp":)"[^"]*"|("(?:publish_)?timestamp":)"?\d{10}"?|"[0-9a-f]{8}-[0-9a-f-]{27}"'
)

# When a list was made, and the serial that follows from it.
_MADE = re.compile(rb"(?<=At )\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<=hostmaster.localhost. )\d{10}")

LISTS = ("csv", "rpz", "zeek")
NO_EVENT = "00000000-0000-4000-8000-00000000dead"
Version = tuple[str, str]
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to be brought in: versions of one object, each under a label."""

    kind: str
    labels: tuple[Tlp, ...]
    about: int  # the address that a report names

    def values(self, batch: int, place: int) -> list[Value]:
        name = f"{batch}-{place}"
        if self.kind == "address":
            return [address(10 * batch + self.about, self.labels[0])]
        return [self._version(name, batch, tlp, n) for n, tlp in enumerate(self.labels)]

    def _version(self, name: str, batch: int, tlp: Tlp, number: int) -> Value:
        modified = f"2026-11-20T06:30:0{number}.000Z"
        if self.kind == "report":
            about = [address(10 * batch + self.about, tlp)["id"]]
            return made(
                "report", name, tlp, object_refs=about, published="2026-11-20T06:30:00Z", modified=modified
            )
        if self.kind == "relationship":
            ends = indicator(f"{batch}-0"), made("tool", f"{batch}-1")
            return joined(name, *ends, tlp=tlp) | {"modified": modified}
        return indicator(name, tlp, labels=["phishing"], modified=modified)


def address(number: int, tlp: Tlp) -> Value:
    return {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": f"ipv4-addr--{number:08x}-0000-5000-8000-000000000000",
        "value": f"198.51.100.{number}",
        "object_marking_refs": [TLP_IDS[tlp]],
    }


def version_of(value: Value) -> Version:
    return value["id"], value.get("modified", "")


@contextmanager
def undone() -> Iterator[None]:
    """What is written in it is gone after it."""
    with transaction.atomic():
        for each in ("default", "statuses"):
            caches[each].clear()
        doors._made.clear()  # kept by the keys of objects, which are given again here
        yield
        transaction.set_rollback(True)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The questions that the database is asked."""
    questions: list[str] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        questions.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        yield questions


@dataclass(frozen=True, slots=True)
class Answer:
    """What the partner can compare: all but times, and how many questions the database was asked."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    questions: int = 0


@dataclass
class Partner:
    """Asks all that can be asked of a collection, and writes the answers down."""

    reader: Reader
    refs: Sequence[str]  # of everything that there is in one of the worlds, and of nothing
    told: list[Answer] = field(default_factory=list)
    seen: set[Version] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)  # of the lists that it was given
    wrote: bool = False  # then it has rows of its own, and the number of questions is its own affair

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **more: Any) -> Any:
        with counted() as questions:
            reply = self.reader.ask(path, method, body, **more)
            content = b"".join(reply.streaming_content) if reply.streaming else reply.content
        headers = tuple(sorted((k, v) for k, v in reply.headers.items() if not k.startswith("X-TAXII")))
        headers = tuple((k, "" if k == "ETag" else v) for k, v in headers)
        dated = tuple(sorted(k for k in reply.headers if k.startswith("X-TAXII")))
        headers += tuple((name, "") for name in dated)
        shown = re.sub("next=[0-9]{16,}", "next=…", path)
        asked = len(questions) if method == "GET" and not self.wrote else 0
        told = Answer(f"{method} {shown}", reply.status_code, headers, orderless(content), asked)
        self.wrote |= method != "GET"
        self.told.append(told)
        return reply

    def pages(self, path: str) -> None:
        """All pages of an answer, by its cursor, then each by its last instant."""
        query, begin = "&" if "?" in path else "?", len(self.told)
        reply = self.ask(path)
        for _ in range(50):
            found: Any = decode(reply.content)
            if reply.status_code != 200 or not found.get("more"):
                self.told[begin:] = [joined_up(self.told[begin:])]
                return
            if "next" in found:
                following = f"next={found['next']}"
            else:
                following = f"added_after={reply.headers['X-TAXII-Date-Added-Last']}"
            reply = self.ask(f"{path}{query}{following}")

    def look(self) -> None:
        """Read everything in every way."""
        found: Any = decode(self.ask("objects/?match[version]=all").content)
        self.told[-1] = replace(self.told[-1], questions=0)  # the first to look notices what is new
        self.seen |= {version_of(each) for each in found.get("objects", ())}
        for path in ("/taxii2/", self.reader.root, f"{self.reader.root}collections/", "", "objects/?limit=0"):
            self.ask(path)
        for resource in ("objects/", "manifest/"):
            for query in QUERIES:
                self.pages(f"{resource}{query}")
        for ref in self.refs:
            for path in ("", "versions/", "?match[version]=all", "?match[version]=first", "?limit=1"):
                self.ask(f"objects/{ref}/{path}")
            self.ask(f"manifest/?match[id]={ref}&match[version]=all")
        self.feed()
        self.lists()
        for later in range(5):
            at = (NOW + timedelta(seconds=later - 0.5)).isoformat().replace("+00:00", "Z")
            self.ask(f"objects/?added_after={at}")

    def feed(self) -> None:
        """The collection as a feed of MISP: manifest, hashes, each event, and one that is not there."""
        root = f"/misp/{self.reader.root.split('/')[2]}/{self.reader.collection.ref}/"
        manifest: Any = decode(self.ask(f"{root}manifest.json").content)
        for name in (*manifest, NO_EVENT):
            self.ask(f"{root}{name}.json")
        self.ask(f"{root}hashes.csv", "HEAD")
        self.ask(f"{root}hashes.csv")

    def lists(self) -> None:
        """What its devices poll, with the tags of the last time, and whether these change."""
        root = f"/lists/{self.reader.root.split('/')[2]}/{self.reader.collection.ref}/"
        for form in LISTS:
            known: dict[str, Any] = {"If_None_Match": self.tags[form]} if form in self.tags else {}
            reply = self.ask(f"{root}{form}", **known)
            if not known:  # the first to ask counts it
                self.told[-1] = replace(self.told[-1], questions=0)
            self.tags[form] = str(reply.headers["ETag"])
            again = self.ask(f"{root}{form}", If_None_Match=self.tags[form])
            assert again.status_code == 304, again
        self.ask(f"{root}csv", "HEAD")
        self.ask(f"{root}csv?min_confidence=50")
        self.ask(f"{root}none")

    def read(self) -> None:
        """Read it once more."""
        self.pages("objects/?limit=3")
        self.pages("manifest/?match[version]=all")
        for ref in self.refs:
            self.ask(f"objects/{ref}/versions/")

    def post(self, values: Sequence[Value]) -> None:
        reply = self.ask("objects/", "POST", canonical({"objects": list(values)}))
        told: Any = decode(reply.content)
        if reply.status_code == 202:
            self.ask(f"{self.reader.root}status/{told['id']}/")
            self.told[-1] = replace(self.told[-1], path="GET status/")


def difference(one: Answer, other: Answer) -> str:
    """What is not the same in two answers to one question, for whoever has to find out why."""
    parts = (
        (name, getattr(one, name), getattr(other, name))
        for name in ("status", "body", "headers", "questions")
    )
    return f"{one.path}: " + "; ".join(f"{name} {a!r:.900} / {b!r:.900}" for name, a, b in parts if a != b)


def orderless(body: bytes) -> bytes:
    """Without instants, and its lists, or its lines, in one order."""
    body = _OF_THIS_POST.sub(lambda found: (found[1] or found[2] or b"") + b'"#"', body)
    body = _MADE.sub(b"#", _INSTANT.sub(b'"#"', body))
    try:
        told: Any = json.loads(body)
    except ValueError:
        return b"\n".join(sorted(body.split(b"\n")))
    return json.dumps(_sorted(told)).encode()


def _sorted(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _sorted(each) for name, each in told.items()}
    return sorted((_sorted(each) for each in told), key=json.dumps) if isinstance(told, list) else told


def joined_up(pages: Sequence[Answer]) -> Answer:
    """The pages of an answer as one: how much is on each, and all that is on them."""
    first, *others = pages
    if not others:
        return first
    told: list[Any] = [json.loads(each.body) for each in pages]
    listed = [(len(each.get("objects", ())), sorted(each.keys())) for each in told]
    everything = sorted(json.dumps(one) for each in told for one in each.get("objects", ()))
    same = {
        (each.status, tuple(pair for pair in each.headers if pair[0] != "Content-Length")) for each in pages
    }
    body = json.dumps([listed, everything, sorted(same)]).encode()
    return replace(first, body=body, headers=(), questions=sum(each.questions for each in pages))


QUERIES = (
    "", "?limit=1", "?limit=2&match[version]=all", "?match[version]=first", "?match[type]=indicator",
    "?match[type]=ipv4-addr,report", "?next=0", "?next=99999999999999999",
    "?match[version]=first,last&match[type]=indicator,tool", "?match[version]=2026-11-20T06:30:00Z",
    "?match[spec_version]=2.0", "?limit=1&match[type]=relationship", "?next=x", "?match[label]=phishing",
    "?added_after=9999-12-31T23:59:59.999999Z", "?added_after=0001-01-01T00:00:00Z",
)  # fmt: skip  # as people would write a list of words


def bring(world: World, values: Sequence[Value], at: datetime, only: set[Version] | None) -> None:
    """Import what there is in this world; nothing at all leaves no import."""
    given = [each for each in values if only is None or version_of(each) in only]
    if given:
        own_work(world, *given, now=at)


Story = Callable[[Partner, "set[Version] | None"], None]


def told_in(reader: Reader, refs: Sequence[str], story: Story, only: set[Version] | None) -> Partner:
    """What the partner is told in one world; afterwards that world is gone."""
    with undone():
        partner = Partner(reader, refs)
        story(partner, only)
        return partner
