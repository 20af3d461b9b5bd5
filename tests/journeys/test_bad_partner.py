"""What a partner's key can do to a running node over the wire: nothing but what the wire allows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from comity.formats.descriptor import decode_descriptor
from comity.formats.keys import Use
from comity.formats.taxii import MEDIA_TYPE, Envelope, Status
from comity.node.commands.demo.people import Visitor
from comity.node.federation.signatures import Message, sign_request
from tests.journeys import people, strange
from tests.node.far import FarNode
from tests.node.instruments.agreeing import proposal_body, some_terms
from tests.nodes import Node, start_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DEEP = 100_000
HUGE = 100 * 2**20
ROOM = 200 * 2**20  # bytes that a web process may have used at its highest


@dataclass
class Bad:
    """A partner with good keys and bad manners, and the node that has to bear it."""

    node: Node
    administrator: Visitor
    far: FarNode
    page: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def signed(
        self, method: str, path: str, body: bytes, *, at: datetime | None = None, **headers: str
    ) -> httpx.Request:
        """A request that carries the partner's signature."""
        url = f"{self.node.address}{path}"
        message = Message(method, url, {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE, **headers})
        now = at or datetime.now(UTC)
        lines = sign_request(message, body=body, key=self.far.keys[Use.SIGN], kid=self.far.kid, now=now)
        return httpx.Request(method, url, headers=dict(lines), content=body)

    def send(self, request: httpx.Request) -> httpx.Response:
        return self.client.send(request)

    def post(self, body: bytes, **more: Any) -> httpx.Response:
        """What comes of posting this to our inbox there."""
        return self.send(self.signed("POST", INBOX, body, **more))

    def read(self, query: str) -> httpx.Response:
        return self.send(self.signed("GET", f"{OUTBOX}?{query}", b""))

    def log(self) -> str:
        """The state of the node's log: size and root."""
        return httpx.get(f"{self.node.address}log/checkpoint").text.partition("\n\n")[0]


INBOX = "taxii2/comity/collections/inbox/objects/"
OUTBOX = "taxii2/comity/collections/outbox/objects/"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with ExitStack() as stack:
        started = start_node(tmp_path_factory.mktemp("bad"), "CERT of Pakistan", "PK")
        stack.callback(started.close)
        yield started


@pytest.fixture(scope="module")
def administrator(node: Node) -> Iterator[Visitor]:
    with closing(Visitor(node.address, node.admin_link)) as visitor:
        yield visitor


def partner_of(node: Node, administrator: Visitor, name: str) -> Iterator[Bad]:
    far = FarNode(name, "DE", "")
    with strange.serving(strange.as_a_node(far)) as server:
        far.address = server.address
        page = people.befriend(administrator, far.address)
        far.meet(decode_descriptor(httpx.get(f"{node.address}.well-known/comity.json").content).descriptor)
        bad = Bad(node, administrator, far, page)
        with closing(bad.client):
            yield bad


@pytest.fixture(scope="module")
def bad(node: Node, administrator: Visitor) -> Iterator[Bad]:
    yield from partner_of(node, administrator, "CERT Freedonia")


@pytest.fixture
def parting(node: Node, administrator: Visitor) -> Iterator[Bad]:
    yield from partner_of(node, administrator, f"CERT {uuid4()}")


def envelope(bad: Bad, **changes: Any) -> bytes:
    """A proper envelope with one act of a kind that the node does not know."""
    return Envelope((bad.far.act(created=datetime.now(UTC), **changes).value,)).encode()


def changed(body: bytes, **fields: Any) -> bytes:
    """The envelope with other fields in its first object."""
    value = json.loads(body)
    value["objects"][0].update(fields)
    return json.dumps(value).encode()


WRONG: dict[str, tuple[Any, int, str]] = {
    "deep nesting": (b'{"objects":' + b"[" * DEEP + b"]" * DEEP + b"}", 413, "too-large"),
    "deep objects": (b'{"objects":[' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"]}", 413, "too-large"),
    "bad UTF-8": (b'{"objects":[{"type":"\xc3\x28"}]}', 400, "malformed"),
    "a lone surrogate": (b'{"objects":[{"type":"\\ud800"}]}', 400, "malformed"),
    "not JSON": (b"<xml/>", 400, "malformed"),
    "a key twice": (b'{"objects":[],"objects":[]}', 400, "malformed"),
    "a huge number": (b'{"objects":[{"type":"x","n":1' + b"0" * 400 + b"}]}", 400, "malformed"),
    "no objects": (b'{"objects":[]}', 400, "malformed"),
    "another shape": (b"[]", 400, "malformed"),
    "nothing": (b"", 400, "malformed"),
}


