"""Calls to webhooks: what stands in them, and that nothing else passes for one."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.formats.canonical import canonical
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.strict_json import decode
from comity.formats.webhooks import MAX_HEADERS, TAG, Call, CallKind, Request, digest_of, verify_call
from comity.node.federation.signatures import Message, sign_request

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
NODE = NodeKey.of(KEY.public_key(), Use.SIGN, AT - timedelta(days=1))
ADDRESS = "https://soc.example/comity?team=1"
NEWS = Call(
    kind=CallKind.NEWS,
    id="0f3b9c1e-5d7a-4c2b-8e6f-1a2b3c4d5e6f",
    at=AT,
    holder="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001",
    party="identity--b0a1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d",
    collection="https://cert.example/taxii2/3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001/collections/x/",
    added_after="2026-11-22T02:00:00.000001Z",
    last="2026-11-22T02:59:00.000000Z",
    count=3,
)
VECTORS = json.loads(Path("tests/vectors/formats/webhook.json").read_text("utf-8"))


def called(body: bytes = NEWS.encode(), address: str = ADDRESS, tag: str = TAG) -> Request:
    """A call as the node's own library signs it: the oracle of our verification."""
    message = Message("POST", address, {"Content-Type": "application/json"})
    headers = sign_request(message, body=body, key=KEY, kid=thumbprint(KEY.public_key()), now=AT, tag=tag)
    return Request("POST", address, {name.lower(): value for name, value in headers.items()}, body)


def rule(request: Request, *keys: NodeKey, **more: datetime) -> str:
    return verify_call(request, keys or (NODE,), **more).grounds[0].rule


def test_what_a_node_signs_holds():
    assert rule(called()) == "webhook.signed"
    assert rule(called(), received=AT + timedelta(minutes=5)) == "webhook.signed"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"method": "PUT"}, "webhook.signature"),
        ({"address": "https://soc.example/comity?team=2"}, "webhook.signature"),
        ({"body": b"{}"}, "webhook.digest"),
        ({"headers": {}}, "webhook.unsigned"),
    ],
)
def test_any_change_is_noticed(changes, wrong):
    assert rule(replace(called(), **changes)) == wrong


def test_a_signature_for_another_use_is_none():
    assert rule(called(tag="comity")) == "webhook.unsigned"


def test_another_body_with_its_own_digest():
    request = called()
    headers = {**request.headers, "content-digest": digest_of(b"{}")}
    assert rule(replace(request, headers=headers, body=b"{}")) == "webhook.signature"


def test_keys_that_do_not_count():
    log = replace(NODE, use=Use.LOG)
    late = replace(NODE, since=AT + timedelta(seconds=1))
    for key in (log, late):
        verdict = verify_call(called(), [key])
        assert (verdict.answer.value, verdict.grounds[0].rule) == ("unknown", "webhook.unknown-key")


@pytest.mark.parametrize("minutes", [-6, 6])
def test_one_that_is_played_again(minutes):
    assert rule(called(), received=AT + timedelta(minutes=minutes)) == "webhook.late"


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
@given(junk=st.text(max_size=300))
def test_no_header_breaks_it(name, junk):
    request = called()
    assert not verify_call(replace(request, headers={**request.headers, name: junk}), [NODE]).allowed


@pytest.mark.parametrize(
    "call",
    [
        NEWS,
        replace(NEWS, kind=CallKind.CONTENT, more=True),
        Call(CallKind.CHALLENGE, NEWS.id, AT, NEWS.holder, NEWS.party, NEWS.collection, challenge="c" * 43),
    ],
)
def test_round_trip(call):
    assert Call.decode(call.encode()) == call


def test_content_stands_in_its_own_bytes():
    envelope = b'{"objects":[{"type":"tool",  "id":"x"}]}'
    body = replace(NEWS, kind=CallKind.CONTENT).encode(envelope)
    assert body.endswith(b',"envelope":' + envelope + b"}")
    assert Call.decode(body).count == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"kind": "other"},
        {"id": "x"},
        {"count": 0},
        {"count": "3"},
        {"last": "2026-11-22T02:59:00Z"},
        {"more": None},
        {"kind": "challenge"},
        {"party": 7},
    ],
)
def test_bodies_that_are_none(changes):
    with pytest.raises(Malformed):
        Call.decode(canonical(NEWS.as_json() | changes))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_malformed(message):
    with suppress(Malformed):
        Request.decode(message)


def test_a_request_as_it_comes():
    message = b"POST /hook?a=1 HTTP/1.1\r\nHost: soc.example\r\nA: 1\r\na:2\r\n\r\nbody\r\n\r\n"
    found = Request.decode(message)
    assert (found.method, found.address, found.body) == (
        "POST",
        "https://soc.example/hook?a=1",
        b"body\r\n\r\n",
    )
    assert found.headers == {"host": "soc.example", "a": "1, 2"}
    assert Request.decode(message.replace(b"\r\n", b"\n"), "https://x/").address == "https://x/"
    for wrong in (b"", b"\xff", b"POST /\r\n\r\n", b"POST / HTTP/1.1\r\nno header\r\n\r\n"):
        with pytest.raises(Malformed):
            Request.decode(wrong)
    many = b"".join(b"H%d: x\r\n" % n for n in range(MAX_HEADERS + 1))
    with pytest.raises(Malformed):
        Request.decode(b"POST / HTTP/1.1\r\n" + many + b"\r\n")


@pytest.mark.parametrize("vector", VECTORS["calls"], ids=lambda vector: vector["name"])
def test_vectors(vector):
    keys = [NodeKey.of(KEY.public_key(), Use.SIGN, datetime.fromisoformat(VECTORS["since"]))]
    assert VECTORS["key"] == KEY.public_key().public_bytes_raw().hex()
    request = Request.decode(vector["request"].encode(), vector["address"])
    verdict = verify_call(request, keys, received=datetime.fromisoformat(vector["received"]))
    assert verdict.grounds[0].rule == vector["rule"]
    if verdict.allowed:
        assert canonical(Call.decode(request.body).as_json()) == canonical(vector["call"])
        assert decode(request.body)
