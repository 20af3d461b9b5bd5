"""What goes out: every sending ends in a receipt or in words that say what is waited for."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from comity.formats.acts import decode_act
from comity.formats.jws import thumbprint
from comity.formats.keys import Use
from comity.formats.receipts import sign_receipt
from comity.formats.strict_json import decode
from comity.node.accountability import queries as log
from comity.node.accountability import readers
from comity.node.accountability.models import Cosignature
from comity.node.acts.models import Act, Delivery, Receipt
from comity.node.acts.services import composing, delivering
from comity.node.federation.models import Partner, Reach
from comity.node.federation.services import outbound, partners
from comity.node.federation.worker import partners_due
from tests.node.far import FarNode
from tests.node.world import NOW, World

LATER = NOW + timedelta(seconds=1)


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    return world.befriend(far)


@pytest.fixture
def act(world, partner) -> Act:
    return composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)


def exchange(partner, far, now=LATER):
    partner.refresh_from_db()
    return outbound.exchange_with(partner, far, now=now, random=Random(1))


def the_delivery() -> Delivery:
    return Delivery.objects.get()


def test_a_receipt_comes_back_and_stands_in_our_log(partner, act, far):
    size = log.size()
    done = exchange(partner, far)
    assert (done.sent, done.receipted, done.trouble) == (1, 1, "")
    assert the_delivery().state == "receipted"
    assert Receipt.objects.get().log_index == size
    assert far.taken[act.ref].raw == bytes(act.wire)


def test_each_exchange_witnesses_both_logs(partner, act, far):
    exchange(partner, far)
    assert far.cosigned[0].startswith(b"far.example/log\n1\n")
    partner.refresh_from_db()
    assert partner.witnessed_size == far.seen_size == log.size()
    assert Cosignature.objects.get().witness == "far.example/witness"
    assert log.seen_log("far.example/log").size == 1


@pytest.mark.parametrize(
    ("broken", "words"),
    [("down", "cannot be reached"), ("500", "something broke at its side"), ("garbage", "cannot be read")],
)
def test_while_the_partner_cannot_the_page_says_what_is_waited_for(partner, act, far, broken, words):
    far.broken = broken
    done = exchange(partner, far)
    delivery = the_delivery()
    assert delivery.state == "waiting"
    assert words in delivery.words
    assert "Next try" in delivery.words
    assert done.trouble
    far.broken = ""
    exchange(partner, far, delivery.next_try)
    assert the_delivery().state == "receipted"


def test_a_partner_that_is_down_for_an_hour_gets_it_when_it_is_back(partner, act, far):
    far.broken, now, tries = "down", NOW, 0
    while now < NOW + timedelta(hours=1):
        if partners_due(now):
            exchange(partner, far, now)
            tries += 1
        now += timedelta(seconds=10)
    assert 5 <= tries <= 20  # it backs off, and does not give up
    far.broken = ""
    exchange(partner, far, the_delivery().next_try)
    assert the_delivery().state == "receipted"
    assert list(far.taken) == [act.ref]


def test_the_rest_between_tries_grows_up_to_a_bound():
    waits = [delivering.wait_after(attempts, Random(1)) for attempts in range(40)]
    assert waits[0] <= delivering.FIRST_WAIT
    assert waits[5] > waits[0]
    assert max(waits) <= delivering.LONGEST_WAIT


def test_a_refusal_there_is_final_and_keeps_its_code(partner, act, far):
    far.refuse = "act.kind-unknown"
    exchange(partner, far)
    delivery = the_delivery()
    assert (delivery.state, delivery.code, delivery.next_try) == ("refused", "act.kind-unknown", None)
    assert "did not take it" in delivery.words


def test_what_came_too_early_there_is_tried_again(partner, act, far):
    far.refuse = "act.out-of-order"
    exchange(partner, far)
    assert the_delivery().state == "waiting"
    far.refuse = ""
    exchange(partner, far, the_delivery().next_try)
    assert the_delivery().state == "receipted"


def test_a_receipt_that_does_not_come_is_asked_for_by_sending_again(partner, act, far):
    far.receipts_given = False
    exchange(partner, far)
    delivery = the_delivery()
    assert delivery.state == "handed-over"
    far.receipts_given = True
    exchange(partner, far, delivery.next_try)
    assert the_delivery().state == "receipted"
    assert len(far.leaves) == 1


def test_what_may_no_longer_go_is_withheld_with_its_ground(world, partner, far):
    composing.compose(actor=world.analyst, draft=world.draft(partner.party, word="late"), now=NOW)
    exchange(partner, far)
    delivery = the_delivery()
    assert (delivery.state, delivery.code) == ("withheld", "note.late")
    assert "too late" in delivery.words
    assert not far.taken


def forged(far: FarNode, signed, **changes):
    """A receipt that the partner signs, and that does not say what it should."""
    entry = far.receipt_for(signed).receipt
    said = {name: getattr(entry, name) for name in entry.__dataclass_fields__} | changes
    key = far.keys[Use.SIGN]
    return sign_receipt(type(entry)(**said), key, thumbprint(key.public_key()))


@pytest.mark.parametrize(
    "changes",
    [{"act_sha256": "0" * 64}, {"act": "comity-act--00000000-0000-4000-8000-000000000009"}],
)
def test_a_receipt_for_something_else_completes_nothing(partner, act, far, changes):
    signed = decode_act(bytes(act.wire))
    far._given[act.ref] = forged(far, signed, **changes)
    size = log.size()
    exchange(partner, far)
    assert the_delivery().state == "handed-over"
    assert not Receipt.objects.exists()
    assert log.size() == size


def test_a_partner_that_fetches_is_waited_for(world, partner, act, far):
    partners.set_ways(
        actor=world.administrator, partner=partner.pk, reach=Reach.FETCH, fetches=False, now=NOW
    )
    exchange(partner, far)
    delivery = the_delivery()
    assert (delivery.state, delivery.next_try) == ("waiting", None)
    assert "until CERT Freedonia fetches it" in delivery.words
    assert not far.taken
    partners.set_ways(
        actor=world.administrator, partner=partner.pk, reach=Reach.PUSH, fetches=False, now=LATER
    )
    exchange(partner, far)
    assert the_delivery().state == "receipted"


def test_fetching_and_posting_give_the_same_result_once(world, partner, far):
    partners.set_ways(actor=world.administrator, partner=partner.pk, reach=Reach.PUSH, fetches=True, now=NOW)
    signed = far.act()
    far.outbox = [signed.value]
    done = exchange(partner, far)
    assert done.fetched == 1
    assert Act.objects.get().ref == signed.act.id
    assert [each["act"] for each in far.returned] == [signed.act.id]
    assert not Receipt.objects.filter(return_due__isnull=False).exists()
    size = log.size()
    far.outbox = [signed.value, signed.value]
    exchange(partner, far, LATER + timedelta(seconds=5))
    assert (Act.objects.count(), log.size()) == (1, size)


def test_receipts_that_cannot_be_returned_wait(world, partner, far):
    partners.set_ways(actor=world.administrator, partner=partner.pk, reach=Reach.PUSH, fetches=True, now=NOW)
    far.outbox = [far.act().value]
    outbound._fetch(partner, world.body, far, LATER)
    far.broken = "down"
    exchange(partner, far)
    receipt = Receipt.objects.get()
    assert receipt.return_due
    assert receipt.return_due > LATER
    far.broken = ""
    exchange(partner, far, receipt.return_due)
    assert Receipt.objects.get().return_due is None
    assert far.returned == [decode(bytes(receipt.wire))]


def test_a_log_that_contradicts_itself_suspends_the_partner_and_names_both_checkpoints(world, partner, far):
    for _ in range(2):
        composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
        exchange(partner, far)
    far.leaves[0] = b"x" * 32
    composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    exchange(partner, far)
    partner.refresh_from_db()
    assert partner.state == "suspended"
    (alarm,) = readers.alarms_for(world.observer)
    assert (alarm.seen.size, alarm.offered.size) == (2, 3)
    assert alarm.seen.root != alarm.offered.root
    assert Receipt.objects.count() == 2
    assert partners_due(NOW + timedelta(days=1)) == []


def test_many_acts_go_in_one_post(world, partner, far):
    drafts = [world.draft(partner.party) for _ in range(30)]
    composing.compose_all(actor=world.analyst, drafts=drafts, now=NOW)
    done = exchange(partner, far)
    assert (done.sent, done.receipted) == (30, 30)
    assert sum(ask.method == "POST" and ask.url.endswith("/objects/") for ask in far.asks) == 1
