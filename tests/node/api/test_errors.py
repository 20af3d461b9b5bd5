"""One shape of errors, whatever went wrong and whoever noticed it; and nothing is stored."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings

from comity.node.accountability import queries as log
from comity.node.acts.models import Act
from comity.node.exchange.models import Import
from tests.node.exchange.holding import bundle, indicator

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.fixture
def unchanged(note):
    """Checks at the end that nothing was written."""
    before = (log.size(), Act.objects.count(), Import.objects.count())
    yield
    assert (log.size(), Act.objects.count(), Import.objects.count()) == before


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("address", ["/acts", "/acts/judge", "/imports?note=a+feed"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b"5", 400, "malformed"),
        (b"null", 400, "malformed"),
        (b'{"kind": "a", "kind": "b"}', 400, "malformed"),
        (b'{"kind": "\xff"}', 400, "malformed"),
        (b'{"kind": NaN}', 400, "malformed"),
        (b'{"kind": 9007199254740993}', 400, "malformed"),
        (b'{"kind": "\\ud800"}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b"[" * 200 + b"]" * 200, 413, "too-large"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 413, "too-large"),
        (b'"' + b"x" * (settings.CONFIG.max_content_length + 1) + b'"', 413, "too-large"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(analyst, address, body, status, code):
    answer = analyst.post(address, body)
    assert (answer.status_code, answer.headers["Content-Type"]) in ((status, PROBLEM), (413, PROBLEM))
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["code"] in (code, "too-large")
    assert told["type"] == f"urn:comity:error:{told['code']}"
    assert told["title"]
    assert told["detail"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "change", [{"purpose": "a\0b"}, {"body": {"title": "a\0b"}}, {"body": {"title": "t", "a\0": [{"b": 1}]}}]
)
def test_the_character_nul_is_refused_wherever_it_stands(analyst, note, change):
    answer = analyst.post("/acts", note | change)
    assert (answer.status_code, "NUL" in answer.json()["detail"]) == (400, True)


def test_an_object_with_nul_in_it_stays_out_alone(analyst):
    bad, good = indicator("one", description="a\0b"), indicator("two")
    answer = analyst.post("/imports?note=a+feed", bundle(bad, good))
    assert answer.status_code == 201
    report = answer.json()
    assert report["new"] == 1
    ((ref, why),) = report["refused"]
    assert (ref, "NUL" in why) == (bad["id"], True)


@pytest.mark.usefixtures("unchanged")
def test_nul_in_the_note_of_an_import_is_refused(analyst):
    assert analyst.post("/imports?note=a%00feed", bundle()).json()["where"] == "query"


def test_a_backslash_before_u0000_is_not_the_character(analyst, note):
    answer = analyst.post("/acts", note | {"body": {"title": "a\\u0000b"}})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "-1"}, "cursor"),
        ({"cursor": "9" * 30}, "cursor"),
        ({"state": "gone"}, "state"),
        ({"direction": "up"}, "direction"),
        ({"words": "w" * 201}, "words"),
        ({"words": "a\0"}, "query"),
        ({"kind": ["a", "b"]}, "kind"),
        ({"stat": "recorded"}, "stat"),
    ],
)
def test_a_query_that_cannot_be_read_names_its_field(analyst, query, where):
    answer = analyst.get("/acts", **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
    assert (answer.json()["code"], answer.json()["where"]) == ("malformed", where)


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/api/v2/acts", 404, "not-found"),
        ("DELETE", "/api/v1/acts", 405, "method-not-allowed"),
        ("GET", "/api/v1/acts/judge", 405, "method-not-allowed"),
        ("GET", "/api/v1/acts/a%00b", 404, "not-found"),
        ("GET", "/api/v1/acts/%FF", 404, "not-found"),
        ("GET", "/api/v1/log/entries/99999999999999999999999", 404, "not-found"),
        ("GET", "/api/v1/partners/99999999999999999999999", 404, "not-found"),
        ("GET", "/api/v1/imports/99999999999999999999999", 404, "not-found"),
        ("GET", "/api/v1/acts/a/receipts/99999999999999999999999", 404, "not-found"),
    ],
)
def test_every_other_problem_has_the_same_shape(analyst, method, address, status, code):
    answer = analyst.call(method, address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert set(answer.json()) == {"type", "title", "status", "detail", "code"}
    assert answer.json()["code"] == code
    assert not {"page", "button", "buttons"} & set(re.findall(r"\w+", json.dumps(answer.json())))
    assert ("Allow" in answer.headers) == (status == 405)


def test_head_is_get_without_the_body(analyst):
    got, head = (analyst.call(method, "/api/v1/acts?limit=1") for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert got.content
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert analyst.call("HEAD", "/api/v1/acts/judge").status_code == 405
    assert analyst.call("HEAD", "/api/v1/acts/nothing").status_code == 404
    assert analyst.call("HEAD", "/api/v1/acts?stat=x").status_code == 400
