"""TAXII 2.1 resources: round trips, refusals, the media type."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.formats.strict_json import Limits
from comity.formats.taxii import (
    ApiRoot,
    Collection,
    Discovery,
    Envelope,
    Outcome,
    Status,
    TaxiiError,
    accepts,
    decode_collections,
    encode_collections,
    is_taxii,
)
from tests.vectors.formats.make import ADDRESS, INDICATOR

UUID = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
INBOX = Collection(UUID, "Inbox", can_read=False, can_write=True, alias="inbox", description="Acts for us")
STATUS = Status(
    UUID,
    complete=True,
    request_timestamp=NOW,
    successes=(Outcome("indicator--1", "2026-11-22T03:00:00.000Z"),),
    failures=(Outcome("comity-act--1", "2026-11-22T03:00:00.000Z", "act.expired: It expired."),),
    receipts=({"type": "comity-receipt"},),
)


@pytest.mark.parametrize(
    ("decode", "resource"),
    [
        (
            Discovery.decode,
            Discovery("A node", ("https://a.example/taxii2/comity/",), "https://a.example/d", "d", "c"),
        ),
        (Discovery.decode, Discovery("A node")),
        (ApiRoot.decode, ApiRoot("Comity", 1_000_000, description="For partners")),
        (Collection.decode, INBOX),
        (Collection.decode, Collection(UUID, "Outbox", can_read=True, can_write=False, media_types=("x/y",))),
        (Envelope.decode, Envelope()),
        (Envelope.decode, Envelope(({"id": 1}, 2), more=True, next="cursor")),
        (Status.decode, STATUS),
        (Status.decode, Status(UUID, complete=False, pendings=(Outcome("a", "b"),))),
        (TaxiiError.decode, TaxiiError("No", 403, "Not for you", "not-found", "1")),
    ],
)
def test_round_trip(decode, resource):
    assert decode(resource.encode()) == resource


def test_collections_round_trip():
    assert decode_collections(encode_collections([INBOX, INBOX])) == (INBOX, INBOX)
    assert encode_collections([]) == b"{}"
    assert decode_collections(b"{}") == ()


def test_a_collection_without_media_types_holds_stix():
    text = b'{"id":"%s","title":"x","can_read":true,"can_write":false}' % UUID.encode()
    assert Collection.decode(text).media_types == ("application/stix+json;version=2.1",)


@pytest.mark.parametrize(
    ("message", "code"),
    [("act.from-the-future: Later.", "act.from-the-future"), ("Later.", None), ("No: x", None), (None, None)],
)
def test_the_code_of_a_failure(message, code):
    assert Outcome("a", "b", message).code == code
    assert Outcome.refused("a", "b", "act.expired", "It expired.").code == "act.expired"


def test_a_status_counts_what_it_lists():
    assert b'"success_count":1' in STATUS.encode()
    assert b'"total_count":2' in STATUS.encode()
    counted = (
        b'{"id":"%s","status":"complete","success_count":3,"failure_count":0,"pending_count":0}'
        % UUID.encode()
    )
    assert Status.decode(counted).successes == ()


def test_an_error_without_a_status_in_it():
    assert TaxiiError.decode(b'{"title":"No"}') == TaxiiError("No", 0)
    assert TaxiiError.in_words(b"<html>") is None


def test_the_objects_of_an_envelope():
    assert Envelope((INDICATOR.value, ADDRESS.value)).stix() == (INDICATOR, ADDRESS)
    with pytest.raises(Malformed, match="/objects/1/type"):
        Envelope((INDICATOR.value, {})).stix()


@pytest.mark.parametrize(
    ("decode", "text", "where"),
    [
        (Discovery.decode, b"{}", "/title"),
        (Discovery.decode, b'{"title":"x","api_roots":[1]}', "/api_roots/0"),
        (ApiRoot.decode, b'{"title":"x","versions":["x"],"max_content_length":0}', "/max_content_length"),
        (Collection.decode, b'{"id":"../x"}', "/id"),
        (decode_collections, b'{"collections":[{}]}', "/collections/0/id"),
        (Envelope.decode, b'{"more":true}', "/next"),
        (Envelope.decode, b'{"more":"yes"}', "/more"),
        (Envelope.decode, b'{"next":"\\n"}', "/next"),
        (Envelope.decode, b"[]", "the document"),
        (Status.decode, b'{"status":"done"}', "/status"),
        (
            Status.decode,
            b'{"id":"%s","status":"complete","success_count":2,"successes":[]}' % UUID.encode(),
            "/success_count",
        ),
        (TaxiiError.decode, b'{"title":"x","http_status":"999"}', "/http_status"),
    ],
)
def test_refusals_name_the_member(decode, text, where):
    with pytest.raises(Malformed) as refused:
        decode(text)
    assert refused.value.where == where


def test_an_envelope_is_bounded():
    with pytest.raises(TooLarge):
        Envelope.decode(b'{"objects":[1,2,3]}', limits=Limits(values=3))


@pytest.mark.parametrize("decode", [Discovery.decode, ApiRoot.decode, Collection.decode, Status.decode])
@given(text=st.binary(max_size=60) | st.text('{}[]",:tile\\ 1', max_size=60).map(str.encode))
def test_every_input_gives_a_resource_or_malformed(decode, text):
    with pytest.raises(Malformed):
        decode(text)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, True),
        ("application/taxii+json;version=2.1", True),
        ("application/taxii+json; version=2.1", True),
        ('application/taxii+json; version="2.1"', True),
        ("Application/TAXII+JSON", True),
        ("text/html, application/taxii+json;version=2.1;q=0.5", True),
        ("*/*", True),
        ("application/*", True),
        ("application/taxii+json;version=2.0", False),
        ("application/taxii+json;version=2.1;q=0", False),
        ("application/taxii+json;version=2.1;q=0.000", False),
        ("application/json", False),
        ("", True),
        ("text/html", False),
    ],
)
def test_accept(accept, answer):
    assert accepts(accept) is answer


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        ("application/taxii+json;version=2.1", True),
        ("application/taxii+json", True),
        ("application/taxii+json;version=2.0", False),
        ("application/json", False),
        (None, False),
    ],
)
def test_content_type(content_type, answer):
    assert is_taxii(content_type) is answer
