"""Trust that ends, is doubted or begins anew: old keys stay dead, names stay true, words stay honest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.errors import Conflict
from comity.formats.keys import Use
from comity.node.acts.models import Act, Delivery
from comity.node.acts.services import composing, delivering
from comity.node.federation import queries
from comity.node.federation.models import Partner, Reach
from comity.node.federation.services import inbound, outbound, partners
from comity.node.parties.models import Party, Person
from tests.node.far import FarNode
from tests.node.world import NOW, World

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    return world.befriend(far)


def exchange(partner: Partner, far: FarNode, now=LATER):
    partner.refresh_from_db()
    return outbound.exchange_with(partner, far, now=now, random=Random(1))


def note_to(world: World, partner: Partner, word: str = "go") -> Delivery:
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party, word=word), now=NOW)
    return Delivery.objects.get(act=act)


def test_a_key_that_was_known_before_the_end_counts_no_more_after_it(world, partner, far):
    stolen = far.keys[Use.SIGN]
    partners.end(actor=world.administrator, partner=partner.pk, why="the key was stolen", now=NOW)
    far.keys[Use.SIGN] = Ed25519PrivateKey.generate()
    anew = partners.introduce(
        actor=world.administrator, address=far.address, signed=far.descriptor(LATER), now=LATER
    )
    partners.accept(actor=world.administrator, partner=anew.pk, fingerprint=anew.fingerprint, now=LATER)
    good = far.act(created=LATER)
    far.keys[Use.SIGN] = stolen
    bad = far.act(created=LATER)
    assert queries.partner_by_kid(far.kid, LATER) is None
    for signed, rule in ((good, "act.taken"), (bad, "act.key-not-valid-then")):
        (said,) = inbound.take(anew, inbound.sort([signed.value]), now=LATER, hand_over=True, read=None)
        assert said.verdict.grounds[0].rule == rule
    assert [act.ref for act in Act.objects.filter(ours=False)] == [good.act.id]


def test_a_node_that_nobody_accepted_renames_no_party(world, far):
    known = Party.objects.create(ref=far.ref, kind="ministry", name="Ministry", state="UY", added=NOW)
    with pytest.raises(Conflict, match="with the id of Ministry"):
        partners.introduce(
            actor=world.administrator, address=far.address, signed=far.descriptor(NOW), now=NOW
        )
    known.refresh_from_db()
    assert (known.name, known.kind, known.state) == ("Ministry", "ministry", "UY")
    assert not Partner.objects.exists()


def test_a_new_name_counts_when_a_person_accepted_it(world, partner, far):
    partners.end(actor=world.administrator, partner=partner.pk, why="x", now=NOW)
    signed = far.descriptor(LATER, name="CERT Freedonia and Sylvania")
    anew = partners.introduce(actor=world.administrator, address=far.address, signed=signed, now=LATER)
    assert Party.objects.get(ref=far.ref).name == "CERT Freedonia"
    partners.accept(actor=world.administrator, partner=anew.pk, fingerprint=anew.fingerprint, now=LATER)
    assert Party.objects.get(ref=far.ref).name == "CERT Freedonia and Sylvania"


def test_the_page_says_that_a_suspended_partner_is_waited_for(world, partner):
    delivery = note_to(world, partner)
    partners.suspend(actor=world.administrator, partner=partner.pk, why="a doubt", now=NOW)
    delivery.refresh_from_db()
    assert delivery.words == "Waits until a person resumes the cooperation with CERT Freedonia: a doubt"
    partners.resume(actor=world.administrator, partner=partner.pk, why="cleared", now=NOW)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_try) == ("waiting", NOW)


def test_nothing_waits_for_a_partner_that_ended(world, partner):
    delivery = note_to(world, partner)
    partners.end(actor=world.administrator, partner=partner.pk, why="no need", now=NOW)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_try, delivery.code) == ("withheld", None, "partner.ended")
    assert "the cooperation ended: no need" in delivery.words


def test_what_the_partner_took_is_never_called_withheld(world, partner, far):
    far.receipts_given = False
    delivery = note_to(world, partner)
    exchange(partner, far)
    Act.objects.update(body={"title": "x", "word": "late"})
    exchange(partner, far, LATER + delivering.RECEIPT_WAIT)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_try) == ("handed-over", None)
    assert "took it" in delivery.words
    assert "too late" in delivery.words


def test_what_was_fetched_waits_for_its_receipt_and_not_to_be_fetched(world, partner, far):
    partners.set_ways(
        actor=world.administrator, partner=partner.pk, reach=Reach.FETCH, fetches=False, now=NOW
    )
    delivery = note_to(world, partner)
    delivering.handed_over([delivery], now=NOW, how="CERT Freedonia fetched it.")
    exchange(partner, far, NOW + delivering.RECEIPT_WAIT)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.words) == (
        "handed-over",
        "CERT Freedonia fetched it; its receipt has not come yet.",
    )


def test_an_act_that_stays_too_early_holds_up_the_others_for_a_while_only(world, partner, far):
    partners.set_ways(actor=world.administrator, partner=partner.pk, reach=Reach.PUSH, fetches=True, now=NOW)
    early = far.act(in_reply_to="comity-act--00000000-0000-4000-8000-000000000003")
    far.outbox = [early.value, far.act().value]
    exchange(partner, far, NOW)
    partner.refresh_from_db()
    assert (partner.fetch_cursor, partner.fetch_held_since) == ("", NOW)
    exchange(partner, far, NOW + outbound.HOLD)
    partner.refresh_from_db()
    assert partner.fetch_cursor
    assert partner.fetch_held_since is None


@pytest.mark.parametrize("who", ["analyst", "approver", "administrator", "observer"])
def test_everybody_has_a_first_page(world, who, client, settings):
    settings.CONFIG = replace(settings.CONFIG, require_second_factor=False)
    client.force_login(Person.objects.get(pk=getattr(world, who).person))
    response = client.get("/", follow=True)
    assert response.status_code == 200
    assert ('name="q"' in response.content.decode()) == (who in ("analyst", "approver"))
