"""Partners: introduced by address, accepted by a person, their keys renewed, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from comity.base.errors import Conflict, Malformed
from comity.base.verdict import Refused
from comity.formats.acts import decode_act
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.rollover import KeyDeclaration, check_declaration, declare_key
from comity.node import keys
from comity.node.acts.models import Act, Delivery
from comity.node.acts.services import composing
from comity.node.federation import queries
from comity.node.federation.models import OwnKey, Partner, PartnerKey
from comity.node.federation.services import inbound, outbound, own, partners
from comity.node.keys import KeyUse
from tests.node.far import FarNode
from tests.node.world import NOW

LATER = NOW + timedelta(hours=1)


def introduce(world, far, **changes):
    return partners.introduce(
        actor=changes.pop("actor", world.administrator),
        address=changes.pop("address", far.address),
        signed=far.descriptor(NOW, **changes),
        now=NOW,
    )


def test_nothing_is_trusted_before_a_person_compared_the_words(world, far):
    found = introduce(world, far)
    assert found.state == "introduced"
    assert len(found.fingerprint.split()) == 12
    assert not PartnerKey.objects.exists()
    assert not queries.reaches(found.party).allowed
    accepted = partners.accept(
        actor=world.administrator, partner=found.pk, fingerprint=found.fingerprint, now=NOW
    )
    assert accepted.state == "accepted"
    assert queries.reaches(found.party).allowed


def test_a_changed_key_has_to_be_compared_anew(world, far):
    found = introduce(world, far)
    with pytest.raises(Conflict, match="compare the new one"):
        partners.accept(actor=world.administrator, partner=found.pk, fingerprint="other words", now=NOW)
    assert Partner.objects.get().state == "introduced"


@pytest.mark.parametrize("who", ["analyst", "observer"])
def test_only_administrators_add_partners(world, far, who):
    with pytest.raises(Refused) as refused:
        introduce(world, far, actor=getattr(world, who))
    assert refused.value.verdict.grounds[0].rule == "role.lacks"
    assert not Partner.objects.exists()


def test_the_node_itself_accepts_nobody(world, far):
    found = introduce(world, far)
    machine = replace(world.administrator, person=None)
    with pytest.raises(Refused) as refused:
        partners.accept(actor=machine, partner=found.pk, fingerprint=found.fingerprint, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "partner.person"


@pytest.mark.parametrize(
    "address", ["ftp://far.example/", "http://u:p@far.example/", "far.example", "http:///x", "http://h/?q"]
)
def test_an_address_that_we_do_not_ask(address):
    with pytest.raises(Malformed):
        partners.check_address(address)


def test_a_node_that_calls_itself_otherwise_is_not_introduced(world, far):
    with pytest.raises(Malformed, match="add it under that address"):
        introduce(world, far, address="http://elsewhere.example/")
    assert not Partner.objects.exists()


def test_a_descriptor_that_was_changed_is_not_introduced(world, far):
    signed = far.descriptor(NOW)
    changed = replace(signed, descriptor=replace(signed.descriptor, name="Other"))
    other = FarNode("CERT Freedonia", "DE", far.address)
    other.keys = {**other.keys, Use.SIGN: Ed25519PrivateKey.generate()}
    forged = replace(changed, sealed=other.descriptor(NOW).sealed)
    with pytest.raises(Refused) as refused:
        partners.introduce(actor=world.administrator, address=far.address, signed=forged, now=NOW)
    assert refused.value.verdict.grounds[0].rule == "descriptor.unknown-key"


def test_a_partner_twice_and_ourselves_are_conflicts(world, far):
    introduce(world, far)
    with pytest.raises(Conflict, match="already"):
        introduce(world, far)
    with pytest.raises(Conflict, match="this node itself"):
        partners.introduce(
            actor=world.administrator,
            address=settings.CONFIG.address,
            signed=own.descriptor(NOW),
            now=NOW,
        )


def test_an_ended_partner_can_be_introduced_again(world, far):
    partner = world.befriend(far)
    partners.end(actor=world.administrator, partner=partner.pk, why="x", now=NOW)
    assert not queries.reaches(partner.party).allowed
    assert introduce(world, far).state == "introduced"


def test_a_new_key_of_a_partner_counts_from_its_day_on(world, far):
    partner = world.befriend(far)
    new = Ed25519PrivateKey.generate()
    later = NOW + timedelta(hours=1)
    key = NodeKey.of(new.public_key(), Use.SIGN, later)
    declared = declare_key(far.ref, key, new, replaces=far.kid)
    act = far.act("declare-key", body={"title": "New key", **declared.as_json()})
    (said,) = inbound.take(partner, inbound.sort([act.value]), now=NOW, hand_over=True, read=None)
    assert said.verdict.allowed
    old_key, far.keys[Use.SIGN] = far.keys[Use.SIGN], new
    with_new = far.act(created=later)
    far.keys[Use.SIGN] = old_key
    with_old = far.act(created=later)
    for signed, rule in ((with_new, "act.taken"), (with_old, "act.key-not-valid-then")):
        (said,) = inbound.take(partner, inbound.sort([signed.value]), now=later, hand_over=True, read=None)
        assert said.verdict.grounds[0].rule == rule


def test_a_key_that_the_author_does_not_hold_is_not_taken_over(world, far):
    partner = world.befriend(far)
    new = Ed25519PrivateKey.generate()
    key = NodeKey.of(new.public_key(), Use.SIGN, NOW)
    declared = declare_key("identity--somebody-else", key, new, replaces=far.kid)
    act = far.act("declare-key", body={"title": "New key", **declared.as_json()})
    (said,) = inbound.take(partner, inbound.sort([act.value]), now=NOW, hand_over=True, read=None)
    assert said.verdict.grounds[0].rule == "key.bad-proof"
    assert not PartnerKey.objects.filter(kid=key.kid).exists()


@pytest.fixture
def own_folder(tmp_path, settings):
    """A key folder of this test's own, since it renews the key."""
    for use in KeyUse:
        keys.create(tmp_path / "keys", use)
    settings.CONFIG = replace(settings.CONFIG, home=tmp_path)
    return tmp_path / "keys"


