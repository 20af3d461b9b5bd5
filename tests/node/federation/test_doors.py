"""The doors as other nodes knock: over HTTP, signed or not, well or badly made."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from comity.formats.acts import decode_act
from comity.formats.conversation import Ask, Reply
from comity.formats.descriptor import decode_descriptor, verify_descriptor
from comity.formats.exchange import read_outbox
from comity.formats.keys import Use
from comity.formats.receipts import decode_receipt
from comity.formats.taxii import MEDIA_TYPE, Envelope, Status
from comity.formats.taxii_client import read_collections
from comity.link.transport import drive
from comity.node.accountability import queries as log
from comity.node.accountability.models import Cosignature
from comity.node.acts.models import Act, Delivery
from comity.node.acts.services import composing
from comity.node.federation.collections import inbox_id, outbox_id
from comity.node.federation.models import Partner
from comity.node.federation.services import own, partners
from comity.node.federation.signatures import Message, Unsigned, sign_request, signer_of
from comity.node.parties.models import Party
from tests.node.far import FarNode
from tests.node.world import NOW

HOST = "http://127.0.0.1:8000"


def knock(far: FarNode | None, method: str, path: str, body: bytes = b"", **headers: str):
    """A request of the far node, signed with its key; of nobody, without a signature."""
    headers = {"Accept": MEDIA_TYPE, **headers}
    if far is not None:
        message = Message(method, f"{HOST}{path}", dict(headers))
        headers = dict(
            sign_request(message, body=body, key=far.keys[Use.SIGN], kid=far.kid, now=timezone.now())
        )
    content_type = headers.pop("Content-Type", MEDIA_TYPE)
    return Client().generic(method, path, body, content_type=content_type, headers=headers)


@pytest.fixture
def inbox(world, far) -> str:
    world.befriend(far)
    party = Party.objects.get(ref=far.ref)
    return f"/taxii2/comity/collections/{inbox_id(world.body, party)}/objects/"


@pytest.fixture
def outbox(world, inbox, far) -> str:
    party = Party.objects.get(ref=far.ref)
    return f"/taxii2/comity/collections/{outbox_id(world.body, party)}/objects/"


def envelope(*signed) -> bytes:
    return Envelope(tuple(each.value for each in signed)).encode()


def test_the_descriptor_is_for_everybody_and_signed(world):
    response = Client().get("/.well-known/comity.json")
    signed = decode_descriptor(response.content)
    assert signed.descriptor.id == world.body.ref
    assert verify_descriptor(signed, now=signed.descriptor.issued).allowed


@pytest.mark.parametrize(
    ("method", "door", "allowed"),
    [
        ("DELETE", "inbox", "POST"),
        ("GET", "inbox", "POST"),
        ("PUT", "outbox", "GET"),
        ("POST", "/taxii2/", "GET, HEAD"),
        ("POST", "/.well-known/comity.json", "GET, HEAD"),
        ("GET", "/federation/cosignature", "POST"),
    ],
)
@pytest.mark.usefixtures("inbox")
def test_another_method_is_told_which_are_taken(request, far, method, door, allowed):
    path = door if door.startswith("/") else request.getfixturevalue(door)
    response = knock(far, method, path)
    assert (response.status_code, response["Allow"], response["Content-Type"]) == (405, allowed, MEDIA_TYPE)
    assert response.json()["error_code"] == "wire.method"


def test_an_act_that_is_posted_comes_back_as_a_receipt(inbox, far):
    signed = far.act(created=NOW)
    response = knock(far, "POST", inbox, envelope(signed))
    assert response.status_code == 202
    status = Status.decode(response.content)
    assert [each.id for each in status.successes] == [signed.act.id]
    assert [decode_receipt(each).receipt.act for each in status.receipts] == [signed.act.id]
    again = knock(far, "GET", f"/taxii2/comity/status/{status.id}/")
    assert Status.decode(again.content).successes == status.successes


@pytest.mark.parametrize(
    ("status", "code", "change"),
    [
        (401, "wire.unsigned", {"who": "nobody"}),
        (401, "wire.unsigned", {"who": "stranger"}),
        (406, "wire.not-acceptable", {"Accept": "text/html"}),
        (415, "wire.media-type", {"Content-Type": "application/json"}),
        (400, "malformed", {"body": b"{not json"}),
        (400, "malformed", {"body": b'{"objects": ["\xff"]}'}),
        (400, "malformed", {"body": b"{}"}),
        (413, "too-large", {"body": b'{"objects":[' + b"[" * 5000 + b"]" * 5000 + b"]}"}),
        (404, "not-found", {"path": "/taxii2/comity/collections/none/objects/"}),
    ],
)
def test_a_wrong_request_is_answered_with_its_code_and_leaves_nothing(inbox, far, status, code, change):
    change = dict(change)
    who = {"nobody": None, "stranger": FarNode("Stranger", "DE", "http://stranger.example/")}
    caller = who.get(change.pop("who", ""), far)
    body, path = change.pop("body", envelope(far.act(created=NOW))), change.pop("path", inbox)
    size = log.size()
    response = knock(caller, "POST", path, body, **change)
    assert (response.status_code, response.json()["error_code"]) == (status, code)
    assert response.headers["Content-Type"] == MEDIA_TYPE
    assert not Act.objects.exists()
    assert log.size() == size


def test_a_body_over_the_bound_is_not_even_read(inbox, far, settings):
    body = b"x" * (settings.CONFIG.max_content_length + 1)
    response = knock(far, "POST", inbox, body)
    assert (response.status_code, response.json()["error_code"]) == (413, "too-large")


def test_nothing_is_taken_from_a_suspended_partner(world, inbox, far):
    partner = Partner.objects.get()
    partners.suspend(actor=world.administrator, partner=partner.pk, why="a doubt", now=NOW)
    response = knock(far, "POST", inbox, envelope(far.act(created=NOW)))
    assert (response.status_code, response.json()["error_code"]) == (403, "partner.suspended")
    partners.resume(actor=world.administrator, partner=partner.pk, why="cleared", now=NOW)
    assert knock(far, "POST", inbox, envelope(far.act(created=NOW))).status_code == 202


def test_a_partner_sees_its_own_two_collections_only(world, inbox, far):
    other = FarNode("Sylvania", "FR", "http://sylvania.example/")
    world.befriend(other)
    found = drive(read_collections(f"{HOST}/taxii2/comity/"), lambda ask: through(far, ask))
    assert [(each.alias, each.can_read, each.can_write) for each in found] == [
        ("inbox", False, True),
        ("outbox", True, False),
    ]
    party = Party.objects.get(ref=other.ref)
    theirs = f"/taxii2/comity/collections/{outbox_id(world.body, party)}/objects/"
    assert knock(far, "GET", theirs).status_code == 404
    assert knock(other, "GET", theirs).status_code == 200


def test_the_outbox_is_read_page_after_page_in_the_order_of_the_log(world, outbox, far):
    party = Party.objects.get(ref=far.ref)
    acts = composing.compose_all(actor=world.analyst, drafts=[world.draft(party)] * 7, now=NOW)
    collection = outbox_id(world.body, party)
    read = read_outbox(f"{HOST}/taxii2/comity/", collection, added_after=None, limit=3)
    found, since = [], None
    while True:
        read = read_outbox(f"{HOST}/taxii2/comity/", collection, added_after=since, limit=3)
        page = drive(read, lambda ask: through(far, ask))
        found += [decode_act(each).act.id for each in page.objects]
        since = page.added_after
        if page.complete:
            break
    assert found == [act.ref for act in acts]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"handed-over"}


def test_what_is_withheld_is_not_served(world, outbox, far):
    party = Party.objects.get(ref=far.ref)
    composing.compose(actor=world.analyst, draft=world.draft(party, word="late"), now=NOW)
    assert knock(far, "GET", outbox).json() == {}
    assert Delivery.objects.get().state == "withheld"


def test_a_cosignature_is_kept_only_if_it_is_one(world, inbox, far):
    checkpoint = log.latest_checkpoint()
    offer = log.witness_request(0)
    line = far._witness(offer).body
    body = checkpoint.partition(b"\n\n")[0] + b"\n\n" + line
    assert knock(far, "POST", "/federation/cosignature", body).status_code == 200
    assert Cosignature.objects.get().witness == "far.example/witness"
    other = FarNode("Other", "FR", "http://far.example/")
    forged = checkpoint.partition(b"\n\n")[0] + b"\n\n" + other._witness(offer).body
    assert knock(far, "POST", "/federation/cosignature", forged).status_code == 403


def through(far: FarNode, ask: Ask) -> Reply:
    """A transport over Django's test client."""
    path = ask.url.removeprefix(HOST)
    query = "&".join(f"{key}={value}" for key, value in ask.query)
    response = knock(far, ask.method, f"{path}?{query}" if query else path, ask.body or b"")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


