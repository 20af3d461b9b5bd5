"""A call to a webhook that was kept as a file, and the descriptor of the node that is to have made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.formats.jws import thumbprint
from comity.formats.keys import Use
from comity.formats.webhooks import TAG, Call, CallKind
from comity.node.federation.signatures import Message, sign_request
from tests.cli import world
from tests.cli.run import comity

PLACE = "https://a.example/taxii2/x/collections/y/"
NEWS = Call(
    kind=CallKind.NEWS,
    id="0f3b9c1e-5d7a-4c2b-8e6f-1a2b3c4d5e6f",
    at=world.NOW,
    holder=world.A_ID,
    party=world.B_ID,
    collection=PLACE,
    added_after="2026-01-05T02:00:00.000000Z",
    last="2026-01-05T02:30:00.000000Z",
    count=3,
)
COMMAND = ("verify", "webhook", "call.http", "--descriptor", "a.json")


@pytest.fixture(autouse=True)
def _call(here: Path) -> None:
    key = world.A.key(Use.SIGN)
    message = Message("POST", "https://soc.example/hook", {"Host": "soc.example"})
    kid = thumbprint(key.public_key())
    sign_request(message, body=NEWS.encode(), key=key, kid=kid, now=world.NOW, tag=TAG)
    head = "".join(f"{name}: {value}\r\n" for name, value in message.headers.items())
    (here / "call.http").write_bytes(f"POST /hook HTTP/1.1\r\n{head}\r\n".encode() + NEWS.encode())


def test_a_call_holds_and_is_told():
    said = comity(*COMMAND, "--received", "2026-01-05T03:04:00.000Z")
    assert said.status == 0
    assert said.lines[0] == {"call": NEWS.as_json()}
    assert [line["answer"] for line in said.lines[1:]] == ["yes", "yes", "yes"]


def test_what_was_not_checked_is_said():
    said = comity(*COMMAND)
    assert said.status == 0
    assert "its age" in {line.get("check") for line in said.lines if line.get("answer") == "not-checked"}


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (("--received", "2026-01-05T03:06:00.000Z"), "webhook.late"),
        (("--address", "https://soc.example/other"), "webhook.signature"),
    ],
)
def test_what_does_not_hold(more, rule):
    said = comity(*COMMAND, *more)
    assert (said.status, said.wrong) == (1, [rule])
    assert "This means" not in said.out
    assert said.words


def test_a_body_that_was_changed_is_not_told(here: Path):
    content = (here / "call.http").read_bytes()
    (here / "call.http").write_bytes(content.replace(b'"count":3', b'"count":4'))
    said = comity(*COMMAND)
    assert (said.status, said.wrong) == (1, ["webhook.digest"])
    assert "call" not in said.lines[0]


def test_another_node(here: Path):
    said = comity("verify", "webhook", "call.http", "--descriptor", "b.json")
    assert (said.status, said.wrong) == (1, ["webhook.unknown-key"])


def test_what_is_no_request(here: Path):
    (here / "call.http").write_bytes(b"nothing")
    said = comity(*COMMAND)
    assert said.status == 2
    assert "call.http" in said.err
    assert comity(*COMMAND, "--received", "now").status == 2
