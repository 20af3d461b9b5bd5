"""Composing: what may go is recorded, signed and enqueued together; what may not leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.formats.acts import decode_act
from comity.formats.signed import check_signature
from comity.node.accountability import queries as log
from comity.node.accountability.models import LogCheckpoint, LogEntry
from comity.node.acts import queries
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act, ActState, Delivery
from comity.node.acts.services import composing
from comity.node.federation.queries import own_keys
from comity.node.parties.models import Party
from tests.node.world import NOW


def nothing_written(size: int) -> bool:
    return not Act.objects.exists() and not Delivery.objects.exists() and log.size() == size


def test_an_act_is_signed_logged_and_enqueued_in_one_go(world, far):
    partner = world.befriend(far)
    size = log.size()
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    assert act.state == ActState.RECORDED
    signed = decode_act(bytes(act.wire or b""))
    assert signed.sha256 == act.sha256
    assert check_signature(signed.sealed, own_keys(), at=NOW, rules="act", source="test").allowed
    assert log.size() == size + 1
    assert LogEntry.objects.get(subject=act.ref).index == act.log_index
    delivery = Delivery.objects.get(act=act)
    assert (delivery.state, delivery.next_try, delivery.position) == ("waiting", NOW, act.log_index)


def test_many_acts_share_one_checkpoint(world, far):
    partner = world.befriend(far)
    size = log.size()
    drafts = [world.draft(partner.party) for _ in range(20)]
    acts = composing.compose_all(actor=world.analyst, drafts=drafts, now=NOW)
    assert [act.log_index for act in acts] == list(range(size, size + 20))
    assert list(LogCheckpoint.objects.filter(size__gt=size).values_list("size", flat=True)) == [size + 20]


@pytest.mark.parametrize("title", ["   ", "\u200b", "\u202eevil\u2066 \n title", "two\nlines", "a  b"])
def test_a_title_is_one_line_of_what_is_seen(world, far, title):
    partner = world.befriend(far)
    size = log.size()
    draft = replace(world.draft(partner.party), body={"title": title})
    for ask in (
        composing.judge,
        lambda each, now: composing.compose(actor=world.analyst, draft=each, now=now),
    ):
        with pytest.raises(Malformed) as refused:
            ask(draft, NOW)
        assert refused.value.where == "title"
    assert nothing_written(size)


def test_all_acts_of_a_batch_are_made_or_none(world, far):
    partner = world.befriend(far)
    size = log.size()
    with pytest.raises(Refused):
        composing.compose_all(
            actor=world.analyst,
            drafts=[world.draft(partner.party), world.draft(partner.party, word="stay")],
            now=NOW,
        )
    assert nothing_written(size)


@pytest.mark.parametrize(
    ("who", "word", "rule"),
    [
        ("analyst", "stay", "note.stay"),
        ("observer", "go", "role.lacks"),
        ("administrator", "go", "role.lacks"),
    ],
)
def test_a_refusal_names_its_ground_and_writes_nothing(world, far, who, word, rule):
    partner = world.befriend(far)
    size = log.size()
    with pytest.raises(Refused) as refused:
        composing.compose(actor=getattr(world, who), draft=world.draft(partner.party, word=word), now=NOW)
    assert [ground.rule for ground in refused.value.verdict.grounds] == [rule]
    assert nothing_written(size)


def test_a_party_that_no_channel_reaches_is_refused_before_anything_is_written(world):
    stranger = Party.objects.create(ref="identity--x", kind="state", name="Sylvania", state="DE", added=NOW)
    with pytest.raises(Refused) as refused:
        composing.compose(actor=world.analyst, draft=world.draft(stranger), now=NOW)
    assert refused.value.verdict.grounds[0].rule == "partner.none"
    assert nothing_written(0)


def test_an_act_names_no_agreement_that_its_judgement_does_not_rest_on(world, far):
    partner = world.befriend(far)
    size = log.size()
    draft = world.draft(partner.party, basis=("agreement--6d1f0c2b-3a4e-4f5d-9b8c-7a6e5d4c3b2a",))
    with pytest.raises(Refused) as refused:
        composing.compose(actor=world.analyst, draft=draft, now=NOW)
    assert [ground.rule for ground in refused.value.verdict.grounds] == ["act.basis"]
    assert nothing_written(size)


def test_an_act_is_addressed_to_each_other_party_once(world, far):
    party = world.befriend(far).party
    for recipients in ((), (party, party), (world.body,)):
        with pytest.raises(Refused) as refused:
            composing.compose(actor=world.analyst, draft=world.draft(*recipients), now=NOW)
        assert "act.addressed" in {ground.rule for ground in refused.value.verdict.grounds}


def test_nobody_composes_for_a_body_they_do_not_act_for(world, far):
    party = world.befriend(far).party
    other = Party.objects.create(
        ref="identity--y", kind="ministry", name="Ministry", state="PK", ours=True, added=NOW
    )
    draft = Draft(kind="test-note", author=other, recipients=(party,), body={"title": "x"})
    with pytest.raises(Refused) as refused:
        composing.compose(actor=world.analyst, draft=draft, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "act.author"


def test_an_unknown_kind_and_a_wrong_body_are_malformed(world, far):
    party = world.befriend(far).party
    for kind, body in (("nonsense", {"title": "x"}), ("test-note", {"title": ""}), ("test-note", {})):
        draft = Draft(kind=kind, author=world.body, recipients=(party,), body=body)
        with pytest.raises(Malformed):
            composing.compose(actor=world.analyst, draft=draft, now=NOW)
    assert not Act.objects.exists()


def test_judging_writes_nothing_and_says_the_same(world, far):
    partner = world.befriend(far)
    size = log.size()
    assert composing.judge(world.draft(partner.party), NOW).verdict.allowed
    assert not composing.judge(world.draft(partner.party, word="stay"), NOW).verdict.allowed
    assert nothing_written(size)


def test_red_always_needs_a_second_person(world, far):
    partner = world.befriend(far)
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party, tlp=Tlp.RED), now=NOW)
    assert act.state == ActState.AWAITING
    assert (act.second_person or {})["rule"] == "act.four-eyes"
    assert not Delivery.objects.exists()


def test_a_hidden_act_and_a_missing_one_look_the_same(world, far):
    partner = world.befriend(far)
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    for ref in (act.ref, "comity-act--00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound) as missing:
            queries.act_for(world.observer, ref)
        assert missing.value.message == NotFound("act").message
