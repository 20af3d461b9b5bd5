"""A checkpoint that nobody can compare when it comes is kept, and compared when a proof can be had."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from django.test import Client

from comity.engines.ledger.checkpoint import Checkpoint, sign_checkpoint
from comity.engines.ledger.proofs import consistency_proof
from comity.engines.ledger.witness import AddCheckpoint
from comity.formats.acts import decode_act
from comity.formats.keys import Use
from comity.node.accountability import queries as log
from comity.node.accountability import readers
from comity.node.accountability.following import decide_alarm
from comity.node.accountability.models import AlarmDecision, KeptCheckpoint, LogAlarm
from comity.node.acts.models import Act, Receipt
from comity.node.acts.services import composing
from comity.node.federation.models import Partner, Reach
from comity.node.federation.services import inbound, outbound, partners
from comity.node.parties.models import Person
from tests.node.far import FarNode
from tests.node.federation.test_inbound import take
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    """A partner whose log was seen at three entries, and whose node nobody reaches."""
    found = world.befriend(far)
    partners.set_ways(actor=world.administrator, partner=found.pk, reach=Reach.FETCH, fetches=False, now=NOW)
    for _ in range(3):
        far.record(b"entry")
    assert offer(far, 0).status_code == 200
    found.refresh_from_db()
    return found


def offer(far: FarNode, old: int, size: int | None = None):
    """The partner brings its checkpoint with a proof, as a log does to its witness."""
    new = far.checkpoint(size).size
    body = AddCheckpoint(old, consistency_proof(far.read, old, new) if old else (), far.note(size).encode())
    return Client().post("/log/add-checkpoint", body.encode(), content_type="text/plain")


def receipted(world: World, partner: Partner, far: FarNode, now=NOW):
    """The partner brings a receipt for an act of ours; its log is not read."""
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    return take(partner, [far.receipt_for(decode_act(bytes(act.wire or b""))).value], now=now)[0].verdict


def forked(far: FarNode) -> FarNode:
    """The same keeper, with another last entry for other eyes."""
    other = copy.deepcopy(far)
    other.leaves[-1] = b"x" * 32
    return other


def kept() -> list[int]:
    return list(KeptCheckpoint.objects.values_list("size", flat=True))


def suspended(partner: Partner) -> bool:
    partner.refresh_from_db()
    return partner.state == "suspended"


def test_a_receipt_counts_and_its_checkpoint_is_kept(world, partner, far):
    assert receipted(world, partner, far).allowed
    assert (Receipt.objects.count(), kept()) == (1, [4])
    assert receipted(world, partner, far).allowed
    assert (Receipt.objects.count(), kept()) == (2, [4, 5])


def test_the_witness_asks_for_a_proof_from_each_that_is_kept(world, partner, far):
    receipted(world, partner, far)
    receipted(world, partner, far)
    far.record(b"later")
    answers = [offer(far, old) for old in (3, 4, 5)]
    assert [each.status_code for each in answers] == [409, 409, 200]
    assert [each.content for each in answers[:2]] == [b"4\n", b"5\n"]
    assert (kept(), log.seen_log(partner.log_origin).size) == ([], 6)
    assert not LogAlarm.objects.exists()


def test_the_newest_needs_no_proof_of_its_own(world, partner, far):
    receipted(world, partner, far)
    assert offer(far, 3).status_code == 200
    assert kept() == []


@pytest.mark.parametrize("older", [5, 6, 7])
def test_a_fork_at_another_size_is_found_by_the_proof_of_the_other_history(world, partner, far, older):
    """The reviewer's attack: a random root at a size of its own, that no later proof begins at."""
    for _ in range(older - 4):
        far.record(b"more")
    assert receipted(world, partner, forked(far)).allowed
    assert kept() == [older]
    for _ in range(4):
        far.record(b"later")
    answer = offer(far, 3)
    assert (answer.status_code, answer.content) == (409, f"{older}\n".encode())
    answer = offer(far, older)
    assert answer.status_code == 422
    alarm = LogAlarm.objects.get()
    assert {alarm.seen.size, alarm.offered.size} == {older, far.checkpoint().size}
    assert suspended(partner)


def test_two_roots_at_one_size_are_an_alarm_at_once(world, partner, far):
    other = forked(far)
    assert receipted(world, partner, far).allowed
    refused = receipted(world, partner, other)
    assert refused.grounds[0].rule == "log.rewritten"
    (alarm,) = readers.alarms_for(world.observer)
    assert (alarm.seen.size, alarm.offered.size) == (4, 4)
    assert alarm.seen.root != alarm.offered.root
    assert suspended(partner)
    assert Receipt.objects.count() == 1


def test_what_is_brought_with_a_proof_is_held_against_what_is_kept(world, partner, far):
    receipted(world, partner, forked(far))
    far.record(b"another fourth")
    assert offer(far, 3).status_code == 422
    assert LogAlarm.objects.exists()
    assert suspended(partner)


