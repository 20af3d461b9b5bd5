"""Conversations, driven by hand: what is asked, what is made of each reply."""

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import ComityError, Malformed, TooLarge
from comity.formats.canonical import canonical
from comity.formats.conversation import Ask, PartnerRefused, PartnerUnavailable, Reply
from comity.formats.exchange import (
    MAX_CHECKPOINT,
    Outbox,
    fetch_checkpoint,
    fetch_descriptor,
    fetch_log_file,
    post_objects,
    read_outbox,
)
from comity.formats.taxii import ApiRoot, Collection, Discovery, Envelope, Outcome, Status, TaxiiError
from comity.formats.taxii_client import discover, read_api_root, read_collections
from tests.vectors.formats.make import descriptor_vector

ROOT = "https://b.example/taxii2/comity/"
BOX = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
TAXII = "application/taxii+json;version=2.1"


def converse(conversation: Generator[Ask, Reply, Any], *replies: Reply) -> tuple[list[Ask], Any]:
    """Drive a conversation with these replies; everything asked, and what it returns."""
    asked = [next(conversation)]
    asked += [conversation.send(reply) for reply in replies[:-1]]
    with pytest.raises(StopIteration) as end:
        conversation.send(replies[-1])
    return asked, end.value.value


def ok(body: bytes, content_type: str = TAXII, status: int = 200, **headers: str) -> Reply:
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": content_type, **extra}, body)


def test_descriptor():
    text = canonical(descriptor_vector()["descriptor"])
    (ask,), signed = converse(
        fetch_descriptor("https://cert.example.pk/"), ok(text, "application/json; charset=utf-8")
    )
    assert ask.url == "https://cert.example.pk/.well-known/comity.json"
    assert signed.raw == text


def test_discovery_roots_and_collections():
    discovery, root = Discovery("B", (ROOT,)), ApiRoot("Comity", 1_000)
    inbox = Collection(BOX, "Inbox", can_read=False, can_write=True)
    assert converse(discover("https://b.example/taxii2/"), ok(discovery.encode()))[1] == discovery
    asked, found = converse(read_api_root(ROOT), ok(root.encode()))
    assert (asked[0].url, asked[0].accept, found) == (ROOT, TAXII, root)
    asked, collections = converse(
        read_collections(ROOT.rstrip("/")), ok(b'{"collections":[' + inbox.encode() + b"]}")
    )
    assert (asked[0].url, collections) == (f"{ROOT}collections/", (inbox,))


def test_an_outbox_is_read_page_by_page():
    asked, outbox = converse(
        read_outbox(ROOT, BOX, added_after="2026-11-22T03:00:00.000001Z", limit=3),
        ok(
            Envelope((1, 2), more=True, next="p2").encode(),
            x_taxii_date_added_last="2026-11-22T03:00:00.000002Z",
        ),
        ok(Envelope((3,)).encode(), x_taxii_date_added_last="2026-11-22T03:00:00.000003Z"),
    )
    common = (("added_after", "2026-11-22T03:00:00.000001Z"), ("limit", "3"))
    assert [ask.query for ask in asked] == [common, (*common, ("next", "p2"))]
    assert asked[0].url == f"{ROOT}collections/{BOX}/objects/"
    assert outbox == Outbox((1, 2, 3), "2026-11-22T03:00:00.000003Z", complete=True)


def test_an_outbox_that_has_more_than_asked_for():
    asked, outbox = converse(
        read_outbox(ROOT, BOX, added_after=None, limit=2), ok(Envelope((1, 2), more=True, next="p2").encode())
    )
    assert [ask.query for ask in asked] == [(("limit", "2"),)]
    assert outbox == Outbox((1, 2), None, complete=False)


def test_an_empty_outbox_stays_where_it_was():
    _, outbox = converse(read_outbox(ROOT, BOX, added_after="2026-11-22T03:00:00Z", limit=2), ok(b"{}"))
    assert outbox == Outbox((), "2026-11-22T03:00:00Z", complete=True)


def test_pages_that_do_not_end():
    page = ok(Envelope((1,), more=True, next="same").encode())
    conversation = read_outbox(ROOT, BOX, added_after=None, limit=100)
    next(conversation)
    conversation.send(page)
    with pytest.raises(Malformed, match="do not end"):
        conversation.send(page)


def test_a_wrong_time_in_the_header():
    conversation = read_outbox(ROOT, BOX, added_after=None, limit=100)
    next(conversation)
    with pytest.raises(Malformed, match="x-taxii-date-added-last"):
        conversation.send(ok(b"{}", x_taxii_date_added_last="yesterday"))


