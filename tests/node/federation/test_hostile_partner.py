"""A partner that is accepted and means harm: what it signs may be anything, and we stay whole."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from comity.base.errors import Conflict
from comity.formats.acts import Content, decode_act
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.rollover import declare_key
from comity.formats.stix import StixObject
from comity.node.accountability import queries as log
from comity.node.acts.models import Act, Receipt
from comity.node.acts.queries import due_deliveries
from comity.node.acts.services import composing, delivering
from comity.node.federation.models import Partner, PartnerKey
from comity.node.federation.services import partners
from comity.node.parties.models import Party
from tests.node.far import LONG_AGO, FarNode
from tests.node.federation.test_inbound import INDICATOR, take
from tests.node.federation.test_outbound import forged
from tests.node.world import NOW, World

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    return world.befriend(far)


@pytest.fixture
def third(world) -> FarNode:
    return FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")


def rules(said) -> list[str]:
    return [each.verdict.grounds[0].rule for each in said]


def sent(world, *far: FarNode):
    """An act of ours to these partners, as they get it."""
    parties = [Party.objects.get(ref=each.ref) for each in far]
    act = composing.compose(actor=world.analyst, draft=world.draft(*parties), now=NOW)
    return decode_act(bytes(act.wire or b""))


@pytest.mark.parametrize("order", [1, -1])
def test_two_receipts_under_one_id_are_judged_each_by_itself(world, partner, far, order):
    one, two = sent(world, far), sent(world, far)
    good = far.receipt_for(one)
    false = forged(far, two, id=good.receipt.id, received=NOW + timedelta(days=1))
    said = take(partner, [each.value for each in (good, false)[::order]])
    assert [each.verdict.allowed for each in said] == [True, False][::order]
    assert [each.act.ref for each in Receipt.objects.select_related("act")] == [one.act.id]


def test_a_receipt_speaks_for_its_sender_alone(world, partner, far, third):
    world.befriend(third)
    signed = sent(world, far, third)
    said = take(partner, [forged(far, signed, author=third.ref).value])
    assert rules(said) == ["receipt.wrong-sender"]
    assert not Receipt.objects.exists()


def test_every_checkpoint_that_comes_is_compared(world, partner, far):
    """One of two logs that the partner keeps is shown in the newest receipt, and the other beside it."""
    one, two, three = (sent(world, far) for _ in range(3))
    first = far.receipt_for(one)
    shown = copy.deepcopy(far)
    assert shown.receipt_for(two).receipt.log.index == 1
    far.record(b"what nobody was told")
    second, third = far.receipt_for(two), shown.receipt_for(three)
    said = take(partner, [each.value for each in (first, second, third)], read=far.read)
    assert not said[-1].verdict.allowed
    assert log.is_doubted(partner.log_origin)
    partner.refresh_from_db()
    assert partner.state == "suspended"


def test_nobody_answers_an_act_that_was_not_theirs(world, partner, far, third):
    other = world.befriend(third)
    signed = sent(world, far)
    answer = third.act(in_reply_to=signed.act.id)
    said = take(other, [answer.value])
    assert rules(said) == ["act.out-of-order"]
    assert not Act.objects.filter(ours=False).exists()
    (said,) = take(partner, [far.act(in_reply_to=signed.act.id).value])
    assert said.verdict.allowed


def test_an_answer_to_an_act_from_another_partner_is_an_answer_to_nothing(world, partner, far, third):
    other = world.befriend(third)
    theirs = far.act()
    take(partner, [theirs.value])
    assert rules(take(other, [third.act(in_reply_to=theirs.act.id).value])) == ["act.out-of-order"]
    assert rules(take(partner, [far.act(in_reply_to=theirs.act.id).value])) == ["act.taken"]


def test_two_acts_under_one_id_in_one_post(world, partner, far):
    one = far.act()
    two = far.act(id=one.act.id, body={"title": "Other"})
    said = take(partner, [one.value, two.value])
    assert rules(said) == ["act.taken", "act.conflict"]
    assert said[0].receipt
    assert Act.objects.get().sha256 == one.sha256


STRANGE = {
    "the longest of everything": {
        "purpose": "p" * 40,
        "basis": tuple(f"{place:03}" + "b" * 997 for place in range(50)),
        "body": {"title": "t" * 200, "message": "m" * 20_000},
    },
    "the year 1": {"created": datetime(1, 1, 1, tzinfo=UTC)},
    "the end of time": {"expires": datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)},
    "a huge number": {"body": {"title": "t", "n": 1.7e308}},
    "deep": {"body": {"title": "t", "deep": [[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}},
    "a title of right-to-left marks": {"body": {"title": "\u202e" * 200}},
    "a title that is no text": {"body": {"title": ["t"]}},
    "a word that is no text": {"body": {"title": "t", "word": {"go": 1}}},
}


@pytest.mark.parametrize("changes", STRANGE.values(), ids=STRANGE.keys())
def test_strange_acts_are_taken_or_refused(world, partner, far, changes):
    (said,) = take(partner, [far.act(**changes).value])
    assert said.verdict.grounds[0].rule in {"act.taken", "act.malformed", "act.key-not-valid-then"}
    assert Act.objects.exists() == said.verdict.allowed


def carrying(far: FarNode, **changes):
    value = {**INDICATOR.value, **changes}
    found = StixObject.decode(value)
    return [far.act(contents=(Content.of(found),)).value, found.value]


def test_contents_of_the_longest_type(world, partner, far):
    kind = "x-" + "k" * 248
    said = take(partner, carrying(far, type=kind, id=f"{kind}--{INDICATOR.id.partition('--')[2]}"))
    assert rules(said) == ["act.taken"]


def declaration(far: FarNode, new: Ed25519PrivateKey, since=NOW, *, replaces=None, use=Use.SIGN, until=None):
    declared = declare_key(far.ref, NodeKey.of(new.public_key(), use, since, until), new, replaces=replaces)
    return far.act("declare-key", body={"title": "New key", **declared.as_json()})


@pytest.mark.parametrize("since", [datetime(1, 1, 1, tzinfo=UTC), LONG_AGO, NOW - timedelta(days=1)])
def test_a_new_key_does_not_reach_back(world, partner, far, since):
    kept = list(PartnerKey.objects.order_by("pk").values())
    said = take(partner, [declaration(far, Ed25519PrivateKey.generate(), since, replaces=far.kid).value])
    assert rules(said) == ["key.back-dated"]
    assert list(PartnerKey.objects.order_by("pk").values()) == kept


def test_a_key_that_has_ended_is_not_declared_again(world, partner, far):
    old, new = far.keys[Use.SIGN], Ed25519PrivateKey.generate()
    take(partner, [declaration(far, new, replaces=far.kid).value])
    far.keys[Use.SIGN], far.now = new, LATER
    said = take(partner, [declaration(far, old, LATER).value], now=LATER)
    assert rules(said) == ["key.known"]
    assert PartnerKey.objects.get(kid=thumbprint(old.public_key())).until == NOW


def test_a_key_belongs_to_one_partner(world, partner, far, third):
    world.befriend(third)
    said = take(partner, [declaration(far, third.keys[Use.SIGN]).value])
    assert rules(said) == ["key.known"]


def test_nobody_claims_the_key_of_another_in_a_descriptor(world, partner, far, third):
    stolen = NodeKey.of(far.keys[Use.SIGN].public_key(), Use.SIGN, LONG_AGO)
    own_keys = tuple(NodeKey.of(key.public_key(), use, LONG_AGO) for use, key in third.keys.items())
    signed = third.descriptor(NOW, keys=(*own_keys, stolen))
    found = partners.introduce(actor=world.administrator, address=third.address, signed=signed, now=NOW)
    with pytest.raises(Conflict, match="key"):
        partners.accept(actor=world.administrator, partner=found.pk, fingerprint=found.fingerprint, now=NOW)
    assert PartnerKey.objects.get(kid=far.kid).partner == partner


def test_a_line_of_the_log_is_one_line(world, partner, far, caplog):
    take(partner, [{"type": "x", "id": "a\nERROR root all is lost"}])
    assert "\n" not in caplog.records[-1].getMessage()


def test_a_key_replaces_one_that_was_there_before_it(world, partner, far):
    new = Ed25519PrivateKey.generate()
    for replaces in ("A" * 43, thumbprint(far.keys[Use.LOG].public_key())):
        said = take(partner, [declaration(far, new, replaces=replaces).value])
        assert rules(said) == ["key.replaces-nothing"]
    assert take(partner, [declaration(far, new, replaces=far.kid).value])[0].verdict.allowed


def test_two_declarations_of_one_key_in_one_post(world, partner, far):
    new = Ed25519PrivateKey.generate()
    posted = [declaration(far, new).value, declaration(far, new, until=LATER).value]
    assert rules(take(partner, posted)) == ["act.taken", "key.known"]
    assert PartnerKey.objects.get(kid=thumbprint(new.public_key())).until is None


@pytest.mark.django_db(transaction=True)
def test_an_act_that_comes_by_both_ways_at_once_counts_once(world, partner, far):
    value = far.act().value
    start = Barrier(2)

    def arrive(hand_over: bool) -> str:
        start.wait()
        try:
            return rules(take(partner, [value], hand_over=hand_over))[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        found = sorted(threads.map(arrive, (True, False)))
    assert found == ["act.replayed", "act.taken"]
    assert (Act.objects.count(), Receipt.objects.count(), log.size()) == (1, 1, 2)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_an_act_once(world, partner, far):
    sent(world, far)
    start = Barrier(2)

    def claimed(_: int) -> int:
        found = due_deliveries(LATER, party=partner.party, limit=5)
        start.wait()
        try:
            return len(delivering.claim(found, now=LATER, until=LATER + timedelta(minutes=1)))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(claimed, range(2))) == [0, 1]
