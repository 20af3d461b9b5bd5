"""How a node asks: a line to a server in whose requests the node signs its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from comity.formats.conversation import Ask, Reply
from comity.formats.jws import thumbprint
from comity.link.transport import Line
from comity.node.federation.signatures import BETWEEN_NODES, Message, sign_request
from comity.node.keys import KeyUse, former, node_key

_NOT_KNOWN = 401


@dataclass
class Http(Line):
    """A line in whose requests this node signs its name.

    A server that does not know nodes is asked with an `authorization` instead, "" where it wants none.
    """

    timeout: float = field(default_factory=lambda: float(settings.CONFIG.request_timeout))
    clock: Callable[[], datetime] = timezone.now
    tag: str = BETWEEN_NODES  # what the signatures are for

    def reply(self, client: httpx.Client, ask: Ask) -> Reply:
        """The reply to a signed request."""
        if self.authorization is not None:
            return super().reply(client, ask)
        reply = self._signed(client, ask, node_key(KeyUse.SIGN))
        if reply.status != _NOT_KNOWN:
            return reply
        # A partner knows us by our former key until the act that declares the new one has reached it.
        again = (self._signed(client, ask, key) for key in former(KeyUse.SIGN))
        return next((each for each in again if each.status != _NOT_KNOWN), reply)

    def _signed(self, client: httpx.Client, ask: Ask, key: Ed25519PrivateKey) -> Reply:
        return self._sent(client, ask, lambda request: self._sign(request, ask.body or b"", key))

    def _sign(self, request: httpx.Request, body: bytes, key: Ed25519PrivateKey) -> None:
        kid, message = (
            thumbprint(key.public_key()),
            Message(request.method, str(request.url), request.headers),
        )
        sign_request(message, body=body, key=key, kid=kid, now=self.clock(), tag=self.tag)