def test_post_and_wait_for_the_status():
    pending = Status(BOX, complete=False, pendings=(Outcome("a", "b"),))
    done = Status(BOX, complete=True, successes=(Outcome("a", "b"),), receipts=({"r": 1},))
    asked, status = converse(
        post_objects(ROOT, BOX, [{"id": "a"}]),
        ok(pending.encode(), status=202),
        ok(pending.encode()),
        ok(done.encode()),
    )
    assert status == done
    assert (asked[0].method, asked[0].body, asked[0].content_type) == (
        "POST",
        b'{"objects":[{"id":"a"}]}',
        TAXII,
    )
    assert [(ask.url, ask.wait) for ask in asked[1:]] == [(f"{ROOT}status/{BOX}/", 2)] * 2


def test_a_status_that_stays_pending_is_returned_as_it_is():
    pending = Status(BOX, complete=False, pendings=(Outcome("a", "b"),))
    asked, status = converse(
        post_objects(ROOT, BOX, [], polls=1), ok(pending.encode(), status=202), ok(pending.encode())
    )
    assert (len(asked), status) == (2, pending)


def test_checkpoint_and_tiles():
    asked, note = converse(
        fetch_checkpoint("https://b.example/log/"), ok(b"note", "text/plain; charset=utf-8")
    )
    assert (asked[0].url, note) == ("https://b.example/log/checkpoint", b"note")
    asked, tile = converse(
        fetch_log_file("https://b.example/log", "tile/0/000"), ok(b"x" * 32, "application/octet-stream")
    )
    assert (asked[0].url, tile) == ("https://b.example/log/tile/0/000", b"x" * 32)
    assert converse(fetch_log_file("https://b.example/log", "tile/0/001"), Reply(404))[1] is None


def refused_by(reply: Reply, conversation: Generator[Ask, Reply, Any]) -> ComityError:
    next(conversation)
    with pytest.raises(ComityError) as refused:
        conversation.send(reply)
    return refused.value


@pytest.mark.parametrize(
    ("status", "words"), [(500, "something broke at its side"), (503, "it is not available now")]
)
def test_what_may_work_later(status, words):
    error = refused_by(Reply(status, {"retry-after": "120"}, b"<html>"), discover(ROOT))
    assert isinstance(error, PartnerUnavailable)
    assert error.retry_after == 120
    assert f"answered {status} ({words})" in error.message


@pytest.mark.parametrize("header", ["soon", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "9" * 30, "\u0661", ""])
def test_only_seconds_count_as_a_time_to_wait(header):
    error = refused_by(Reply(429, {"retry-after": header}), discover(ROOT))
    assert isinstance(error, PartnerUnavailable)
    assert error.retry_after is None


def test_nobody_waits_longer_than_a_day():
    error = refused_by(Reply(503, {"retry-after": "999999999"}), discover(ROOT))
    assert isinstance(error, PartnerUnavailable)
    assert error.retry_after == 86_400


def test_what_stays_refused_says_why():
    body = TaxiiError("The act has expired.", 422, error_code="act.expired").encode()
    error = refused_by(Reply(422, {"content-type": TAXII}, body), post_objects(ROOT, BOX, []))
    assert isinstance(error, PartnerRefused)
    assert (error.status, error.partner_code, error.code) == (422, "act.expired", "wire.partner-refused")
    assert error.message.endswith("The act has expired.")


@pytest.mark.parametrize("status", [200, 201, 301, 403, 418])
def test_other_answers_are_refusals(status):
    error = refused_by(Reply(status, {}, b""), post_objects(ROOT, BOX, []))
    assert isinstance(error, PartnerRefused)
    assert error.partner_code is None


def test_a_log_that_refuses():
    assert isinstance(refused_by(Reply(403), fetch_log_file("https://b.example/log", "x")), PartnerRefused)


@pytest.mark.parametrize("content_type", ["text/html", "", "application/json"])
def test_another_media_type_is_malformed(content_type):
    assert isinstance(refused_by(ok(b"{}", content_type), discover(ROOT)), Malformed)


def test_a_reply_beyond_the_bound():
    reply = ok(b"x" * (MAX_CHECKPOINT + 1), "text/plain")
    assert isinstance(refused_by(reply, fetch_checkpoint("https://b.example/log")), TooLarge)


@given(st.binary(max_size=50))
def test_garbage_is_malformed(body):
    for conversation in (discover(ROOT), read_api_root(ROOT), fetch_descriptor("https://b.example")):
        ask = next(conversation)
        with pytest.raises(Malformed):
            conversation.send(ok(body, ask.accept))
