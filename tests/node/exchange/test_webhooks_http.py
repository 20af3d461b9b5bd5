"""Webhooks over a real socket: what a receiver sees of a call, and that no redirect is followed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random
from threading import Thread

import pytest
from django.conf import settings
from django.utils import timezone

from comity.base.tlp import Tlp
from comity.formats.keys import NodeKey, Use
from comity.formats.webhooks import TAG, CallKind, Request, verify_call
from comity.node.exchange.models import HookForm, HookState, Webhook
from comity.node.exchange.services import calling, webhooks
from comity.node.exchange.services.webhooks import Subscription
from comity.node.federation.signatures import Message, Unsigned, signer_of
from comity.node.federation.transport import Http
from comity.node.keys import KeyUse, node_key
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import opened

pytestmark = pytest.mark.django_db


@dataclass
class Listening:
    """A receiver on this machine, and the requests that came to it."""

    port: int = 0
    redirect: bool = False
    came: list[Request] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/comity?team=soc"


@pytest.fixture
def receiver() -> Iterator[Listening]:
    found = Listening()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.came.append(Request("POST", f"http://127.0.0.1:{found.port}{self.path}", headers, body))
            self.send_response(307 if found.redirect else 200)
            self.send_header("Location", found.address)
            self.end_headers()
            self.wfile.write(json.dumps({"challenge": json.loads(body).get("challenge")}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            """Nothing is told on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    found.port = server.server_port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def hook(agreed, receiver) -> Webhook:
    wish = Subscription(opened(agreed.world), agreed.party, receiver.address, HookForm.CONTENT)
    own = webhooks.subscribe(actor=agreed.world.approver, wish=wish, now=timezone.now())
    own_work(agreed.world, indicator("open", Tlp.GREEN), now=timezone.now())
    return own


def call(hook: Webhook) -> Webhook:
    with Http(tag=TAG) as transport:
        calling.call_one(hook.pk, transport, now=timezone.now(), random=Random(7))
    hook.refresh_from_db()
    return hook


def test_a_receiver_can_verify_what_comes(hook, receiver):
    assert call(hook).state == HookState.ACTIVE
    key = NodeKey.of(node_key(KeyUse.SIGN).public_key(), Use.SIGN, hook.made_at.replace(year=2020))
    asked, told = receiver.came
    for request in (asked, told):
        verify_call(request, [key], received=timezone.now()).require()
    assert json.loads(asked.body)["kind"] == CallKind.CHALLENGE.value
    assert [each["name"] for each in json.loads(told.body)["envelope"]["objects"]] == ["open"]


def test_a_call_opens_no_door_of_a_node(hook, receiver):
    call(hook)
    for request in receiver.came:
        message = Message("POST", request.address, dict(request.headers))
        with pytest.raises(Unsigned):
            signer_of(message, read=bytes, find=lambda _: node_key(KeyUse.SIGN).public_key())


def test_no_redirect_is_followed(hook, receiver):
    receiver.redirect = True
    assert settings.CONFIG.plain_http_partners
    found = call(hook)
    assert (found.state, len(receiver.came)) == (HookState.ASKED, 1)
    assert "It answered 307" in found.words
