"""A little HTTP server on loopback that is a partner, or behaves as no partner should."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from comity.formats.conversation import Ask
from comity.formats.taxii import MEDIA_TYPE
from tests.node.far import FarNode

Answer = Callable[["Handler"], None]


class Server(ThreadingHTTPServer):
    """Answers with `answer`, which may be exchanged at any time."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.ending = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side has gone: that is what most tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    body: bytes

    def do_GET(self) -> None:
        # Read whole, before whatever answer: closing earlier would reset the connection.
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answer(self)

    do_POST = do_GET  # noqa: N815  the name that the base class calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()


def as_a_node(far: FarNode) -> Answer:
    """The far node behind a socket."""

    def answer(handler: Handler) -> None:
        url = f"{far.address.rstrip('/')}{handler.path}"
        if urlsplit(url).path == "/.well-known/comity.json":
            send(handler, 200, far.descriptor(datetime.now(UTC)).raw, "application/json")
            return
        query = tuple(parse_qsl(urlsplit(url).query))
        reply = far(Ask(url, query, method=handler.command, body=handler.body or None))
        send(handler, reply.status, reply.body, reply.headers["content-type"])

    return answer


def send(handler: Handler, status: int, body: bytes, content_type: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def raw(content: bytes) -> Answer:
    """These bytes, and the end of the connection."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


def dripping(beginning: bytes, drop: bytes) -> Answer:
    """A beginning, and then one drop four times a second for as long as anybody listens."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(beginning)
        while not handler.server.ending.wait(0.25):
            handler.wfile.write(drop)
            handler.wfile.flush()

    return answer


def silent(handler: Handler) -> None:
    """Nothing at all."""
    handler.server.ending.wait()
    handler.close_connection = True


def endless_pages(pause: float) -> Answer:
    """An outbox of which each page comes just in time, and is not the last."""
    cursors = count()

    def answer(handler: Handler) -> None:
        if not handler.server.ending.wait(pause):
            send(handler, 200, b'{"more":true,"next":"%d"}' % next(cursors), MEDIA_TYPE)

    return answer


@dataclass
class Flood:
    """So many bytes, as fast as they go; `sent` is how many went."""

    size: int
    sent: int = 0

    def __call__(self, handler: Handler) -> None:
        block = b"x" * 2**16
        with contextlib.suppress(OSError):
            handler.wfile.write(f"HTTP/1.1 202 Accepted\r\nContent-Type: {MEDIA_TYPE}\r\n\r\n".encode())
            while self.sent < self.size:
                handler.wfile.write(block)
                self.sent += len(block)
        handler.close_connection = True


def resetting(handler: Handler) -> None:
    """The connection is reset in the middle of the head."""
    handler.wfile.write(b"HTTP/1.1 202 Acc")
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.close_connection = True


def in_turn(first: Answer, *others: Answer) -> Answer:
    """Each answer once, the last for ever."""
    rest = [first, *others]

    def answer(handler: Handler) -> None:
        (rest.pop(0) if len(rest) > 1 else rest[0])(handler)

    return answer
