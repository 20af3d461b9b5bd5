"""A version that becomes stricter itself is asked back: there is no newer one to send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.terms import Onward, Purpose
from comity.formats.markings import TLP_IDS
from comity.node.acts.models import Act, ActState
from comity.node.acts.services import approving
from comity.node.exchange import reaching
from comity.node.exchange.models import (
    ClosedInPlace,
    Posted,
    PostState,
    Recall,
    Step,
    StixObject,
    StricterFor,
)
from comity.node.exchange.models.remotes import RemoteCollection
from comity.node.exchange.services import in_place, tightening
from comity.node.exchange.services.marking import mark_victim
from comity.node.exchange.services.overseeing import ask_back, begin_again
from comity.node.exchange.sights import sight
from tests.node.exchange.holding import LATER, from_far, indicator, made, own_work, row, shared
from tests.node.exchange.taxii.shelf import Shelf
from tests.node.exchange.taxii.test_pulling import opened
from tests.node.exchange.taxii.test_pushing import pushed
from tests.node.exchange.test_recalls import asked_back, given, recalled, receipt, sides_of_another
from tests.node.exchange.test_stricter import exchanged, follow, only
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
HOSPITAL = made("identity", "Blue Hospital", Tlp.GREEN, identity_class="organization")
NAMING = indicator("naming", Tlp.GREEN, description="Seen at Blue Hospital.")
PLAIN = indicator("plain", Tlp.GREEN)
THEIRS = indicator("theirs", Tlp.GREEN)


def victim_known(sides: Sides) -> None:
    mark_victim(actor=sides.world.analyst, ref=str(HOSPITAL["id"]), now=LATER)


@pytest.fixture
def having(agreed: Sides) -> Sides:
    """A partner that receipted an object which names a hospital, and one that names nobody."""
    own_work(agreed.world, HOSPITAL, NAMING, PLAIN)
    given(agreed, NAMING, PLAIN)
    follow()
    return agreed


def seen_by(sides: Sides) -> set[str]:
    found = sight(sides.world.body, sides.party, purpose=Purpose.NETWORK_DEFENCE, now=LATER)
    return set(found.objects([*found.whole, *found.reduced]).values_list("ref", flat=True))


def test_what_names_a_victim_that_became_known_is_asked_back(having):
    victim_known(having)
    assert ClosedInPlace.objects.get(ref=NAMING["id"]).ways == "victim"
    follow()
    found = only()
    assert (found.step, found.version.ref, found.version.ways) == (Step.RECALLED, NAMING["id"], "victim")
    assert found.act is not None
    assert found.act.state == ActState.AWAITING
    assert found.act.body["objects"] == [{"ref": NAMING["id"], "versions": [NAMING["modified"]]}]
    assert not ClosedInPlace.objects.exists()
    follow()
    assert Act.objects.filter(kind="recall").count() == 1
    with pytest.raises(Refused):  # who said that it is a victim is not the second person
        approving.approve(actor=having.world.analyst, ref=found.act.ref, now=LATER)


def test_it_is_closed_to_nobody_who_may_have_it(having):
    """Its class binds it; who is asked to delete it may still have what is left of it."""
    victim_known(having)
    follow()
    act = only().act
    assert act is not None
    approving.approve(actor=having.world.approver, ref=act.ref, now=LATER)
    assert not Recall.objects.exists()
    assert {NAMING["id"], PLAIN["id"]} <= seen_by(having)
    receipt(having, act, LATER)
    follow()
    assert only().settled
    assert reaching.given_of(having.world.body, [str(NAMING["id"])]) == []


def test_who_was_given_it_without_the_victim_keeps_it(agreed):
    own_work(agreed.world, HOSPITAL, NAMING)
    victim_known(agreed)
    given(agreed, NAMING)
    follow()
    ClosedInPlace.objects.create(
        holder=agreed.world.body, ref=NAMING["id"], modified=NAMING["modified"], ways="victim"
    )
    follow()
    assert not StricterFor.objects.exists()


def test_who_may_know_victims_keeps_it(sides):
    sides.conclude(remove_victims=False)
    own_work(sides.world, HOSPITAL, NAMING)
    given(sides, NAMING)
    victim_known(sides)
    follow()
    assert not StricterFor.objects.exists()
    assert not ClosedInPlace.objects.exists()


def test_what_did_not_get_there_is_not_asked_back(agreed):
    own_work(agreed.world, HOSPITAL, NAMING)
    shared(agreed, NAMING)  # it waits to be sent, and is judged again before
    victim_known(agreed)
    follow()
    assert (only().step, only().settled) == (Step.NOTHING, True)


def test_a_declined_recall_can_be_made_again(having):
    victim_known(having)
    follow()
    act = only().act
    assert act is not None
    approving.decline(actor=having.world.approver, ref=act.ref, now=LATER, note="No")
    assert begin_again(actor=having.world.analyst, version=only().version, now=LATER) == 1
    again = only()
    assert (again.step, again.settled) == (Step.RECALLED, False)
    assert again.act is not None
    assert again.act != act


def passed_on(sides: Sides) -> Sides:
    """What a giver gave us and a second partner has from us."""
    agreement = sides.conclude(onward=Onward.WITHIN_TLP)
    from_far(sides, THEIRS, basis=(agreement.ref,))[0].require()
    second = sides_of_another(sides)
    given(second, THEIRS)
    follow()
    return second


def test_what_its_giver_recalls_is_offered_to_be_recalled_onward(agreed):
    second = passed_on(agreed)
    asked_back(agreed, THEIRS).require()
    follow()
    found = only()
    assert (found.party, found.step, found.version.ways) == (second.party, Step.ASK, "recalled")
    assert found.version.source == agreed.party
    page = body(client_of(agreed.world.analyst).get(f"/exchange/stricter/{found.version_id}/"))
    assert "Recall it there" in page
    assert "older version" not in page
    [act] = ask_back(actor=agreed.world.analyst, version=found.version, now=LATER)
    assert (act.state, list(act.recipients.all())) == (ActState.AWAITING, [second.party])
    page = body(client_of(agreed.world.analyst).get(f"/exchange/stricter/{found.version_id}/"))
    assert "asked back by whoever gave it" in page


def test_a_recall_of_ours_asks_by_itself_alone(having):
    recalled(having, PLAIN)
    follow()
    assert not ClosedInPlace.objects.exists()
    assert not StricterFor.objects.exists()


def test_many_are_followed_in_portions(agreed, monkeypatch):
    values: list[dict[str, Any]] = [
        indicator(f"i{number}", Tlp.GREEN, description="Seen at Blue Hospital.") for number in range(5)
    ]
    own_work(agreed.world, HOSPITAL, *values)
    given(agreed, *values)
    monkeypatch.setattr(in_place, "PORTION", 2)
    victim_known(agreed)
    follow()
    assert StricterFor.objects.filter(step=Step.RECALLED).count() == 5
    asked = [each for act in Act.objects.filter(kind="recall") for each in act.body["objects"]]
    assert {each["ref"] for each in asked} == {each["id"] for each in values}


def test_what_was_posted_to_a_collection_of_theirs_is_deleted_there(agreed):
    shelf = Shelf()
    remote: RemoteCollection = opened(
        agreed.world, actor=agreed.world.approver, party=agreed.party, note="", gives=True
    )
    own_work(agreed.world, HOSPITAL, NAMING, PLAIN)
    pushed(agreed, remote, shelf)
    victim_known(agreed)
    follow()
    posted = Posted.objects.filter(state=PostState.LEAVING).values_list("ref", flat=True)
    assert NAMING["id"] in posted
    assert PLAIN["id"] not in posted
    pushed(agreed, remote, shelf)
    assert NAMING["id"] not in shelf.stored
    assert PLAIN["id"] in shelf.stored


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"object_marking_refs": [TLP_IDS[Tlp.RED]]}, True),
        ({"object_marking_refs": [TLP_IDS[Tlp.AMBER]]}, False),  # the newer one goes there
        ({"revoked": True}, False),
        ({"description": "More is known."}, False),
    ],
)
def test_a_newer_version_that_may_not_go_there_takes_the_older_one_away(agreed, change, left):
    shelf = Shelf()
    remote = opened(agreed.world, actor=agreed.world.approver, party=agreed.party, note="", gives=True)
    own_work(agreed.world, PLAIN)
    pushed(agreed, remote, shelf)
    own_work(agreed.world, PLAIN | {"modified": "2026-11-22T01:00:00.000Z"} | change)
    follow()
    assert Posted.objects.filter(state=PostState.LEAVING).exists() is left
    pushed(agreed, remote, shelf)
    assert (PLAIN["id"] in shelf.stored) is not left


def test_from_what_became_known_to_the_receipt_of_the_partners_node(agreed):
    own_work(agreed.world, HOSPITAL, NAMING)
    shared(agreed, NAMING)
    exchanged(agreed, NOW)
    victim_known(agreed)
    tightening.follow(LATER)
    act = only().act
    assert act is not None
    approving.approve(actor=agreed.world.approver, ref=act.ref, now=LATER)
    exchanged(agreed, LATER + timedelta(minutes=1))
    follow(LATER + timedelta(minutes=1))
    assert only().settled
    told = [signed.act for signed in agreed.far.taken.values()]
    assert [each.kind for each in told][-2:] == ["share", "recall"]
    assert told[-1].body["objects"] == [{"ref": NAMING["id"], "versions": [NAMING["modified"]]}]
    assert StixObject.objects.filter(ref=NAMING["id"]).exists()
    assert row(NAMING).handling.facts.get("recalled") is None
