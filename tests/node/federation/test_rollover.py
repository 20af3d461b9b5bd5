"""Our key changes while a partner knows the old one alone: the declaration reaches it all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from comity.base.errors import Conflict
from comity.formats.conversation import Ask, Reply
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.rollover import KeyDeclaration, declare_key
from comity.formats.taxii import MEDIA_TYPE
from comity.node import keys
from comity.node.accountability.models import Cosignature
from comity.node.acts.models import Delivery
from comity.node.acts.services import composing
from comity.node.federation import worker
from comity.node.federation.models import OwnKey
from comity.node.federation.services import inbound, outbound, own, partners
from comity.node.federation.signatures import Message, Unsigned, signer_of
from comity.node.keys import KeyUse
from tests.journeys import strange
from tests.node.world import NOW


class Door:
    """The far node behind a socket; its inbox answers only those whose signing key it was told of."""

    def __init__(self, far, known) -> None:
        self.far, self.known = far, {thumbprint(key): key for key in known}

    def __call__(self, handler) -> None:
        body = handler.body
        url = f"{self.far.address.rstrip('/')}{handler.path}"
        reply = self.far(Ask(url, method=handler.command, body=body or None))
        if handler.path.startswith("/taxii2/"):
            try:
                signer_of(
                    Message(handler.command, url, dict(handler.headers)),
                    read=lambda: body,
                    find=self.known.get,
                )
            except Unsigned:
                reply = Reply(401, {"content-type": MEDIA_TYPE}, b"{}")
        strange.send(handler, reply.status, reply.body, reply.headers["content-type"])


@pytest.fixture
def folder(tmp_path, settings):
    for use in KeyUse:
        keys.create(tmp_path / "keys", use)
    settings.CONFIG = replace(settings.CONFIG, home=tmp_path)
    return tmp_path / "keys"


def exchange(partner, settings) -> None:
    partner.refresh_from_db()
    Delivery.objects.filter(next_try__isnull=False).update(next_try=timezone.now() - timedelta(seconds=1))
    worker.exchange_once(partner, settings.CONFIG, now=timezone.now(), random=Random(1))


def test_a_partner_that_knows_the_old_key_alone_is_told_of_the_new_one(folder, world, far, settings):
    old = keys.node_key(KeyUse.SIGN).public_key()
    with strange.serving(door := Door(far, [old])) as server:
        far.address = server.address
        partner = world.befriend(far)
        act = own.renew_key(KeyUse.SIGN, actor=world.administrator, now=timezone.now())
        exchange(partner, settings)
        assert Delivery.objects.get(act=act).state == "receipted"
        new = keys.node_key(KeyUse.SIGN).public_key()
        door.known = {thumbprint(new): new}
        later = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=timezone.now())
        exchange(partner, settings)
        assert Delivery.objects.get(act=later).state == "receipted"


def test_a_partner_that_knows_neither_key_says_so(folder, world, far, settings):
    with strange.serving(Door(far, [far.keys[Use.SIGN].public_key()])) as server:
        far.address = server.address
        partner = world.befriend(far)
        act = own.renew_key(KeyUse.SIGN, actor=world.administrator, now=timezone.now())
        exchange(partner, settings)
        delivery = Delivery.objects.get(act=act)
        assert delivery.state == "waiting"
        assert "it does not know who asks" in delivery.words


def renew(world, seconds: int):
    """A new key; a key counts from a time of its own."""
    return own.renew_key(
        KeyUse.SIGN, actor=world.administrator, now=timezone.now() + timedelta(seconds=seconds)
    )


@pytest.mark.parametrize("renewals", [1, 5])
def test_a_partner_that_was_suspended_meanwhile_is_told_before_anything_else(
    folder, world, far, settings, renewals
):
    first = keys.node_key(KeyUse.SIGN).public_key()
    with strange.serving(Door(far, [first])) as server:
        far.address = server.address
        partner = world.befriend(far)
        partners.suspend(actor=world.administrator, partner=partner.pk, why="a doubt", now=timezone.now())
        told = [renew(world, number - 60) for number in range(renewals)]
        assert all("until a person resumes" in each.words for each in Delivery.objects.all())
        assert worker.partners_due(timezone.now()) == []
        partners.resume(actor=world.administrator, partner=partner.pk, why="cleared", now=timezone.now())
        later = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=timezone.now())
        exchange(partner, settings)
    assert list(far.taken) == [*(act.ref for act in told), later.ref]
    known = {thumbprint(first)}
    for act in told:
        signed = far.taken[act.ref]
        assert signed.sealed.signature.kid in known
        known.add(KeyDeclaration.decode(signed.act.body).key.kid)
    assert far.taken[later.ref].sealed.signature.kid in known
    assert set(Delivery.objects.values_list("state", flat=True)) == {"receipted"}


def test_acts_that_follow_a_new_key_in_one_post_are_verified_by_it(world, far):
    """As our partner sees it: two renewals and an act by the last key, all at once."""
    partner = world.befriend(far)
    signed = []
    for hours in (1, 2):
        new, since = Ed25519PrivateKey.generate(), NOW + timedelta(hours=hours)
        key = NodeKey.of(new.public_key(), Use.SIGN, since)
        declared = declare_key(far.ref, key, new, replaces=far.kid)
        body = {"title": "New key", **declared.as_json()}
        signed.append(far.act("declare-key", created=since, body=body))
        far.keys[Use.SIGN] = new
    signed.append(far.act(created=NOW + timedelta(hours=3)))
    found = inbound.sort([each.value for each in signed])
    said = inbound.take(partner, found, now=NOW + timedelta(hours=3), hand_over=True, read=None)
    assert [each.verdict.grounds[0].rule for each in said] == ["act.taken"] * 3


def test_what_the_partner_cannot_verify_is_told_on_its_page(world, far, settings):
    partner = world.befriend(far)
    far.refuse = "act.unknown-key"
    composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    done = outbound.exchange_with(partner, far, now=NOW, random=Random(1))
    partner.refresh_from_db()
    assert partner.trouble == done.trouble
    assert "CERT Freedonia cannot take our acts" in partner.trouble
    far.refuse = ""
    later = NOW + timedelta(minutes=1)
    assert outbound.exchange_with(partner, far, now=later, random=Random(1)).receipted == 1
    partner.refresh_from_db()
    assert partner.trouble == ""


def test_a_new_key_as_a_witness_is_told_and_used(folder, world, far):
    OwnKey.objects.filter(use="witness").delete()
    own.know_own_keys(NOW)
    partner = world.befriend(far)
    before = keys.node_key(KeyUse.WITNESS).public_key()
    later = NOW + timedelta(minutes=1)
    act = own.renew_key(KeyUse.WITNESS, actor=world.administrator, now=later)
    assert act is not None
    assert own.is_current(KeyUse.WITNESS)
    assert keys.node_key(KeyUse.WITNESS).public_key() != before
    declared = KeyDeclaration.decode(act.body)
    assert (declared.key.use, declared.replaces) == (Use.WITNESS, thumbprint(before))
    assert keys.former(KeyUse.WITNESS)[0].public_key() == before
    assert outbound.exchange_with(partner, far, now=later, random=Random(1)).receipted == 1


def test_a_partners_new_key_as_a_witness_counts(world, far):
    partner = world.befriend(far)
    new, since = Ed25519PrivateKey.generate(), NOW + timedelta(hours=1)
    old = thumbprint(far.keys[Use.WITNESS].public_key())
    key = NodeKey.of(new.public_key(), Use.WITNESS, since)
    body = {"title": "New key", **declare_key(far.ref, key, new, replaces=old).as_json()}
    act = far.act("declare-key", created=since, body=body)
    (said,) = inbound.take(partner, inbound.sort([act.value]), now=since, hand_over=True, read=None)
    assert said.verdict.allowed
    far.keys[Use.WITNESS] = new
    composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=since)
    assert outbound.exchange_with(partner, far, now=since, random=Random(1)).trouble == ""
    assert Cosignature.objects.exists()


def test_a_log_keeps_its_key(folder, world, far):
    with pytest.raises(Conflict, match="for life"):
        own.renew_key(KeyUse.LOG, actor=world.administrator, now=NOW)
    partner = world.befriend(far)
    new = Ed25519PrivateKey.generate()
    key = NodeKey.of(new.public_key(), Use.LOG, NOW)
    body = {"title": "New key", **declare_key(far.ref, key, new, replaces=None).as_json()}
    act = far.act("declare-key", body=body)
    (said,) = inbound.take(partner, inbound.sort([act.value]), now=NOW, hand_over=True, read=None)
    assert said.verdict.grounds[0].rule == "key.of-the-log"