@pytest.mark.parametrize(("body", "status", "code"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_body_is_refused_whole(bad: Bad, body: bytes, status: int, code: str) -> None:
    before = bad.log()
    answer = bad.post(body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert bad.log() == before


UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown kind": ({}, "act.kind-unknown"),
    "an unknown type": ({"type": "x-unknown"}, "malformed"),
    "STIX 2.0": ({"spec_version": "2.0"}, "malformed"),
    "STIX 3": ({"spec_version": "3.0"}, "malformed"),
    "no version": ({"spec_version": None}, "malformed"),
    "a wrong id": ({"id": "comity-act--1"}, "malformed"),
    "a list for a name": ({"type": ["comity-act"]}, "malformed"),
    "another word": ({"title": "changed"}, "act.bad-signature"),
}


@pytest.mark.parametrize(("changes", "code"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_object_that_is_not_understood_is_refused_by_a_code(
    bad: Bad, changes: dict[str, Any], code: str
) -> None:
    before = bad.log()
    answer = bad.post(changed(envelope(bad), **changes))
    assert answer.status_code == 202
    (failure,) = Status.decode(answer.content).failures
    assert failure.code == code, failure
    assert bad.log() == before


def test_another_media_type_is_refused(bad: Bad) -> None:
    answer = bad.post(envelope(bad), **{"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error_code"]) == (415, "wire.media-type")


def test_a_hundred_megabytes_are_not_kept_in_memory(bad: Bad) -> None:
    before = bad.log()
    try:
        answer = bad.post(b" " * HUGE)
    except httpx.TransportError:
        pass  # it hung up: that is an answer, too
    else:
        assert (answer.status_code, answer.json()["error_code"]) == (413, "too-large")
    assert bad.node.answers()
    assert bad.log() == before
    assert highest(bad.node) < ROOM


QUESTIONS = (
    "limit=0",
    "limit=x",
    "limit=%C2%B2",
    f"limit={'9' * 5000}",
    "next=-",
    "next=--5",
    "next=%C2%B2",
    f"next={'9' * 30}",
    "added_after=yesterday",
    "added_after=99999-01-01T00:00:00Z",
)


@pytest.mark.parametrize("query", QUESTIONS, ids=[query[:20] for query in QUESTIONS])
def test_a_wrong_question_is_refused(bad: Bad, query: str) -> None:
    answer = bad.read(query)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "malformed")


def test_a_recorded_request_sent_again_has_no_second_effect(bad: Bad) -> None:
    body = proposal(bad)
    request = bad.signed("POST", INBOX, body)
    first, state = bad.send(request), bad.log()
    (taken,) = Status.decode(first.content).successes
    again = bad.send(httpx.Request("POST", request.url, headers=request.headers, content=body))
    (replayed,) = Status.decode(again.content).successes
    assert (taken.code, replayed.code) == ("act.taken", "act.replayed")
    assert Status.decode(again.content).receipts == Status.decode(first.content).receipts
    assert bad.log() == state


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_request_of_another_time_is_refused(bad: Bad, minutes: int) -> None:
    before = bad.log()
    answer = bad.post(proposal(bad), at=datetime.now(UTC) + timedelta(minutes=minutes))
    assert (answer.status_code, answer.json()["error_code"]) == (401, "wire.unsigned")
    assert bad.log() == before


def test_a_signature_fits_one_body(bad: Bad) -> None:
    request = bad.signed("POST", INBOX, proposal(bad))
    moved = httpx.Request("POST", request.url, headers=request.headers, content=proposal(bad))
    answer = bad.send(moved)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "wire.unsigned")


def test_the_key_of_an_ended_partner_opens_nothing(parting: Bad) -> None:
    assert parting.post(proposal(parting)).status_code == 202
    people.decide(parting.administrator, parting.page, "end")
    before = parting.log()
    answer = parting.post(proposal(parting))
    assert (answer.status_code, answer.json()["error_code"]) == (401, "wire.unsigned")
    assert parting.log() == before


def test_the_key_of_a_suspended_partner_opens_nothing_until_a_person_decides(parting: Bad) -> None:
    for decision in ("suspend", "resume"):
        people.decide(parting.administrator, parting.page, decision)
        answer = parting.post(proposal(parting))
        assert answer.status_code == {"suspend": 403, "resume": 202}[decision]


def proposal(bad: Bad) -> bytes:
    """An act that the node takes."""
    body = proposal_body(some_terms(since=datetime.now(UTC).date()))
    return envelope(bad, kind="propose-agreement", body=body)


def highest(node: Node) -> int:
    """The most memory that a process of the web has had, in bytes."""
    told = [Path(f"/proc/{pid}/status").read_text() for pid in node.parts("web")]
    return max(int(kilobytes) * 1024 for text in told for kilobytes in re.findall(r"VmHWM:\s+(\d+)", text))
