"""A new version of our own work reaches whoever was given an older one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.base.errors import Conflict, Malformed
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.node.acts.models import Act, ActState
from comity.node.acts.services import approving
from comity.node.exchange.models import StixObject
from comity.node.exchange.queries import decoded
from comity.node.exchange.services.renewing import Change, bring_newest, renew
from comity.node.exchange.services.tightening import follow
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import indicator, made, own_work, row, shared
from tests.node.exchange.test_recalls import given, receipt
from tests.node.exchange.test_scores import BAD, told_by_far
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
UNTIL = NOW + timedelta(days=30)


def renewed(sides, value=BAD, now=LATER, **change):
    return renew(actor=sides.world.analyst, ref=value["id"], change=Change(**change), now=now)


def shares():
    return Act.objects.filter(kind="share", ours=True).order_by("pk")


def test_another_confidence_reaches_whoever_has_it(agreed):
    own_work(agreed.world, BAD | {"confidence": 20, "x_note": "kept"}, indicator("other"))
    given(agreed, BAD)
    done = renewed(agreed, confidence=90)
    value = decoded(row(BAD)).value
    assert (value["confidence"], value["x_note"], value["created"]) == (90, "kept", BAD["created"])
    [offered] = done.offered
    assert offered.acts[BAD["id"]] == shares().last()
    assert shares().last().answerable_id == agreed.world.analyst.person
    assert shares().count() == 2
    with pytest.raises(Conflict):  # it is on its way
        bring_newest(actor=agreed.world.analyst, ref=BAD["id"], now=LATER)


def test_a_stricter_version_is_left_to_the_worker(agreed):
    own_work(agreed.world, BAD)
    given(agreed, BAD)
    done = renewed(agreed, valid_until=UNTIL)
    assert (done.stricter, done.offered, shares().count()) == (True, (), 1)
    follow(LATER)
    assert shares().count() == 2
    assert renewed(agreed, now=LATER + timedelta(hours=1), valid_until=UNTIL + timedelta(days=9)).offered
    assert renewed(agreed, now=LATER + timedelta(hours=2), revoked=True).stricter
    with pytest.raises(Refused):
        renewed(agreed, now=LATER + timedelta(hours=3), confidence=4)


def test_a_second_person_approves_where_the_agreement_asks(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    own_work(sides.world, BAD | {"confidence": 20})
    first = shared(sides, BAD)
    approving.approve(actor=sides.world.approver, ref=first.ref, now=NOW)
    receipt(sides, first)
    [offered] = renewed(sides, confidence=80).offered
    assert offered.acts[BAD["id"]].state == ActState.AWAITING


def test_what_may_not_go_any_more_stays_and_says_why(agreed):
    own_work(agreed.world, BAD | {"confidence": 20})
    given(agreed, BAD)
    Agreement.objects.all().delete()
    [offered] = renewed(agreed, confidence=80).offered
    assert not offered.acts
    assert not offered.stays[BAD["id"]].allowed


@pytest.mark.parametrize("change", [{}, {"confidence": 101}, {"confidence": -1}])
def test_a_change_says_something(change):
    with pytest.raises(Malformed):
        Change(**change)


def test_what_cannot_be_changed(agreed):
    world = agreed.world
    address = {
        "type": "domain-name",
        "spec_version": "2.1",
        "id": "domain-name--3c10e93f-798e-5a26-a0c1-08156efab7f5",
        "value": "example.com",
    }
    malware = made("malware", "m", is_family=False)
    own_work(world, BAD, address, malware)
    told_by_far(agreed, theirs := indicator("theirs"))
    before = StixObject.objects.count()
    with pytest.raises(Refused) as refused:
        renewed(agreed, theirs, confidence=3)
    assert [ground.rule for ground in refused.value.verdict.grounds] == ["renew.own"]
    for value, change in (
        (address, {"confidence": 3}),
        (malware, {"valid_until": UNTIL}),
        (BAD, {"valid_until": NOW - timedelta(days=300)}),
    ):
        with pytest.raises(Malformed):
            renewed(agreed, value, **change)
    with pytest.raises(Conflict):
        renewed(agreed, now=NOW - timedelta(days=30), confidence=3)
    with pytest.raises(Refused):
        renew(actor=world.approver, ref=BAD["id"], change=Change(confidence=3), now=LATER)
    with pytest.raises(Refused):
        bring_newest(actor=world.approver, ref=BAD["id"], now=LATER)
    assert StixObject.objects.count() == before


def test_the_newest_is_brought_to_all_by_one_button(agreed):
    analyst = client_of(agreed.world.analyst)
    own_work(agreed.world, BAD)
    given(agreed, BAD)
    page = f"/exchange/objects/{BAD['id']}/"
    assert "Send the newest version" not in body(analyst.get(page))
    own_work(agreed.world, BAD | {"confidence": 7, "modified": "2026-11-21T00:00:00.000Z"})
    assert "Send the newest version" in body(analyst.get(page))
    said = body(analyst.post(f"{page}bring", follow=True))
    assert f"{agreed.party.name}: an act brings it there." in said
    assert analyst.post(f"{page}bring").status_code == 409


def test_a_change_by_page(agreed):
    analyst = client_of(agreed.world.analyst)
    own_work(agreed.world, BAD, made("malware", "m", is_family=False))
    given(agreed, BAD)
    page = f"/exchange/objects/{BAD['id']}/"
    assert "Change confidence or validity" in body(analyst.get(page))
    assert "Valid until" in body(analyst.get(f"{page}renew"))
    malware = made("malware", "m")["id"]
    assert "Valid until" not in body(analyst.get(f"/exchange/objects/{malware}/renew"))
    assert "name a confidence" in body(analyst.post(f"{page}renew", {"confidence": ""}))
    wrong = analyst.post(f"{page}renew", {"valid_until": "2020-01-01T00:00"})
    assert wrong.status_code == 422
    assert "must be after valid_from" in body(wrong)
    said = body(analyst.post(f"{page}renew", {"confidence": "60"}, follow=True))
    assert "The new version is kept." in said
    assert f"{agreed.party.name}: an act brings it there." in said
    said = body(analyst.post(f"{page}renew", {"revoked": "on"}, follow=True))
    assert "It is stricter" in said
    assert "Change confidence or validity" not in body(analyst.get(page))