MESSAGE = ("POST", f"{HOST}/taxii2/x/?limit=3")


@given(st.integers(min_value=0), st.sampled_from(["method", "url", "body"]), st.integers(1, 127))
def test_any_change_of_a_signed_request_is_noticed(place, part, flip):
    far = FarNode("Freedonia", "DE", "http://far.example/")
    method, url, body = *MESSAGE, b'{"objects":[1]}'
    headers = sign_request(
        Message(method, url, {}), body=body, key=far.keys[Use.SIGN], kid=far.kid, now=timezone.now()
    )
    if part == "method":
        method = "PUT"
    elif part == "url":
        url = f"{url}{place}"
    else:
        at = place % len(body)
        body = body[:at] + bytes([body[at] ^ flip]) + body[at + 1 :]
    key = far.keys[Use.SIGN].public_key()
    with pytest.raises(Unsigned):
        signer_of(Message(method, url, dict(headers)), read=lambda: body, find=lambda _: key)


def test_our_own_descriptor_names_no_private_key(world):
    told = json.loads(own.descriptor(NOW).raw)
    assert all("d" not in key for key in told["keys"])


@pytest.mark.parametrize("path", ["/api/v1/acts", "/log/add-checkpoint", "/federation/cosignature", "/login"])
def test_a_body_in_chunks_is_refused_and_not_taken_for_an_empty_one(inbox, far, path):
    """Its length is not named, so that the server's interface hides it."""
    for each in (path, inbox):
        told = knock(far, "POST", each, b"", **{"Transfer-Encoding": "chunked"})
        assert told.status_code == 411
    assert "length-required" in told.content.decode()
    assert "Content-Length" in told.json()["title"]
    assert not Act.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["match%5Btype%5D=indicator", "foo=1", "match%5Bid%5D=x&limit=5", "limit=1&limit=2", "added_before=x"],
)
def test_a_parameter_that_has_no_effect_is_refused_by_its_name(outbox, far, query):
    told = knock(far, "GET", f"{outbox}?{query}")
    assert (told.status_code, told.json()["error_code"]) == (400, "malformed")
    name = {"m": "match[", "f": "foo", "l": "limit", "a": "added_before"}[query[0]]
    assert name in told.json()["title"]


def test_where_no_parameter_is_known_none_is_taken(inbox, far):
    for path in ("/taxii2/", "/taxii2/comity/", "/taxii2/comity/collections/"):
        assert knock(far, "GET", path).status_code == 200
        assert knock(far, "GET", f"{path}?limit=1").status_code == 400
    assert knock(far, "POST", f"{inbox}?next=1", b"{}").status_code == 400
