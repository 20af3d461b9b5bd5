"""The pages of collections, accounts and webhooks, and the operations of accounts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comity.base.tlp import Tlp
from comity.formats.exports.all import FORMS
from comity.node.exchange.models import Collection, HookForm, HookState, TaxiiAccount, Webhook
from comity.node.exchange.search_form import DEVICE_FORMS
from comity.node.exchange.services import webhooks
from comity.node.exchange.services.webhooks import Subscription
from comity.node.exchange.taxii.chosen import read_query
from tests.node.exchange.holding import indicator, made, own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import MARKER, body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
WHERE = "/exchange/collections/"


@pytest.fixture
def holding(agreed: Sides) -> Sides:
    """Four objects: one given, one that a second person would approve, one closed, one of another type."""
    own_work(
        agreed.world,
        indicator("green", Tlp.GREEN, labels=["phishing"]),
        indicator("amber"),
        indicator("red", Tlp.RED),
        made("tool", "tool", Tlp.GREEN, sectors=["energy"]),
    )
    return agreed


@pytest.fixture
def approver(holding: Sides) -> Client:
    return client_of(holding.world.approver)


def typed(**changes: Any) -> dict[str, Any]:
    return {"title": "Defence", "purpose": "network-defence", "types": ["indicator"], **changes}


def test_the_form_shows_what_the_query_would_hold(approver):
    page = body(approver.get(f"{WHERE}new"))
    assert "<strong>4</strong> objects" in page
    page = body(approver.post(f"{WHERE}new", typed(step="look")))
    assert "<strong>3</strong> objects" in page
    assert not Collection.objects.exists()
    part = approver.post(
        f"{WHERE}new", typed(step="look", labels="Phishing, x"), headers={"HX-Request": "true"}
    )
    text = body(part)
    assert "<html" not in text
    assert "<strong>1</strong> object" in text
    assert MARKER not in text


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 3),
        ({"types": []}, 4),
        ({"up_to": "green"}, 1),
        ({"types": [], "sectors": "Energy"}, 1),
        ({"sources": ["own"]}, 3),
        ({"labels": "nothing"}, 0),
    ],
)
def test_what_is_counted_is_what_is_given_and_kept(holding, approver, changes, count):
    reply = approver.post(f"{WHERE}new", typed(step="send", **changes))
    assert reply.status_code == 302, body(reply)
    row = Collection.objects.get()
    assert f"{count} object{'s' * (count != 1)}" in body(approver.get(reply["Location"])) or not count
    reader = reader_of(holding, row)
    given = [each["name"] for page in reader.pages() for each in page]
    assert len(given) <= count


def test_each_partner_and_why_not_the_rest(holding, approver):
    row = opened(holding.world, query=read_query({"types": ["indicator"]}))
    page = body(approver.get(f"{WHERE}{row.ref}/"))
    assert 'data-label="Given">2<' in page
    assert 'data-label="Not">1<' in page
    where = f"{WHERE}{row.ref}/for/{holding.party.ref}/"
    page = body(approver.get(where))
    assert "<strong>2</strong><span>given, where needed after a removal" in page
    assert "tool" not in page.partition("Object by object")[2]
    closed = body(approver.get(f"{where}?show=closed"))
    assert "red" in closed
    assert "green" not in closed.partition("Not given")[2].replace("TLP:GREEN", "")
    assert "1 object" in closed
    assert len(reader_of(holding, row).ids()) == 2
    assert (
        approver.get(f"{WHERE}{row.ref}/for/identity--00000000-0000-4000-8000-000000000000/").status_code
        == 404
    )


def test_what_needs_a_second_person_is_told_apart(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    own_work(sides.world, indicator("green", Tlp.GREEN), indicator("amber"))
    row = opened(sides.world)
    page = body(client_of(sides.world.approver).get(f"{WHERE}{row.ref}/for/{sides.party.ref}/?show=by-acts"))
    assert "<strong>1</strong><span>by shares alone" in page
    assert "once a second person approves" in page


def test_who_read_it(holding, approver):
    row = opened(holding.world)
    assert "Nobody has read it yet" in body(approver.get(f"{WHERE}{row.ref}/"))
    reader_of(holding, row).ids()
    page = body(approver.get(f"{WHERE}{row.ref}/"))
    assert 'data-label="Party">CERT Freedonia<' in page
    assert "CERT Freedonia" in body(approver.get(WHERE))


def test_changing_warns_and_closing_asks(holding, approver):
    row = opened(holding.world, alias="all")
    where = f"{WHERE}{row.ref}/"
    assert "given anew" in body(approver.get(f"{where}change"))
    words = {**typed(types=[], title="Other words", alias="all"), "step": "send"}
    assert approver.post(f"{where}change", words).status_code == 302
    wider = approver.post(f"{where}change", {**words, "types": ["tool"]})
    assert wider.status_code == 422
    assert "tick this" in body(wider)
    assert (
        approver.post(f"{where}change", {**words, "types": ["tool"], "understood": "on"}).status_code == 302
    )
    row.refresh_from_db()
    assert (row.title, row.query) == ("Other words", {"types": ["tool"]})
    assert "Close this collection" in body(approver.get(f"{where}close"))
    assert approver.post(f"{where}close").status_code == 302
    assert approver.get(where).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"alias": "Not One"}, {"labels": "x" * 101}, {"purpose": "fun"}, {"types": ["x"]}],
)
def test_what_is_no_collection(approver, changes):
    assert approver.post(f"{WHERE}new", typed(step="send", **changes)).status_code == 422
    assert approver.post(f"{WHERE}new", typed(step="look", **changes)).status_code == 200
    assert not Collection.objects.exists()


def test_others_look_and_change_nothing(holding):
    row = opened(holding.world)
    analyst, observer = client_of(holding.world.analyst), client_of(holding.world.observer)
    page = body(analyst.get(WHERE))
    assert "Open a collection" not in page
    for path in (f"{WHERE}new", f"{WHERE}{row.ref}/change", f"{WHERE}{row.ref}/close"):
        assert analyst.get(path).status_code == 403
        assert analyst.post(path).status_code == 403
    assert f'href="{WHERE}{row.ref}' not in body(observer.get(WHERE))
    assert observer.get(f"{WHERE}{row.ref}/").status_code == 403
    assert Collection.objects.filter(closed_at=None).count() == 1


def test_accounts_by_pages(holding):
    admin, analyst = client_of(holding.world.administrator), client_of(holding.world.analyst)
    assert "No account yet" in body(analyst.get("/exchange/accounts/"))
    assert analyst.get("/exchange/accounts/new").status_code == 403
    reply = admin.post("/exchange/accounts/new", {"party": holding.party.ref, "name": "acme"})
    row = TaxiiAccount.objects.get()
    assert 'value="' in body(reply)
    assert reply["Cache-Control"].startswith("max-age=0")
    assert "acme" in body(analyst.get("/exchange/accounts/"))
    assert "/end" not in body(analyst.get("/exchange/accounts/"))
    assert (
        admin.post("/exchange/accounts/new", {"party": holding.party.ref, "name": "a:b"}).status_code == 400
    )
    assert "End this token" in body(admin.get(f"/exchange/accounts/{row.pk}/end"))
    assert admin.post(f"/exchange/accounts/{row.pk}/end").status_code == 302
    assert admin.post(f"/exchange/accounts/{row.pk}/end").status_code == 404


def test_accounts_by_the_api(holding):
    admin, analyst = client_of(holding.world.administrator), client_of(holding.world.analyst)
    given = {"party": holding.party.ref, "name": "acme"}

    def post(client: Client, path: str, value: object) -> Any:
        return client.post(f"/api/v1/{path}", value, content_type="application/json")

    assert post(analyst, "accounts", given).status_code == 403
    reply = post(admin, "accounts", given)
    assert reply.status_code == 201, reply.content
    told = reply.json()
    assert len(told["token"]) == 43
    listed = analyst.get("/api/v1/accounts").json()["items"]
    assert [each["name"] for each in listed] == ["acme"]
    assert "token" not in listed[0]
    assert post(admin, f"accounts/{told['key']}/end", {}).status_code == 204
    assert post(admin, f"accounts/{told['key']}/end", {}).status_code == 404
    assert post(admin, "accounts", {**given, "party": "identity--x"}).status_code == 404


HOOKS = "/exchange/webhooks/"
ADDRESS = "https://soc.example/comity"


def hook_of(sides: Sides) -> Webhook:
    wish = Subscription(opened(sides.world), sides.party, ADDRESS, HookForm.NOTICE)
    return webhooks.subscribe(actor=sides.world.approver, wish=wish, now=NOW)


def test_webhooks_by_pages(holding, approver):
    row = opened(holding.world)
    assert "No webhook yet" in body(approver.get(HOOKS))
    wish = {"collection": str(row.ref), "party": holding.party.ref, "address": ADDRESS, "form": "content"}
    assert approver.post(f"{HOOKS}new", {**wish, "address": "ftp://x/"}).status_code == 422
    reply = approver.post(f"{HOOKS}new", wish)
    assert reply.status_code == 302, body(reply)
    hook = Webhook.objects.get()
    where = f"{HOOKS}{hook.pk}/"
    assert "Waits to be asked" in body(approver.get(where))
    assert ADDRESS in body(approver.get(HOOKS))
    assert ADDRESS in body(approver.get(f"{WHERE}{row.ref}/"))
    assert approver.post(f"{where}pause").status_code == 302
    assert "Resume" in body(approver.get(where))
    assert approver.post(f"{where}resume").status_code == 302
    Webhook.objects.update(state=HookState.ACTIVE)
    assert approver.post(f"{where}replay", {"since": ""}).status_code == 422
    assert approver.post(f"{where}replay", {"since": "2026-11-01T00:00"}).status_code == 302
    assert "Told again from 2026-11-01" in body(approver.get(where))
    assert "End this webhook" in body(approver.get(f"{where}end"))
    assert approver.post(f"{where}end").status_code == 302
    assert approver.get(where).status_code == 404


def test_only_approvers_and_administrators_enter_addresses(holding):
    hook = hook_of(holding)
    analyst, admin = client_of(holding.world.analyst), client_of(holding.world.administrator)
    assert ADDRESS in body(analyst.get(HOOKS))
    assert "Pause" not in body(analyst.get(f"{HOOKS}{hook.pk}/"))
    for path in (f"{HOOKS}new", f"{HOOKS}{hook.pk}/end"):
        assert analyst.get(path).status_code == 403
        assert admin.get(path).status_code == 200
    for step in ("pause", "replay", "end"):
        reply = analyst.post(f"{HOOKS}{hook.pk}/{step}", {"since": "2026-11-01T00:00"})
        assert reply.status_code == 403


def test_one_that_failed_for_a_week_is_on_the_first_page(holding, approver):
    hook_of(holding)
    assert "paused, since calls failed" not in body(approver.get("/"))
    Webhook.objects.update(state=HookState.PAUSED, next_try=None, failing_since=NOW)
    assert "1 webhook is paused, since calls failed" in body(approver.get("/"))
    assert "paused, since calls failed" not in body(client_of(holding.world.analyst).get("/"))


def test_the_list_asks_as_often_for_many_as_for_few(holding, approver):
    chosen: tuple[dict[str, object], ...] = (
        {},
        {"types": ["tool"]},
        {"labels": ["phishing"]},
        {"up_to": "green", "sectors": ["energy"]},
    )
    rows = [opened(holding.world, query=read_query(each)) for each in chosen]
    reader_of(holding, rows[1]).ids()
    page = body(approver.get(WHERE))
    counts = {n for n in range(5) if f'data-label="Objects">{n}<' in page}
    assert counts == {1, 4}
    assert page.count("CERT Freedonia") == 1
    with CaptureQueriesContext(connection) as few:
        approver.get(WHERE)
    for number in range(6):
        opened(holding.world, query=read_query(chosen[number % 4]))
    with CaptureQueriesContext(connection) as many:
        approver.get(WHERE)
    assert len(many) == len(few)


def test_a_collection_says_where_programs_read_it(approver, holding):
    row = opened(holding.world, alias="all")
    reader = reader_of(holding, row)
    page = approver.get(f"{WHERE}{row.ref}/").content.decode()
    addresses = re.findall(r"<code[^>]*>http://127\.0\.0\.1:8000(/[^<]*)</code>", page)
    assert len(addresses) == 2 + len(FORMS)
    assert [each.rpartition("/")[2] for each in addresses if each.startswith("/lists/")] == list(DEVICE_FORMS)
    for each in addresses:
        answer = reader.ask(f"{each}manifest.json" if each.startswith("/misp/") else each)
        assert answer.status_code == 200, each
        assert not answer.streaming or b"".join(answer.streaming_content)
