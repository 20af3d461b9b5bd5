"""What comes in: every wrong act is refused by its code and leaves nothing; every right one counts once."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from comity.formats.acts import Content
from comity.formats.receipts import decode_receipt, verify_receipt
from comity.formats.stix import StixObject
from comity.node.accountability import queries as log
from comity.node.accountability.models import LogEntry
from comity.node.acts.models import Act, Receipt
from comity.node.federation.queries import own_keys
from comity.node.federation.services import inbound
from tests.node.far import FarNode
from tests.node.world import NOW

INDICATOR = StixObject.decode(
    {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--6d5f4b64-8a6a-4d4e-9f2f-6a1c0f3f0001",
        "created": "2026-11-20T00:00:00.000Z",
        "modified": "2026-11-20T00:00:00.000Z",
        "pattern": "[ipv4-addr:value = '192.0.2.1']",
        "pattern_type": "stix",
        "valid_from": "2026-11-20T00:00:00.000Z",
    }
)


def take(partner, objects, now=NOW, **how):
    found = inbound.sort(objects)
    return inbound.take(partner, found, now=now, **{"hand_over": True, "read": None, **how})


def test_a_right_act_is_recorded_and_receipted(world, far):
    partner = world.befriend(far)
    signed = far.act()
    (said,) = take(partner, [signed.value])
    assert said.verdict.grounds[0].rule == "act.taken"
    act = Act.objects.get()
    assert (act.ours, act.sha256, bytes(act.wire or b"")) == (False, signed.sha256, signed.raw)
    receipt = decode_receipt(said.receipt)
    assert verify_receipt(receipt, signed, own_keys()).allowed
    assert LogEntry.objects.filter(subject=act.ref).count() == 1


def test_unknown_members_survive(world, far):
    partner = world.befriend(far)
    signed = far.act(more={"x_later": {"deep": [1, 2]}}, body={"title": "t", "x_new": "kept"})
    take(partner, [signed.value])
    act = Act.objects.get()
    assert bytes(act.wire or b"") == signed.raw
    assert act.body["x_new"] == "kept"


def other_author(far):
    return far.act(author="identity--00000000-0000-4000-8000-000000000001")


def carried(**change):
    content = Content.of(INDICATOR)
    return (Content(content.ref, content.modified, change.get("sha256", content.sha256)),)


WRONG = {
    "act.wrong-sender": lambda far: [other_author(far).value],
    "act.wrong-addressee": lambda far: [
        far.act(recipients=("identity--00000000-0000-4000-8000-000000000002",)).value
    ],
    "act.bad-signature": lambda far: [{**far.act().value, "purpose": "changed"}],
    "act.unknown-key": lambda far: [
        FarNode(name="Other", state="DE", address=far.address).meet_as(far).act(author=far.ref).value
    ],
    "act.from-the-future": lambda far: [far.act(created=NOW + timedelta(minutes=6)).value],
    "act.expired": lambda far: [
        far.act(created=NOW - timedelta(hours=1), expires=NOW - timedelta(seconds=1)).value
    ],
    "act.content-missing": lambda far: [far.act(contents=carried()).value],
    "act.content-changed": lambda far: [far.act(contents=carried(sha256="0" * 64)).value, INDICATOR.value],
    "act.kind-unknown": lambda far: [far.act(kind="dance").value],
    "act.out-of-order": lambda far: [
        far.act(in_reply_to="comity-act--00000000-0000-4000-8000-000000000003").value
    ],
    "act.malformed": lambda far: [far.act(body={"title": ""}).value],
    "note.unwelcome": lambda far: [far.act(body={"title": "x", "word": "unwelcome"}).value],
    "malformed": lambda far: [{**far.act().value, "kind": 7}],
    "wire.no-act": lambda far: [INDICATOR.value],
}


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_delivery_is_refused_by_its_code_and_leaves_a_log_line_only(world, far, rule, caplog):
    partner = world.befriend(far)
    size = log.size()
    with caplog.at_level(logging.WARNING, "comity.federation"):
        said = take(partner, WRONG[rule](far))
    assert rule in {each.verdict.grounds[0].rule for each in said if not each.verdict.allowed}
    assert rule in caplog.text
    assert not Act.objects.exists()
    assert not Receipt.objects.exists()
    assert log.size() == size


@pytest.mark.parametrize("title", ["   ", "\u200b", "\u202eevil\u2066 \n title"])
def test_a_partners_title_shows_what_it_says(world, far, title):
    partner = world.befriend(far)
    (said,) = take(partner, [far.act(body={"title": title}).value])
    assert said.verdict.grounds[0].rule == "act.malformed"
    assert not Act.objects.exists()


def test_clocks_may_differ_within_the_stated_bound(world, far):
    partner = world.befriend(far)
    (said,) = take(partner, [far.act(created=NOW + timedelta(minutes=5)).value])
    assert said.verdict.allowed


def test_the_same_act_again_gives_the_same_receipt_and_nothing_else(world, far):
    partner = world.befriend(far)
    signed = far.act()
    (first,) = take(partner, [signed.value])
    size = log.size()
    (second,) = take(partner, [signed.value])
    assert second.verdict.grounds[0].rule == "act.replayed"
    assert second.receipt == first.receipt
    assert (Act.objects.count(), Receipt.objects.count(), log.size()) == (1, 1, size)


def test_twice_in_one_envelope_counts_once(world, far):
    partner = world.befriend(far)
    signed = far.act()
    said = take(partner, [signed.value, signed.value])
    assert [each.receipt is not None for each in said] == [True, True]
    assert Act.objects.count() == 1


def test_another_act_under_the_same_id_is_a_conflict(world, far):
    partner = world.befriend(far)
    signed = far.act()
    take(partner, [signed.value])
    (said,) = take(partner, [far.act(id=signed.act.id, body={"title": "other"}).value])
    assert said.verdict.grounds[0].rule == "act.conflict"
    assert bytes(Act.objects.get().wire or b"") == signed.raw


def test_one_wrong_act_does_not_harm_the_others(world, far):
    partner = world.befriend(far)
    good, bad = far.act(), far.act(kind="dance")
    said = take(partner, [bad.value, good.value, "nonsense"])
    assert [each.verdict.allowed for each in said if each.ref in (good.act.id, bad.act.id)] == [False, True]
    assert Act.objects.get().ref == good.act.id


def test_an_answer_and_its_question_may_come_together(world, far):
    partner = world.befriend(far)
    question = far.act()
    answer = far.act(in_reply_to=question.act.id)
    said = take(partner, [question.value, answer.value])
    assert all(each.verdict.allowed for each in said)
    assert Act.objects.get(in_reply_to__ref=question.act.id).ref == answer.act.id


def test_an_answer_that_came_too_early_is_taken_after_its_question(world, far):
    partner = world.befriend(far)
    question = far.act()
    answer = far.act(in_reply_to=question.act.id)
    (early,) = take(partner, [answer.value])
    assert early.verdict.grounds[0].rule == "act.out-of-order"
    take(partner, [question.value])
    (late,) = take(partner, [answer.value])
    assert late.verdict.allowed


def test_contents_are_kept_as_they_were_signed(world, far):
    partner = world.befriend(far)
    (said,) = take(partner, [INDICATOR.value, far.act(contents=carried()).value])
    assert said.verdict.allowed
    assert bytes(Act.objects.get().carried.get().content.wire) == INDICATOR.raw
