"""Erasing an object by law: all its versions go, it does not come in again, and that can be lifted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comity.base.errors import Malformed, NotFound
from comity.base.verdict import Refused
from comity.formats.entries import Event
from comity.node.accountability.models import LogEntry
from comity.node.acts.models import Act, Content, Delivery
from comity.node.acts.services import delivering
from comity.node.exchange.models import ErasedObject, Link, StixObject, Victim
from comity.node.exchange.services import erasing
from comity.node.exchange.services.marking import mark_victim
from tests.node.exchange.holding import (
    LATER,
    from_far,
    indicator,
    joined,
    made,
    own_work,
    ref_of,
    row,
    shared,
)
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
WHY = "Decision 7 of the supervisory authority"
SECRET = "a name that has to go"


def erase(world, value, why=WHY, actor=None):
    actor = actor or world.approver
    return erasing.erase_object(actor=actor, ref=str(value["id"]), why=why, now=LATER)


def kept() -> str:
    """All that the tables of the exchange hold of objects, as text."""
    rows = [*StixObject.objects.values(), *Link.objects.values()]
    return repr(
        [[bytes(each) if isinstance(each, memoryview) else each for each in r.values()] for r in rows]
    )


def told(event: Event) -> Any:
    last = LogEntry.objects.filter(event=event.value).latest("index")
    return json.loads(bytes(last.entry or b""))


def test_all_versions_go_with_their_links_and_the_titles_of_what_joins_them(world):
    old = made("malware", SECRET)
    new = old | {"modified": "2026-11-21T06:30:00.000Z", "description": SECRET}
    target = indicator("i")
    own_work(world, old, target, joined("r", target, old))
    own_work(world, new)
    assert row(joined("r", target, old)).title == f"i indicates {SECRET}"
    erased = erase(world, old)
    assert SECRET not in kept()
    assert row(joined("r", target, old)).title == "i indicates malware"
    assert (erased.ref, erased.why, erased.by_name, erased.at) == (old["id"], WHY, "Bilal", LATER)
    entry = told(Event.CONTENT_ERASED)
    assert (entry["subject"], entry["what"], entry["why"]) == (old["id"], "object", WHY)
    assert entry["from"] == world.body.ref


def test_it_does_not_come_in_again_by_a_file(world):
    value = made("malware", SECRET)
    own_work(world, value)
    erase(world, value)
    report = own_work(world, value, indicator("i")).report
    assert report["new"] == 1
    assert report["refused"] == [
        [value["id"], "It was erased here by law on 2026-11-22; who may approve can lift that."]
    ]
    assert SECRET not in kept()


def test_it_does_not_come_in_again_by_an_act(sides):
    agreement = sides.conclude()
    value = indicator("given")
    assert from_far(sides, value, basis=(agreement.ref,))[0].allowed
    erase(sides.world, value)
    newer = value | {"modified": "2026-11-21T06:30:00.000Z"}
    verdict, _ = from_far(sides, indicator("i"), newer, basis=(agreement.ref,))
    assert verdict.grounds[0].rule == "share.erased"
    assert value["id"] in verdict.grounds[0].text
    assert Act.objects.filter(kind="share").count() == 1
    assert not Content.objects.filter(modified="2026-11-21T06:30:00.000Z").exists()


def test_lifted_it_may_come_in_again(world):
    value = made("malware", "m")
    own_work(world, value)
    erase(world, value)
    with pytest.raises(Refused):
        erasing.lift(actor=world.analyst, ref=value["id"], why=WHY, now=LATER)
    with pytest.raises(Malformed):
        erasing.lift(actor=world.approver, ref=value["id"], why="", now=LATER)
    erasing.lift(actor=world.approver, ref=value["id"], why="The court said so", now=LATER)
    entry = told(Event.ERASURE_LIFTED)
    assert (entry["subject"], entry["why"]) == (value["id"], "The court said so")
    assert not StixObject.objects.exists()
    assert own_work(world, value).report["new"] == 1
    with pytest.raises(NotFound):
        erasing.lift(actor=world.approver, ref=value["id"], why=WHY, now=LATER)


def test_nothing_goes_without_the_power_a_reason_or_the_object(world):
    value = made("malware", "m")
    own_work(world, value)
    size = LogEntry.objects.count()
    with pytest.raises(Refused):
        erase(world, value, actor=world.analyst)
    for why in ("", "x" * 501):
        with pytest.raises(Malformed):
            erase(world, value, why=why)
    with pytest.raises(NotFound):
        erase(world, made("malware", "other"))
    assert row(value).title == "m"
    assert LogEntry.objects.count() == size
    assert not ErasedObject.objects.exists()


def test_what_waits_with_it_is_withheld_and_the_act_is_named(agreed):
    world, value = agreed.world, indicator("mine")
    own_work(world, value)
    act = shared(agreed, value)
    erase(world, value)
    assert delivering.judged_again(list(Delivery.objects.filter(act=act)), now=LATER) == []
    assert Delivery.objects.get(act=act).code == "share.gone"
    page = body(client_of(world.approver).get(f"/exchange/objects/{value['id']}/"))
    assert act.ref in page


def test_a_victim_stays_protected(world):
    identity = made("identity", "Ministry of Water", identity_class="organization")
    own_work(world, identity)
    mark_victim(actor=world.analyst, ref=identity["id"], now=NOW)
    assert "stays in the list" in body(
        client_of(world.approver).get(f"/exchange/objects/{identity['id']}/erase")
    )
    erase(world, identity)
    assert Victim.objects.get().name == "Ministry of Water"


def test_pages(agreed):
    world, value = agreed.world, made("malware", SECRET)
    own_work(world, value)
    client, analyst = client_of(world.approver), client_of(world.analyst)
    address = f"/exchange/objects/{value['id']}"
    assert "Nothing is erased" in body(client.get("/exchange/erased"))
    assert "Erase by law" in body(client.get(f"{address}/"))
    assert "Erase by law" not in body(analyst.get(f"{address}/"))
    assert analyst.get(f"{address}/erase").status_code == 403
    assert SECRET in body(client.get(f"{address}/erase"))
    assert client.post(f"{address}/erase", {"why": WHY}).status_code == 422
    assert row(value).title == SECRET
    assert client.post(f"{address}/erase", {"why": WHY, "sure": "on"}).status_code == 302
    for page in (f"{address}/", "/exchange/erased"):
        shown = body(analyst.get(page))
        assert WHY in shown
        assert SECRET not in shown
    assert "Lift the erasure" not in body(analyst.get(f"{address}/"))
    assert "Lift the erasure" in body(client.get(f"{address}/"))
    assert client.get(f"/exchange/objects/{ref_of('malware', 'unknown')}/").status_code == 404
    assert client.post(f"{address}/lift", {}).status_code == 422
    assert client.post(f"{address}/lift", {"why": WHY}).status_code == 302
    assert client.post(f"{address}/lift", {}).status_code == 404
    assert client.get(f"{address}/").status_code == 404
