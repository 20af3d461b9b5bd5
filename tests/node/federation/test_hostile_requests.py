"""Requests made to do harm, by strangers, by partners and by people: each gets an answer, none a failure."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import Client

from comity.base.errors import Malformed
from comity.formats.conversation import Ask, PartnerUnavailable
from comity.formats.taxii import MEDIA_TYPE
from comity.node.acts.services import composing
from comity.node.federation.services import partners
from comity.node.federation.transport import Http
from comity.node.parties.accounts import ONE_TIME_KEY
from comity.node.parties.models import Party, Person
from comity.node.site.context import Frame
from tests.node.federation.test_doors import inbox, knock, outbox
from tests.node.world import NOW

__all__ = ["inbox", "outbox"]  # fixtures


QUERIES = (
    "limit=%C2%B2", "limit=0", "limit=-1", "limit=%00", f"limit={'9' * 5000}",
    "next=--1", "next=-", "next=%C2%B2", "next=%00", f"next={'9' * 30}", f"next={'9' * 5000}",
    "added_after=x", "added_after=9999-12-31T23:59:59.9Z", "added_after=0001-01-01T00:00:00Z",
)  # fmt: skip  # one parameter to a line


@pytest.mark.parametrize("query", QUERIES)
def test_the_outbox_answers_every_query(outbox, far, query):
    assert knock(far, "GET", f"{outbox}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("place", ["status/%00/", "collections/%00/objects/", "status/" + "x" * 900 + "/"])
def test_every_place_has_an_answer(inbox, far, place):
    assert knock(far, "GET", f"/taxii2/comity/{place}").status_code in (400, 404)


@pytest.mark.parametrize("length", ["x", "-1", "9" * 5000, "1 0", "²"])
def test_a_length_that_is_no_number(inbox, length):
    response = Client().post(inbox, b"{}", content_type=MEDIA_TYPE, CONTENT_LENGTH=length)
    assert response.status_code in (400, 401, 413)


@pytest.mark.parametrize(
    "headers",
    [
        {"Signature-Input": "x", "Signature": "y"},
        {"Signature-Input": "comity=();created=1;keyid=5", "Signature": "comity=:AA==:"},
        {"Signature-Input": 'comity=("@method");created=99999999999999;keyid="\\"', "Signature": "comity=1"},
        {"Signature-Input": 'comity=("@query-param";name="a");tag="comity"', "Signature": "comity=:AA==:"},
        {"Signature": "comity=:AA==:" * 1000, "Signature-Input": "(" * 5000, "Content-Digest": "sha-256=:x:"},
    ],
)
def test_a_stranger_who_signs_anything_is_a_stranger(inbox, headers):
    response = Client().get(inbox, headers={"Accept": MEDIA_TYPE, **headers})
    assert response.status_code == 401


@pytest.mark.parametrize(
    "address", ["https://[::1/", "https://[x]/", "https://a:99999/", "https://a:b/", "https:///"]
)
def test_an_address_that_is_none_is_malformed(address):
    with pytest.raises(Malformed):
        partners.check_address(address)


@pytest.mark.parametrize("url", ["http://[::1/", "http://a:99999/", "http://\u2028/", "gopher://x/"])
def test_a_url_that_cannot_be_asked_is_said_in_words(node_keys, url):
    with Http(timeout=1) as transport, pytest.raises(PartnerUnavailable):
        transport(Ask(url))


def logged_in(actor) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(Person.objects.get(pk=actor.person))
    session = client.session
    session[ONE_TIME_KEY] = True
    session.save()
    return client


@pytest.fixture
def analyst(world) -> Client:
    return logged_in(world.analyst)


@pytest.fixture
def approver(world) -> Client:
    return logged_in(world.approver)


PLACES = (
    "acts/{}/", "acts/?words={}", "acts/?kind={}", "acts/?page={}", "acts/{}/wire.json",
    "agreements/{}/", "exchange/search?q={}", "exchange/?words={}", "exchange/?source={}",
    "exchange/?brought={}", "exchange/?kind={}", "exchange/objects/{}/", "exchange/see/{}/",
    "exchange/share?object={}", "exchange/share?brought={}", "exchange/share?partner={}",
    "exchange/see/?page={}", "enter/{}",
    "accountability/log?subject={}", "accountability/log?event={}", "accountability/log?before={}",
    "accountability/log/{}", "bodies?search={}", "bodies?kind={}", "people/{}", "people?page={}",
    "partners/{}/", "log/tile/0/{}", "log/tile/{}", "decided?act={}", "decided?{}", "preferences?back={}",
)  # fmt: skip  # as they stand in the address bar
TEXTS = ("%00", "%FF", "%ED%A0%80", "x" * 3000, "-1", "9" * 30, "9" * 5000, "%C2%B2", "%E2%80%AE", "%0A")


@pytest.mark.parametrize("place", PLACES)
def test_no_page_fails_for_what_stands_in_its_address(analyst, place):
    for text in TEXTS:
        assert analyst.get(f"/{place.format(text)}").status_code < 500, text


def test_no_form_fails_for_what_is_typed_into_it(analyst, approver, world, inbox):
    party = Party.objects.exclude(ours=True).get()
    act = composing.compose(actor=world.analyst, draft=world.draft(party, word="two"), now=NOW)
    for text in ("\0", "\u202e" * 900, "x" * 100_000):
        answered = [
            approver.post(f"/acts/{act.ref}/decline", {"note": text}),
            approver.post(f"/acts/{act.ref}/approve", {"note": text}),
            analyst.post("/exchange/share", {"step": "judge", "object": text, "find": text, "title": text}),
            analyst.post("/exchange/share", {"step": "find", "find": text, "brought": text}),
            analyst.post("/me/body", {"body": text}),
        ]
        assert [each.status_code for each in answered if each.status_code >= 500] == []


@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["Asia/Karachi", "America/New_York"])
def test_the_ends_of_time_are_shown(moment, zone):
    frame = object.__new__(Frame)
    object.__setattr__(frame, "preferences", SimpleNamespace(zone=ZoneInfo(zone)))
    assert "UTC" in Template("{% time at %}").render(Context({"at": moment, "frame": frame}))