def test_our_new_key_is_told_to_partners_by_the_old_one(own_folder, world, far):
    partner = world.befriend(far)
    before = thumbprint(keys.node_key(KeyUse.SIGN).public_key())
    act = own.renew_key(KeyUse.SIGN, actor=world.administrator, now=LATER)
    assert act
    after = thumbprint(keys.node_key(KeyUse.SIGN).public_key())
    assert before != after
    signed = decode_act(bytes(act.wire or b""))
    assert signed.sealed.signature.kid == before
    declared = KeyDeclaration.decode(signed.act.body)
    assert (declared.key.kid, declared.replaces) == (after, before)
    assert check_declaration(world.body.ref, declared).allowed
    outbound.exchange_with(partner, far, now=LATER + timedelta(seconds=1), random=Random(1))
    assert Delivery.objects.get(act=act).state == "receipted"
    later = composing.compose(
        actor=world.analyst, draft=world.draft(partner.party), now=LATER + timedelta(seconds=2)
    )
    assert decode_act(bytes(later.wire or b"")).sealed.signature.kid == after


def test_a_renewal_that_was_cut_short_is_finished_or_undone(own_folder, world):
    waiting = keys.create(own_folder, KeyUse.SIGN, name="sign-next")
    assert not own.finish_renewal()
    assert not (own_folder / "sign-next.pem").exists()
    waiting = keys.create(own_folder, KeyUse.SIGN, name="sign-next")
    own._declare(KeyUse.SIGN, world.administrator, waiting, LATER)
    assert own.finish_renewal()
    assert keys.read(own_folder / "sign.pem").public_key() == waiting.public_key()
    assert OwnKey.objects.filter(use="sign", until=None).count() == 1
    assert not Act.objects.exists()
