"""A server on this machine that publishes files, and answers as a test tells it to: real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Publisher:
    """What stands at each path; `asked` are the requests, with their headers."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def put(self, text: str | bytes, path: str = "list.txt") -> None:
        self.files[f"/{path}"] = text.encode() if isinstance(text, str) else text

    def respond(self, to: BaseHTTPRequestHandler) -> None:
        self.asked.append((to.path, {name.lower(): value for name, value in to.headers.items()}))
        if self.answer is not None:
            self.answer(to)
            return
        body = self.files.get(to.path.partition("?")[0])
        status = self.status if body is not None else 404
        etag = f'"{sha256(body or b"").hexdigest()[:16]}"'
        if status == 200 and to.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        to.send_response(status)
        for name, value in {"ETag": etag, "Content-Type": "text/plain", **self.headers}.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(body or b"")))
        to.end_headers()
        to.wfile.write(body or b"")


@contextmanager
def publishing() -> Iterator[Publisher]:
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.respond(self)

        do_POST = do_DELETE = do_GET  # noqa: N815  names that the library calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the library calls it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    publisher.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
