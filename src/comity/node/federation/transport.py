"""Drives conversations over HTTP: requests that say who asks, bounded replies, no redirects, bounded time."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Protocol, Self, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from comity.base.errors import ComityError
from comity.formats.conversation import Ask, Conversation, PartnerUnavailable, Reply
from comity.formats.jws import thumbprint
from comity.node.federation.signatures import BETWEEN_NODES, Message, sign_request
from comity.node.keys import KeyUse, former, node_key

T = TypeVar("T")
_NOT_KNOWN = 401


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
                text = f"It has the private address {found}; name the host in `feed_hosts`"
                raise PrivateAddress(f"{text} if it is meant.")


@dataclass
class Http:
    """A transport over HTTP, in whose requests this node signs its name; use it as a context.

    A server that does not know nodes is asked with an `authorization` instead, "" where it wants none; it
    is sent to this one server alone. Each request may take `timeout` seconds, and all that are made in the
    context `altogether`: a partner whose pages each come just in time could hold us for a thousand of them.
    """

    clock: Callable[[], datetime] = timezone.now
    timeout: float = field(default_factory=lambda: float(settings.CONFIG.request_timeout))
    altogether: float = math.inf
    authorization: str | None = field(default=None, repr=False)
    tag: str = BETWEEN_NODES  # what the signatures are for
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
        """The reply to a signed request; every way of getting none is said in words."""
        if self._client is None:
            raise RuntimeError("Http is used as a context")
        if ask.wait:
            time.sleep(max(0.0, min(ask.wait, self.timeout, self._left())))
        if self.authorization is not None:
            return self._ask(self._client, ask, None)
        reply = self._ask(self._client, ask, node_key(KeyUse.SIGN))
        if reply.status != _NOT_KNOWN:
            return reply
        # A partner knows us by our former key until the act that declares the new one has reached it.
        again = (self._ask(self._client, ask, key) for key in former(KeyUse.SIGN))
        return next((each for each in again if each.status != _NOT_KNOWN), reply)

    def _ask(self, client: httpx.Client, ask: Ask, key: Ed25519PrivateKey | None) -> Reply:
        try:
            request = self._request(client, ask, key)
        except (httpx.InvalidURL, ValueError) as error:
            raise _unreachable(ask, error) from error
        seconds = min(self.timeout, self._left())
        if seconds <= 0:
            raise self._late(ask)
        with Patience(seconds, self._lines) as patience:
            request.extensions["trace"] = Watch(patience, self._may_be_private(request.url.host))
            try:
                reply = self._send(client, request, ask.limit)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                late = patience.lost or isinstance(error, httpx.TimeoutException)
                raise self._late(ask) if late else _unreachable(ask, error) from error
        if patience.lost:  # a body without a length ends where we hung up, and looks whole
            raise self._late(ask)
        return reply

    def _request(self, client: httpx.Client, ask: Ask, key: Ed25519PrivateKey | None) -> httpx.Request:
        """The request, signed with the key if there is one."""
        body = ask.body or b""
        request = client.build_request(ask.method, ask.url, params=ask.query or None, content=body)
        headers = {"Accept": ask.accept} | ({"Content-Type": ask.content_type} if ask.content_type else {})
        if self.authorization:
            headers["Authorization"] = self.authorization
        if key is not None:
            message = Message(ask.method, str(request.url), headers)
            kid = thumbprint(key.public_key())
            sign_request(message, body=body, key=key, kid=kid, now=self.clock(), tag=self.tag)
        request.headers.update(headers)
        request.headers["Accept-Encoding"] = "identity"  # a small reply must not unfold into a large one
        return request

    def _send(self, client: httpx.Client, request: httpx.Request, limit: int) -> Reply:
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

    def _may_be_private(self, host: str) -> bool:
        return self.private is None or host in self.private

    def _left(self) -> float:
        return self._ends - time.monotonic()

    def _late(self, ask: Ask) -> PartnerUnavailable:
        if self._left() <= 0:
            text = f"The exchange took more than {self.altogether:g} seconds, and was ended at {ask.url}."
            return PartnerUnavailable(text)
        return PartnerUnavailable(f"{ask.url} did not answer within {self.timeout:g} seconds.")


def _unreachable(ask: Ask, error: Exception) -> PartnerUnavailable:
    return PartnerUnavailable(f"{ask.url} cannot be reached: {error}.")
