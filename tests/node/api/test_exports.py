"""Devices fetch files, and are told in a word when nothing has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from comity.formats.exports.all import FORMS
from comity.node.exchange.polling import Told
from comity.node.exchange.views.searching import EXPORTS
from tests.node.exchange.holding import indicator, own_work
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
    assert set(EXPORTS) == set(FORMS)
    page = client_of(world.analyst).get("/exchange/").content.decode()
    assert all(f'href="/api/v1/exports/{form}"' in page for form in FORMS)
    assert "/api/v1/exports/" not in client_of(world.analyst).get("/exchange/?words=first").content.decode()
