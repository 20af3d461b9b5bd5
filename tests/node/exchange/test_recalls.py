"""What was shared is asked back: closed at once, on both sides, and receipted by each who had it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import RequestFactory

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.redact import redacted_id
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act, ActContent, ActState, Content, Delivery, DeliveryState
from comity.node.acts.services import approving, composing, delivering
from comity.node.exchange import tracing
from comity.node.exchange.matters import matters
from comity.node.exchange.models import Recall, RecallNotice, StixObject
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.recalls import NAME, RECALL
from comity.node.exchange.services import closing
from comity.node.exchange.services.recalling import Said, recall
from comity.node.exchange.sights import sight
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import (
    LATER,
    from_elsewhere,
    from_far,
    indicator,
    made,
    own_work,
    row,
    shared,
)
from tests.node.exchange.test_erasing import told
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
SAID = Said(RecallReason.WRONG, "Please delete what we gave you", "It names an innocent host.")


def receipt(sides: Sides, act: Act, now=NOW) -> None:
    """The partner has the act, and says so."""
    Delivery.objects.filter(act=act).update(
        state=DeliveryState.RECEIPTED, changed=now, next_try=None, words="Receipted."
    )


def given(sides: Sides, *values: dict[str, Any]) -> Act:
    act = shared(sides, *values)
    receipt(sides, act)
    return act


def recalled(sides: Sides, value: dict[str, Any], said: Said = SAID) -> list[Act]:
    return recall(actor=sides.world.analyst, ref=str(value["id"]), said=said, now=LATER)


def visible(sides: Sides) -> set[str]:
    seen = sight(sides.world.body, sides.party, purpose=Purpose.NETWORK_DEFENCE, now=LATER)
    return set(seen.objects([*seen.whole, *seen.reduced]).values_list("title", flat=True))


MINE, OTHER = indicator("mine"), indicator("other")


def test_from_the_recall_to_the_receipt(agreed):
    own_work(agreed.world, MINE, OTHER)
    given(agreed, MINE, OTHER)
    [act] = recalled(agreed, MINE)
    assert visible(agreed) == {"other"}  # closed at once, before anybody approves
    assert act.state == ActState.AWAITING
    [had] = tracing.had_for(agreed.world.analyst, MINE["id"])
    assert (had.party, had.versions, had.receipted) == (agreed.party, ((MINE["id"], MINE["modified"]),), NOW)
    assert had.recall is not None
    assert (had.recall.act, had.recall.state) == (act, "awaiting-approval")
    approving.approve(actor=agreed.world.approver, ref=act.ref, now=LATER)
    act.refresh_from_db()
    assert act.body == {
        "title": SAID.title,
        "message": SAID.message,
        "reason": "wrong",
        "objects": [{"ref": MINE["id"], "versions": [MINE["modified"]]}],
    }
    receipt(agreed, act, LATER)
    [had] = tracing.had_for(agreed.world.analyst, MINE["id"])
    assert had.recall is not None
    assert (had.recall.state, had.recall.at) == ("receipted", LATER)
    assert Recall.objects.count() == 1


def test_one_person_alone_asks_nobody_to_delete(agreed):
    own_work(agreed.world, MINE)
    given(agreed, MINE)
    [act] = recalled(agreed, MINE)
    assert (act.second_person or {})["rule"] == "recall.four-eyes"
    with pytest.raises(Refused):
        approving.approve(actor=agreed.world.analyst, ref=act.ref, now=LATER)
    for actor in (agreed.world.approver, agreed.diplomat, agreed.world.observer):
        with pytest.raises((Refused, NotFound)):
            recall(actor=actor, ref=MINE["id"], said=SAID, now=LATER)


def test_each_partner_learns_only_of_itself(agreed):
    second = sides_of_another(agreed)
    own_work(agreed.world, MINE)
    given(agreed, MINE)
    given(second, MINE)
    acts = recalled(agreed, MINE)
    assert sorted(each.recipients.get().name for each in acts) == ["CERT Freedonia", "CERT Sylvania"]
    assert {each.recipients.count() for each in acts} == {1}


def sides_of_another(sides: Sides, **changes: Any) -> Sides:
    other = FarNode(name="CERT Sylvania", state="FR", address="http://other.example/")
    found = Sides(sides.world, other, sides.world.befriend(other), sides.diplomat)
    agreement = found.propose(**changes)
    body_ = {
        "title": "Our answer", "agreement": agreement.ref, "decision": "accept",
        "terms_sha256": agreement.terms_sha256,
    }  # fmt: skip  # two lines
    act = other.act("answer-agreement", body=body_, in_reply_to=agreement.proposal.ref)
    found.arrive(act, far=other).require()
    return found


def test_who_has_it_under_another_name_is_asked_by_that(agreed):
    power = made("identity", "Karakoram Power", identity_class="organization")
    sighting = made("sighting", "s", sighting_of_ref=MINE["id"], where_sighted_refs=[power["id"]])
    del sighting["name"]
    own_work(agreed.world, MINE, power, sighting)
    given(agreed, MINE, sighting)
    [act] = recalled(agreed, sighting)
    assert [each["ref"] for each in act.body["objects"]] == [redacted_id(sighting["id"])]
    approving.approve(actor=agreed.world.approver, ref=act.ref, now=LATER)
    assert set(Recall.objects.values_list("ref", flat=True)) == {sighting["id"]}
    assert set(RecallNotice.objects.values_list("ref", flat=True)) == {sighting["id"]}
    with pytest.raises(Refused) as error:
        recalled(agreed, MINE, Said(RecallReason.WRONG, "It names Karakoram Power"))
    assert error.value.verdict.grounds[0].rule == "recall.words"


def test_what_waits_to_be_sent_is_withheld(agreed):
    own_work(agreed.world, MINE, OTHER)
    given(agreed, MINE)
    waiting, fine = shared(agreed, MINE, OTHER), shared(agreed, OTHER)
    recalled(agreed, MINE)
    due = Delivery.objects.filter(act__in=[waiting, fine]).order_by("position")
    assert [each.act for each in delivering.judged_again(list(due), now=LATER)] == [fine]
    stopped = Delivery.objects.get(act=waiting)
    assert (stopped.state, stopped.code) == (DeliveryState.WITHHELD, "share.recalled")
    assert "was recalled" in stopped.words


def test_a_new_version_is_open_by_itself_and_a_strict_one_is_closed(agreed):
    own_work(agreed.world, MINE)
    given(agreed, MINE)
    recalled(agreed, MINE)
    right = MINE | {"modified": "2026-11-22T01:00:00.000Z", "description": "Corrected"}
    own_work(agreed.world, right)
    assert visible(agreed) == {"mine"}
    strict = right | {"modified": "2026-11-22T02:00:00.000Z", **indicator("mine", Tlp.RED)}
    strict["modified"] = "2026-11-22T02:00:00.000Z"
    own_work(agreed.world, strict)
    assert visible(agreed) == set()


def test_a_strict_version_that_may_still_go_reaches_who_has_the_old(agreed):
    own_work(agreed.world, indicator("mine", Tlp.GREEN))
    given(agreed, indicator("mine", Tlp.GREEN))
    stricter = indicator("mine", Tlp.AMBER, modified="2026-11-22T01:00:00.000Z")
    own_work(agreed.world, stricter)
    [had] = tracing.had_for(agreed.world.analyst, MINE["id"])
    assert had.newest < row(stricter).modified
    given(agreed, stricter)
    [had] = tracing.had_for(agreed.world.analyst, MINE["id"])
    assert had.newest == row(stricter).modified


def test_an_approver_opens_it_again(agreed):
    own_work(agreed.world, MINE)
    given(agreed, MINE)
    recalled(agreed, MINE)
    with pytest.raises(Refused):
        closing.reopen(actor=agreed.world.analyst, ref=MINE["id"], now=NOW)
    closing.reopen(actor=agreed.world.approver, ref=MINE["id"], now=NOW)
    assert visible(agreed) == {"mine"}
    assert not Recall.objects.exists()
    with pytest.raises(NotFound):
        closing.reopen(actor=agreed.world.approver, ref=MINE["id"], now=NOW)


def test_nobody_can_be_asked_for_what_they_were_not_given(agreed):
    own_work(agreed.world, MINE)
    with pytest.raises(NotFound):
        recalled(agreed, MINE)
    assert not Recall.objects.exists()

    def draft(**changes: Any) -> Draft:
        said = {"ref": MINE["id"], "versions": [MINE["modified"]]}
        wanted = {"title": "Back", "reason": "wrong", "objects": [said]}
        told_ = {"kind": NAME, "author": agreed.world.body, "recipients": (agreed.party,), "body": wanted}
        return Draft(**{**told_, **changes})

    assert rule(draft()) == "recall.not-there"
    assert rule(draft(recipients=(agreed.party, agreed.party))) == "recall.one-recipient"
    mistaken: list[dict[str, Any]] = [
        {"reason": "because"},
        {"objects": []},
        {"objects": [{"ref": "x", "versions": []}]},
    ]
    for wrong in mistaken:
        with pytest.raises(Malformed):
            RECALL.judge(draft(body={"title": "Back", "reason": "wrong", "objects": [], **wrong}), NOW)
    given(agreed, MINE)
    assert rule(draft()) == "recall.given"
    act = composing.compose(actor=agreed.world.analyst, draft=draft(), now=NOW)
    assert visible(agreed) == {"mine"}  # composed without the page: closed when it is recorded
    approving.approve(actor=agreed.world.approver, ref=act.ref, now=LATER)
    assert visible(agreed) == set()


def rule(draft: Draft) -> str:
    return RECALL.judge(draft, NOW).verdict.grounds[0].rule


THEIRS = indicator("theirs", Tlp.GREEN)


def asked_back(sides: Sides, *values: dict[str, Any], now=LATER, **changes: Any):
    objects = [{"ref": each["id"], "versions": [each["modified"]]} for each in values]
    said = {"title": "Please delete it", "reason": "shared-by-mistake", "objects": objects, **changes}
    sides.far.now = now
    return sides.arrive(sides.far.act("recall", body=said), now=now)


@pytest.fixture
def holding(agreed: Sides) -> Sides:
    from_far(agreed, THEIRS, basis=(basis(agreed),))[0].require()
    return agreed


def basis(sides: Sides) -> str:
    return Agreement.objects.latest("pk").ref


def test_what_a_partner_recalls_is_closed_and_deleted_by_a_person(holding):
    asked_back(holding, THEIRS).require()
    kept = row(THEIRS)
    assert kept.handling.facts.get("recalled") is True
    recall_ = Recall.objects.get()
    assert (recall_.source, recall_.reason, recall_.title) == (holding.party, "shared-by-mistake", "theirs")
    assert Content.objects.filter(ref=THEIRS["id"]).exists()
    count = closing.delete_recalled(actor=holding.world.analyst, ref=THEIRS["id"], now=LATER)
    assert count == 1
    assert not StixObject.objects.filter(ref=THEIRS["id"]).exists()
    assert not Content.objects.filter(ref=THEIRS["id"]).exists()
    assert not ActContent.objects.filter(content__ref=THEIRS["id"]).exists()
    assert told(Event.CONTENT_ERASED)["subject"] == THEIRS["id"]
    recall_.refresh_from_db()
    assert (recall_.deleted_by, recall_.deleted_at, recall_.title) == ("Ayesha", LATER, "")
    with pytest.raises(NotFound):
        closing.delete_recalled(actor=holding.world.analyst, ref=THEIRS["id"], now=LATER)


def test_who_may_not_import_deletes_nothing(holding):
    asked_back(holding, THEIRS).require()
    with pytest.raises(Refused):
        closing.delete_recalled(actor=holding.world.approver, ref=THEIRS["id"], now=LATER)
    with pytest.raises(NotFound):
        closing.reopen(actor=holding.world.approver, ref=THEIRS["id"], now=NOW)
    assert row(THEIRS).handling.facts.get("recalled") is True


def test_it_does_not_come_in_again_but_a_new_version_does(holding):
    asked_back(holding, THEIRS).require()
    again, _ = from_far(holding, THEIRS, basis=(basis(holding),), now=LATER)
    assert again.grounds[0].rule == "share.recalled"
    closing.delete_recalled(actor=holding.world.analyst, ref=THEIRS["id"], now=LATER)
    done = from_elsewhere(holding.world, THEIRS)
    assert "was recalled" in done.report["refused"][0][1]
    new = THEIRS | {"modified": "2026-11-22T01:00:00.000Z"}
    from_far(holding, new, basis=(basis(holding),), now=LATER)[0].require()
    assert row(new).handling.facts.get("recalled") is None


def test_nobody_recalls_what_others_gave_or_what_is_ours(holding):
    own_work(holding.world, MINE)
    second = sides_of_another(holding)
    body_ = {
        "title": "Delete it", "reason": "wrong",
        "objects": [{"ref": each["id"], "versions": [each["modified"]]} for each in (THEIRS, MINE)],
    }  # fmt: skip  # three lines
    second.arrive(second.far.act("recall", body=body_), far=second.far).require()
    assert not Recall.objects.exists()
    assert row(THEIRS).handling.facts.get("recalled") is None
    assert row(MINE).handling.facts.get("recalled") is None


def test_a_recall_that_arrives_twice_is_one(holding):
    asked_back(holding, THEIRS).require()
    asked_back(holding, THEIRS, now=LATER + timedelta(hours=1)).require()
    assert Recall.objects.count() == 1


@pytest.mark.parametrize("changes", [{"reason": "because"}, {"objects": []}, {"objects": [{"ref": ""}]}])
def test_one_that_nobody_can_read_is_refused(holding, changes):
    assert not asked_back(holding, THEIRS, **changes).allowed
    assert not Recall.objects.exists()


def test_the_pages(agreed):
    own_work(agreed.world, MINE)
    given(agreed, MINE)
    analyst, approver = client_of(agreed.world.analyst), client_of(agreed.world.approver)
    where = f"/exchange/objects/{MINE['id']}/"
    page = body(analyst.get(where))
    assert "Who has it from us" in page
    assert "CERT Freedonia" in body(analyst.get(f"{where}recall"))
    assert analyst.post(f"{where}recall", {"reason": "wrong", "title": "Back"}).status_code == 422
    said = {"reason": "wrong", "title": "Back", "understood": "on"}
    assert analyst.post(f"{where}recall", said).status_code == 302
    page = body(analyst.get(where))
    assert "Release refuses it to everybody" in page
    assert "Awaiting approval" in page
    act = Act.objects.get(kind="recall")
    assert "What it says is wrong" in body(analyst.get(f"/acts/{act.ref}/"))
    assert "us: Ayesha" in body(analyst.get("/exchange/recalled"))
    assert analyst.post(f"{where}reopen").status_code == 403
    assert approver.get(f"{where}recall").status_code == 403
    assert approver.post(f"{where}reopen").status_code == 302
    assert "Release refuses" not in body(analyst.get(where))
    assert analyst.get(f"/exchange/objects/{OTHER['id']}/recall").status_code == 404


def test_the_pages_of_who_was_asked(holding):
    analyst = client_of(holding.world.analyst)
    assert "Nothing was recalled" in body(analyst.get("/exchange/recalled"))
    asked_back(holding, THEIRS).require()
    where = f"/exchange/objects/{THEIRS['id']}/"
    page = body(analyst.get(where))
    assert "Recalled by CERT Freedonia" in page
    assert "Delete what was recalled" in page
    assert "To be deleted" in body(analyst.get("/exchange/recalled"))
    assert "1 recalled version to delete" in body(analyst.get("/"))
    act = Act.objects.get(kind="recall")
    assert "We are asked to delete" in body(analyst.get(f"/acts/{act.ref}/"))
    assert client_of(holding.world.approver).post(f"{where}delete").status_code == 403
    assert analyst.post(f"{where}delete").status_code == 302
    assert "Deleted by Ayesha" in body(analyst.get("/exchange/recalled"))
    assert "recalled version" not in body(analyst.get("/"))
    assert analyst.get(where).status_code == 404


def test_matters_are_for_those_who_may_delete(holding):
    asked_back(holding, THEIRS).require()
    request = RequestFactory().get("/")
    request.actor = holding.world.approver  # type: ignore[attr-defined]  # as the middleware sets it
    assert list(matters(request)) == []
    request.actor = holding.world.analyst  # type: ignore[attr-defined]  # as above
    assert len(list(matters(request))) == 1
