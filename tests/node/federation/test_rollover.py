"""Our key changes while a partner knows the old one alone: the declaration reaches it all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone

from comity.formats.conversation import Ask, Reply
from comity.formats.jws import thumbprint
from comity.formats.keys import Use
from comity.formats.taxii import MEDIA_TYPE
from comity.node import keys
from comity.node.acts.models import Delivery
from comity.node.acts.services import composing
from comity.node.federation import worker
from comity.node.federation.services import own
from comity.node.federation.signatures import Message, Unsigned, signer_of
from comity.node.keys import KeyUse
from tests.journeys import strange


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
                    Message(handler.command, url, dict(handler.headers)), body=body, find=self.known.get
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
        act = own.renew_signing_key(actor=world.administrator, now=timezone.now())
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
        act = own.renew_signing_key(actor=world.administrator, now=timezone.now())
        exchange(partner, settings)
        delivery = Delivery.objects.get(act=act)
        assert delivery.state == "waiting"
        assert "it does not know who asks" in delivery.words
