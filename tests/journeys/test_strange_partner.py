"""A partner's server that is slow, broken or hostile: words on the delivery, bounded time, no harm done."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random
from threading import Event

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from comity.formats.conversation import MAX_REPLY
from comity.formats.taxii import MEDIA_TYPE, Status
from comity.node.acts.models import Act, Delivery, Receipt
from comity.node.acts.services import composing
from comity.node.federation import worker
from comity.node.federation.models import Partner
from comity.node.federation.services import outbound
from tests.journeys import strange
from tests.journeys.strange import Answer, Server
from tests.node.far import FarNode

TIMEOUT = 1.0
PATIENCE = 3 * TIMEOUT
OK = f"HTTP/1.1 202 Accepted\r\nContent-Type: {MEDIA_TYPE}\r\n".encode()
BOMB = gzip.compress(b" " * 100 * 2**20)
NEST = b'{"objects":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def whole(body: bytes, *, status: str = "202 Accepted", head: str = "") -> Answer:
    """One reply with this body."""
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    return strange.raw(lines.encode() + body)


@dataclass
class Meeting:
    """An act for a partner that is a server, and exchanges with it."""

    server: Server
    partner: Partner
    act: Act

    def exchange(self) -> Delivery:
        """One exchange; the delivery of the act as it stands afterwards."""
        self.partner.refresh_from_db()
        Delivery.objects.filter(state="waiting").update(next_try=timezone.now())
        worker.exchange_once(self.partner, settings.CONFIG, now=timezone.now(), random=Random(1))
        return Delivery.objects.get(act=self.act)


@pytest.fixture
def meeting(world, far: FarNode, settings) -> Iterator[Meeting]:
    settings.CONFIG = replace(settings.CONFIG, request_timeout=TIMEOUT)
    with strange.serving(strange.as_a_node(far)) as server:
        far.address = server.address
        partner = world.befriend(far)
        act = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=timezone.now())
        yield Meeting(server, partner, act)


SLOW: dict[str, Answer] = {
    "it never answers": strange.silent,
    "it drips its head": strange.dripping(OK, b"X-Drop: 1\r\n"),
    "it drips the first line": strange.dripping(b"HTTP/1.1 2", b"0"),
    "it drips its body": strange.dripping(OK + b"\r\n", b" "),
    "it drips chunks": strange.dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "it announces more than it gives": strange.dripping(OK + b"Content-Length: 100\r\n\r\n", b""),
}
WRONG: dict[str, tuple[Answer, str]] = {
    "garbage": (strange.raw(b"\x00\xff\x13garbage\r\n\r\n"), "cannot be reached"),
    "nothing": (strange.raw(b""), "cannot be reached"),
    "reset": (strange.resetting, "cannot be reached"),
    "cut off": (strange.raw(OK + b'Content-Length: 100\r\n\r\n{"id"'), "cannot be reached"),
    "endless head": (strange.raw(OK + b"X-Long: " + b"x" * 2**20), "cannot be reached"),
    "500": (whole(b"<h1>oops</h1>", status="500 No"), "something broke at its side"),
    "503": (whole(b"", status="503 No", head="Retry-After: x\r\n"), "it is not available now"),
    "redirect": (
        whole(b"", status="302 Found", head="Location: http://127.0.0.1:9/\r\n"),
        "it sends us elsewhere",
    ),
    "early hints only": (strange.raw(b"HTTP/1.1 100 Continue\r\n\r\n"), "cannot be reached"),
    "another type": (strange.raw(b"HTTP/1.1 202 OK\r\nContent-Type: a/b\r\n\r\n"), "cannot be read"),
    "no type": (strange.raw(b"HTTP/1.1 202 OK\r\n\r\n{}"), "cannot be read"),
    "not JSON": (whole(b"<xml/>"), "cannot be read"),
    "not UTF-8": (whole(b'{"id":"\xff\xfe"}'), "cannot be read"),
    "deep": (whole(NEST), "cannot be read"),
    "an empty status": (whole(b"{}"), "cannot be read"),
    "a bomb": (whole(BOMB, head="Content-Encoding: gzip\r\n"), "cannot be read"),
    "a wrong length": (strange.raw(OK + b"Content-Length: x\r\n\r\n"), "cannot be reached"),
    "another tongue": (whole(b"{}", head="Content-Encoding: br\r\n"), "cannot be read"),
    "a strange header": (whole(b"{}", head="X-\xff: \xff\r\n"), "cannot be"),
}


@pytest.mark.slow
@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW.keys())
def test_a_slow_partner_is_given_up_in_time(meeting: Meeting, answer: Answer) -> None:
    node, meeting.server.answer = meeting.server.answer, answer
    before = time.monotonic()
    delivery = meeting.exchange()
    assert time.monotonic() - before < PATIENCE
    assert delivery.state == "waiting"
    assert f"did not answer within {TIMEOUT:g} seconds" in delivery.words
    assert "Next try" in delivery.words
    meeting.server.answer = node
    assert meeting.exchange().state == "receipted"


@pytest.mark.parametrize(("answer", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_answer_ends_in_words(meeting: Meeting, answer: Answer, words: str) -> None:
    node, meeting.server.answer = meeting.server.answer, answer
    delivery = meeting.exchange()
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert words in delivery.words
    assert "Next try" in delivery.words
    meeting.partner.refresh_from_db()
    assert meeting.partner.trouble
    assert not Receipt.objects.exists()
    meeting.server.answer = node
    assert meeting.exchange().state == "receipted"


def outbox(pages: Answer, otherwise: Answer) -> Answer:
    """These pages to who fetches, and to all else what is answered otherwise."""
    return lambda handler: (pages if handler.command == "GET" else otherwise)(handler)


@pytest.mark.slow
def test_pages_that_each_come_in_time_but_never_end_are_left_in_time(meeting: Meeting, settings) -> None:
    settings.CONFIG = replace(settings.CONFIG, exchange_timeout=TIMEOUT)
    Partner.objects.update(fetches=True)
    node, meeting.server.answer = (
        meeting.server.answer,
        outbox(strange.endless_pages(TIMEOUT / 5), meeting.server.answer),
    )
    before = time.monotonic()
    assert meeting.exchange().state == "receipted"  # what was done before stays done
    assert time.monotonic() - before < PATIENCE
    meeting.partner.refresh_from_db()
    assert f"The exchange took more than {TIMEOUT:g} seconds" in meeting.partner.trouble
    meeting.server.answer = node
    meeting.exchange()
    meeting.partner.refresh_from_db()
    assert not meeting.partner.trouble


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_partner_that_takes_every_turn_does_not_keep_others_from_theirs(
    world, meeting: Meeting, settings, monkeypatch
) -> None:
    monkeypatch.setattr(worker, "AT_ONCE", 1)
    short = {"exchange_timeout": TIMEOUT / 2, "pull_interval": 0.1, "worker_pause": 0.05}
    settings.CONFIG = replace(settings.CONFIG, **short)
    Partner.objects.update(fetches=True)
    meeting.server.answer = outbox(strange.endless_pages(TIMEOUT / 5), strange.silent)
    other = FarNode(name="CERT Ruritania", state="AT", address="")
    stop = Event()
    with strange.serving(strange.as_a_node(other)) as server, ThreadPoolExecutor(1) as threads:
        other.address = server.address
        draft = world.draft(world.befriend(other).party)
        act = composing.compose(actor=world.analyst, draft=draft, now=timezone.now())
        working = threads.submit(work_until, stop)
        try:
            until = time.monotonic() + 60
            while Delivery.objects.get(act=act).state != "receipted" and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            stop.set()
        working.result()
    assert Delivery.objects.get(act=act).state == "receipted"


def work_until(stop: Event) -> None:
    try:
        worker.run(stop, settings.CONFIG)
    finally:
        connections.close_all()


def test_a_flood_is_read_to_its_bound_and_no_further(meeting: Meeting) -> None:
    meeting.server.answer = flood = strange.Flood(100 * 2**20)
    assert "the reply has more than" in meeting.exchange().words
    assert flood.sent < 2 * MAX_REPLY


def test_an_answer_that_says_nothing_of_the_act_is_said_to_be_that(meeting: Meeting) -> None:
    empty = Status("2b1c1e0c-0000-4000-8000-000000000001", complete=True, request_timestamp=timezone.now())
    node, meeting.server.answer = meeting.server.answer, whole(empty.encode())
    delivery = meeting.exchange()
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert "CERT Freedonia answered, but said nothing of this act. Next try" in delivery.words
    meeting.server.answer = node
    assert meeting.exchange().state == "receipted"


def test_what_was_taken_before_the_partner_broke_off_is_not_called_unsent(
    world, meeting: Meeting, far: FarNode, monkeypatch
) -> None:
    monkeypatch.setattr(outbound, "BATCH_BYTES", 1)  # each act in a post of its own
    draft = world.draft(meeting.partner.party)
    later = composing.compose(actor=world.analyst, draft=draft, now=timezone.now())
    far.receipts_given = False
    meeting.server.answer = strange.in_turn(meeting.server.answer, whole(b"", status="500 No"))
    assert meeting.exchange().words == "CERT Freedonia took it. Its receipt is awaited."
    assert "something broke at its side" in Delivery.objects.get(act=later).words