def test_a_smaller_checkpoint_is_kept_too(world, partner, far):
    root = sign_checkpoint(Checkpoint(partner.log_origin, 2, b"r" * 32), far.keys[Use.LOG])
    verdict = inbound.observe(partner, root.encode(), read=None, now=NOW)
    assert (verdict.grounds[0].rule, kept()) == ("log.later", [2])
    far.record(b"later")
    assert offer(far, 3).content == b"2\n"
    # Where the older tree is one whole subtree, its root is in no proof: nothing shows it, nothing clears it.
    assert offer(far, 2).status_code == 422
    assert kept() == [2]


def reachable(world: World, partner: Partner) -> None:
    partners.set_ways(actor=world.administrator, partner=partner.pk, reach=Reach.PUSH, fetches=True, now=NOW)
    partner.refresh_from_db()


def test_the_worker_compares_by_the_tiles_when_it_can(world, partner, far):
    receipted(world, partner, far)
    far.record(b"later")
    reachable(world, partner)
    done = outbound.exchange_with(partner, far, now=NOW + timedelta(hours=1), random=Random(1))
    assert (done.trouble, kept()) == ("", [])
    assert not LogAlarm.objects.exists()


def test_the_worker_finds_a_fork_by_the_tiles(world, partner, far):
    receipted(world, partner, forked(far))
    for _ in range(3):
        far.record(b"later")
    reachable(world, partner)
    done = outbound.exchange_with(partner, far, now=NOW + timedelta(hours=1), random=Random(1))
    assert "is not shown to be the same" in done.trouble
    alarm = LogAlarm.objects.get()
    assert (alarm.seen.size, alarm.offered.size) == (6, 4)
    assert suspended(partner)


def test_what_the_tiles_do_not_show_stays_kept(world, partner, far):
    longer = copy.deepcopy(far)
    for _ in range(300):
        longer.record(b"more")
    receipted(world, partner, longer)
    reachable(world, partner)
    done = outbound.exchange_with(partner, far, now=NOW + timedelta(hours=1), random=Random(1))
    assert "ask its keeper for a repair" in done.trouble
    assert (kept(), LogAlarm.objects.count()) == ([304], 0)


def test_what_waits_for_a_day_is_told_and_for_a_week_stops_everything(world, partner, far, client, settings):
    settings.CONFIG = replace(settings.CONFIG, require_second_factor=False)
    receipted(world, partner, far)
    KeptCheckpoint.objects.update(at=NOW - 2 * DAY)
    client.force_login(Person.objects.get(pk=world.administrator.person))
    page = client.get(f"/partners/{partner.pk}/").content.decode()
    assert "a checkpoint that came with a receipt waits for its proof" in page
    assert take(partner, [far.act().value], now=NOW)[0].verdict.allowed
    KeptCheckpoint.objects.update(at=NOW - 8 * DAY)
    known = Act.objects.count()
    refused = take(partner, [far.act().value], now=NOW)[0].verdict
    assert refused.grounds[0].rule == "log.uncompared"
    assert receipted(world, partner, far).grounds[0].rule == "log.uncompared"
    assert Act.objects.count() == known + 1  # the one that we composed
    for old in (3, 4):
        offer(far, old)
    assert take(partner, [far.act().value], now=NOW)[0].verdict.allowed


def test_only_so_many_are_kept(world, partner, far, monkeypatch):
    monkeypatch.setattr(log, "MOST_KEPT", 2)
    rules = [receipted(world, partner, far).grounds[0].rule for _ in range(3)]
    assert rules[-1] == "log.uncompared"
    assert len(kept()) == 2
    for old in (3, 4, 5, 6):
        offer(far, old)
    assert kept() == []


def test_what_a_person_disbelieved_does_not_count_when_it_comes_again(world, partner, far):
    far.record(b"more")
    other = forked(far)
    receipted(world, partner, other)
    for _ in range(3):
        far.record(b"later")
    offer(far, 3)
    offer(far, 5)
    alarm = LogAlarm.objects.get()
    decide_alarm(
        actor=world.administrator, alarm=alarm.pk, decision=AlarmDecision.KEEP, why="A test", now=NOW
    )
    verdict = inbound.observe(partner, other.note(5).encode(), read=None, now=NOW)
    assert verdict.grounds[0].rule == "log.disbelieved"
    assert kept() == []


def test_receipts_that_the_partner_may_take_later_are_offered_again(world, partner, far):
    reachable(world, partner)
    far.outbox = [far.act().value]
    far.refuse_receipts = "log.uncompared"
    outbound.exchange_with(partner, far, now=NOW, random=Random(1))
    receipt = Receipt.objects.get()
    assert receipt.return_due == NOW + outbound.RECEIPT_PAUSE
    far.refuse_receipts = ""
    outbound.exchange_with(partner, far, now=receipt.return_due, random=Random(1))
    assert Receipt.objects.get().return_due is None
