"""Drives conversations over HTTP: signed requests, bounded replies, no redirects, bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self, TypeVar

import httpx
from django.conf import settings
from django.utils import timezone

from comity.formats.conversation import Ask, Conversation, PartnerUnavailable, Reply
from comity.formats.jws import thumbprint
from comity.node.federation.signatures import Message, sign_request
from comity.node.keys import KeyUse, node_key

T = TypeVar("T")
CHUNK = 64 * 2**10


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


@dataclass
class Http:
    """A transport over HTTP, in whose requests this node signs its name; use it as a context."""

    clock: Callable[[], datetime] = timezone.now
    timeout: float = field(default_factory=lambda: float(settings.CONFIG.request_timeout))
    _client: httpx.Client | None = None

    def __enter__(self) -> Self:
        self._client = httpx.Client(timeout=self.timeout, follow_redirects=False, trust_env=False)
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
            time.sleep(min(ask.wait, self.timeout))
        body = ask.body or b""
        request = self._client.build_request(ask.method, ask.url, params=ask.query or None, content=body)
        headers = {"Accept": ask.accept} | ({"Content-Type": ask.content_type} if ask.content_type else {})
        message = Message(ask.method, str(request.url), headers)
        key = node_key(KeyUse.SIGN)
        kid = thumbprint(key.public_key())
        request.headers.update(sign_request(message, body=body, key=key, kid=kid, now=self.clock()))
        try:
            return self._send(self._client, request, ask.limit)
        except httpx.TimeoutException as error:
            raise PartnerUnavailable(f"{ask.url} did not answer within {self.timeout:g} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PartnerUnavailable(f"{ask.url} cannot be reached: {error}.") from error

    def _send(self, client: httpx.Client, request: httpx.Request, limit: int) -> Reply:
        """The reply, read no further than its limit and no longer than the time for one request."""
        ends = time.monotonic() + self.timeout
        response = client.send(request, stream=True)
        try:
            body = bytearray()
            for chunk in response.iter_bytes(CHUNK):
                body += chunk
                if len(body) > limit:
                    break
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("the reply came too slowly", request=request)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, headers, bytes(body))
        finally:
            response.close()
