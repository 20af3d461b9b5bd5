"""Requests that no library sends, byte by byte, to a node that runs: refused, nothing kept, others served."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from comity.formats.canonical import canonical
from comity.formats.taxii import MEDIA_TYPE
from tests.journeys.content import objects
from tests.journeys.mortal import Mortal
from tests.nodes import make_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
COUNT = 3
BODY = canonical({"objects": objects(COUNT)})
MOST_AT_ONCE = 12  # slow senders: three times as many as the node has threads
MOMENT = 0.5  # seconds after which a node that has not answered waits for more
ANSWERED = 5.0  # seconds in which others are served meanwhile


@dataclass
class Raw:
    """A running node, and the doors at which somebody may post."""

    mortal: Mortal
    door: dict[str, str]

    @property
    def address(self) -> str:
        return self.mortal.node.address

    @property
    def doors(self) -> dict[str, tuple[str, str]]:
        """Where to post, and with which header."""
        taxii = f"Content-Type: {MEDIA_TYPE}\r\nAccept: {MEDIA_TYPE}"
        token = f"Authorization: Bearer {self.door['token']}\r\n{taxii}"
        return {
            "content": (f"/{self.door['path']}", token),
            "acts": ("/taxii2/comity/collections/inbox/objects/", taxii),
            "api": ("/api/v1/imports?note=x", f"Authorization: Bearer {'x' * 43}"),
            "page": ("/account/login/", "Content-Type: application/x-www-form-urlencoded"),
        }

    def head(self, door: str, framing: str, *, version: str = "1.1") -> bytes:
        """A request up to its body."""
        path, told = self.doors[door]
        host = urlsplit(self.address).netloc
        return f"POST {path} HTTP/{version}\r\nHost: {host}\r\n{told}\r\n{framing}\r\n\r\n".encode()

    def answer(self, request: bytes, *, wait: float = 20.0) -> int:
        """The status, 0 for a connection that ends without one; where more is awaited, nothing more comes."""
        with self.sent(request, wait) as connection:
            connection.settimeout(MOMENT)
            try:
                return status_of(connection)
            except TimeoutError:
                connection.settimeout(wait)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                return status_of(connection)

    @contextmanager
    def sent(self, request: bytes, wait: float = 20.0) -> Iterator[socket.socket]:
        found = urlsplit(self.address)
        with socket.create_connection((str(found.hostname), found.port or 0), timeout=wait) as connection:
            with suppress(OSError):  # it may hang up before the end
                connection.sendall(request)
            yield connection

    def serves_others(self) -> bool:
        """Whether somebody else is answered: a page, and a reader of the collection."""
        headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {self.door['token']}"}
        with httpx.Client(base_url=self.address, timeout=ANSWERED) as client:
            read = client.get(self.door["path"], headers=headers)
            return client.get("health").status_code == read.status_code == httpx.codes.OK


def status_of(connection: socket.socket) -> int:
    said = b""
    with suppress(ConnectionError):
        while b"\r\n" not in said and (piece := connection.recv(65_536)):
            said += piece
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", said)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raw]:
    made = make_node(tmp_path_factory.mktemp("raw"), "CERT of Pakistan", "PK")
    try:
        with closing(Mortal.beside(made)) as mortal:
            door = mortal.do("opened")
            made.start()
            yield Raw(mortal, door)
    finally:
        made.close()


@pytest.fixture(autouse=True)
def _nothing_kept(raw: Raw) -> Iterator[None]:
    """Whatever was sent, nothing of it is held, nothing failed inside, and others are served."""
    yield
    assert raw.mortal.do("held")["imports"] == []
    assert raw.serves_others()
    assert "Traceback" not in raw.mortal.node.log.read_text()


CHUNKED = "Transfer-Encoding: chunked"
LENGTH = f"Content-Length: {len(BODY)}"
BROKEN: dict[str, tuple[str, bytes]] = {
    "chunks": (CHUNKED, b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunks without end": (CHUNKED, b"%x\r\n%b\r\n" % (len(BODY), BODY)),
    "a chunk of no size": (CHUNKED, b"zz\r\n" + BODY),
    "a chunk below zero": (CHUNKED, b"-5\r\n" + BODY),
    "a chunk beyond all": (CHUNKED, b"f" * 40 + b"\r\n" + BODY),
    "a chunk that is shorter": (CHUNKED, b"ffff\r\n" + BODY),
    "a chunk with a long word": (CHUNKED, b"5;" + b"x" * 100_000 + b"\r\n" + BODY),
    "chunks and a length": (f"{CHUNKED}\r\n{LENGTH}", b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "another coding": ("Transfer-Encoding: gzip, identity", BODY),
    "two lengths": (f"{LENGTH}\r\nContent-Length: 5", BODY),
    "a length of more than comes": (f"Content-Length: {len(BODY) + 500}", BODY),
    "a length of less than comes": (f"Content-Length: {len(BODY) - 5}", BODY),
    "a length below zero": ("Content-Length: -5", BODY),
    "a length that is none": ("Content-Length: 0x10", BODY),
    "a length beyond all": ("Content-Length: " + "9" * 40, BODY),
    "a length of a terabyte": (f"Content-Length: {2**40}", BODY),
    "nothing of what was said": (LENGTH, b""),
    "a header of a megabyte": (f"X-Long: {'x' * 2**20}\r\n{LENGTH}", BODY),
    "ten thousand headers": ("\r\n".join(f"X-{n}: x" for n in range(10_000)) + f"\r\n{LENGTH}", BODY),
    "a header that is none": (f"\0\xff: \x01\r\n{LENGTH}", BODY),
    "a folded header": (f"X-A: a\r\n b\r\n{LENGTH}", BODY[:-9]),
    "two hosts": (f"Host: elsewhere.example\r\n{LENGTH}", BODY[:-9]),
}


@pytest.mark.parametrize(("framing", "body"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_framed_wrongly_is_refused_at_every_door(raw: Raw, framing: str, body: bytes) -> None:
    for door in raw.doors:
        status = raw.answer(raw.head(door, framing) + body)
        assert status == 0 or 400 <= status < 500, (door, status)


NONE = (
    b"",
    b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


@pytest.mark.parametrize("request_", NONE)
def test_what_is_no_request_is_no_failure(raw: Raw, request_: bytes) -> None:
    assert raw.answer(request_) in (0, 400, 404, 405, 505)


def test_who_breaks_off_in_the_middle_leaves_nothing(raw: Raw) -> None:
    for door in raw.doors:
        for part in (0, 1, len(BODY) // 2, len(BODY) - 1):
            with raw.sent(raw.head(door, LENGTH) + BODY[:part]) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset


@pytest.mark.parametrize("door", ["content", "acts", "api", "page"])
def test_slow_senders_do_not_keep_others_waiting(raw: Raw, door: str) -> None:
    """More of them than there are threads, each of whom sends one byte now and then."""
    with ExitStack() as stack:
        slow = [stack.enter_context(raw.sent(raw.head(door, LENGTH))) for _ in range(MOST_AT_ONCE)]
        for each in slow:
            each.sendall(BODY[:1])
        assert raw.serves_others()
        time.sleep(0.2)
        for each in slow:
            with suppress(OSError):  # it was answered, and is closed
                each.sendall(BODY[1:2])
        assert raw.serves_others()


def test_slow_heads_do_not_keep_others_waiting(raw: Raw) -> None:
    with ExitStack() as stack:
        head = raw.head("content", LENGTH)
        slow = [stack.enter_context(raw.sent(head[:20])) for _ in range(10 * MOST_AT_ONCE)]
        assert raw.serves_others()
        for each in slow:
            each.sendall(head[20:21])
        assert raw.serves_others()


def test_there_is_no_other_reason_for_a_refusal(raw: Raw) -> None:
    """Framed rightly, a post gets as far as its content."""
    assert raw.answer(raw.head("content", "Content-Length: 2") + b"{}") == httpx.codes.UNPROCESSABLE_ENTITY
    assert raw.answer(raw.head("acts", "Content-Length: 2") + b"{}") == httpx.codes.UNAUTHORIZED
