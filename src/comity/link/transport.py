"""A line to one server: bounded replies, no redirects, bounded time."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Protocol, Self, TypeVar

import httpx

from comity.base.errors import ComityError
from comity.formats.conversation import Ask, Conversation, PartnerUnavailable, Reply

T = TypeVar("T")
SECONDS = 30.0  # for one request


class Transport(Protocol):
    """Something that answers asks: HTTP, or in tests another node in the same process."""

    def __call__(self, ask: Ask) -> Reply:
        """The reply; raises `PartnerUnavailable` when there is none."""
        ...


def drive(conversation: Conversation[T], transport: Transport) -> T:
    """The result of a conversation that this transport answers."""
    try:
        ask = next(conversation)
        while True:
            ask = conversation.send(transport(ask))
    except StopIteration as finished:
        result: T = finished.value
        return result


class Patience:
    """Hangs up when the time for one request is over.

    A socket's own timeout begins again with every byte, so a partner that drips could hold us for ever.
    """

    def __init__(self, seconds: float, lines: list[Any]) -> None:
        self.lost = False
        self._lines = (
            lines  # every connection of the client: which of them serves the request is its business
        )
        self._timer = threading.Timer(seconds, self._hang_up)

    def __enter__(self) -> Self:
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def notice(self, event: str, told: Mapping[str, Any]) -> None:
        """Hear from httpx what it does: here, that a connection is open."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._lines.append(told["return_value"])
            if self.lost:
                self._hang_up()

    def _hang_up(self) -> None:
        self.lost = True
        for line in self._lines:
            with suppress(OSError):  # closed already
                socket.socket.shutdown(line.get_extra_info("socket"), socket.SHUT_RDWR)


class PrivateAddress(ComityError):
    """A name that resolved to an address which is not of the Internet."""

    code = "feed-address"


@dataclass(frozen=True, slots=True)
class Watch:
    """Hears from httpx what it does, and ends it where it connected to an address it must not ask."""

    patience: Patience
    any_address: bool

    def __call__(self, event: str, told: Mapping[str, Any]) -> None:
        """Hear of one step; raises `PrivateAddress`."""
        self.patience.notice(event, told)
        if event == "connection.connect_tcp.complete" and not self.any_address:
            found = told["return_value"].get_extra_info("server_addr")[0]
            if not ip_address(str(found).partition("%")[0]).is_global:
                told["return_value"].close()
                raise PrivateAddress(
                    f"It has the private address {found}: the administrator names the host if it is meant."
                )


@dataclass
class Line:
    """A transport over HTTP; use it as a context.

    A server that knows who asks by an `authorization` is sent that; it goes to this one server alone. Each
    request may take `timeout` seconds, and all that are made in the context `altogether`: a server whose
    pages each come just in time could hold us for a thousand of them.
    """

    timeout: float = SECONDS
    altogether: float = math.inf
    authorization: str | None = field(default=None, repr=False)
    private: frozenset[str] | None = None  # the hosts that may have a private address; None: every one
    _ends: float = math.inf
    _client: httpx.Client | None = None
    _lines: list[Any] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._client = httpx.Client(timeout=self.timeout, follow_redirects=False, trust_env=False)
        self._ends = time.monotonic() + self.altogether
        return self

    def __exit__(self, *_: object) -> None:
        if self._client:
            self._client.close()
            self._client = None

    def __call__(self, ask: Ask) -> Reply:
        """The reply; every way of getting none is said in words."""
        if self._client is None:
            raise RuntimeError(f"{type(self).__name__} is used as a context")
        if ask.wait:
            time.sleep(max(0.0, min(ask.wait, self.timeout, self._left())))
        return self.reply(self._client, ask)

    def reply(self, client: httpx.Client, ask: Ask) -> Reply:
        """What the server answers to one request, made anew each time it is asked."""
        return self._sent(client, ask, lambda request: None)

    def _sent(self, client: httpx.Client, ask: Ask, finish: Callable[[httpx.Request], None]) -> Reply:
        """The reply to a request that was finished, as by a signature."""
        try:
            request = self._request(client, ask)
            finish(request)
        except (httpx.InvalidURL, ValueError) as error:
            raise _unreachable(ask, error) from error
        seconds = min(self.timeout, self._left())
        if seconds <= 0:
            raise self._late(ask)
        with Patience(seconds, self._lines) as patience:
            request.extensions["trace"] = Watch(patience, self._may_be_private(request.url.host))
            try:
                reply = _read(client, request, ask.limit)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                late = patience.lost or isinstance(error, httpx.TimeoutException)
                raise self._late(ask) if late else _unreachable(ask, error) from error
        if patience.lost:  # a body without a length ends where we hung up, and looks whole
            raise self._late(ask)
        return reply

    def _request(self, client: httpx.Client, ask: Ask) -> httpx.Request:
        headers = {"Accept": ask.accept} | ({"Content-Type": ask.content_type} if ask.content_type else {})
        if self.authorization:
            headers["Authorization"] = self.authorization
        headers["Accept-Encoding"] = "identity"  # a small reply must not unfold into a large one
        return client.build_request(
            ask.method, ask.url, params=ask.query or None, content=ask.body or b"", headers=headers
        )

    def _may_be_private(self, host: str) -> bool:
        return self.private is None or host in self.private

    def _left(self) -> float:
        return self._ends - time.monotonic()

    def _late(self, ask: Ask) -> PartnerUnavailable:
        if self._left() <= 0:
            text = f"The exchange took more than {self.altogether:g} seconds, and was ended at {ask.url}."
            return PartnerUnavailable(text)
        return PartnerUnavailable(f"{ask.url} did not answer within {self.timeout:g} seconds.")


def _read(client: httpx.Client, request: httpx.Request, limit: int) -> Reply:
    """The reply as it came over the line, read no further than its limit."""
    response = client.send(request, stream=True)
    try:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > limit:
                break
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, bytes(body))
    finally:
        response.close()


def _unreachable(ask: Ask, error: Exception) -> PartnerUnavailable:
    return PartnerUnavailable(f"{ask.url} cannot be reached: {error}.")
