"""Erasing an act by law: what it says is gone everywhere, and what it was still proves."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.ledger.proofs import verify_inclusion
from comity.engines.ledger.tree import leaf_hash
from comity.formats.acts import Content as Named
from comity.formats.entries import Event
from comity.node.accountability import queries as log
from comity.node.accountability import services as log_services
from comity.node.accountability.copies import copy_log
from comity.node.accountability.models import LogEntry
from comity.node.acts import queries
from comity.node.acts.models import Act, ActContent, Content, Delivery, Receipt
from comity.node.acts.services import approving, composing, delivering, erasing
from comity.node.federation.collections import outbox_id
from comity.node.federation.models import Partner
from comity.node.federation.services import outbound
from comity.node.federation.worker import partners_due
from comity.node.parties.models import Party
from tests.node.accountability.test_copies import verified
from tests.node.far import FarNode
from tests.node.federation.test_doors import knock
from tests.node.federation.test_inbound import INDICATOR, take
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db
WHY = "Decision 7 of the supervisory authority"
SECRET = "a name that has to go"
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    return world.befriend(far)


@pytest.fixture
def ours(world: World, partner: Partner) -> Act:
    return composing.compose(actor=world.analyst, draft=secret(world, partner.party), now=NOW)


@pytest.fixture
def theirs(far: FarNode, partner: Partner) -> Act:
    take(partner, [far.act(body={"title": SECRET, "word": "go"}).value])
    return Act.objects.get()


def secret(world: World, *to: Party, word: str = "go", tlp: Tlp = Tlp.AMBER):
    draft = world.draft(*to, word=word, tlp=tlp)
    return type(draft)(
        kind=draft.kind, author=draft.author, recipients=to, tlp=tlp, body={"title": SECRET, "word": word}
    )


def erase(world: World, act: Act, why: str = WHY) -> Act:
    return erasing.erase_act(actor=world.approver, ref=act.ref, why=why, now=LATER)


def exchange(partner: Partner, far: FarNode, now=LATER):
    partner.refresh_from_db()
    return outbound.exchange_with(partner, far, now=now, random=Random(1))


def everything() -> str:
    """All that the tables of acts hold, as text."""
    kept: list[object] = []
    for model in (Act, Content, Delivery, Receipt):
        for row in model.objects.values():
            kept += [bytes(each) if isinstance(each, memoryview) else each for each in row.values()]
    return repr(kept)


@pytest.mark.parametrize("which", ["ours", "theirs"])
def test_what_it_said_is_gone_and_what_it_was_stays(world, request, which):
    act = request.getfixturevalue(which)
    proof = log.proofs_of([act.log_index])[0]
    assert SECRET in everything()
    erased = erase(world, act)
    assert SECRET not in everything()
    for kept in ("ref", "kind", "author_id", "composed_at", "recorded_at", "sha256", "log_index", "tlp"):
        assert getattr(erased, kept) == getattr(act, kept), kept
    assert [each.ref for each in erased.recipients.all()] == [each.ref for each in act.recipients.all()]
    assert (erased.erased_at, erased.erased_why, erased.erased_by) == (LATER, WHY, "Bilal")
    assert (erased.body, erased.judgement, erased.wire, erased.selection) == ({}, None, None, [])
    entry = log.entry_at(act.log_index)
    assert (entry.salt, entry.entry) == (None, None)
    state = log.head()
    assert state is not None
    leaf = leaf_hash(bytes(entry.commitment))
    assert proof.commitment == bytes(entry.commitment)
    shown = log.inclusion(act.log_index, state.size)
    assert verify_inclusion(leaf, act.log_index, state.size, shown, bytes(state.root)).allowed
    told = [json.loads(bytes(each.entry or b"")) for each in LogEntry.objects.filter(event="content-erased")]
    assert {each["subject"] for each in told} == {act.ref}
    assert [each["what"] for each in told if "what" in each] == ["act"]
    assert {each["why"] for each in told} == {WHY}


def test_a_copy_of_the_log_is_verified_as_before(world, ours, tmp_path):
    copy_log(tmp_path)
    erase(world, ours)
    copy_log(tmp_path)
    assert verified(tmp_path).allowed


def test_the_desk_waits_for_nothing_of_it(world, partner, far, ours):
    far.receipts_given = False
    exchange(partner, far)
    assert [each.act for each in queries.unfinished(world.approver)] == [ours]
    erase(world, ours)
    assert "took it" in Delivery.objects.get().words
    assert not queries.unfinished(world.approver).exists()


def test_what_waits_is_not_sent_any_more(world, partner, far, ours):
    erase(world, ours)
    assert exchange(partner, far, LATER + timedelta(hours=1)).sent == 0
    assert far.taken == {}
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.code, delivery.next_try) == ("withheld", "act.erased", None)
    assert delivery.words == "Not sent: It was erased here by law."


def test_a_sending_that_had_begun_ends_as_well(world, partner, far, ours):
    """The worker holds the delivery while the act is erased, and notes afterwards what it did."""
    (held,) = queries.due_deliveries(LATER, party=partner.party, limit=5)
    erase(world, ours)
    delivering.not_sent([held], code="x", words=SECRET, now=LATER, random=Random(1))
    assert Delivery.objects.get().state == "waiting"
    assert exchange(partner, far, LATER + timedelta(hours=1)).sent == 0
    assert Delivery.objects.get().code == "act.erased"
    assert SECRET not in everything()
    delivering.handed_over([held], now=LATER, how="It arrived.")
    exchange(partner, far, LATER + timedelta(hours=1))
    assert Delivery.objects.get().state == "handed-over"
    assert partners_due(LATER + timedelta(hours=20)) == []  # after a day its node is asked who it is


def test_a_partner_that_pulls_gets_it_no_more(world, partner, far):
    refs = [
        composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW).ref for _ in "ab"
    ]
    assert [each.act.ref for each in queries.outbox(partner.party, limit=9)] == refs
    outbound_of = outbox_id(world.body, partner.party)
    path = f"/taxii2/comity/collections/{outbound_of}/objects/"
    assert refs[0].encode() in knock(far, "GET", path).content
    erase(world, Act.objects.get(ref=refs[0]))
    page = knock(far, "GET", path)
    assert page.status_code == 200
    assert refs[0].encode() not in page.content
    assert refs[1].encode() in page.content


def test_what_was_said_of_it_by_the_partner_goes_too(world, partner, far, ours):
    far.refuse = f"share.reveals: {SECRET}"
    exchange(partner, far)
    assert SECRET in Delivery.objects.get().words
    erase(world, ours)
    delivery = Delivery.objects.get()
    assert delivery.state == "refused"
    assert SECRET not in everything()


def test_a_receipted_delivery_stays_as_it_is(world, partner, far, ours):
    exchange(partner, far)
    before = Delivery.objects.values().get()
    erase(world, ours)
    assert Delivery.objects.values().get() == before
    assert Receipt.objects.count() == 1


def test_a_copy_of_an_erased_act_is_known_and_not_stored(world, partner, far):
    signed = far.act(contents=(Named.of(INDICATOR),))
    (said,) = take(partner, [INDICATOR.value, signed.value])
    act = Act.objects.get()
    erase(world, act)
    assert not Content.objects.exists()
    (again,) = take(partner, [INDICATOR.value, signed.value])
    assert again.verdict.grounds[0].rule == "act.replayed"
    assert again.receipt == said.receipt
    assert not Content.objects.exists()
    assert Act.objects.get().wire is None


def test_an_answer_to_an_erased_act_is_taken(world, partner, far, ours):
    erase(world, ours)
    (said,) = take(partner, [far.act(in_reply_to=ours.ref).value])
    assert said.verdict.allowed
    other = FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")
    stranger = world.befriend(other)
    (said,) = take(stranger, [other.act(in_reply_to=ours.ref).value])
    assert said.verdict.grounds[0].rule == "act.out-of-order"


def test_contents_that_another_act_carries_stay(world, partner, far):
    for _ in "ab":
        take(partner, [INDICATOR.value, far.act(contents=(Named.of(INDICATOR),)).value])
    first, second = Act.objects.order_by("pk")
    erase(world, first)
    assert Content.objects.count() == 1
    assert [each.act_id for each in ActContent.objects.all()] == [second.pk]
    erase(world, second)
    assert not Content.objects.exists()


def test_the_note_of_the_second_person_goes_with_an_act_that_never_left(world, partner):
    act = composing.compose(actor=world.analyst, draft=secret(world, partner.party, word="two"), now=NOW)
    approving.decline(actor=world.approver, ref=act.ref, now=NOW, note=SECRET)
    size = log.size()
    erased = erase(world, act)
    assert (erased.state, erased.approval.decision, erased.approval.note) == ("declined", "decline", "")
    assert log.size() == size + 1
    assert "Declined" in body(client_of(world.approver).get(f"/acts/{act.ref}/"))


def refusals(world, partner):
    awaiting = composing.compose(actor=world.analyst, draft=world.draft(partner.party, word="two"), now=NOW)
    return {
        "act.undecided": (world.approver, awaiting),
        "role.lacks": (world.analyst, Act.objects.get(ref=awaiting.ref)),
    }


@pytest.mark.parametrize("rule", ["act.undecided", "role.lacks"])
def test_nothing_is_erased_without_the_power_or_too_early(world, partner, rule):
    actor, act = refusals(world, partner)[rule]
    before = everything()
    with pytest.raises(Refused) as refused:
        erasing.erase_act(actor=actor, ref=act.ref, why=WHY, now=LATER)
    assert refused.value.verdict.grounds[0].rule == rule
    assert everything() == before


def test_a_reason_is_needed_once_is_enough_and_others_find_nothing(world, ours):
    with pytest.raises(Malformed):
        erase(world, ours, why="")
    Act.objects.get(erased_at=None)
    erase(world, ours)
    with pytest.raises(Conflict):
        erase(world, ours)
    other = Party.objects.create(
        ref="identity--0b0e0000-0000-4000-8000-000000000009",
        kind="ministry",
        name="M",
        state="PK",
        ours=True,
        added=NOW,
    )
    elsewhere = type(world.approver)(name="Else", body=other.pk, person=1, roles=world.approver.roles)
    with pytest.raises(NotFound):
        erasing.erase_act(actor=elsewhere, ref=ours.ref, why=WHY, now=LATER)


def test_what_the_log_has_erased_before_does_not_matter(world, ours):
    log_services.erase([ours.log_index], actor=world.approver, why=WHY, now=NOW)
    erase(world, ours)
    last = LogEntry.objects.latest("index")
    assert (last.event, last.subject) == (Event.CONTENT_ERASED.value, ours.ref)


def test_the_database_itself_keeps_no_half_erased_act(ours):
    for change in ({"erased_at": LATER}, {"wire": None}, {"title": ""}, {"erased_why": WHY}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Act.objects.filter(pk=ours.pk).update(**change)


def test_pages_show_a_tombstone(world, ours, far, partner):
    client = client_of(world.approver)
    take(partner, [far.act(in_reply_to=ours.ref).value])
    assert "Erase by law" in body(client.get(f"/acts/{ours.ref}/"))
    asked = body(client.get(f"/acts/{ours.ref}/erase"))
    assert SECRET in asked
    for said in ({"why": WHY}, {"sure": "on"}):
        assert client.post(f"/acts/{ours.ref}/erase", said).status_code == 422
    assert Act.objects.get(ref=ours.ref).erased_at is None
    assert client.post(f"/acts/{ours.ref}/erase", {"why": WHY, "sure": "on"}).status_code == 302
    page = body(client.get(f"/acts/{ours.ref}/"))
    for told in ("An erased act", "Bilal", WHY, "PakCERT", "CERT Freedonia", ours.sha256[:8]):
        assert told in page
    assert SECRET not in body(client.get("/"))
    answer = Act.objects.get(in_reply_to__isnull=False)
    for address in (
        "/acts/",
        f"/acts/{answer.ref}/",
        f"/search?q={ours.ref}",
        f"/acts/{ours.ref}/erase",
    ):
        shown = body(client.get(address))
        assert SECRET not in shown
        assert "rased by law" in shown or "Erase by law" in shown
    assert "No act fits" in body(client.get("/acts/?words=a+name"))
    assert client.get(f"/acts/{ours.ref}/wire.json").status_code == 404
    assert client_of(world.analyst).get(f"/acts/{ours.ref}/erase").status_code == 403
