"""A stricter version reaches everybody who has an older one, or asks for that one back."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from comity.base.errors import NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.terms import Onward
from comity.node.acts.models import Act, ActState, Delivery, DeliveryState
from comity.node.acts.services import approving
from comity.node.exchange import reaching
from comity.node.exchange.models import FollowedUpTo, Recall, Step, StricterFor, StricterVersion
from comity.node.exchange.reaching import Words
from comity.node.exchange.services import tightening
from comity.node.exchange.services.overseeing import ask_back
from comity.node.exchange.services.stricter import AGAIN, redo, stopped
from comity.node.federation.models import Partner, PartnerState
from comity.node.federation.services import outbound
from tests.node.exchange.holding import LATER, carried, from_far, indicator, own_work, row, shared
from tests.node.exchange.test_recalls import given, receipt, sides_of_another
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
SECOND = "2026-11-22T01:00:00.000Z"
THIRD = "2026-11-22T02:00:00.000Z"
MINE, OTHER = indicator("mine", Tlp.GREEN), indicator("other", Tlp.GREEN)


def newer(value: dict[str, Any], tlp: Tlp = Tlp.AMBER, modified: str = SECOND, **more: Any) -> dict[str, Any]:
    return indicator(value["name"], tlp, modified=modified, **more)


def follow(now=LATER) -> None:
    tightening.follow(now)


def only() -> StricterFor:
    return StricterFor.objects.select_related("version", "act", "party").get()


@pytest.fixture
def having(agreed: Sides) -> Sides:
    """A partner that receipted two objects marked TLP:GREEN."""
    own_work(agreed.world, MINE, OTHER)
    given(agreed, MINE, OTHER)
    follow()
    assert not StricterFor.objects.exists()
    return agreed


def test_a_stricter_version_that_may_go_is_sent(having):
    own_work(having.world, newer(MINE))
    follow()
    found = only()
    assert (found.step, found.settled, found.version.ways) == (Step.SENT, False, "marking")
    assert found.act is not None
    assert (found.act.state, found.act.tlp, carried(found.act)) == ("recorded", "amber", {MINE["id"]})
    assert found.act.composed_by_name == "The node of PakCERT"
    assert found.act.answerable_id == having.world.analyst.person
    receipt(having, found.act, LATER)
    follow()
    assert only().settled


def test_many_are_reached_in_several_transactions(agreed, monkeypatch):
    values = [indicator(f"i{number}", Tlp.GREEN) for number in range(7)]
    own_work(agreed.world, *values)
    given(agreed, *values)
    monkeypatch.setattr(tightening, "AT_ONCE", 3)
    own_work(agreed.world, *(newer(each) for each in values), indicator("new"))
    follow()
    acts = Act.objects.filter(composed_by=None, ours=True)
    assert sorted(len(carried(act)) for act in acts) == [1, 3, 3]
    assert StricterFor.objects.filter(step=Step.SENT).count() == 7


def test_nothing_is_done_twice(having):
    own_work(having.world, newer(MINE))
    follow()
    acts = Act.objects.count()
    follow()
    FollowedUpTo.objects.all().delete()  # as if everything had moved to the end of the order
    follow()
    assert Act.objects.count() == acts


def test_versions_that_are_not_stricter_wait_for_a_person(having):
    own_work(having.world, newer(MINE, Tlp.GREEN, description="More is known"))
    follow()
    assert not StricterFor.objects.exists()
    [offered] = offer(having)
    assert carried(offered.acts[MINE["id"]]) == {MINE["id"]}
    assert offer(having) == []


def offer(sides: Sides) -> list[reaching.Offered]:
    found = reaching.behind(sides.world.body, [MINE["id"], OTHER["id"]])
    return reaching.offer_newest(sides.world.body, found, Words("Newer"), LATER)


def test_what_fits_into_no_act_stands_alone_with_the_reason(having):
    own_work(having.world, newer(MINE), newer(OTHER))
    found = reaching.behind(having.world.body, [MINE["id"], OTHER["id"]])
    acts = Act.objects.count()
    [offered] = reaching.offer_newest(having.world.body, found, Words("x" * 300), LATER)
    assert {ref: verdict.grounds[0].rule for ref, verdict in offered.later.items()} == {
        MINE["id"]: "malformed", OTHER["id"]: "malformed",
    }  # fmt: skip  # one dictionary
    assert (offered.acts, Act.objects.count()) == ({}, acts)


def test_who_may_not_have_it_is_asked_to_delete_the_older_one(having):
    own_work(having.world, newer(MINE, Tlp.AMBER_STRICT))
    follow()
    found = only()
    assert found.step == Step.RECALLED
    assert found.act is not None
    assert (found.act.state, found.act.body["reason"]) == (ActState.AWAITING, "marked-more-strictly")
    assert found.act.body["objects"] == [{"ref": MINE["id"], "versions": [MINE["modified"]]}]
    assert list(Recall.objects.values_list("modified", flat=True)) == [MINE["modified"]]
    assert row(MINE).handling.facts.get("recalled") is None  # the newest is open to whoever may see it
    with pytest.raises(Refused):  # who made the change is not the second person
        approving.approve(actor=having.world.analyst, ref=found.act.ref, now=LATER)
    approving.approve(actor=having.world.approver, ref=found.act.ref, now=LATER)
    receipt(having, found.act, LATER)
    follow()
    assert only().settled
    assert reaching.behind(having.world.body, [MINE["id"]]) == []


def test_a_revocation_reaches_who_receipted_it(having):
    own_work(having.world, newer(MINE, Tlp.GREEN, revoked=True))
    follow()
    found = only()
    assert (found.step, found.version.ways) == (Step.SENT, "revoked")


def test_a_revocation_waits_for_the_receipt_of_the_older_version(agreed):
    own_work(agreed.world, MINE)
    act = shared(agreed, MINE)
    Delivery.objects.filter(act=act).update(state=DeliveryState.HANDED_OVER)
    own_work(agreed.world, newer(MINE, Tlp.GREEN, revoked=True))
    follow()
    assert only().step == Step.LATER
    receipt(agreed, act)
    follow()
    assert only().step == Step.LATER  # not before its time
    follow(LATER + timedelta(hours=1))
    assert only().step == Step.SENT


def test_what_still_waits_to_be_sent_is_followed_by_the_newer_one(agreed):
    own_work(agreed.world, MINE)
    shared(agreed, MINE)
    own_work(agreed.world, newer(MINE))
    follow()
    assert only().step == Step.SENT
    own_work(agreed.world, newer(MINE, Tlp.RED, THIRD))
    follow()
    last = StricterFor.objects.latest("pk")
    assert (last.step, last.settled) == (Step.NOTHING, True)
    assert not Act.objects.filter(kind="recall").exists()


def test_each_partner_is_judged_by_its_own_agreement(having):
    second = sides_of_another(having, highest=Tlp.GREEN)
    given(second, MINE)
    own_work(having.world, newer(MINE))
    follow()
    steps = {each.party.name: each.step for each in StricterFor.objects.select_related("party")}
    assert steps == {"CERT Freedonia": Step.SENT, "CERT Sylvania": Step.RECALLED}


def test_what_a_second_person_approves_holds_up_nothing_else(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    own_work(sides.world, MINE, OTHER)
    given(sides, MINE, OTHER)
    own_work(sides.world, newer(MINE), newer(OTHER, Tlp.GREEN, revoked=True))
    follow()
    acts = {each.version.ref: each.act for each in StricterFor.objects.select_related("version", "act")}
    assert {ref: act and act.state for ref, act in acts.items()} == {
        MINE["id"]: ActState.AWAITING, OTHER["id"]: ActState.RECORDED,
    }  # fmt: skip  # one dictionary


def test_a_still_newer_version_overtakes_what_waits_for_approval(having):
    own_work(having.world, newer(MINE, Tlp.AMBER_STRICT), newer(OTHER, Tlp.AMBER_STRICT))
    follow()
    [act] = Act.objects.filter(kind="recall")
    assert StricterFor.objects.filter(act=act).count() == 2
    own_work(having.world, newer(MINE, Tlp.RED, THIRD))
    follow()
    follow()
    act.refresh_from_db()
    assert act.state == ActState.WITHDRAWN
    open_ = StricterFor.objects.filter(settled=False)
    assert {(each.version.ref, each.version.modified) for each in open_} == {
        (MINE["id"], THIRD), (OTHER["id"], SECOND),
    }  # fmt: skip  # one set
    assert {each.step for each in open_} == {Step.RECALLED}


def test_who_cannot_be_reached_now_is_tried_again(having):
    Partner.objects.update(state=PartnerState.SUSPENDED)
    own_work(having.world, newer(MINE, Tlp.CLEAR, revoked=True))
    follow()
    found = only()
    assert found.step == Step.LATER
    assert found.words
    Partner.objects.update(state=PartnerState.ACCEPTED)
    follow(LATER + AGAIN)
    assert only().step == Step.SENT


def test_a_declined_act_can_be_made_again(having):
    own_work(having.world, newer(MINE, Tlp.AMBER_STRICT))
    follow()
    act = only().act
    assert act is not None
    approving.decline(actor=having.world.approver, ref=act.ref, now=LATER, note="Not this way")
    rows = stopped(StricterFor.objects.all())
    assert [each.pk for each in rows] == [only().pk]
    redo(rows, LATER)
    follow()
    again = only()
    assert again.step == Step.RECALLED
    assert again.act != act


THEIRS = indicator("theirs", Tlp.GREEN)


def test_what_a_giver_marks_more_strictly_is_offered_to_be_recalled(having):
    agreement = having.conclude(onward=Onward.WITHIN_TLP)
    from_far(having, THEIRS, basis=(agreement.ref,))[0].require()
    second = sides_of_another(having)
    given(second, THEIRS)
    from_far(having, newer(THEIRS, Tlp.RED), basis=(agreement.ref,), tlp=Tlp.RED, now=LATER)[0].require()
    follow()
    found = only()
    assert (found.party.name, found.step) == ("CERT Sylvania", Step.ASK)
    assert found.version.source == having.party
    assert not Act.objects.filter(kind="recall").exists()


def test_the_order_is_followed_from_where_it_was_left(having):
    place = FollowedUpTo.objects.get().at
    own_work(having.world, indicator("third"), now=LATER)
    follow()
    assert FollowedUpTo.objects.get().at > place
    assert StricterVersion.objects.count() == 0
    assert NOW < LATER


@pytest.fixture
def passed_on(having: Sides) -> Sides:
    """What a giver marked TLP:RED after a second partner had it from us."""
    agreement = having.conclude(onward=Onward.WITHIN_TLP)
    from_far(having, THEIRS, basis=(agreement.ref,))[0].require()
    given(sides_of_another(having), THEIRS)
    from_far(having, newer(THEIRS, Tlp.RED), basis=(agreement.ref,), now=LATER)[0].require()
    follow()
    return having


def test_a_person_recalls_what_was_passed_on(passed_on):
    actor = passed_on.world.analyst
    with pytest.raises(Refused):
        ask_back(actor=passed_on.world.observer, version=only().version, now=LATER)
    [act] = ask_back(actor=actor, version=only().version, now=LATER)
    assert (act.state, act.composed_by_id, only().step) == (ActState.AWAITING, actor.person, Step.RECALLED)
    with pytest.raises(NotFound):
        ask_back(actor=actor, version=only().version, now=LATER)


def test_the_pages(passed_on):
    analyst, observer = client_of(passed_on.world.analyst), client_of(passed_on.world.observer)
    assert "1 partner has an older, wider marking" in body(analyst.get("/"))
    assert "1 of 1 not yet" in body(analyst.get("/exchange/stricter"))
    where = f"/exchange/stricter/{only().version_id}/"
    page = body(analyst.get(where))
    assert "CERT Freedonia gave it to us" in page
    assert "Recall the older version there" in page
    assert observer.get(where).status_code == 403
    assert client_of(passed_on.world.approver).post(f"{where}recall").status_code == 403
    assert analyst.post(f"{where}recall").status_code == 302
    act = only().act
    assert act is not None
    page = body(analyst.get(where))
    assert "Awaiting approval" in page
    assert "Judge anew" not in page
    approving.decline(actor=passed_on.world.approver, ref=act.ref, now=LATER, note="No")
    assert "Judge anew where it stopped" in body(analyst.get(where))
    assert analyst.post(f"{where}again").status_code == 302
    assert only().step == Step.ASK
    assert analyst.get("/exchange/stricter/999/").status_code == 404
    assert "Stricter version" in body(analyst.get(f"/exchange/objects/{THEIRS['id']}/"))


def test_one_without_stricter_versions_sees_none(agreed):
    assert "Nothing became stricter" in body(client_of(agreed.world.analyst).get("/exchange/stricter"))
    assert "wider marking" not in body(client_of(agreed.world.analyst).get("/"))


def exchanged(sides: Sides, now: datetime) -> None:
    """What the worker does with the partner's node: hand over what is due, and take the receipts."""
    sides.far.now = now
    sides.partner.refresh_from_db()
    done = outbound.exchange_with(sides.partner, sides.far, now=now, random=Random(7))
    assert done.trouble == ""


def test_from_the_change_to_the_receipt_of_the_partners_node(agreed):
    own_work(agreed.world, MINE, OTHER)
    shared(agreed, MINE, OTHER)
    exchanged(agreed, NOW)
    own_work(agreed.world, newer(MINE), newer(OTHER, Tlp.RED))
    follow()
    exchanged(agreed, LATER)
    follow()
    settled = dict(StricterFor.objects.values_list("version__ref", "settled"))
    assert settled == {MINE["id"]: True, OTHER["id"]: False}  # the recall awaits a second person
    act = StricterFor.objects.get(settled=False).act
    assert act is not None
    approving.approve(actor=agreed.world.approver, ref=act.ref, now=LATER)
    exchanged(agreed, LATER + timedelta(minutes=1))
    follow(LATER + timedelta(minutes=1))
    assert not StricterFor.objects.filter(settled=False).exists()
    told = [signed.act for signed in agreed.far.taken.values()]
    assert [each.kind for each in told][-3:] == ["share", "share", "recall"]
    assert told[-1].body["objects"] == [{"ref": OTHER["id"], "versions": [OTHER["modified"]]}]
    page = body(client_of(agreed.world.analyst).get("/exchange/stricter"))
    assert page.count("all 1") == 2
