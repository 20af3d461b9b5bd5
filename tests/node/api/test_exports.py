"""Devices fetch files, and are told in a word when nothing has changed."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from comity.base.tlp import Tlp
from comity.formats.exports.all import FORMS
from comity.node.accountability.models import LogEntry
from comity.node.exchange.polling import Told
from comity.node.exchange.search_form import DEVICE_FORMS
from comity.node.exchange.services.results import RESULT_FORMS
from comity.node.parties.roles import Role
from tests.node.exchange.holding import indicator, joined, own_work
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def fetch(caller, form="list-domain", tag="", **query):
    headers = {**caller._headers, **({"If-None-Match": tag} if tag else {})}
    return caller.client.get(f"/api/v1/exports/{form}", query, headers=headers)


@pytest.fixture
def held(world):
    own_work(world, indicator("first", confidence=90), indicator("second"))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_fetched(analyst, held, form):
    answer = fetch(analyst, form)
    content = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"]) == (200, FORMS[form].media)
    assert int(answer["Content-Length"]) == len(content)
    assert answer["Content-Disposition"] == f'attachment; filename="comity-{form}.{FORMS[form].suffix}"'


def test_a_device_that_asks_again_is_told_that_nothing_changed(analyst, held, world):
    first = fetch(analyst)
    assert b"first.example\nsecond.example\n" in b"".join(first.streaming_content)
    again = fetch(analyst, tag=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert b"first" in b"".join(fetch(analyst, "rpz", tag=first["ETag"]).streaming_content)
    fewer = fetch(analyst, tag=first["ETag"], min_confidence=50)
    assert b"second" not in b"".join(fewer.streaming_content)
    own_work(world, indicator("third"), now=NOW + timedelta(seconds=1))
    assert b"third.example" in b"".join(fetch(analyst, tag=first["ETag"]).streaming_content)


def test_the_head_alone_is_told_too(analyst, held):
    answer = analyst.client.head("/api/v1/exports/rpz", headers=analyst._headers)
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"")
    assert answer["ETag"].startswith('W/"')


def test_what_is_no_form_or_no_confidence_is_refused(analyst, observer, held):
    assert fetch(analyst, "bat").status_code in (400, 404)
    assert fetch(analyst, min_confidence=101).status_code == 400
    assert fetch(observer).status_code == 403


def test_another_body_has_another_file(stranger, held):
    assert b"first" not in b"".join(fetch(stranger).streaming_content)


@pytest.mark.parametrize(
    ("tag", "still"),
    [
        (Told("a" * 64, None).text, True),
        (Told("a" * 64, NOW + timedelta(hours=1)).text, True),
        (Told("a" * 64, NOW).text, False),
        (Told("b" * 64, None).text, False),
        (f'"{"a" * 64}-"', True),
        ("*", False),
        ("", False),
        (f'W/"{"a" * 64}-{"9" * 16}"', False),
    ],
)
def test_a_tag_holds_until_time_changes_the_file(tag, still):
    assert Told.still(tag, "a" * 64, NOW) is still


def test_a_tag_with_a_part_of_a_second_ends_before_it():
    moment = datetime(2026, 11, 22, 4, 0, 0, 500_000, UTC)
    assert not Told.still(Told("a" * 64, moment).text, "a" * 64, moment - timedelta(milliseconds=100))


def test_the_page_of_objects_offers_every_form(world, held):
    assert set(DEVICE_FORMS) == set(FORMS)
    page = client_of(world.analyst).get("/exchange/").content.decode()
    assert all(f'href="/api/v1/exports/{form}"' in page for form in FORMS)
    assert "/api/v1/exports/" not in client_of(world.analyst).get("/exchange/?words=first").content.decode()


def take(caller, form, partner="", **query):
    body = json.dumps({"form": form, "partner": partner}).encode()
    address = f"/api/v1/exports?{urlencode(query)}"
    return caller.client.post(address, body, content_type="application/json", headers=caller._headers)


@pytest.mark.parametrize("form", RESULT_FORMS)
def test_a_search_is_taken_along_in_each_form(analyst, held, form):
    answer = take(analyst, form, words="first")
    assert answer.status_code == 200, answer.json()
    assert "attachment" in answer["Content-Disposition"]
    content, whole = answer.getvalue(), take(analyst, form).getvalue()
    if form.startswith("list-") and form != "list-domain":
        return  # a name is in none of these
    names = [b"first.example", b"second.example"]
    if form == "suricata":
        content, whole = map(gzip.decompress, (content, whole))
        names = [base64.b64encode(each) for each in names]
    assert [each in content for each in names] == [True, False]
    assert all(each in whole for each in names)


def test_what_is_taken_for_a_partner_is_judged_and_recorded(agreed, analyst, program):
    own_work(agreed.world, indicator("good"), indicator("red", Tlp.RED))
    for form in RESULT_FORMS:
        answer = take(analyst, form, agreed.party.ref)
        assert answer.status_code == 200, answer.json()
        assert b"red.example" not in answer.getvalue()
    recorded = LogEntry.objects.filter(event="content-exported", subject=agreed.party.ref)
    assert recorded.count() == len(RESULT_FORMS)
    again = take(analyst, "stix", agreed.party.ref)
    assert (again["Comity-Staying"], again["Comity-More"]) == ("1", "0")
    others = take(program(Role.INVESTIGATOR), "stix", agreed.party.ref)
    assert again.getvalue().count(b"indicator--") == others.getvalue().count(b"indicator--") == 1
    assert take(program(Role.COUNSEL), "stix", agreed.party.ref).status_code == 403
    assert take(program(Role.COUNSEL), "stix").getvalue().startswith(b'{"id":"bundle--')
    assert take(analyst, "stix", agreed.world.body.ref).status_code == 404
    assert take(analyst, "stix", "identity--x").status_code == 404


def test_what_misp_has_no_place_for_is_counted(analyst, world):
    own_work(world, indicator("one"), indicator("two"), joined("j", indicator("one"), indicator("two")))
    told = take(analyst, "misp")
    assert [*json.loads(told.getvalue())] == ["response"]
    assert int(told["Comity-Unmapped"]) >= 1
