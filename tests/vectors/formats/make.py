"""Writes the vectors of acts, receipts and descriptors: fixed keys, times and ids, so that they never change.

Run from the top of the repository: `python tests/vectors/formats/make.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.tlp import Tlp
from comity.formats.acts import Act, Content, sign_act
from comity.formats.descriptor import Descriptor, sign_descriptor
from comity.formats.entries import Event, LogEntry
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.receipts import LogProof, Receipt, sign_receipt
from comity.formats.rollover import declare_key
from comity.formats.stix import StixObject
from comity.formats.webhooks import TAG, Call, CallKind
from comity.node.federation.signatures import Message, sign_request

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)
PAKISTAN = "identity--3f1c2e64-7f0e-4b8e-9d0a-6f5c1b2a3d4e"
PARTNER = "identity--b0a1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d"
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate(
    ("sign", "log", "witness", "partner", "next"), start=1
)}  # fmt: skip
KIDS = {name: thumbprint(key.public_key()) for name, key in KEYS.items()}
INDICATOR = StixObject.decode(
    {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2026-11-20T10:00:00.000Z",
        "modified": "2026-11-21T10:00:00.5Z",
        "name": "Address of a command server",
        "pattern": "[ipv4-addr:value = '198.51.100.7']",
        "pattern_type": "stix",
        "valid_from": "2026-11-20T10:00:00Z",
        "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
    }
)
ADDRESS = StixObject.decode(
    {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
        "value": "198.51.100.3",
    }
)
ACT = Act(
    id="comity-act--0f3b9c1e-5d7a-4c2b-8e6f-1a2b3c4d5e6f",
    created=NOW,
    kind="share",
    author=PAKISTAN,
    recipients=(PARTNER,),
    tlp=Tlp.AMBER,
    purpose="network-defence",
    basis=("agreement--6d1f0c2b-3a4e-4f5d-9b8c-7a6e5d4c3b2a",),
    expires=NOW + timedelta(days=30),
    body={
        "title": "Command servers seen this week",
        "note": "Please check your borders. \u0634\u06a9\u0631\u06cc\u06c1",
    },
    contents=(Content.of(INDICATOR), Content.of(ADDRESS)),
    more={"x_later": {"kept": [1, 2.5, None, "\u20ac"]}},
)


def _key(name: str, use: Use) -> NodeKey:
    return NodeKey.of(KEYS[name].public_key(), use, NOW - timedelta(days=1), NOW + timedelta(days=365))


def sender_keys() -> tuple[NodeKey, ...]:
    return (_key("sign", Use.SIGN), _key("log", Use.LOG), _key("witness", Use.WITNESS))


def partner_keys() -> tuple[NodeKey, ...]:
    return (_key("partner", Use.SIGN),)


def act_vector() -> dict[str, Any]:
    signed = sign_act(ACT, KEYS["sign"], KIDS["sign"])
    answer = replace(
        ACT,
        id="comity-act--7c9e6679-7425-4de6-944b-e07fc1f90ae7",
        created=NOW + timedelta(hours=1),
        kind="answer",
        author=PARTNER,
        recipients=(PAKISTAN,),
        in_reply_to=ACT.id,
        purpose=None,
        basis=(),
        expires=None,
        contents=(),
        more={},
    )
    signed_answer = sign_act(answer, KEYS["partner"], KIDS["partner"])
    return {
        "keys": {
            "sign": KEYS["sign"].private_bytes_raw().hex(),
            "partner": KEYS["partner"].private_bytes_raw().hex(),
        },
        "contents": [INDICATOR.value, ADDRESS.value],
        "acts": [
            {
                "name": name,
                "act": each.value,
                "signed_text": each.sealed.payload.decode(),
                "sha256": each.sha256,
            }
            for name, each in (("share", signed), ("answer", signed_answer))
        ],
    }


def receipt_vector() -> dict[str, Any]:
    act = sign_act(ACT, KEYS["sign"], KIDS["sign"])
    received = NOW + timedelta(seconds=2)
    entry = LogEntry(
        event=Event.ACT_RECEIVED,
        at=received,
        subject=ACT.id,
        digest=act.sha256,
        kind="share",
        sender=PAKISTAN,
        to=(PARTNER,),
    )
    receipt = Receipt(
        id="comity-receipt--16fd2706-8baf-433b-82eb-8c7fada847da",
        created=received,
        author=PARTNER,
        recipients=(PAKISTAN,),
        tlp=Tlp.AMBER,
        act=ACT.id,
        act_sha256=act.sha256,
        received=received,
        log=LogProof(
            origin="partner.example/log",
            index=1,
            salt=bytes(range(32)),
            entry=entry,
            proof=(bytes(32), b"\xff" * 32),
            checkpoint="partner.example/log\n2\nAAAA\n\n\u2014 partner.example/log AAAA\n",
        ),
    )
    signed = sign_receipt(receipt, KEYS["partner"], KIDS["partner"])
    return {
        "note": "the proof and the checkpoint show the form alone; vectors that verify are those of the log",
        "key": KEYS["partner"].private_bytes_raw().hex(),
        "receipt": signed.value,
        "signed_text": signed.sealed.payload.decode(),
        "sha256": signed.sha256,
        "entry_text": entry.raw.decode(),
    }


def descriptor_vector() -> dict[str, Any]:
    descriptor = Descriptor(
        id=PAKISTAN,
        name="National CERT of Pakistan",
        state="PK",
        kind="national-cert",
        address="https://cert.example.pk/",
        discovery="https://cert.example.pk/taxii2/",
        api_root="https://cert.example.pk/taxii2/comity/",
        log_origin="cert.example.pk/log",
        log_url="https://cert.example.pk/log/",
        witness="cert.example.pk/witness",
        keys=sender_keys(),
        issued=NOW,
    )
    signed = sign_descriptor(descriptor, KEYS["sign"], KIDS["sign"])
    fresh = NodeKey.of(KEYS["next"].public_key(), Use.SIGN, NOW + timedelta(days=7))
    declaration = declare_key(PAKISTAN, fresh, KEYS["next"], replaces=KIDS["sign"])
    return {
        "keys": {name: key.private_bytes_raw().hex() for name, key in KEYS.items()},
        "descriptor": signed.sealed.value,
        "signed_text": signed.sealed.payload.decode(),
        "words": " ".join(signed.words or ()),
        "declare_key_body": declaration.as_json(),
    }


def webhook_vector() -> dict[str, Any]:
    place = "https://cert.example.pk/taxii2/3f1c2e64-7f0e-4b8e-9d0a-6f5c1b2a3d4e/collections/"
    common: dict[str, Any] = {
        "at": NOW, "holder": PAKISTAN, "party": PARTNER,
        "collection": f"{place}6c7a4f0e-2b1d-4c3e-8f9a-0b1c2d3e4f5a/",
    }  # fmt: skip  # two lines
    asks = Call(CallKind.CHALLENGE, "4b1f6a52-93d0-5c1e-8a77-2f0d9be4c601", **common, challenge="c" * 43)
    told: dict[str, Any] = {
        "added_after": "2026-11-22T02:00:00.000001Z", "last": "2026-11-22T02:59:59.000002Z", "count": 1,
    }  # fmt: skip  # one line
    news = Call(CallKind.NEWS, "9d2c7e10-5a4b-5f68-b3c1-7e8f90a1b2c3", **common, **told)
    content = replace(news, kind=CallKind.CONTENT)
    envelope = b'{"objects":[' + INDICATOR.raw + b"]}"
    bodies = {"challenge": (asks, None), "news": (news, None), "content": (content, envelope)}
    calls = [_call(name, call, call.encode(more)) for name, (call, more) in bodies.items()]
    first = calls[1]
    wrong = [
        {"name": "another body", "rule": "webhook.digest", "request": f"{first['request']} "},
        {"name": "another address", "rule": "webhook.signature", "address": "https://soc.example/other"},
        {"name": "played again", "rule": "webhook.late", "received": "2026-11-22T03:05:01Z"},
        {"name": "no signature", "rule": "webhook.unsigned", "request": "POST /comity HTTP/1.1\r\n\r\n{}"},
    ]
    return {
        "key": KEYS["sign"].public_key().public_bytes_raw().hex(),
        "since": "2026-11-01T00:00:00Z",
        "calls": [*calls, *({**first, **each} for each in wrong)],
    }


def _call(name: str, call: Call, body: bytes) -> dict[str, Any]:
    address = "https://soc.example/comity"
    message = Message("POST", address, {"Host": "soc.example", "Content-Type": "application/json"})
    sign_request(message, body=body, key=KEYS["sign"], kid=KIDS["sign"], now=NOW, tag=TAG)
    head = "".join(f"{header}: {value}\r\n" for header, value in message.headers.items())
    return {
        "name": name,
        "address": address,
        "received": "2026-11-22T03:00:01Z",
        "request": f"POST /comity HTTP/1.1\r\n{head}\r\n{body.decode()}",
        "call": call.as_json(),
        "rule": "webhook.signed",
    }


VECTORS = {
    "act": act_vector,
    "receipt": receipt_vector,
    "descriptor": descriptor_vector,
    "webhook": webhook_vector,
}


def text_of(name: str) -> str:
    return json.dumps(VECTORS[name](), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for each in VECTORS:
        (HERE / f"{each}.json").write_text(text_of(each), "utf-8")
